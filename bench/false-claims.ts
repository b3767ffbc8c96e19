// How often a mark is seen where none is: in pictures without a mark, in place and with the whole search; and by keys that a mark was not
// made with, on folded tiles. What is proven (over keys, by chance.ts), what is counted, and what is extrapolated are told apart. What
// was counted goes to a file as it comes, so that the same command goes on where it stopped; another state of the sources starts anew.
//   npm run bench -- bench/false-claims.ts [--quick 10000] [--full 500] [--tiles 1000] [--keys 1000] [--resume FILE] [--write]
import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { chanceOf } from '../src/mark/watermark/chance.ts'
import { readMark, type SearchOptions } from '../src/mark/watermark/detect.ts'
import { planMark, render } from '../src/mark/watermark/embed.ts'
import { type MarkKey, markPattern } from '../src/mark/watermark/pattern.ts'
import { lookAtOrigin, phasesOf } from '../src/mark/watermark/read.ts'
import { foldTile, lumaOf, residualOf } from '../src/mark/watermark/residual.ts'
import { cartoon, type Drawn, rough, textured } from '../test/mark/pictures.ts'
import { gumbelChance } from './false-claims/gumbel.ts'
import { versionOfOurs } from './watermark/ours.ts'
import { CACHE } from './watermark/peer.ts'

const { values } = parseArgs({
  options: {
    quick: { type: 'string', default: '10000' },
    full: { type: 'string', default: '500' },
    tiles: { type: 'string', default: '1000' },
    keys: { type: 'string', default: '1000' },
    resume: { type: 'string', default: join(CACHE, 'false-claims.json') },
    write: { type: 'boolean', default: false },
  },
})
const [quick, full, tiles, keys] = [values.quick, values.full, values.tiles, values.keys].map((text) => {
  if (!/^[1-9]\d*$/.test(text)) throw new RangeError(`${text} is no count`)
  return Number(text)
}) as [number, number, number, number]

const KEY: MarkKey = { epoch: 1, secret: Buffer.alloc(32, 'bench/false-claims') }
const QUICK: SearchOptions = { search: 'quick' }
/** Long enough for the search to come to its end. */
const FULL: SearchOptions = { search: 'full', deadlineMs: 600_000 }
const DRAW = [cartoon, textured, rough] as const
/** Sides of the pictures, in turn: most as small as the shipped model's. */
const QUICK_SIDES = [128, 128, 256, 128, 256, 128, 256, 128, 512, 128]
const FULL_SIDES = [128, 256, 128, 256, 512]
const KEEP_EVERY = 50

type Seen = { pictures: number; found: number; decoded: number; scores: number[] }
type State = { version: string; quick: Seen; full: Seen }
const none = (): Seen => ({ pictures: 0, found: 0, decoded: 0, scores: [] })

const version = versionOfOurs()
const kept: State | null = await readFile(values.resume, 'utf8').then(
  (text) => JSON.parse(text),
  () => null,
)
const state: State = kept?.version === version ? kept : { version, quick: none(), full: none() }

async function draw(seed: number, sides: readonly number[]): Promise<Drawn> {
  const make = DRAW[seed % DRAW.length] ?? cartoon
  return make(1_000_000 + seed, sides[seed % sides.length])
}

async function look(seen: Seen, count: number, sides: readonly number[], options: SearchOptions): Promise<void> {
  while (seen.pictures < count) {
    const { found, decoded, z } = readMark(await draw(seen.pictures, sides), [KEY], options)
    seen.pictures++
    if (found) seen.found++
    if (decoded !== null) seen.decoded++
    seen.scores.push(Math.round(z * 1000) / 1000)
    if (seen.pictures % KEEP_EVERY > 0 && seen.pictures < count) continue
    await mkdir(dirname(values.resume), { recursive: true })
    await writeFile(values.resume, JSON.stringify(state))
    process.stderr.write(`${options.search}: ${seen.pictures} of ${count}, ${seen.found} found\n`)
  }
}

/** Each tile against each key that it was not marked with, in place. Half of the tiles carry a mark, of a key that is not among them. */
async function wrongKeys(): Promise<{ trials: number; highest: number; above: Map<number, number> }> {
  const own = markPattern(KEY, 128)
  const spectra = []
  for (let seed = 0; seed < tiles; seed++) {
    const drawn = await draw(5_000_000 + seed, [128])
    const seen = seed % 2 === 0 ? drawn : render(planMark(drawn, seed, KEY), 2)
    spectra.push(phasesOf(foldTile(residualOf(lumaOf(seen)), 128), own))
  }
  const above = new Map([1, 2, 3, 4, 5].map((z) => [z, 0]))
  let highest = 0
  for (let key = 0; key < keys; key++) {
    const secret = createHash('sha256').update(`wrong key ${key}`).digest()
    const pattern = markPattern({ epoch: 1, secret }, 128)
    for (const spectrum of spectra) {
      const { z } = lookAtOrigin(spectrum, pattern)
      if (z > highest) highest = z
      for (const [least, count] of above) if (z >= least) above.set(least, count + 1)
    }
  }
  return { trials: tiles * keys, highest, above }
}

await look(state.quick, quick, QUICK_SIDES, QUICK)
await look(state.full, full, FULL_SIDES, FULL)
const wrong = await wrongKeys()

const highestOf = ({ scores }: Seen) => Math.max(...scores)
const atMost = (of: number) => (3 / of).toExponential(1)
const [processor] = cpus()
const text = `# Marks that are not there

\`npm run bench -- bench/false-claims.ts --quick ${quick} --full ${full} --tiles ${tiles} --keys ${keys} --write\`,
${new Date().toISOString().slice(0, 10)}; ${version}; Node ${process.version}; ${cpus().length} × ${processor?.model}.

All pictures are drawn: a third flat, a third soft, a third rough, 128² to 512². One epoch of keys.

## Counted

| | trials | found | decoded | highest score | 95 % bound (3/n) |
|---|---|---|---|---|---|
| pictures without a mark, in place and shifted | ${state.quick.pictures} | ${state.quick.found} | ${state.quick.decoded} | ${highestOf(state.quick).toFixed(2)} | ${atMost(state.quick.pictures)} |
| pictures without a mark, the whole search to its end | ${state.full.pictures} | ${state.full.found} | ${state.full.decoded} | ${highestOf(state.full).toFixed(2)} | ${atMost(state.full.pictures)} |
| folded tiles, half of them marked by another key, in place | ${wrong.trials} | – | – | ${wrong.highest.toFixed(2)} | ${atMost(wrong.trials)} |

## Proven

Over keys, of any picture: a look scores z by chance at most exp(-z²/2) of the time, and a whole search finds a mark at most once in 1,000,000
(src/mark/watermark/chance.ts says why; it assumes that HMAC-SHA256 is a pseudorandom function, and nothing of pictures). The wrong keys
above, where each trial is the larger of two looks, against twice that bound:

| z | share of trials at or above | proven to be at most |
|---|---|---|
${[...wrong.above].map(([z, count]) => `| ${z} | ${(count / wrong.trials).toExponential(2)} | ${chanceOf(z, 2).toExponential(2)} |`).join('\n')}

## Extrapolated

A Gumbel distribution fitted to the highest score of each of the ${state.quick.pictures} pictures puts the chance of one at 7.3, about what a single tile asks of its
pilots at any offset, at ${gumbelChance(state.quick.scores, 7.3).toExponential(1)} a picture. This is an extrapolation from these pictures, and claims nothing of others; the proven bound does not lean on it.
`
console.log(text)
if (values.write) await writeFile(join(import.meta.dirname, 'results/false-claims.md'), text)

// What our mark survives, against the DWT methods of `invisible-watermark` in the same run: the same pictures, payloads of the same length,
// marked at the same PSNR, attacked alike, and counted by one false-positive rule. Found and decoded are two figures. What is measured
// goes to a file as it comes: the same command goes on where it stopped, and after a change of one method measures that one again.
//   npm run bench -- bench/watermark.ts [--pictures 8] [--compared 4] [--deep 24] [--sides 256,512] [--sets flat,storybook,soft,rough] [--attacks JPEG,crop]
//     [--methods darkroom,dwtDct] [--resume FILE] [--python FILE] [--threads 2] [--write]
// `--write` puts the tables into bench/results/watermark.md and docs/watermark.md.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { ATTACKS } from './watermark/attacks.ts'
import { cellsOf, isPeer, METHODS, SETS, SIDES } from './watermark/methods.ts'
import { versionOfOurs } from './watermark/ours.ts'
import { CACHE, HOW_TO_INSTALL, openPeer, PYTHON, peerSource } from './watermark/peer.ts'
import { report } from './watermark/report.ts'
import { openResults, type Versions } from './watermark/results.ts'
import { isTargeted } from './watermark/targets.ts'
import type { Job, Said, Start } from './watermark/worker.ts'
import { writeTables } from './watermark/write.ts'

const { values } = parseArgs({
  options: {
    pictures: { type: 'string', default: '8' },
    compared: { type: 'string', default: '4' },
    deep: { type: 'string', default: '24' },
    sides: { type: 'string', default: SIDES.join(',') },
    sets: { type: 'string', default: SETS.join(',') },
    attacks: { type: 'string', default: '' },
    methods: { type: 'string', default: METHODS.join(',') },
    resume: { type: 'string', default: join(CACHE, 'watermark.jsonl') },
    python: { type: 'string', default: PYTHON },
    threads: { type: 'string', default: '2' },
    write: { type: 'boolean', default: false },
  },
})
const pictures = Number(values.pictures)
// The peers take minutes a picture, so they mark the first ones alone.
const compared = Math.min(pictures, Number(values.compared))
// And the rows that targets are about need more of them than the others.
const deep = Math.max(pictures, Number(values.deep))
const threads = Number(values.threads)
if (!(pictures >= 1 && compared >= 1 && deep >= 1 && threads >= 1))
  throw new RangeError('--pictures, --compared, --deep and --threads are numbers from 1')
const sides = chosen('--sides', values.sides.split(',').map(Number), SIDES)
const sets = chosen('--sets', values.sets.split(','), SETS)
const parts = values.attacks.split(',')
const attacks = Object.keys(ATTACKS).filter((name) => parts.some((part) => name.includes(part)))
if (attacks.length === 0) throw new RangeError(`--attacks matches none of ${Object.keys(ATTACKS).join(', ')}`)
const cells = cellsOf(sets, sides)

const peerVersions = await versionsOfPeers()
const wantedMethods = chosen('--methods', values.methods.split(','), METHODS)
const methods = wantedMethods.filter((method) => !isPeer(method) || peerVersions !== null)
const common = digestOf('./watermark/attacks.ts', './watermark/storybook.ts', '../test/mark/pictures.ts')
const ofPeers = `${peerVersions} (server ${digest(peerSource())}, attacks ${common})`
const ofOurs = `${versionOfOurs()} (attacks ${common})`
const versions: Versions = Object.fromEntries(methods.map((method) => [method, isPeer(method) ? ofPeers : ofOurs]))
const results = openResults(values.resume, versions)

const jobs: Job[] = []
// Pictures first, cells after: a run that is stopped early has something of every cell.
const isWanted = ({ side, seed, attack }: { side: number; seed: number; attack: string }) =>
  attacks.includes(attack) && (seed < pictures || (seed < deep && isTargeted(side, attack)))
for (let seed = 0; seed < deep; seed++) {
  for (const cell of cells) {
    const marking = methods.filter((method) => !isPeer(method) || seed < compared)
    const missing = marking.map((method) => {
      const rows = attacks.filter((attack) => isWanted({ ...cell, seed, attack }))
      return [method, rows.filter((attack) => !results.has({ ...cell, seed, method, attack }))] as const
    })
    const wanted = Object.fromEntries(missing.filter(([, names]) => names.length > 0))
    if (Object.keys(wanted).length > 0) jobs.push({ ...cell, seed, wanted })
  }
}
const copies = jobs.reduce((sum, { wanted }) => sum + Object.values(wanted).flat().length, 0)
console.log(
  `${copies} copies of ${jobs.length} pictures to read; ${values.resume} has ${results.all().length} lines of these versions`,
)
const start: Start = { python: values.python, versions }
await Promise.all(
  Array.from({ length: Math.min(threads, jobs.length) }, () =>
    serve(new Worker(new URL('./watermark/worker.ts', import.meta.url), { workerData: start })),
  ),
)

const shown = results.all().filter((result) => (result.kind === 'marked' ? result.seed < deep : isWanted(result)))
const text = report(shown, cells, compared)
console.log(text)
if (values.write) {
  if (peerVersions === null) throw new Error('the tables are not written without the peers')
  const asked: [string, string, string][] = [
    ['sides', values.sides, SIDES.join(',')],
    ['sets', values.sets, SETS.join(',')],
    ['attacks', values.attacks, ''],
    ['methods', methods.join(','), METHODS.join(',')],
  ]
  const narrowed = asked.filter(([, value, whole]) => value !== whole).map(([name, value]) => `--${name} ${value}`)
  const bits = shown.flatMap((result) => (result.kind === 'marked' ? [result.bits] : []))
  await writeTables(text, {
    pictures,
    compared,
    deep,
    narrowed,
    threads,
    bits: [...new Set(bits)],
    versions: [...new Set(Object.values(versions))],
  })
}

/** What was asked for, in the order asked; RangeError where something is not among `known`. */
function chosen<T extends string | number>(
  option: string,
  asked: readonly (string | number)[],
  known: readonly T[],
): T[] {
  return asked.map((one) => {
    const found = known.find((name) => name === one)
    if (found === undefined) throw new RangeError(`${option} takes ${known.join(', ')}; not ${one}`)
    return found
  })
}

async function versionsOfPeers(): Promise<string | null> {
  await using peer = await openPeer(values.python)
  if (peer === null) console.log(`\nNOT RUN: the peers. They need ${values.python}:\n  ${HOW_TO_INSTALL}\n`)
  return peer?.versions ?? null
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}

function digestOf(...files: readonly string[]): string {
  return digest(files.map((file) => readFileSync(join(import.meta.dirname, file), 'utf8')).join(''))
}

/** Gives a thread one picture after another until there are none. */
async function serve(worker: Worker): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const total = jobs.length
  const next = () => worker.postMessage(jobs.shift() ?? null)
  worker.on('message', (said: Said) => {
    if ('failed' in said) return reject(new Error(said.failed))
    if ('result' in said) return results.append(said.result)
    process.stderr.write(`${total - jobs.length} of ${total} pictures begun\n`)
    next()
  })
  worker.on('error', reject)
  worker.on('exit', () => resolve())
  next()
  try {
    await promise
  } finally {
    await worker.terminate()
  }
}

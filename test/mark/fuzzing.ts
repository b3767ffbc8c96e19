// Mutated files through the very function that strangers reach, told by what came of them. fuzz.test.ts runs a few thousand, bench/fuzz.ts as
// many as there is time for.
import { readFileSync } from 'node:fs'
import { isFault } from '../../src/kernel/fault.ts'
import { markImage } from '../../src/mark/mark.ts'
import { mutate } from './mutations.ts'
import { cartoon, imageOf } from './pictures.ts'
import { openStrangers, type Strangers } from './strangers.ts'

export const FORMATS = ['png', 'jpeg', 'webp', 'avif'] as const
/** For one file, generously: what is over it hung. */
export const LIMIT_MS = 20_000
const DECODE_MS = 8000
const SIDE = 96
/** The search over copies is watermark.test.ts's; here every file is looked at once. */
const SEARCH_MS = 1

export type Tally = {
  files: number
  verdicts: Record<string, number>
  refusals: Record<string, number>
  /** Children that a file ended, hung or swelled. */
  readersEnded: number
  longestMs: number
  /** What must not be: seeds with how the file was made and what came of it. */
  wrong: string[]
}

export const emptyTally = (): Tally => ({
  files: 0,
  verdicts: {},
  refusals: {},
  readersEnded: 0,
  longestMs: 0,
  wrong: [],
})

export async function openFuzzing() {
  const strangers = await openStrangers({ searchMs: SEARCH_MS, deadlineMs: DECODE_MS })
  const bases = await basesOf(strangers)
  return {
    /** Mutates by each seed from `from` on, and looks at each. */
    async run(from: number, count: number, tally: Tally): Promise<void> {
      for (let seed = from; seed < from + count; seed++) {
        const file = bases[seed % bases.length]
        const other = bases[Math.floor(seed / bases.length) % bases.length]
        if (file === undefined || other === undefined) throw new Error('there are files to mutate')
        const { bytes, how } = mutate(file, other, seed)
        await look(strangers, bytes, `${seed} (${how})`, tally)
      }
    },
    [Symbol.asyncDispose]: () => strangers[Symbol.asyncDispose](),
  }
}

/** Each format plain, and with our mark and manifest where we make it. */
async function basesOf(strangers: Strangers): Promise<Buffer[]> {
  const picture = await cartoon(200, SIDE)
  const plain = await Promise.all(FORMATS.map((format) => imageOf(picture).toFormat(format).toBuffer()))
  const signed: Buffer[] = []
  for (const [index, outputFormat] of (['png', 'jpeg', 'webp'] as const).entries()) {
    const imageId = `img_${index}`
    const order = { picture, imageId, markId: 500 + index, outputFormat, compression: null, parent: null }
    const system = { name: 'Darkroom', version: '0.1.0' }
    const model = { id: 'storybook', version: '1.0.0' }
    const marked = await markImage({ ...order, system, model, createdAt: new Date(0) }, strangers)
    strangers.publish(marked, imageId)
    signed.push(marked.bytes)
  }
  return [...plain, ...signed, ...signed]
}

async function look(strangers: Strangers, bytes: Buffer, name: string, tally: Tally): Promise<void> {
  const started = performance.now()
  const more = (counts: Record<string, number>, key: string) => {
    counts[key] = (counts[key] ?? 0) + 1
  }
  tally.files++
  try {
    const { answer } = await strangers.verify(bytes)
    more(tally.verdicts, answer.verdict)
    if (answer.manifest.problems.includes('manifest.unreadable')) more(tally.refusals, 'manifest.unreadable')
  } catch (error) {
    const known = isFault(error) && error.field === 'file' && ['unsupported_media', 'too_large'].includes(error.code)
    if (!known) tally.wrong.push(`${name}: ${String(error)}`)
    else more(tally.refusals, error.code)
    if (isFault(error) && error.message.includes('time and memory')) tally.readersEnded++
  }
  const tookMs = performance.now() - started
  tally.longestMs = Math.max(tally.longestMs, tookMs)
  if (tookMs > LIMIT_MS) tally.wrong.push(`${name}: ${Math.round(tookMs)} ms`)
}

/** Of this process, as the system tells it; zero where it does not. */
export function residentBytes(): number {
  try {
    return Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[1]) * 4096
  } catch {
    return 0
  }
}

// TrustMark in a child process of its own (file-reader.ts), one picture at a time: its library loads and computes in native code that
// nothing else bounds. A picture that ends it, or takes more time or memory than one has, costs its own answer. The child's way out
// leads nowhere, so that the library, which fetches files that it lacks, can fetch none.
import { fileURLToPath } from 'node:url'
import { Fault } from '../src/kernel/fault.ts'
import type { Log } from '../src/kernel/log.ts'
import { checkTrustmarkFiles, type TrustmarkFiles } from '../src/mark/trustmark.ts'
import { type Trustmark, trustmarkAlgorithm } from '../src/mark/trustmark-binding.ts'
import type { Picture } from '../src/mark/watermark/residual.ts'
import { openFileReader } from './file-reader.ts'

export type TrustmarksOptions = TrustmarkFiles & {
  log: Log
  /** For one picture, and for loading the files with the first. */
  deadlineMs: number
  /** Of the child; one that takes more is ended. */
  memoryBytes: number
  idleMs?: number
}

export type Trustmarks = Trustmark & {
  /** The child's process id; null while none runs. */
  readonly pid: number | null
  /** Puts a number into a picture and looks for it. Faults: config_invalid, naming the variable. */
  check(): Promise<void>
}

export type TrustmarkAsk = {
  files: TrustmarkFiles
  picture: Picture
  /** Null: look for one. */
  markId: number | null
}
export type TrustmarkAnswer = { marked: Picture } | { read: number | null } | { failed: string }

const FOLDER = 'DARKROOM_TRUSTMARK_DIR'
const IDLE_MS = 300_000
const CHILD = fileURLToPath(new URL('./trustmark.ts', import.meta.url))
/** A proxy at a port of this machine where nobody listens. */
const NOWHERE = 'http://127.0.0.1:1'
const CLOSED_IN = { HTTPS_PROXY: NOWHERE, HTTP_PROXY: NOWHERE, ALL_PROXY: NOWHERE }
const TRIAL = { side: 256, markId: 0x5a_a5_f0_0f_c3 }

/** Starts nothing yet. */
export function openTrustmarks(options: TrustmarksOptions): Trustmarks {
  const { folder, variant, log, deadlineMs, memoryBytes, idleMs = IDLE_MS } = options
  const files = { folder, variant }
  const reader = openFileReader<TrustmarkAsk, TrustmarkAnswer>({
    program: CHILD,
    log,
    deadlineMs,
    idleMs,
    memoryBytes,
    env: CLOSED_IN,
  })

  /** Throws Fault 'mark_failed' for whatever is no picture. */
  async function embed(picture: Picture, markId: number): Promise<Picture> {
    const answer = await reader.ask({ files, picture, markId })
    if (answer !== null && 'marked' in answer) return answer.marked
    const problem = answer !== null && 'failed' in answer ? answer.failed : 'it took more time or memory than it has'
    throw new Fault('mark_failed', { retry: 'later', detail: `TrustMark could not be put in: ${problem}` })
  }

  async function read(picture: Picture): Promise<{ markId: number | null } | null> {
    const answer = await reader.ask({ files, picture, markId: null })
    if (answer !== null && 'failed' in answer) log.error({ problem: answer.failed }, 'TrustMark cannot be looked for')
    return answer !== null && 'read' in answer ? { markId: answer.read } : null
  }

  return {
    algorithm: trustmarkAlgorithm(variant),
    get pid() {
      return reader.pid
    },
    embed,
    read,
    async check() {
      await checkTrustmarkFiles(files)
      const marked = await embed(trialPicture(), TRIAL.markId).catch((cause: unknown) => {
        throw refuse(cause instanceof Error ? cause.message : 'TrustMark does not start', cause)
      })
      const seen = await read(marked)
      if (seen === null) throw refuse(`${folder} holds no decoder that works`)
      if (seen.markId !== TRIAL.markId)
        log.warn({ folder }, 'TrustMark was put into a trial picture and is not read there')
    },
    [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose](),
  }
}

function refuse(problem: string, cause?: unknown): Fault {
  const detail = problem.includes(FOLDER) ? problem : `${FOLDER}: ${problem}`
  return new Fault('config_invalid', { field: FOLDER, cause, detail })
}

/** Slow waves, of a light that leaves room both ways. */
function trialPicture(): Picture {
  const { side } = TRIAL
  const rgb = new Uint8Array(side * side * 3)
  for (let i = 0; i < rgb.length; i++) {
    const [x, y] = [Math.floor(i / 3) % side, Math.floor(i / 3 / side)]
    rgb[i] = 128 + 40 * Math.sin(x / 19 + (i % 3)) + 30 * Math.cos(y / 23)
  }
  return { width: side, height: side, rgb }
}

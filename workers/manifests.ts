// Reads the manifests of files that strangers hand in, in a child process of its own: the library that parses them is native code, and
// a file that is made for it can end the process that reads it. One file at a time, so a file that ends or hangs the child is told
// to be unreadable and is nobody else's trouble. The child starts with the first file and ends when none came for a while.
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Log } from '../src/kernel/log.ts'
import type { ManifestReading } from '../src/mark/manifest.ts'
import { type Signer, UNREADABLE } from '../src/mark/signer.ts'

export type ManifestsOptions = Pick<Signer, 'anchorPem'> & {
  log: Log
  /** For one file; the child that takes longer is ended. */
  deadlineMs?: number
  idleMs?: number
}

export type Manifests = {
  /** The child's process id; null while none runs. */
  readonly pid: number | null
  /** As `Signer.read`; what ends or hangs the reader reads as found, 'Invalid' and unreadable. */
  read: Signer['read']
} & AsyncDisposable

export type Ask = { anchorPem: string; bytes: Buffer; mimeType: string }

const DEADLINE_MS = 10_000
const IDLE_MS = 300_000
/**
 * Half of what the library's threads have elsewhere: what is nested too deep to be kept as an ingredient in a worker, where the
 * stack is whole, has ended the child before.
 */
const STACK_BYTES = 1_048_576
const CHILD = fileURLToPath(new URL('./manifest.ts', import.meta.url))

/** Starts nothing yet. */
export function openManifests({
  anchorPem,
  log,
  deadlineMs = DEADLINE_MS,
  idleMs = IDLE_MS,
}: ManifestsOptions): Manifests {
  let child: ChildProcess | null = null
  let idle: NodeJS.Timeout | undefined
  let line: Promise<unknown> = Promise.resolve()
  let waiting = 0
  let closed = false

  function start(): ChildProcess {
    const started = fork(CHILD, [], {
      serialization: 'advanced',
      // Nothing of this process' environment: its secrets are no business of a file's.
      env: { RUST_MIN_STACK: String(STACK_BYTES) },
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    started.once('exit', () => {
      if (child === started) child = null
    })
    child = started
    return started
  }

  function ask(bytes: Buffer, mimeType: string): Promise<ManifestReading> {
    const asked = child ?? start()
    return new Promise((resolve) => {
      const timer = setTimeout(() => asked.kill('SIGKILL'), deadlineMs)
      const settle = (reading: ManifestReading) => {
        clearTimeout(timer)
        asked.off('exit', died)
        asked.off('error', failed)
        asked.off('message', heard)
        resolve(reading)
      }
      const died = (code: number | null, signal: string | null) => {
        if (!closed) log.warn({ code, signal }, 'a file ended the reader of manifests')
        settle(UNREADABLE)
      }
      const failed = () => {
        asked.kill('SIGKILL')
        if (child === asked) child = null
        settle(UNREADABLE)
      }
      const heard = (reading: ManifestReading) => settle(reading)
      asked.once('exit', died)
      asked.once('error', failed)
      asked.once('message', heard)
      asked.send({ anchorPem, bytes, mimeType } satisfies Ask)
    })
  }

  function stop(): void {
    child?.kill('SIGKILL')
    child = null
  }

  return {
    get pid() {
      return child?.pid ?? null
    },
    async read(bytes, mimeType) {
      if (closed) return UNREADABLE
      clearTimeout(idle)
      waiting++
      const reading = line.then(() => (closed ? UNREADABLE : ask(bytes, mimeType)))
      line = reading
      try {
        return await reading
      } finally {
        waiting--
        if (waiting === 0 && !closed) idle = setTimeout(stop, idleMs).unref()
      }
    },
    async [Symbol.asyncDispose]() {
      closed = true
      clearTimeout(idle)
      stop()
    },
  }
}

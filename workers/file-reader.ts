// One child process that looks at files of strangers, one at a time, for whoever asks: the libraries that parse them are native code,
// and a file that is made for it can end, hang or swell the process that reads it. Such a file costs its own answer and is nobody
// else's trouble. The child starts with the first file and ends when none came for a while. manifests.ts and decoders.ts use it.
import { type ChildProcess, fork } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import type { Log } from '../src/kernel/log.ts'

export type FileReaderOptions = {
  /** The child's program: answers each message by one. */
  program: string
  log: Log
  /** For one file; the child that takes longer is ended. */
  deadlineMs: number
  idleMs: number
  /** Resident memory at which the child is ended. Watched where the system tells it (/proc). */
  memoryBytes: number
  env?: Record<string, string>
}

export type FileReader<Asked extends object, Answer> = {
  /** The child's process id; null while none runs. */
  readonly pid: number | null
  /** How many wait or are read. */
  readonly waiting: number
  /** Null: the file ended, hung or swelled its reader, or the reader is closed. */
  ask(asked: Asked): Promise<Answer | null>
} & AsyncDisposable

const WATCH_MS = 50
const PAGE_BYTES = 4096

/** Starts nothing yet. */
export function openFileReader<Asked extends object, Answer>(options: FileReaderOptions): FileReader<Asked, Answer> {
  const { log, deadlineMs, idleMs, memoryBytes } = options
  let child: ChildProcess | null = null
  let idle: NodeJS.Timeout | undefined
  let line: Promise<unknown> = Promise.resolve()
  let waiting = 0
  let closed = false

  function start(): ChildProcess {
    const started = fork(options.program, [], {
      serialization: 'advanced',
      // Nothing of this process' environment: its secrets are no business of a file's.
      env: options.env ?? {},
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    started.once('exit', () => {
      if (child === started) child = null
    })
    endFirst(started)
    child = started
    return started
  }

  function read(asked: Asked): Promise<Answer | null> {
    const reader = child ?? start()
    return new Promise((resolve) => {
      const late = setTimeout(() => reader.kill('SIGKILL'), deadlineMs)
      const watch = setInterval(() => {
        if (residentBytes(reader) > memoryBytes) reader.kill('SIGKILL')
      }, WATCH_MS)
      const settle = (answer: Answer | null) => {
        clearTimeout(late)
        clearInterval(watch)
        reader.off('exit', died).off('error', failed).off('message', heard)
        resolve(answer)
      }
      const died = (code: number | null, signal: string | null) => {
        if (!closed) log.warn({ code, signal }, 'a file ended its reader')
        settle(null)
      }
      const failed = () => {
        reader.kill('SIGKILL')
        if (child === reader) child = null
        settle(null)
      }
      const heard = (answer: Answer) => settle(answer)
      reader.once('exit', died).once('error', failed).once('message', heard)
      reader.send(asked)
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
    get waiting() {
      return waiting
    },
    async ask(asked) {
      if (closed) return null
      clearTimeout(idle)
      waiting++
      const answer = line.then(() => (closed ? null : read(asked)))
      line = answer
      try {
        return await answer
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

/** Zero where the system does not tell it: then the deadline alone bounds the child. */
function residentBytes({ pid }: ChildProcess): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE_BYTES
  } catch {
    return 0
  }
}

/** Where memory runs out all the same, the system ends this child before the service. */
function endFirst({ pid }: ChildProcess): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, '1000')
  } catch {
    // Not every system has it, and nothing depends on it.
  }
}

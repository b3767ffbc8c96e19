// One child process that looks at files of strangers, one at a time, for whoever asks: the libraries that parse them are native code,
// and a file that is made for it can end, hang or swell the process that reads it. Such a file costs its own answer and is nobody
// else's trouble; a child that does not even start is no file's fault, and is told as ours. The child starts with the first file and
// ends when none came for a while. manifests.ts and decoders.ts use it.
import { type ChildProcess, fork } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { Fault } from '../src/kernel/fault.ts'
import type { Log } from '../src/kernel/log.ts'

export type FileReaderOptions = {
  /** The child's program: says anything once it is ready, then answers each message by one. */
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
  /** Null: the file ended, hung or swelled its reader. Fault: busy, when no reader starts or this is closed. */
  ask(asked: Asked): Promise<Answer | null>
} & AsyncDisposable

const START_MS = 30_000
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

  /** A child that is being ended is given nothing more to read. */
  function end(one: ChildProcess): void {
    one.kill('SIGKILL')
    if (child === one) child = null
  }

  async function start(): Promise<ChildProcess> {
    let started: ChildProcess | null = null
    try {
      started = spawned(options)
      child = started
      await firstWord(started)
      return started
    } catch (cause) {
      if (started !== null) end(started)
      if (!closed) log.error({ error: cause }, 'the child that reads files of strangers does not start')
      throw unstarted(cause)
    }
  }

  function spawned({ program, env = {} }: FileReaderOptions): ChildProcess {
    const one = fork(program, [], {
      serialization: 'advanced',
      // Nothing of this process' environment: its secrets are no business of a file's.
      env,
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    one.on('error', () => end(one))
    one.once('exit', () => {
      if (child === one) child = null
    })
    endFirst(one)
    return one
  }

  async function read(asked: Asked): Promise<Answer | null> {
    if (closed) throw unstarted()
    const reader = child ?? (await start())
    const { promise, resolve, reject } = Promise.withResolvers<Answer | null>()
    const isSwollen = () => residentBytes(reader) > memoryBytes
    const late = setTimeout(end, deadlineMs, reader)
    const watch = setInterval(() => {
      if (isSwollen()) end(reader)
    }, WATCH_MS)
    const died = (code: number | null, signal: string | null) => {
      if (closed) return reject(unstarted())
      log.warn({ code, signal }, 'a file ended its reader')
      resolve(null)
    }
    const heard = (answer: Answer) => {
      if (!isSwollen()) return resolve(answer)
      end(reader)
      resolve(null)
    }
    reader.once('exit', died).once('message', heard)
    reader.send(asked, (cause) => {
      if (cause === null) return
      end(reader)
      reject(unstarted(cause))
    })
    return promise.finally(() => {
      clearTimeout(late)
      clearInterval(watch)
      reader.off('exit', died).off('message', heard)
    })
  }

  function stop(): void {
    if (child !== null) end(child)
  }

  return {
    get pid() {
      return child?.pid ?? null
    },
    get waiting() {
      return waiting
    },
    async ask(asked) {
      clearTimeout(idle)
      waiting++
      const answer = line.then(() => read(asked))
      line = answer.catch(() => undefined)
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

/** Resolves with the child's first message. Throws when it ends, cannot be spawned or says nothing. */
function firstWord(started: ChildProcess): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const silent = setTimeout(() => reject(new Error('it said nothing')), START_MS)
  const died = (code: number | null, signal: string | null) => reject(new Error(`it ended with ${code ?? signal}`))
  const heard = () => resolve()
  started.once('error', reject).once('exit', died).once('message', heard)
  return promise.finally(() => {
    clearTimeout(silent)
    started.off('error', reject).off('exit', died).off('message', heard)
  })
}

function unstarted(cause?: unknown): Fault {
  return new Fault('busy', { retry: 'later', cause, detail: 'There is no process to read the file in.' })
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

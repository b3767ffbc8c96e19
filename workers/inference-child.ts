// One life of the inference child: spawned with nothing of this process but a few variables, asked one thing at a time,
// killed when it misses a deadline. A life is not mended; workers/device.ts starts the next one.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Fault } from '../src/kernel/fault.ts'
import type { Log } from '../src/kernel/log.ts'
import { type Answer, type AnswerOnTheWay, type Command, type FinalAnswer, isOnTheWay } from './inference-protocol.ts'

const ENTRY = fileURLToPath(new URL('./inference.ts', import.meta.url))
const STOP_MS = 5000
// V8 doubles its young generation when much is allocated at once, and never gives it back: steps that look like a leak of 25 to 50 MiB
// each time, in a process whose own objects are few and whose tensors lie outside its heap.
export const NODE_OPTIONS = ['--max-semi-space-size=2'] as const
// Where libraries and drivers lie; no key, no database, no home of the service.
const VARIABLES =
  'PATH HOME TMPDIR LANG LD_LIBRARY_PATH CUDA_VISIBLE_DEVICES NVIDIA_VISIBLE_DEVICES NVIDIA_DRIVER_CAPABILITIES VK_ICD_FILENAMES VK_DRIVER_FILES XDG_RUNTIME_DIR'.split(
    ' ',
  )

export type Asking = {
  /** Each answer on the way, in order. */
  onAnswer?: (answer: AnswerOnTheWay) => void
  /** The longest silence; every answer starts it anew. */
  deadlineMs: number
  /** Asks the child to stop at the next step. */
  signal?: AbortSignal | undefined
}

export type InferenceChild = {
  readonly pid: number
  /** False from the moment it is killed, is told to stop, or is gone. */
  isAlive(): boolean
  /** Resolves when the process is gone, with what it died of and the last lines it wrote. */
  readonly gone: Promise<{ cause: string; lastWords: readonly string[] }>
  /**
   * Sends a command, and resolves with its last answer. Faults: timeout (the child is killed), model_error with
   * `crashed` (it died).
   */
  ask(command: Exclude<Command, { type: 'cancel' }>, asking: Asking): Promise<FinalAnswer>
  /** Closes the channel, waits, kills. */
  stop(): Promise<void>
}

export function spawnInference(log: Log): InferenceChild {
  const child = fork(ENTRY, [], {
    execPath: process.execPath,
    execArgv: [...NODE_OPTIONS],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: Object.fromEntries(
      VARIABLES.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
    ),
  })
  const { pid } = child
  if (pid === undefined)
    throw new Fault('inference_down', { retry: 'later', detail: 'the inference child could not be started' })
  const lastWords: string[] = []
  if (child.stderr)
    createInterface(child.stderr).on('line', (line) => {
      if (line.trim() === '') return
      lastWords.push(line.slice(0, 500))
      if (lastWords.length > 8) lastWords.shift()
      log.debug({ inferencePid: pid, line: lastWords.at(-1) }, 'inference child wrote')
    })
  const gone = goneOf(child).then((cause) => ({ cause, lastWords }))

  return {
    pid,
    gone,
    isAlive: () => child.connected && !child.killed && child.exitCode === null && child.signalCode === null,
    ask: (command, asking) => ask(child, command, asking),
    async stop() {
      if (child.connected) child.disconnect()
      const kill = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      await gone
      clearTimeout(kill)
    },
  }
}

async function goneOf(child: ChildProcess): Promise<string> {
  // Only the first counts, but a second one unheard would end this process.
  child.on('error', () => undefined)
  const failed = once(child, 'error').then(([error]) => String(error))
  const exited = once(child, 'exit').then(([code, signal]) => String(signal ?? `exit code ${code}`))
  return Promise.race([exited, failed])
}

function ask(
  child: ChildProcess,
  command: Exclude<Command, { type: 'cancel' }>,
  { onAnswer, deadlineMs, signal }: Asking,
): Promise<FinalAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<FinalAnswer>()
  const cancel = () => {
    if (child.connected) child.send({ type: 'cancel', command: command.command } satisfies Command)
  }
  const expire = () => {
    child.kill('SIGKILL')
    reject(new Fault('timeout', { retry: 'later', detail: 'a step missed its deadline', facts: { deadlineMs } }))
  }
  let deadline = setTimeout(expire, deadlineMs)
  const hear = (answer: Answer) => {
    if (answer.command !== command.command) return
    clearTimeout(deadline)
    if (isOnTheWay(answer)) {
      deadline = setTimeout(expire, deadlineMs)
      onAnswer?.(answer)
    } else resolve(answer)
  }
  child.on('message', hear)
  signal?.addEventListener('abort', cancel)
  const died = (code: number | null, by: string | null) => {
    const facts = { crashed: true, cause: by ?? `exit code ${code}` }
    reject(new Fault('model_error', { retry: 'later', detail: 'the inference child died', facts }))
  }
  child.on('exit', died)
  if (child.exitCode !== null || child.signalCode !== null) died(child.exitCode, child.signalCode)
  child.send(command, (error) => {
    if (error) reject(new Fault('inference_down', { retry: 'later', cause: error }))
  })
  return promise.finally(() => {
    clearTimeout(deadline)
    child.off('message', hear)
    child.off('exit', died)
    signal?.removeEventListener('abort', cancel)
  })
}

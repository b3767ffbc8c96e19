// Marks and reads pictures off the main thread: a few workers, one picture each at a time, a queue in order of arrival.
// A worker that dies or overruns its time fails its own picture only, and is replaced.
import { Worker } from 'node:worker_threads'
import { Fault, type FaultCode, type Retry } from '../../kernel/fault.ts'
import type { Encoding } from '../encode.ts'
import type { MarkReading, SearchOptions } from './detect.ts'
import type { MarkKey } from './pattern.ts'
import type { Picture } from './residual.ts'
import type { MarkedFile } from './strengthen.ts'

export type Watermarker = {
  /** Epoch of the key that new marks are made with. */
  readonly epoch: number
  /** Throws Fault 'mark_failed'. */
  mark(picture: Picture, markId: number, encoding: Encoding): Promise<MarkedFile>
  read(picture: Picture, options: SearchOptions): Promise<MarkReading>
} & AsyncDisposable

export type Job =
  | { kind: 'mark'; picture: Picture; markId: number; encoding: Encoding }
  | { kind: 'read'; picture: Picture; options: SearchOptions }

export type Answer =
  | { kind: 'mark'; file: Omit<MarkedFile, 'bytes'> & { bytes: Uint8Array } }
  | { kind: 'read'; reading: MarkReading }
  | { kind: 'fault'; code: FaultCode; retry: Retry; detail: string; facts: Fault['facts'] }
  | { kind: 'error'; detail: string }

const TASK_LIMIT_MS = 60_000

type Waiting = { job: Job; settle: (answer: Answer | Fault) => void }
type Seat = { worker: Worker; busy: Waiting | null; timer: NodeJS.Timeout | null }

/** Opens a pool of `threads` workers over keys, newest epoch first. Dispose of it to end the threads. */
export function openWatermarker(options: { keys: readonly MarkKey[]; threads: number }): Watermarker {
  const { keys, threads } = options
  const newest = keys[0]
  if (newest === undefined) throw new RangeError('at least one mark key')
  const queue: Waiting[] = []
  const seats = new Set<Seat>()
  let closed = false

  function seatWorker(): void {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: keys })
    const seat: Seat = { worker, busy: null, timer: null }
    // An idle pool keeps no process alive.
    worker.unref()
    worker.on('message', (answer: Answer) => free(seat, answer))
    worker.on('error', (cause) => retire(seat, cause))
    worker.on('exit', () => retire(seat, new Error('the worker ended')))
    seats.add(seat)
  }

  function free(seat: Seat, answer: Answer | Fault): void {
    const done = seat.busy
    seat.busy = null
    if (seat.timer !== null) clearTimeout(seat.timer)
    seat.worker.unref()
    done?.settle(answer)
    next()
  }

  function retire(seat: Seat, cause: unknown): void {
    if (!seats.delete(seat)) return
    const fault = new Fault('mark_failed', { retry: 'later', cause, detail: 'The watermark worker stopped.' })
    void seat.worker.terminate()
    if (!closed) seatWorker()
    free(seat, fault)
  }

  function next(): void {
    for (const seat of seats) {
      if (seat.busy !== null) continue
      const waiting = queue.shift()
      if (waiting === undefined) return
      seat.busy = waiting
      seat.worker.ref()
      seat.timer = setTimeout(() => retire(seat, new Error(`over ${TASK_LIMIT_MS} ms`)), TASK_LIMIT_MS)
      seat.worker.postMessage(waiting.job)
    }
  }

  async function run(job: Job): Promise<Answer> {
    if (closed) throw new Fault('mark_failed', { retry: 'later', detail: 'The watermark workers are closed.' })
    const answer = await new Promise<Answer | Fault>((settle) => {
      queue.push({ job, settle })
      next()
    })
    if (answer instanceof Fault) throw answer
    if (answer.kind === 'fault') {
      throw new Fault(answer.code, { retry: answer.retry, detail: answer.detail, facts: answer.facts })
    }
    if (answer.kind === 'error') throw new Fault('mark_failed', { detail: answer.detail })
    return answer
  }

  for (let i = 0; i < Math.max(1, threads); i++) seatWorker()
  return {
    epoch: newest.epoch,
    async mark(picture, markId, encoding) {
      const answer = await run({ kind: 'mark', picture, markId, encoding })
      if (answer.kind !== 'mark') throw new Error('unreachable: a mark job answers with a file')
      return { ...answer.file, bytes: Buffer.from(answer.file.bytes) }
    },
    async read(picture, searchOptions) {
      const answer = await run({ kind: 'read', picture, options: searchOptions })
      if (answer.kind !== 'read') throw new Error('unreachable: a read job answers with a reading')
      return answer.reading
    },
    async [Symbol.asyncDispose]() {
      closed = true
      const ending = [...seats].map((seat) => seat.worker.terminate())
      for (const waiting of queue.splice(0)) waiting.settle(new Fault('cancelled', { retry: 'later' }))
      await Promise.all(ending)
    },
  }
}

// Looks at pictures that callers hand in, in the serving process's own inference child: CPU, classifier packs only. The child is
// started by the first picture and ends when none came for a while. Work is bounded: beyond it callers are told to come back.
import { Fault, isFault } from '../src/kernel/fault.ts'
import type { Picture } from '../src/kernel/model.ts'
import { type Evidence, examine } from '../src/moderate/moderate.ts'
import { type Device, type DeviceOptions, openDevice } from './device.ts'
import { classifyOn } from './gpu.ts'

export type ExaminerOptions = Pick<DeviceOptions, 'packsDir' | 'threads' | 'log' | 'stepDeadlineMs'> & {
  /** Pictures in work or waiting. */
  atOnce: number
  idleMs: number
}

export type Examiner = {
  /** The child's process id; null while none runs. */
  readonly pid: number | null
  /**
   * The highest calibrated score by category, and who gave it; null when `classifiers` is empty.
   * Faults: busy (too many at once), inference_down (the child died, hung or did not start), pack_missing, pack_corrupt, nan.
   */
  examine(picture: Picture, classifiers: readonly string[]): Promise<Evidence>
  [Symbol.asyncDispose](): Promise<void>
}

/** Starts nothing yet. */
export function openExaminer({ atOnce, idleMs, ...options }: ExaminerOptions): Examiner {
  let device: Promise<Device> | null = null
  let pid: () => number | null = () => null
  let working = 0
  let closed = false
  let idle: NodeJS.Timeout | undefined

  function open(): Promise<Device> {
    if (closed) throw new Fault('inference_down', { retry: 'later', detail: 'the service is stopping' })
    device ??= openDevice({ ...options, provider: 'cpu', kinds: ['image-classifier'] }).then(
      (opened) => {
        pid = () => opened.pid
        return opened
      },
      (error: unknown) => {
        // The next picture tries again.
        device = null
        throw error
      },
    )
    return device
  }

  async function stop(): Promise<void> {
    clearTimeout(idle)
    const running = device
    device = null
    pid = () => null
    await running?.then(
      (opened) => opened[Symbol.asyncDispose](),
      () => undefined,
    )
  }

  return {
    get pid() {
      return pid()
    },
    async examine(picture, classifiers) {
      if (classifiers.length === 0) return null
      if (working >= atOnce)
        throw new Fault('busy', { retry: 'later', detail: 'too many pictures are being looked at; try again' })
      working++
      clearTimeout(idle)
      try {
        return await examine(classifyOn(await open()), classifiers, picture)
      } catch (error) {
        throw asUnavailable(error)
      } finally {
        working--
        if (working === 0 && !closed) idle = setTimeout(() => void stop(), idleMs).unref()
      }
    },
    async [Symbol.asyncDispose]() {
      closed = true
      await stop()
    },
  }
}

/** What another try would not mend stays what it is; a child that died, hung or did not start is worth one by who asked. */
function asUnavailable(error: unknown): unknown {
  if (isFault(error, 'model_unknown'))
    return new Fault('pack_missing', { detail: 'a classifier that the model names is not installed', cause: error })
  if (!isFault(error) || error.retry === 'never') return error
  return new Fault('inference_down', {
    retry: 'later',
    detail: 'the picture could not be looked at; try again',
    cause: error,
  })
}

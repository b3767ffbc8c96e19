// The only adapter to inference: one device, one child at a time, one command in flight; the rest wait in order.
// A child that dies takes its command with it, as a fault that says so, and the next one starts after a pause.
// Failures leave here as faults of src/kernel/fault.ts.
import { setTimeout as pause } from 'node:timers/promises'
import type { ImageClassification } from '../models/classifiers/classifier.ts'
import type { ProviderChoice } from '../models/runtime/sessions.ts'
import type { Picture, Rgb, SampleRequest } from '../models/runtime/stepper.ts'
import { Fault, isFault } from '../src/kernel/fault.ts'
import type { Log } from '../src/kernel/log.ts'
import { type InferenceChild, spawnInference } from './inference-child.ts'
import { toFault } from './inference-fault.ts'
import type { AnswerOnTheWay, Command, FinalAnswer, ModelMemory, PackKind, PreviewScore } from './inference-protocol.ts'
import { expectPack, type Loaded, loadedOf, tellPacks } from './loaded-packs.ts'
import { countStrikes, type StrikeRules } from './strikes.ts'

/** What a deadline may depend on: one step of all samples together, or one classification. */
export type StepCost = { kind: 'generate' | 'classify'; packId: string; samples: number; pixels: number }

export type DeviceOptions = {
  packsDir: string
  provider: ProviderChoice['provider'] | 'auto'
  /** Threads inside one operator. */
  threads: number
  deviceId?: number
  /** Kinds of pack to open; all of them unless said. */
  kinds?: readonly PackKind[]
  /** How many models may be open at a time; all of them unless said. */
  memory?: ModelMemory
  /** Rows of every call of a denoiser; as many as there are unless said. */
  slotRows?: number
  /** The pack without which it does not start; another that is refused is logged, and the rest serve. */
  required?: string
  log: Log
  /** The longest that one step, with encoding or decoding, may take. */
  stepDeadlineMs: (cost: StepCost) => number
  /** When a pack that ends its process is asked no more; never unless said. */
  strikes?: StrikeRules
  /** The longest that verifying and opening every pack may take. */
  loadDeadlineMs?: number
}

export type GenerateJob = {
  packId: string
  samples: readonly SampleRequest[]
  /** The shortest side that a preview may have; 1 unless said. */
  previewSide?: number
}

/** Half the picture's size or the least side; scored at full size. `scores` null: the model names no classifier. */
export type SamplePreview = {
  sampleId: string
  index: number
  picture: Rgb
  scores: readonly PreviewScore[] | null
}
export type GenerateHooks = {
  onStep?: (step: { sampleId: string; index: number; total: number }) => void
  /** Called once a picture, one after another; a rejection cancels the job and becomes its outcome. */
  onPicture?: (picture: Picture) => Promise<void> | void
  /** Not waited for, and none is owed: a preview that fails is logged, and its sample goes on. */
  onPreview?: (preview: SamplePreview) => void
  /** A sample that failed alone; the others go on. */
  onFailure?: (sampleId: string, fault: Fault) => void
  /** Takes effect between steps. */
  signal?: AbortSignal
}

export type Device = {
  /** The child's process id; null between two lives. */
  readonly pid: number | null
  /** What was loaded last, and what serves it. */
  packs(): Loaded
  /**
   * Pictures in the order of the samples. Faults: model_unknown, invalid_request, nan, out_of_memory, timeout, cancelled,
   * model_error (`crashed` when the child died, `setAside` when it did so too often), inference_down, pack_corrupt.
   */
  generate(job: GenerateJob, hooks?: GenerateHooks): Promise<Picture[]>
  /** Faults as `generate`. */
  classify(packId: string, picture: Rgb): Promise<ImageClassification>
  /** Scores of a text, by a text classifier. Faults as `generate`. */
  classifyText(packId: string, text: string): Promise<ImageClassification>
  [Symbol.asyncDispose](): Promise<void>
}

type Life = Loaded & { child: InferenceChild }

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 10_000

/** Starts the child and loads every pack. Faults: pack_missing, pack_corrupt (file and digests), inference_down, timeout. */
export async function openDevice(options: DeviceOptions): Promise<Device> {
  const { log } = options
  const strikes = countStrikes(options.strikes ?? { limit: Number.POSITIVE_INFINITY, asideMs: 0 }, log)
  let number = 0
  let deaths = 0
  let closed = false
  let current: InferenceChild | null = null
  let queue: Promise<unknown> = Promise.resolve()

  const first = begin()
  // Who starts a device wants to know why it does not start; from then on it starts by itself.
  let latest = await first.catch((error: unknown) => {
    closed = true
    throw error
  })
  let life = first

  async function begin(): Promise<Life> {
    const child = spawnInference(log)
    current = child
    const { packsDir, provider, threads, deviceId = 0, kinds, memory, slotRows, loadDeadlineMs = 120_000 } = options
    const load = {
      ...({ type: 'load', command: ++number } as const),
      ...{ packsDir, provider, threads, deviceId, kinds, memory, slotRows },
    }
    try {
      const answer = expectAnswer(await child.ask(load, { deadlineMs: loadDeadlineMs }), 'loaded')
      tellPacks(answer, options)
      log.info(
        { inferencePid: child.pid, provider: answer.provider.provider, why: answer.provider.why },
        'inference child serves',
      )
      void child.gone.then((end) => {
        if (closed) return
        log.warn({ inferencePid: child.pid, ...end }, 'inference child is gone')
        life = revive()
      })
      return { ...loadedOf(answer), child }
    } catch (error) {
      await child.stop()
      const crashed = isFault(error, 'model_error') && error.facts.crashed === true
      throw crashed ? new Fault('inference_down', { retry: 'later', cause: error, facts: error.facts }) : error
    }
  }

  /** The next life, after a pause that doubles with every death. A start that fails is told to who waits, and tried again. */
  function revive(): Promise<Life> {
    current = null
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** deaths++)
    const next = pause(pauseMs, undefined, { ref: false }).then(() => {
      if (closed) throw new Fault('inference_down', { retry: 'later', detail: 'the device is closed' })
      return begin()
    })
    next.then(
      (begun) => {
        latest = begun
      },
      (error: unknown) => {
        if (closed) return
        log.error({ error }, 'inference child did not start')
        life = revive()
      },
    )
    return next
  }

  /** A child that was killed is not asked again, also while it still dies. */
  async function aliveLife(): Promise<Life> {
    for (;;) {
      const living = await life
      if (closed || living.child.isAlive()) return living
      await living.child.gone
    }
  }

  /** Runs work of a pack on a living child, after everything that was asked for before. */
  function inTurn<T>(packId: string, work: (living: Life) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    // Who still waits in line need not wait to be cancelled; work that runs ends at a step.
    const leave = () => reject(new Fault('cancelled'))
    if (signal?.aborted) leave()
    signal?.addEventListener('abort', leave, { once: true })
    queue = queue.then(async () => {
      try {
        const living = await aliveLife()
        if (signal?.aborted) throw new Fault('cancelled')
        signal?.removeEventListener('abort', leave)
        resolve(await strikes.watch(packId, () => work(living)))
        deaths = 0
      } catch (error) {
        reject(
          closed
            ? new Fault('inference_down', { retry: 'later', detail: 'the device is closed', cause: error })
            : error,
        )
      }
    })
    return promise
  }

  return {
    get pid() {
      return current?.pid ?? null
    },
    packs: () => loadedOf(latest),
    generate: (job, hooks = {}) =>
      inTurn(job.packId, (living) => generate(living, ++number, job, hooks, options), hooks.signal),
    classify: (packId, picture) =>
      inTurn(packId, (living) =>
        classify(living, 'image-classifier', { type: 'classify', command: ++number, packId, picture }, options),
      ),
    classifyText: (packId, text) =>
      inTurn(packId, (living) =>
        classify(living, 'text-classifier', { type: 'classify_text', command: ++number, packId, text }, options),
      ),
    async [Symbol.asyncDispose]() {
      closed = true
      await current?.stop()
    },
  }
}

async function classify(
  { child, packs, refused }: Life,
  kind: PackKind,
  asked: Extract<Command, { type: 'classify' | 'classify_text' }>,
  { stepDeadlineMs }: DeviceOptions,
): Promise<ImageClassification> {
  const { packId } = asked
  expectPack({ packs, refused }, packId, kind)
  const pixels = asked.type === 'classify' ? asked.picture.width * asked.picture.height : 0
  const deadlineMs = stepDeadlineMs({ kind: 'classify', packId, samples: 1, pixels })
  return expectAnswer(await child.ask(asked, { deadlineMs }), 'classified').classification
}

async function generate(
  { child, packs, refused }: Life,
  command: number,
  { packId, samples, previewSide = 1 }: GenerateJob,
  { onStep, onPicture, onPreview, onFailure, signal }: GenerateHooks,
  { stepDeadlineMs, log }: DeviceOptions,
): Promise<Picture[]> {
  expectPack({ packs, refused }, packId, 'text-to-image')
  if (new Set(samples.map(({ id }) => id)).size !== samples.length)
    throw new Fault('invalid_request', { field: 'samples', detail: 'two samples of one id' })
  const pictures = new Map<string, Picture>()
  const stop = new AbortController()
  let failure: unknown
  let undelivered: unknown
  let deliveries: Promise<void> = Promise.resolve()
  const onAnswer = (answer: AnswerOnTheWay) => {
    if (answer.type === 'step') onStep?.({ sampleId: answer.sampleId, index: answer.index, total: answer.total })
    if (answer.type === 'preview') {
      const { sampleId, index, picture, scores } = answer
      onPreview?.({ sampleId, index, picture, scores })
    }
    if (answer.type === 'preview_failed')
      log.warn({ sampleId: answer.sampleId, error: toFault(answer.failure) }, 'a preview could not be made')
    if (answer.type === 'picture') {
      pictures.set(answer.picture.id, answer.picture)
      deliveries = deliveries
        .then(() => onPicture?.(answer.picture))
        .catch((error: unknown) => {
          undelivered ??= error
          stop.abort()
        })
    }
    if (answer.type === 'sample_failed') {
      const fault = toFault(answer.failure, { sampleId: answer.sampleId })
      failure ??= fault
      onFailure?.(answer.sampleId, fault)
    }
  }
  const pixels = samples.reduce((sum, { width, height }) => sum + width * height, 0)
  const deadlineMs = stepDeadlineMs({ kind: 'generate', packId, samples: samples.length, pixels })
  const anySignal = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal
  const answer = await child.ask(
    { type: 'generate', command, packId, samples, previewSide },
    { onAnswer, deadlineMs, signal: anySignal },
  )
  await deliveries
  // The job's own trouble comes before a sample's: whoever catches the latter may take the rest for done.
  if (undelivered !== undefined) throw undelivered
  const { runMs, totalMs, resident } = expectAnswer(answer, 'generated')
  if (failure !== undefined) throw failure
  log.debug({ packId, samples: samples.length, runMs, totalMs, resident }, 'generated')
  return samples.map(({ id }) => {
    const picture = pictures.get(id)
    if (picture === undefined)
      throw new Fault('model_error', { retry: 'later', detail: 'a picture is missing', facts: { sampleId: id } })
    return picture
  })
}

function expectAnswer<const T extends FinalAnswer['type']>(
  answer: FinalAnswer,
  type: T,
): Extract<FinalAnswer, { type: T }> {
  if (answer.type === 'failed') throw toFault(answer.failure)
  if (answer.type === 'cancelled') throw new Fault('cancelled')
  if (isAnswer(answer, type)) return answer
  throw new Fault('model_error', { detail: `expected ${type}, got ${answer.type}` })
}

function isAnswer<const T extends FinalAnswer['type']>(
  answer: FinalAnswer,
  type: T,
): answer is Extract<FinalAnswer, { type: T }> {
  return answer.type === type
}

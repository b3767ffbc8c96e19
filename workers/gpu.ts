// The gpu role: one inference child on one device, behind the generate and the moderate stage. One request renders at a time; its
// end wakes the dispatcher, which knows who is next.
import type { SampleRequest } from '../models/runtime/stepper.ts'
import { SCHEDULER_NAMES } from '../models/schedulers/scheduler.ts'
import { generateStage } from '../src/generate/generate.ts'
import { openPreviewDesk, type PreviewTools } from '../src/generate/previews.ts'
import { Fault } from '../src/kernel/fault.ts'
import type { Ground } from '../src/kernel/ground.ts'
import type { Classify, Generate, Made, Preview, SampleOrder } from '../src/kernel/model.ts'
import { syntaxOf } from '../src/kernel/sampling.ts'
import type { Claim } from '../src/kernel/tasks.ts'
import { SYSTEM } from '../src/kernel/version.ts'
import type { MarkTools } from '../src/mark/mark.ts'
import { markImage } from '../src/mark/mark.ts'
import { disclosureSettings, labelStyle, loadParent } from '../src/mark/stage.ts'
import { foldEvidence, holdUnexamined, type Judge, moderateStage } from '../src/moderate/moderate.ts'
import type { ReviewTools } from '../src/review/item.ts'
import { announceDevice } from '../src/schedule/devices.ts'
import type { Doorbell } from '../src/schedule/doorbell.ts'
import type { Device, SamplePreview } from './device.ts'
import { mayRetry, runTask } from './run-task.ts'

/**
 * The shortest side that a mark survives on in pictures of the model that ships: 20 of 20 at 128, 14 of 20 at 64 (its read-back
 * fails closed). A smaller picture has no previews.
 */
const PREVIEW_LEAST_SIDE = 128
const SCHEDULER_CONFIG = 'scheduler/scheduler_config.json'

export function startGpu(
  ground: Ground,
  doorbell: Doorbell,
  device: Device,
  judge: Judge,
  review: ReviewTools,
  marks: MarkTools,
): AsyncDisposable {
  const drain = new AbortController()
  const generate = generateOn(device, ground.config.models.slotRows)
  const desk = openPreviewDesk(ground, { judge: judgePreview(judge), mark: markPreview(ground, marks) })
  const moderation = {
    classifiersOf: (model: string) => classifiersOf(device, model),
    classify: classifyOn(device),
    judge,
    review,
    mayRetry: (claim: Claim, error: unknown) => mayRetry(ground, claim, error),
  }
  const { provider } = device.packs().provider
  const announced = announceDevice(ground, { slots: ground.config.dispatch.deviceSlots, provider })
  const stops = [
    doorbell.answer('generate', 1, async (task) => {
      await runTask(ground, task, (claim, signal) =>
        generateStage(ground, generate, claim, AbortSignal.any([signal, drain.signal]), desk),
      )
      doorbell.tell(doorbell.dispatchTopic, {})
    }),
    doorbell.answer('moderate', 1, (task) =>
      runTask(
        ground,
        task,
        (claim) => moderateStage(ground, moderation, claim),
        (claim) => holdUnexamined(ground, moderation, claim),
      ),
    ),
  ]
  return {
    [Symbol.asyncDispose]: async () => {
      drain.abort()
      await announced[Symbol.asyncDispose]()
      await Promise.all(stops.map((stop) => stop()))
      await desk[Symbol.asyncDispose]()
    },
  }
}

function generateOn(device: Device, slotRows: number | null): Generate {
  return async (packId, samples, { onStep, onPicture, onPreview, onFailure, signal }) => {
    const told = new Set<unknown>()
    const made = madeOn(device, packId, slotRows)
    const job = { packId, samples: samples.map(asSampleRequest), previewSide: PREVIEW_LEAST_SIDE }
    try {
      await device.generate(job, {
        signal,
        onStep: ({ index, total }) => onStep(index, total),
        onPicture: ({ id, truncated, ...picture }) => onPicture(id, picture, { truncated, ...made }),
        onPreview: ({ sampleId, index, picture, scores }) =>
          onPreview?.(sampleId, { index, picture, scores: found(scores) }),
        onFailure: (id: string, fault: Fault) => {
          told.add(fault)
          onFailure(id, fault)
        },
      })
    } catch (error) {
      // A sample's own failure was told already; anything else is the device's.
      if (!told.has(error)) throw error
    }
  }
}

function madeOn(device: Device, packId: string, slotRows: number | null): Omit<Made, 'truncated'> {
  const { provider, runtime, packs } = device.packs()
  const pack = packs.find(({ manifest }) => manifest.id === packId)
  const config = pack?.manifest.files.find(({ path }) => path === SCHEDULER_CONFIG)
  return {
    provider: provider.provider,
    runtime,
    ...(pack?.dtype ? { dtype: pack.dtype } : {}),
    ...(config === undefined ? {} : { schedulerConfig: config.sha256 }),
    ...(slotRows === null ? {} : { slotRows }),
  }
}

function found(scores: SamplePreview['scores']): Preview['scores'] {
  if (scores === null) return null
  return scores.map((score) => ({ ...score, categories: { ...score.categories } }))
}

/** The same fold and the same policy as for a finished picture; a preview has no statement, it is simply not shown. */
function judgePreview(judge: Judge): PreviewTools['judge'] {
  return (scores, order) =>
    judge(foldEvidence(scores), {
      tenantId: order.tenant_id,
      settings: order.policy_settings,
      purpose: order.purpose,
      prompt: order.prompt,
      negativePrompt: order.negative_prompt,
      promptSyntax: syntaxOf(order.sampling),
    }).verdict
}

/** A preview carries its image's id, our mark alone and its parent, and is told apart by its title. */
export function markPreview(ground: Ground, marks: MarkTools): PreviewTools['mark'] {
  return async ({ id, markId, createdAt, index }, picture, order) =>
    markImage(
      {
        imageId: id,
        markId,
        createdAt,
        picture,
        outputFormat: order.output_format,
        compression: order.output_compression,
        system: SYSTEM,
        model: { id: order.model, version: order.model_version },
        parent: await loadParent(ground, order.id, order.operation),
        title: `${id} (preview ${index + 1})`,
        disclosure: disclosureSettings(ground.config),
        label: labelStyle(ground.config, order.label),
      },
      // A second mark would keep the device waiting.
      { ...marks, trustmark: null },
    )
}

function asSampleRequest(order: SampleOrder): SampleRequest {
  const scheduler = SCHEDULER_NAMES.find((name) => name === order.scheduler)
  if (scheduler === undefined) throw new Fault('invalid_request', { field: 'scheduler', detail: 'no such scheduler' })
  return { ...order, scheduler }
}

/** Asks the device's classifiers, and says which version answered. */
export function classifyOn(device: Device): Classify {
  return async (classifierId, picture) => {
    const { categories } = await device.classify(classifierId, picture)
    const pack = device.packs().packs.find(({ manifest }) => manifest.id === classifierId)
    if (pack === undefined) throw new TypeError('a pack that classified is loaded')
    return { version: pack.manifest.version, digest: pack.digest, categories: { ...categories } }
  }
}

function classifiersOf(device: Device, model: string): readonly string[] {
  const pack = device.packs().packs.find(({ manifest }) => manifest.id === model)
  return pack?.manifest.kind === 'text-to-image' ? pack.manifest.classifiers : []
}

// The gpu role: one inference child on one device, behind the generate and the moderate stage. One request renders at a time; its
// end wakes the dispatcher, which knows who is next.
import type { SampleRequest } from '../models/runtime/stepper.ts'
import { SCHEDULER_NAMES } from '../models/schedulers/scheduler.ts'
import { generateStage } from '../src/generate/generate.ts'
import { Fault } from '../src/kernel/fault.ts'
import type { Ground } from '../src/kernel/ground.ts'
import type { Classify, Generate, SampleOrder } from '../src/kernel/model.ts'
import { type Judge, moderateStage } from '../src/moderate/moderate.ts'
import { announceDevice } from '../src/schedule/devices.ts'
import type { Doorbell } from '../src/schedule/doorbell.ts'
import type { Device } from './device.ts'
import { runTask } from './run-task.ts'

export function startGpu(ground: Ground, doorbell: Doorbell, device: Device, judge: Judge): AsyncDisposable {
  const drain = new AbortController()
  const generate = generateOn(device)
  const moderation = {
    classifiersOf: (model: string) => classifiersOf(device, model),
    classify: classifyOn(device),
    judge,
  }
  const { provider } = device.packs().provider
  const announced = announceDevice(ground, { slots: ground.config.dispatch.deviceSlots, provider })
  const stops = [
    doorbell.answer('generate', 1, async (task) => {
      await runTask(ground, task, (claim, signal) =>
        generateStage(ground, generate, claim, AbortSignal.any([signal, drain.signal])),
      )
      doorbell.tell(doorbell.dispatchTopic, {})
    }),
    doorbell.answer('moderate', 1, (task) =>
      runTask(ground, task, (claim) => moderateStage(ground, moderation, claim)),
    ),
  ]
  return {
    [Symbol.asyncDispose]: async () => {
      drain.abort()
      await announced[Symbol.asyncDispose]()
      await Promise.all(stops.map((stop) => stop()))
    },
  }
}

function generateOn(device: Device): Generate {
  return async (packId, samples, { onStep, onPicture, onFailure, signal }) => {
    const told = new Set<unknown>()
    const { provider } = device.packs().provider
    const job = { packId, samples: samples.map(asSampleRequest) }
    try {
      await device.generate(job, {
        signal,
        onStep: ({ index, total }) => onStep(index, total),
        onPicture: ({ id, truncated, ...picture }) => onPicture(id, picture, { truncated, provider }),
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

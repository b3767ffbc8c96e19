// The text-to-image models of the inference child: which are open, under a budget of memory, and a request drawn to its end.
// What ran out of memory is drawn once more when the other models are closed; nobody else in its batch notices.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { openModel } from '../models/families/family.ts'
import type { Model } from '../models/families/opening.ts'
import { ModelError } from '../models/runtime/error.ts'
import type { Pack } from '../models/runtime/pack.ts'
import { createResidency, type Residency } from '../models/runtime/residency.ts'
import type { SessionOptions } from '../models/runtime/sessions.ts'
import { isRunning, type Picture, type SampleRequest } from '../models/runtime/stepper.ts'
import type { ModelMemory } from './inference-protocol.ts'

type LatentSample = Awaited<ReturnType<Model['prepare']>>[number]

export type Models = Residency<Model>

/** Models by the ids of `packs`, which may still grow. */
export function keepModels(packs: ReadonlyMap<string, Pack>, options: SessionOptions, memory: ModelMemory): Models {
  const packOf = (id: string) => {
    const pack = packs.get(id)
    if (pack?.manifest.kind !== 'text-to-image')
      throw new ModelError('pack_missing', `no text-to-image pack ${id}`, { field: 'model' })
    return { pack, manifest: pack.manifest }
  }
  return createResidency({
    budgetBytes: memory.budgetBytes ?? Infinity,
    idleMs: memory.idleMs ?? Infinity,
    pinned: new Set(memory.pinned),
    estimate: (id) => {
      const leastBytes = weightBytes(packOf(id).pack)
      // Weights in float16 are computed with in float32 on a CPU: twice the file.
      return { bytes: 2 * leastBytes, leastBytes }
    },
    open: (id) => {
      const { pack, manifest } = packOf(id)
      return openModel(pack, manifest, options)
    },
    usedBytes: () => process.memoryUsage.rss(),
    now: () => performance.now(),
  })
}

function weightBytes({ manifest }: Pack): number {
  const weights = manifest.files.filter(({ path }) => /\.onnx(_data)?$/.test(path))
  return weights.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}

export type Drawing = {
  onStep(sample: LatentSample): void
  onPicture(picture: Picture): Promise<void>
  onFailure(sampleId: string, error: unknown): Promise<void>
  /** Between steps, while there is something to preview. */
  preview(model: Model, samples: readonly LatentSample[]): Promise<void>
  isCancelled(): boolean
}

/** Draws every request. False: it was cancelled on the way. */
export async function drawAll(
  models: Models,
  packId: string,
  requests: readonly SampleRequest[],
  drawing: Drawing,
): Promise<boolean> {
  const starved = new Map<string, unknown>()
  const onFailure = async (sampleId: string, error: unknown) => {
    if (isOutOfMemory(error)) starved.set(sampleId, error)
    else await drawing.onFailure(sampleId, error)
  }
  if (!(await draw(await models.get(packId), requests, { ...drawing, onFailure }))) return false
  if (starved.size === 0) return true
  if ((await models.closeOthers(packId)).length === 0) {
    for (const [sampleId, error] of starved) await drawing.onFailure(sampleId, error)
    return true
  }
  const again = requests.filter(({ id }) => starved.has(id))
  return draw(await models.get(packId), again, drawing)
}

async function draw(model: Model, requests: readonly SampleRequest[], drawing: Drawing): Promise<boolean> {
  const samples = await prepared(model, requests, drawing)
  const told = new Set<object>()
  while (told.size < samples.length) {
    // A turn of the event loop: here a cancel that arrived during the step is read.
    await nextTurn()
    if (drawing.isCancelled()) return false
    const running = samples.filter(isRunning)
    await model.step(running)
    for (const sample of running) if (sample.failure === null) drawing.onStep(sample)
    for (const sample of samples.filter((one) => !isRunning(one) && !told.has(one))) {
      told.add(sample)
      const finished = await model.finish(sample).catch(async (error: unknown) => {
        await drawing.onFailure(sample.id, error)
        return null
      })
      if (finished !== null) await drawing.onPicture(finished)
    }
    await drawing.preview(model, samples)
  }
  return true
}

async function prepared(
  model: Model,
  requests: readonly SampleRequest[],
  { onFailure }: Drawing,
): Promise<LatentSample[]> {
  try {
    return await model.prepare(requests)
  } catch (error) {
    if (!isOutOfMemory(error)) throw error
    for (const { id } of requests) await onFailure(id, error)
    return []
  }
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof ModelError && error.code === 'out_of_memory'
}

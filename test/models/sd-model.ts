// The tiny model opened for a test, and samples taken to their end.
// It is the model that the goldens were made with (test/goldens/make), so that samples can be held against them.
import assert from 'node:assert/strict'
import type { LatentSample } from '../../models/families/denoise.ts'
import { openModel } from '../../models/families/family.ts'
import type { Model } from '../../models/families/opening.ts'
import { ModelError, type ModelErrorCode } from '../../models/runtime/error.ts'
import { readPackManifest } from '../../models/runtime/pack.ts'
import { isRunning, type SampleRequest } from '../../models/runtime/stepper.ts'
import { type Changes, temporaryFolder, writeTinyPack } from './tiny.ts'

const CPU = { provider: 'cpu', threads: 1 } as const

export async function openTiny(dir: string): Promise<Model> {
  const pack = await readPackManifest(dir)
  if (pack.manifest.kind !== 'text-to-image') assert.fail('a text-to-image pack')
  return openModel(pack, pack.manifest, CPU)
}

export async function withPack<T>(changes: Changes, use: (model: Model) => Promise<T>): Promise<T> {
  await using folder = await temporaryFolder()
  await using model = await openTiny(await writeTinyPack(folder.path, changes))
  return await use(model)
}

/** Steps samples to their end, each list a batch. */
export async function develop(model: Model, ...requests: SampleRequest[]): Promise<LatentSample[]> {
  const samples = await model.prepare(requests)
  while (samples.some(isRunning)) await model.step(samples)
  return samples
}

export function refused(code: ModelErrorCode, field: string): (error: unknown) => boolean {
  return (error) => error instanceof ModelError && error.code === code && error.field === field
}

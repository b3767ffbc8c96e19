// Samples that a pack is tried with: its own defaults, and a grey picture to paint in where a model makes none of nothing.
import type { LatentSample } from '../families/denoise.ts'
import type { Model } from '../families/opening.ts'
import { ModelError } from '../runtime/error.ts'
import type { Size, TextToImageManifest } from '../runtime/manifest.ts'
import { isRunning, type SampleRequest } from '../runtime/stepper.ts'

export function requestOf(
  manifest: TextToImageManifest,
  { width, height }: Size,
  own: Pick<SampleRequest, 'prompt' | 'seed' | 'steps'>,
): SampleRequest {
  return { ...own, id: `${own.seed}`, negativePrompt: '', width, height, guidanceScale: manifest.guidanceScale }
}

/** ModelError as the stepper's own. */
export async function prepareSamples(model: Model, requests: readonly SampleRequest[]): Promise<LatentSample[]> {
  try {
    return await model.prepare(requests)
  } catch (error) {
    if (!(error instanceof ModelError) || error.field !== 'image') throw error
    return model.prepare(requests.map(paintedIn))
  }
}

function paintedIn(request: SampleRequest): SampleRequest {
  const { width, height } = request
  const picture = { width, height, rgb: new Uint8Array(width * height * 3).fill(127) }
  return { ...request, start: { picture, mask: new Uint8Array(width * height).fill(255), strength: 1 } }
}

/** Takes samples to their end together. ModelError: the first that could go no further. */
export async function drawn(model: Model, samples: readonly LatentSample[]): Promise<readonly LatentSample[]> {
  while (samples.some(isRunning)) await model.step(samples)
  for (const { failure } of samples) if (failure) throw failure
  return samples
}

/** The middle of some measurements; of an even number, the mean of the two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length / 2
  const [low, high] = [sorted[Math.ceil(half) - 1], sorted[Math.floor(half)]]
  if (low === undefined || high === undefined) throw new RangeError('no measurements')
  return (low + high) / 2
}

/** Root of the mean square of the difference, in deviations of what was expected. */
export function apart(found: Float32Array, expected: Float32Array): number {
  let [difference, sum, squares] = [0, 0, 0]
  for (let i = 0; i < expected.length; i++) {
    const value = expected[i] ?? 0
    difference += ((found[i] ?? 0) - value) ** 2
    sum += value
    squares += value ** 2
  }
  const count = Math.max(1, expected.length)
  const variance = squares / count - (sum / count) ** 2
  return Math.sqrt(difference / count / Math.max(variance, Number.MIN_VALUE))
}

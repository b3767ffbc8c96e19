// Whether a denoiser whose timestep was changed still draws what it drew: samples at one timestep, and samples at different ones in
// one run, against each drawn alone by the pack that it was made from.
import type { Model } from '../families/opening.ts'
import { ModelError } from '../runtime/error.ts'
import type { TextToImageManifest } from '../runtime/manifest.ts'
import { apart, drawn, prepareSamples, requestOf } from './draw.ts'

const STEPS = 3
// In deviations of the latents. Exported graphs are bit for bit the same; a provider's kernels may add up in another order.
const TOLERANCE = 1e-4

/** How far they are apart in the worst case, in deviations: 0 is bit for bit. ModelError model_error: too far. */
export async function verifyTimesteps(before: Model, after: Model, manifest: TextToImageManifest): Promise<number> {
  const size = manifest.sizes.supported.reduce((least, one) =>
    one.width * one.height < least.width * least.height ? one : least,
  )
  const requests = [1, 2].map((seed) => requestOf(manifest, size, { prompt: 'a cat by the sea', seed, steps: STEPS }))
  const expected = []
  for (const request of requests) expected.push(...(await drawn(before, await prepareSamples(before, [request]))))
  let worst = 0
  for (const ahead of [0, 1]) {
    const samples = await prepareSamples(after, requests)
    for (let step = 0; step < ahead; step++) await after.step(samples.slice(0, 1))
    const found = await drawn(after, samples)
    for (const [i, { latents }] of expected.entries())
      worst = Math.max(worst, apart(found[i]?.latents ?? new Float32Array(0), latents))
  }
  if (worst <= TOLERANCE) return worst
  throw new ModelError(
    'model_error',
    `timestep: with a timestep a row it draws otherwise: ${worst.toExponential(1)} deviations apart; the pack was not kept`,
    { field: 'timestep' },
  )
}

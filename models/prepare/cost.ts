// What int8 costs and brings: the same prompts and seeds drawn by both packs, a step of one after a step of the other, so that what
// else the machine does meets both alike.
import type { LatentSample } from '../families/denoise.ts'
import type { Model } from '../families/opening.ts'
import type { TextToImageManifest } from '../runtime/manifest.ts'
import { isRunning, type Rgb } from '../runtime/stepper.ts'
import { apart, drawn, median, prepareSamples, requestOf } from './draw.ts'

export type Cost = {
  prompts: readonly string[]
  steps: number
  /** Root mean square of the latents' difference, in deviations of the ones before; the mean over the prompts. */
  latents: number
  /** Mean difference of a colour, of 255. */
  pixels: number
  /** Peak signal-to-noise ratio of all pictures together, in dB; null: they are equal. */
  psnrDb: number | null
  /** Medians. */
  stepMs: { before: number; after: number }
}

/** ModelError as the stepper's own; nan where int8 was too coarse for the model. */
export async function measureCost(
  before: Model,
  after: Model,
  manifest: TextToImageManifest,
  { prompts, steps }: { prompts: readonly string[]; steps: number },
): Promise<Cost> {
  const times = { before: [] as number[], after: [] as number[] }
  const latents: number[] = []
  let [absolute, squares, colours] = [0, 0, 0]
  for (const [i, prompt] of prompts.entries()) {
    const request = requestOf(manifest, manifest.sizes.default, { prompt, seed: i + 1, steps })
    const [old, now] = [await prepareSamples(before, [request]), await prepareSamples(after, [request])]
    for (let turn = 0; [...old, ...now].some(isRunning); turn++) {
      const both = [
        [before, old, times.before],
        [after, now, times.after],
      ] as const
      for (const [model, samples, spent] of turn % 2 === 0 ? both : both.toReversed()) {
        const ms = await timed(() => model.step(samples))
        // The first step warms up.
        if (turn > 0 || steps === 1) spent.push(ms)
      }
    }
    const [one, other] = [await ended(before, old), await ended(after, now)]
    latents.push(apart(other.latents, one.latents))
    for (let k = 0; k < one.picture.rgb.length; k++) {
      const difference = Math.abs((one.picture.rgb[k] ?? 0) - (other.picture.rgb[k] ?? 0))
      absolute += difference
      squares += difference ** 2
      colours++
    }
  }
  return {
    ...{ prompts, steps },
    latents: latents.reduce((sum, one) => sum + one, 0) / latents.length,
    pixels: absolute / colours,
    psnrDb: squares === 0 ? null : 10 * Math.log10(255 ** 2 / (squares / colours)),
    stepMs: { before: median(times.before), after: median(times.after) },
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const begun = performance.now()
  await work()
  return performance.now() - begun
}

async function ended(model: Model, samples: readonly LatentSample[]): Promise<{ latents: Float32Array; picture: Rgb }> {
  const [sample] = await drawn(model, samples)
  if (sample === undefined) throw new RangeError('no sample')
  return { latents: sample.latents, picture: await model.finish(sample) }
}

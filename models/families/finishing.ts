// The end of every family's stepper: a sample's latents decoded when it is done, and previews on the way.
import type { Rgb, Stepper } from '../runtime/stepper.ts'
import type { LatentSample } from './denoise.ts'

/** `decode` makes a picture of latents as this family keeps them. */
export function finishing(
  decode: (sample: LatentSample, latents: Float32Array) => Promise<Rgb>,
): Pick<Stepper<LatentSample>, 'finish' | 'preview'> {
  return {
    async finish(sample) {
      if (sample.failure) throw sample.failure
      return { id: sample.id, truncated: sample.truncated, ...(await decode(sample, sample.latents)) }
    },
    async preview(sample) {
      const due = sample.previews.shift()
      return due === undefined ? null : { index: due.index, picture: await decode(sample, due.latents) }
    },
  }
}

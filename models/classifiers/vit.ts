// Vision transformers as transformers' ViTImageProcessor feeds them (its Pillow backend, bit for bit): the whole picture stretched to
// the model's size, normalised, and a softmax over the labels.
import { expectPicture, normalise } from '../runtime/fit.ts'
import type { Pack } from '../runtime/pack.ts'
import { resample } from '../runtime/resample.ts'
import type { SessionOptions } from '../runtime/sessions.ts'
import type { Rgb } from '../runtime/stepper.ts'
import { expectLabels, openPictureGraph } from './graph.ts'
import type { Vit } from './manifest.ts'
import { score, softmaxLogits } from './scores.ts'

export async function openVit(pack: Pack, manifest: Vit, options: SessionOptions) {
  const graph = await openPictureGraph(pack, manifest, options)
  return {
    ...graph,
    async classify(picture: Rgb) {
      const { mean, std } = manifest.preprocess
      const logits = expectLabels(await graph.run(normalise(fitVit(picture, manifest.preprocess), mean, std)), manifest)
      return score(softmaxLogits(logits), manifest)
    },
  }
}

/** The bytes before they are normalised. */
export function fitVit(picture: Rgb, { width, height, resize }: Vit['preprocess']): Rgb {
  expectPicture(picture)
  return resample(picture, { width, height }, resize)
}

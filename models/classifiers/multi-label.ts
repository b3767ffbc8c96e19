// Classifiers of many labels at once: the whole picture stretched to the classifier's size, one sigmoid a label.
import sharp from 'sharp'
import { expectPicture } from '../runtime/fit.ts'
import type { Pack } from '../runtime/pack.ts'
import type { SessionOptions } from '../runtime/sessions.ts'
import type { Rgb } from '../runtime/stepper.ts'
import { expectLabels, openPictureGraph } from './graph.ts'
import type { MultiLabel } from './manifest.ts'
import { score } from './scores.ts'

export async function openMultiLabel(pack: Pack, manifest: MultiLabel, options: SessionOptions) {
  const graph = await openPictureGraph(pack, manifest, options)
  return {
    ...graph,
    classify: async (picture: Rgb) =>
      score(expectLabels(await graph.run(await preprocess(picture, manifest.preprocess)), manifest), manifest),
  }
}

const KERNELS = { bicubic: 'cubic', bilinear: 'linear' } as const

/** To the classifier's size, then (value/255 − mean) / std in its layout. */
export async function preprocess(
  picture: Rgb,
  { width, height, resize, mean, std, layout }: MultiLabel['preprocess'],
): Promise<{ values: Float32Array; dims: number[] }> {
  expectPicture(picture)
  const same = picture.width === width && picture.height === height
  const pixels = same
    ? picture.rgb
    : await sharp(picture.rgb, { raw: { width: picture.width, height: picture.height, channels: 3 } })
        .resize(width, height, { fit: 'fill', kernel: KERNELS[resize], fastShrinkOnLoad: false })
        .raw()
        .toBuffer()
  const plane = width * height
  const values = new Float32Array(plane * 3)
  for (let i = 0; i < plane; i++)
    for (let c = 0; c < 3; c++) {
      const at = layout === 'NCHW' ? c * plane + i : i * 3 + c
      values[at] = ((pixels[i * 3 + c] ?? 0) / 255 - (mean[c] ?? 0)) / (std[c] ?? 1)
    }
  return { values, dims: layout === 'NCHW' ? [1, 3, height, width] : [1, height, width, 3] }
}

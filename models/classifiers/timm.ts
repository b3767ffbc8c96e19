// Models of timm as its own evaluation transform feeds them (timm.data.transforms_imagenet_eval on a Pillow picture, bit for bit):
// resized by crop_pct, cropped, stretched or bordered by crop_mode, normalised, and a softmax over the labels.
import { expectPicture, fitCentre, normalise, roundHalfEven, shortestSide, torchGap } from '../runtime/fit.ts'
import type { Size } from '../runtime/manifest.ts'
import type { Pack } from '../runtime/pack.ts'
import type { SessionOptions } from '../runtime/sessions.ts'
import type { Rgb } from '../runtime/stepper.ts'
import { expectLabels, openPictureGraph } from './graph.ts'
import type { Timm } from './manifest.ts'
import { score, softmaxLogits } from './scores.ts'

export async function openTimm(pack: Pack, manifest: Timm, options: SessionOptions) {
  const graph = await openPictureGraph(pack, manifest, options)
  return {
    ...graph,
    async classify(picture: Rgb) {
      const { mean, std } = manifest.preprocess
      const feed = normalise(fitTimm(picture, manifest.preprocess), mean, std)
      return score(softmaxLogits(expectLabels(await graph.run(feed), manifest)), manifest)
    },
  }
}

/** The bytes before they are normalised. */
export function fitTimm(picture: Rgb, preprocess: Timm['preprocess']): Rgb {
  expectPicture(picture)
  const { width, height, interpolation, cropMode, mean } = preprocess
  const [r, g, b] = mean
  const whole = (share: number) => roundHalfEven(255 * share)
  return fitCentre(picture, {
    resized: resizedOf(picture, preprocess),
    frame: { width, height },
    filter: interpolation,
    gap: torchGap,
    fill: cropMode === 'border' ? [whole(r), whole(g), whole(b)] : [0, 0, 0],
  })
}

function resizedOf(picture: Size, { width, height, cropPct, cropMode }: Timm['preprocess']): Size {
  const scaled = { width: Math.floor(width / cropPct), height: Math.floor(height / cropPct) }
  switch (cropMode) {
    case 'squash':
      return scaled
    case 'border':
      return keepRatio(picture, Math.max(picture.width / scaled.width, picture.height / scaled.height))
    case 'center':
      return scaled.width === scaled.height
        ? shortestSide(picture, scaled.width)
        : keepRatio(picture, Math.min(picture.width / scaled.width, picture.height / scaled.height))
    default:
      return cropMode satisfies never
  }
}

function keepRatio({ width, height }: Size, ratio: number): Size {
  const side = (length: number) => Math.max(1, roundHalfEven(length / ratio))
  return { width: side(width), height: side(height) }
}

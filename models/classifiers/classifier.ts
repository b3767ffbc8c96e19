// Opens an image classifier pack of any kind; each kind's own file has its preprocessing and its scoring. They are answered alike:
// calibrated probabilities by label, scores by category, and what a kind can say besides.
import type { ImageClassifierManifest } from '../runtime/manifest.ts'
import type { Pack } from '../runtime/pack.ts'
import type { SessionOptions } from '../runtime/sessions.ts'
import type { Rgb } from '../runtime/stepper.ts'
import { openMultiLabel } from './multi-label.ts'
import { type Box, openNudeNet } from './nudenet.ts'
import { type Concepts, openSafetyChecker } from './safety-checker.ts'
import type { Classification } from './scores.ts'
import { openTimm } from './timm.ts'
import { openVit } from './vit.ts'

export type ImageClassification = Classification & {
  /** A safety checker's margins. */
  concepts?: Concepts
  /** What a detector found, the likeliest first. */
  boxes?: readonly Box[]
}

export type Classifier = {
  /** ModelError: invalid_input (not a picture), nan, out_of_memory, model_error. */
  classify(picture: Rgb): Promise<ImageClassification>
  runMs(): number
  [Symbol.asyncDispose](): Promise<void>
}

/** ModelError: pack_missing, pack_corrupt, pack_unsupported, out_of_memory. */
export function openClassifier(
  pack: Pack,
  manifest: ImageClassifierManifest,
  options: SessionOptions,
): Promise<Classifier> {
  switch (manifest.classifier) {
    case 'multi-label':
      return openMultiLabel(pack, manifest, options)
    case 'safety-checker':
      return openSafetyChecker(pack, manifest, options)
    case 'vit':
      return openVit(pack, manifest, options)
    case 'timm':
      return openTimm(pack, manifest, options)
    case 'nudenet':
      return openNudeNet(pack, manifest, options)
    default:
      return manifest satisfies never
  }
}

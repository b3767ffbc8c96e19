// Image classifier packs: preprocessing as the manifest declares it, calibrated probabilities by label, scores by category.
// A value that is not a number is a failure, never a score.
import sharp from 'sharp'
import { ModelError } from './error.ts'
import type { ClassifierManifest } from './manifest.ts'
import { type Pack, packFile } from './pack.ts'
import { type Module, openModule, type SessionOptions } from './sessions.ts'
import type { Rgb } from './stepper.ts'
import { allFinite } from './tensors.ts'

export type Classification = {
  /** Calibrated probability by label; labels without a calibration are not in it. */
  probabilities: Readonly<Record<string, number>>
  /** Category to its largest probability. */
  categories: Readonly<Record<string, number>>
}

export type Classifier = {
  /** ModelError: invalid_input (not a picture), nan, out_of_memory, model_error. */
  classify(picture: Rgb): Promise<Classification>
  runMs(): number
  [Symbol.asyncDispose](): Promise<void>
}

/** ModelError: pack_missing, pack_corrupt, pack_unsupported, out_of_memory. */
export async function openClassifier(
  pack: Pack,
  manifest: ClassifierManifest,
  options: SessionOptions,
): Promise<Classifier> {
  await using opened = new AsyncDisposableStack()
  const module = opened.use(await openModule(packFile(pack, manifest.model), options))
  const [input, ...more] = module.inputs.keys()
  if (input === undefined || more.length > 0 || !module.outputs.has(manifest.output))
    throw new ModelError('pack_unsupported', `${manifest.model}: expected one input and output ${manifest.output}`, {
      file: packFile(pack, manifest.model),
      field: 'output.name',
    })
  const kept = opened.move()
  return {
    runMs: () => module.runMs(),
    async classify(picture) {
      const feed = await preprocess(picture, manifest.preprocess)
      return score(await logitsOf(module, input, feed), manifest)
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }

  async function logitsOf(
    graph: Module,
    name: string,
    feed: { values: Float32Array; dims: number[] },
  ): Promise<Float32Array> {
    const logits = (await graph.run({ [name]: feed })).get(manifest.output)?.values ?? new Float32Array(0)
    if (logits.length !== manifest.labels.length)
      throw new ModelError(
        'pack_corrupt',
        `${manifest.model}: ${logits.length} logits for ${manifest.labels.length} labels`,
        {
          file: packFile(pack, manifest.model),
          field: 'labels',
        },
      )
    if (!allFinite(logits))
      throw new ModelError('nan', 'the classifier returned values that are not numbers', { field: manifest.output })
    return logits
  }
}

/** sigmoid(scale · logit + bias) by label (Platt scaling), and each category's largest. */
export function score(
  logits: Float32Array,
  manifest: Pick<ClassifierManifest, 'labels' | 'calibration' | 'categories'>,
): Classification {
  const probabilities: Record<string, number> = {}
  for (const [i, label] of manifest.labels.entries()) {
    const calibration = manifest.calibration.get(label)
    const logit = logits[i]
    if (calibration && logit !== undefined)
      probabilities[label] = 1 / (1 + Math.exp(-(calibration.scale * logit + calibration.bias)))
  }
  const categories: Record<string, number> = {}
  for (const [category, labels] of manifest.categories) {
    const worst = Math.max(...labels.map((label) => probabilities[label] ?? Number.NaN))
    if (Number.isNaN(worst)) throw new ModelError('nan', `no score for ${category}`, { field: category })
    categories[category] = worst
  }
  return { probabilities, categories }
}

const KERNELS = { bicubic: 'cubic', bilinear: 'linear' } as const

/** To the classifier's size, then (value/255 − mean) / std in its layout. */
export async function preprocess(
  picture: Rgb,
  { width, height, resize, mean, std, layout }: ClassifierManifest['preprocess'],
): Promise<{ values: Float32Array; dims: number[] }> {
  const { rgb } = picture
  if (picture.width < 1 || picture.height < 1 || rgb.length !== picture.width * picture.height * 3)
    throw new ModelError('invalid_input', 'picture: expected width × height × 3 bytes', { field: 'picture' })
  const same = picture.width === width && picture.height === height
  const pixels = same
    ? rgb
    : await sharp(rgb, { raw: { width: picture.width, height: picture.height, channels: 3 } })
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

// What a pipeline's class and its parts' configurations say of a model that has no pack.json: family, sizes, steps, guidance.
// Defaults are the pipelines' own (diffusers 0.42, `__call__` of each), sizes those that the families were trained at. Pure.
import { ModelError } from './error.ts'
import type { Fields } from './fields.ts'
import type { Family, Size } from './manifest.ts'

type Steps = readonly [low: number, medium: number, high: number]
export type Preset = { steps: Steps; guidanceScale: number }

const TASKS = ['', 'Img2Img', 'Inpaint']
const named = (prefixes: readonly string[], name: string) =>
  prefixes.flatMap((prefix) => TASKS.map((task) => `${prefix}${name}${task}Pipeline`))

/** Classes of diffusers, of its ONNX exporter (`Onnx`) and of Optimum (`ORT`). */
const CLASSES: readonly (readonly [Family, readonly string[]])[] = [
  ['sd', [...named(['', 'Onnx', 'ORT'], 'StableDiffusion'), ...named(['', 'ORT'], 'LatentConsistencyModel')]],
  ['sdxl', named(['', 'ORT'], 'StableDiffusionXL')],
  ['sd3', named(['', 'ORT'], 'StableDiffusion3')],
  ['flux', named(['', 'ORT'], 'Flux')],
]
export const PIPELINES: readonly string[] = CLASSES.flatMap(([, classes]) => classes)

/** The family by model_index.json. ModelError pack_unsupported: `_class_name`. */
export function familyOf(index: Fields): Family {
  const name = index.text('_class_name')
  const family = CLASSES.find(([, classes]) => classes.includes(name))?.[0]
  if (family === undefined)
    throw new ModelError(
      'pack_unsupported',
      `${index.file}: _class_name: ${name} is not served; these are: ${PIPELINES.join(', ')}`,
      { file: index.file, field: '_class_name' },
    )
  // The refiner has SDXL's classes and the second encoder alone.
  return family === 'sdxl' && !isPart(index, 'text_encoder') ? 'sdxl-refiner' : family
}

/** A part is named with its library and class; null and null where the pipeline goes without. */
export function isPart(index: Fields, name: string): boolean {
  return index.listIf(name)?.some((one) => one !== null) ?? false
}

/** Folders with a graph that a family cannot do without, the denoiser first. */
export const GRAPHS: Readonly<Record<Family, readonly string[]>> = {
  sd: ['unet', 'text_encoder', 'vae_decoder'],
  sdxl: ['unet', 'text_encoder', 'text_encoder_2', 'vae_decoder'],
  'sdxl-refiner': ['unet', 'text_encoder_2', 'vae_decoder'],
  // SD3 goes without T5, its third.
  sd3: ['transformer', 'text_encoder', 'text_encoder_2', 'vae_decoder'],
  flux: ['transformer', 'text_encoder', 'text_encoder_2', 'vae_decoder'],
}

/** Each encoder's tokenizer lies in the folder of the same number. */
export const tokenizerOf = (encoder: string): string => encoder.replace('text_encoder', 'tokenizer')

/** What is told apart within a family. */
export type Variant = {
  /** Distilled into few steps with guidance as an input: a latent consistency model. */
  consistent: boolean
  /** Distilled into few steps without guidance: Turbo, Lightning, schnell, and LCM merged into its weights. */
  hasty: boolean
}

export function presetOf(family: Family, { consistent, hasty }: Variant): Preset {
  if (consistent) return { steps: [2, 4, 8], guidanceScale: 8.5 }
  if (hasty) return { steps: [1, 4, 8], guidanceScale: 0 }
  switch (family) {
    case 'sd':
      return { steps: [15, 25, 50], guidanceScale: 7.5 }
    case 'sdxl':
    case 'sdxl-refiner':
      return { steps: [15, 30, 50], guidanceScale: 5 }
    case 'sd3':
      return { steps: [14, 28, 50], guidanceScale: 7 }
    case 'flux':
      return { steps: [14, 28, 50], guidanceScale: 3.5 }
    default:
      return family satisfies never
  }
}

// Width by height; each is taken the other way round too. SDXL's are the buckets of its paper that are usual, appendix I.
const USUAL: Readonly<Record<'512' | '1024', readonly (readonly [number, number])[]>> = {
  512: [
    [640, 512],
    [768, 512],
  ],
  1024: [
    [1152, 896],
    [1216, 832],
    [1344, 768],
    [1536, 640],
  ],
}

/** The square of the default side, and the family's usual shapes for it, in whole multiples of `unit` pixels. */
export function sizesOf(family: Family, side: number, unit: number): Size[] {
  const base = family === 'sd' ? 512 : 1024
  const scaled = (length: number) => Math.max(unit, Math.round((length * side) / base / unit) * unit)
  const shapes = [
    [side, side] as const,
    ...USUAL[base].flatMap(
      ([a, b]) =>
        [
          [scaled(a), scaled(b)],
          [scaled(b), scaled(a)],
        ] as const,
    ),
  ]
  const sizes = new Map(shapes.map(([width, height]) => [`${width}x${height}`, { width, height }]))
  return [...sizes.values()].filter(({ width, height }) => Math.max(width, height) <= 8192)
}

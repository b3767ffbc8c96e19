// The Stable Diffusion safety checker as diffusers' StableDiffusionSafetyChecker.forward computes it, to the third decimal: the graph
// gives the projected image embedding; concepts and their thresholds come from a safetensors file under diffusers' own names.
// The arithmetic is NumPy's in float32, where a Python float takes the array's type, and round() is to even.
import { ModelError } from '../runtime/error.ts'
import {
  expectPicture,
  fitCentre,
  floorGap,
  normalise,
  roundHalfEven,
  shortestSide,
  type Triple,
} from '../runtime/fit.ts'
import type { Pack } from '../runtime/pack.ts'
import { openSafetensors, type Tensors } from '../runtime/safetensors.ts'
import type { SessionOptions } from '../runtime/sessions.ts'
import type { Rgb } from '../runtime/stepper.ts'
import { openPictureGraph } from './graph.ts'
import type { SafetyChecker } from './manifest.ts'
import { score } from './scores.ts'

export type Concepts = {
  /** Margins over their thresholds, rounded to three decimals, with the adjustment of the special concepts in them. */
  special: readonly number[]
  scores: readonly number[]
  /** The labels of the concepts whose margin is above zero. */
  flagged: readonly string[]
}

type Embeddings = { rows: readonly Float32Array[]; thresholds: Float32Array }

const SIDE = 224
const CLIP_MEAN: Triple = [0.48145466, 0.4578275, 0.40821073]
const CLIP_STD: Triple = [0.26862954, 0.26130258, 0.27577711]
/** A special concept makes every concept after it this much easier to flag. */
const ADJUSTMENT = 0.01

export async function openSafetyChecker(pack: Pack, manifest: SafetyChecker, options: SessionOptions) {
  const tensors = await openSafetensors(pack, manifest.concepts)
  const special = readEmbeddings(tensors, 'special_care_embeds', manifest)
  const concepts = readEmbeddings(tensors, 'concept_embeds', manifest)
  if (concepts.rows.length !== manifest.labels.length)
    throw new ModelError(
      'pack_corrupt',
      `${manifest.concepts}: ${concepts.rows.length} concepts for ${manifest.labels.length} labels`,
      { file: manifest.concepts, field: 'labels' },
    )
  const graph = await openPictureGraph(pack, manifest, options)
  return {
    ...graph,
    async classify(picture: Rgb) {
      const { values } = await graph.run(normalise(fitClip(picture), CLIP_MEAN, CLIP_STD))
      const margins = judge(values, special, concepts, manifest)
      const flagged = manifest.labels.filter((_, i) => (margins.scores[i] ?? 0) > 0)
      return { ...score(margins.scores, manifest), concepts: { ...margins, flagged } }
    },
  }
}

/** CLIPImageProcessor's bytes before they are normalised. */
export function fitClip(picture: Rgb): Rgb {
  expectPicture(picture)
  const frame = { width: SIDE, height: SIDE }
  return fitCentre(picture, { resized: shortestSide(picture, SIDE), frame, filter: 'bicubic', gap: floorGap })
}

function judge(
  embedding: Float32Array,
  special: Embeddings,
  concepts: Embeddings,
  { model }: SafetyChecker,
): Pick<Concepts, 'special' | 'scores'> {
  const unit = normalised(embedding)
  if (unit.length !== concepts.rows[0]?.length || unit.length !== special.rows[0]?.length)
    throw new ModelError('pack_corrupt', `${model}: an embedding of ${unit.length} numbers is not the concepts'`, {
      file: model,
      field: 'concepts',
    })
  let adjustment = 0
  const margin = (row: Float32Array, threshold: number) =>
    rounded(Math.fround(Math.fround(cosine(unit, row) - threshold) + Math.fround(adjustment)))
  // An adjustment that one special concept earned counts for the next one already.
  const care = special.rows.map((row, i) => {
    const found = margin(row, special.thresholds[i] ?? Number.NaN)
    if (found > 0) adjustment = ADJUSTMENT
    return found
  })
  const scores = concepts.rows.map((row, i) => margin(row, concepts.thresholds[i] ?? Number.NaN))
  return { special: care, scores }
}

/** NumPy's round(float32, 3). */
function rounded(value: number): number {
  return Math.fround(roundHalfEven(Math.fround(value * 1000)) / 1000)
}

/** torch.nn.functional.normalize. */
function normalised(values: Float32Array): Float32Array {
  const length = Math.max(Math.sqrt(values.reduce((sum, value) => sum + value * value, 0)), 1e-12)
  return values.map((value) => value / length)
}

function cosine(unit: Float32Array, row: Float32Array): number {
  return Math.fround(unit.reduce((sum, value, i) => sum + value * (row[i] ?? 0), 0))
}

function readEmbeddings(tensors: Tensors, name: string, { concepts: file }: SafetyChecker): Embeddings {
  const { values, dims } = tensors.get(name, 2)
  const [count = 0, width = 0] = dims
  const thresholds = tensors.get(`${name}_weights`, 1).values
  if (thresholds.length !== count)
    throw new ModelError('pack_corrupt', `${file}: ${thresholds.length} thresholds for ${count} of ${name}`, {
      file,
      field: `${name}_weights`,
    })
  const rows = Array.from({ length: count }, (_, i) => normalised(values.slice(i * width, (i + 1) * width)))
  return { rows, thresholds }
}

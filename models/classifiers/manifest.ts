// What a classifier pack's pack.json says beyond what every pack says: its kind, its preprocessing, its labels, its calibration and
// the policy's categories. Strict: a field that its kind does not know is refused, so that nothing is believed to be in force.
// A category names only calibrated labels: a threshold on an arbitrary number would be none.

import { ModelError } from '../runtime/error.ts'
import type { Fields } from '../runtime/fields.ts'
import type { Triple } from '../runtime/fit.ts'
import type { Size } from '../runtime/manifest.ts'
import type { Filter } from '../runtime/resample.ts'

export const CLASSIFIER_KINDS = ['multi-label', 'safety-checker', 'vit', 'timm', 'nudenet'] as const
export type ClassifierKind = (typeof CLASSIFIER_KINDS)[number]

export type Calibration = { scale: number; bias: number }

/** What both image and text classifiers say. */
export type Scoring = {
  model: string
  /** The graph's output that is read. */
  output: string
  labels: readonly string[]
  /** By label; every label of a category has one. */
  calibration: ReadonlyMap<string, Calibration>
  /** What the classifier was calibrated on. */
  domain: string
  /** Category to its labels; the category's score is the largest of theirs. */
  categories: ReadonlyMap<string, readonly string[]>
}

type Normalised = { mean: Triple; std: Triple }
export type MultiLabel = Scoring & {
  classifier: 'multi-label'
  preprocess: Size & Normalised & { resize: Filter; layout: 'NCHW' | 'NHWC' }
}
export type SafetyChecker = Scoring & {
  classifier: 'safety-checker'
  /** A safetensors file with the concepts' embeddings and thresholds, under diffusers' names. `labels` names its concepts. */
  concepts: string
}
export type Vit = Scoring & { classifier: 'vit'; preprocess: Size & Normalised & { resize: Filter } }
export type Timm = Scoring & {
  classifier: 'timm'
  preprocess: Size & Normalised & { interpolation: Filter; cropPct: number; cropMode: 'center' | 'squash' | 'border' }
}
export type NudeNet = Scoring & { classifier: 'nudenet'; preprocess: { size: number; channels: 'RGB' | 'BGR' } }

export type ImageClassifier = { kind: 'image-classifier' } & (MultiLabel | SafetyChecker | Vit | Timm | NudeNet)
export type TextClassifier = Scoring & {
  kind: 'text-classifier'
  tokenizer: string
  /** The most tokens that the model reads, start and end included. */
  maxTokens: number
  activation: 'sigmoid' | 'softmax'
}

type InPack = (fields: Fields, name: string, path: string) => string
const SIDE = 8192
const FILTERS = ['bicubic', 'bilinear'] as const
const NAMES = ['format', 'kind', 'id', 'version', 'licence', 'card', 'files']

export function readImageClassifier(fields: Fields, inPack: InPack): ImageClassifier {
  const name = fields.textIf('classifier') ?? 'multi-label'
  const classifier = CLASSIFIER_KINDS.find((known) => known === name)
  if (classifier === undefined) throw unsupported(fields, 'classifier', name)
  const read = { kind: 'image-classifier', ...readKind(classifier, fields, inPack) } as const
  refuseUnread(fields)
  return read
}

function readKind(classifier: ClassifierKind, fields: Fields, inPack: InPack) {
  switch (classifier) {
    case 'multi-label': {
      const scoring = readScoring(fields, inPack, 'sigmoid')
      return { classifier, ...scoring, preprocess: readPlain(fields) }
    }
    case 'safety-checker': {
      // Its preprocessing is CLIP's, and its score a margin: one calibration serves all concepts.
      const concepts = inPack(fields, 'concepts', fields.text('concepts'))
      return { classifier, ...readScoring(fields, inPack, null, readOneCalibration), concepts }
    }
    case 'vit': {
      const scoring = readScoring(fields, inPack, 'softmax')
      return { classifier, ...scoring, preprocess: readVit(fields) }
    }
    case 'timm':
      return { classifier, ...readScoring(fields, inPack, 'softmax'), preprocess: readTimm(fields) }
    case 'nudenet':
      return { classifier, ...readScoring(fields, inPack, null), preprocess: readNudeNet(fields) }
    default:
      return classifier satisfies never
  }
}

export function readTextClassifier(fields: Fields, inPack: InPack): TextClassifier {
  const output = fields.child('output')
  const activation = required(output, 'activation', output.choiceIf('activation', ['sigmoid', 'softmax']))
  const read = {
    kind: 'text-classifier',
    ...readScoring(fields, inPack, activation),
    activation,
    tokenizer: inPack(fields, 'tokenizer', fields.text('tokenizer')),
    maxTokens: fields.integer('max_tokens', 3, 65_536),
  } as const
  refuseUnread(fields)
  return read
}

type ReadCalibration = (fields: Fields, labels: readonly string[]) => Map<string, Calibration>

/** `activation` null: the graph's numbers are scores of their own kind, and nothing is declared. */
function readScoring(
  fields: Fields,
  inPack: InPack,
  activation: 'sigmoid' | 'softmax' | null,
  calibrationOf: ReadCalibration = readCalibrations,
): Scoring {
  const output = fields.child('output')
  const outputName = output.text('name')
  const declared = activation === null ? null : output.text('activation')
  if (declared !== null && declared !== activation) throw unsupported(fields, 'output.activation', declared)
  refuseUnread(output)
  const labels = fields.texts('labels')
  const least = activation === 'softmax' ? 2 : 1
  if (new Set(labels).size !== labels.length || labels.length < least)
    throw fields.bad('labels', `distinct labels, ${least} at least`)
  const calibration = calibrationOf(fields.child('calibration'), labels)
  const listed = fields.child('categories')
  const categories = new Map<string, readonly string[]>()
  for (const category of listed.names()) {
    const parts = listed.texts(category)
    if (parts.length === 0 || parts.some((label) => !calibration.has(label)))
      throw listed.bad(category, 'calibrated labels')
    categories.set(category, parts)
  }
  const model = inPack(fields, 'model', fields.text('model'))
  return { model, output: outputName, labels, calibration, domain: fields.text('domain'), categories }
}

function readCalibrations(calibrations: Fields, labels: readonly string[]): Map<string, Calibration> {
  const calibration = new Map<string, Calibration>()
  for (const label of calibrations.names()) {
    if (!labels.includes(label)) throw calibrations.bad(label, 'a label of this classifier')
    calibration.set(label, readCalibration(calibrations.child(label)))
  }
  return calibration
}

function readCalibration(fields: Fields): Calibration {
  const one = { scale: fields.number('scale', Number.MIN_VALUE, 1e6), bias: fields.number('bias', -1e6, 1e6) }
  refuseUnread(fields)
  return one
}

function readOneCalibration(fields: Fields, labels: readonly string[]): Map<string, Calibration> {
  const one = readCalibration(fields)
  return new Map(labels.map((label) => [label, one]))
}

function readPlain(fields: Fields): MultiLabel['preprocess'] {
  const preprocess = fields.child('preprocess')
  const read = {
    ...readSides(preprocess),
    resize: preprocess.choiceIf('resize', FILTERS) ?? 'bicubic',
    ...readNormalised(preprocess),
    layout: preprocess.choiceIf('layout', ['NCHW', 'NHWC']) ?? 'NCHW',
  }
  refuseUnread(preprocess)
  return read
}

function readVit(fields: Fields): Vit['preprocess'] {
  const preprocess = fields.child('preprocess')
  const resize = required(preprocess, 'resize', preprocess.choiceIf('resize', FILTERS))
  const read = { ...readSides(preprocess), resize, ...readNormalised(preprocess) }
  refuseUnread(preprocess)
  return read
}

function readNudeNet(fields: Fields): NudeNet['preprocess'] {
  const preprocess = fields.child('preprocess')
  const channels = required(preprocess, 'channels', preprocess.choiceIf('channels', ['RGB', 'BGR']))
  const read = { size: preprocess.integer('size', 32, SIDE), channels }
  refuseUnread(preprocess)
  return read
}

function readSides(fields: Fields): Size {
  return { width: fields.integer('width', 1, SIDE), height: fields.integer('height', 1, SIDE) }
}

function readNormalised(fields: Fields): Normalised {
  return { mean: readTriple(fields, 'mean'), std: readTriple(fields, 'std') }
}

/** The names of timm's own pretrained configuration. */
function readTimm(fields: Fields): Timm['preprocess'] {
  const preprocess = fields.child('preprocess')
  const [channels, height, width, ...more] = preprocess.numbersIf('input_size') ?? []
  const side = (value: number | undefined) =>
    value !== undefined && Number.isInteger(value) && value >= 1 && value <= SIDE
  if (channels !== 3 || height === undefined || width === undefined || !side(height) || !side(width) || more.length > 0)
    throw preprocess.bad('input_size', 'three whole numbers: 3, height, width')
  const read = {
    width,
    height,
    interpolation: required(preprocess, 'interpolation', preprocess.choiceIf('interpolation', FILTERS)),
    cropPct: preprocess.number('crop_pct', 0.1, 2),
    cropMode: required(preprocess, 'crop_mode', preprocess.choiceIf('crop_mode', ['center', 'squash', 'border'])),
    ...readNormalised(preprocess),
  }
  refuseUnread(preprocess)
  return read
}

function readTriple(fields: Fields, name: string): Triple {
  const [r, g, b, ...more] = fields.numbersIf(name) ?? []
  if (r === undefined || g === undefined || b === undefined || more.length > 0) throw fields.bad(name, 'three numbers')
  if (name === 'std' && Math.min(r, g, b) <= 0) throw fields.bad(name, 'three numbers above zero')
  return [r, g, b]
}

function required<T>(fields: Fields, name: string, value: T | undefined): T {
  if (value === undefined) throw fields.bad(name, 'a value')
  return value
}

/** Refuses what nobody asked for; what every pack has was read before. */
function refuseUnread(fields: Fields): void {
  const [stray] = fields.unread().filter((name) => !NAMES.includes(name))
  if (stray !== undefined) throw fields.bad(stray, 'nothing: this kind of pack has no such field')
}

function unsupported(fields: Fields, field: string, value: string): ModelError {
  const { file } = fields
  return new ModelError('pack_unsupported', `${file}: ${field}: ${value} is not supported`, { file, field })
}

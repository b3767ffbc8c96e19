// The references of test/goldens/classifiers, the pictures that they were made of, and packs around their tiny graphs.
import { createHash } from 'node:crypto'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Rgb } from '../../models/runtime/stepper.ts'

const GOLDENS = fileURLToPath(new URL('../goldens/classifiers/', import.meta.url))

/** Its number, width and height. */
export type Painted = [number: number, width: number, height: number]
/** What a library made of a picture. */
export type Reference = { picture: Painted; size: [number, number]; sha256: string; samples: [number, number][] }
type Filtered = Reference & { filter: 'bilinear' | 'bicubic' }
type OfTimm = Reference & {
  height: number
  width: number
  crop_pct: number
  crop_mode: 'center' | 'squash' | 'border'
  interpolation: 'bilinear' | 'bicubic'
  mean: [number, number, number]
  std: [number, number, number]
}
type Detection = { class: string; score: number; box: [number, number, number, number] }
type Judged = {
  picture: Painted
  special: number[]
  scores: number[]
  bad_concepts: number[]
  flagged: boolean
}
type Read = { text: string; ids: number[]; all: number[]; logits: number[]; sigmoid: number[]; softmax: number[] }
type Golden = {
  paint: Reference[]
  resize: Filtered[]
  clip: Reference[]
  vit: Filtered[]
  timm: OfTimm[]
  nudenet: {
    prepared: Reference[]
    detected: { seed: number; picture: [number, number]; anchors: number; detections: Detection[] }[]
    labels: string[]
  }
  safety: { pictures: Judged[] }
  text: { max_tokens: number; texts: Read[] }
}

export const golden: Golden = JSON.parse(await readFile(join(GOLDENS, 'classifiers.json'), 'utf8'))

/** As `paint` of test/goldens/make/classifiers.py. */
export function paint([number, width, height]: Painted): Rgb {
  const rgb = new Uint8Array(width * height * 3)
  const floor = Math.floor
  for (let c = 0; c < 3; c++) {
    const k = number * 3 + c
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const slope = x * ((k % 7) + 1) + y * ((k % 5) + 1)
        const rings = floor((x * x * ((k % 3) + 1) + y * y * ((k % 4) + 1)) / (24 + 16 * (k % 6)))
        const checks = ((floor(x / ((k % 9) + 3)) + floor(y / ((k % 8) + 3))) % 2) * (64 + ((k * 31) % 128))
        rgb[(y * width + x) * 3 + c] = (slope + rings + checks + k * 53) % 256
      }
  }
  return { width, height, rgb }
}

/** As `detector_rows` there: [1, 22, anchors]. */
export function detectorRows(seed: number, anchors: number): Float32Array {
  const rows = new Float32Array(22 * anchors)
  const set = (row: number, i: number, value: number) => {
    rows[row * anchors + i] = value
  }
  for (let i = 0; i < anchors; i++) {
    const k = i * 37 + seed * 101
    const box = [((k * 13) % 320) + 0.5, ((k * 29) % 320) + 0.25, 20 + ((k * 7) % 130), 20 + ((k * 11) % 150)]
    for (const [row, value] of box.entries()) set(row, i, i % 3 === 1 ? (rows[row * anchors + i - 1] ?? 0) + 4 : value)
    for (let label = 0; label < 18; label++) set(4 + label, i, ((k * (label + 3) * 17) % 101) / 512)
    set(4 + (k % 18), i, (((k * 23) % 97) + 20) / 128)
  }
  return rows
}

/** The bytes that a reference was hashed of, as an answer to compare. */
export function digestOf({ width, height, rgb }: Rgb): Pick<Reference, 'size' | 'sha256'> {
  return { size: [width, height], sha256: createHash('sha256').update(rgb).digest('hex') }
}

const COLOURS = {
  model: 'colours.onnx',
  output: { name: 'logits', activation: 'softmax' },
  labels: ['red', 'green', 'blue'],
  calibration: { red: { scale: 1, bias: 0 }, blue: { scale: 2, bias: -0.5 } },
  domain: 'made-up colours',
  categories: { weapons: ['red', 'blue'] },
}
const HALVES = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] }
const CONCEPTS = Array.from({ length: 17 }, (_, i) => `concept-${i}`)

/** A pack of each kind around the tiny graphs: what its pack.json says, and its files. */
export const PACKS = {
  'multi-label': {
    ...COLOURS,
    kind: 'image-classifier',
    output: { name: 'logits', activation: 'sigmoid' },
    preprocess: { width: 8, height: 8, resize: 'bicubic', ...HALVES, layout: 'NCHW' },
  },
  vit: {
    ...COLOURS,
    kind: 'image-classifier',
    classifier: 'vit',
    preprocess: { width: 32, height: 32, resize: 'bilinear', ...HALVES },
  },
  timm: {
    ...COLOURS,
    kind: 'image-classifier',
    classifier: 'timm',
    preprocess: { input_size: [3, 24, 24], interpolation: 'bicubic', crop_pct: 1, crop_mode: 'center', ...HALVES },
  },
  nudenet: {
    ...COLOURS,
    kind: 'image-classifier',
    classifier: 'nudenet',
    model: 'detector.onnx',
    preprocess: { size: 320, channels: 'RGB' },
    output: { name: 'output0' },
    labels: golden.nudenet.labels,
    calibration: { FACE_FEMALE: { scale: 1, bias: 0 }, ANUS_EXPOSED: { scale: 1, bias: 0 } },
    categories: { sexual: ['FACE_FEMALE', 'ANUS_EXPOSED'] },
  },
  'safety-checker': {
    ...COLOURS,
    kind: 'image-classifier',
    classifier: 'safety-checker',
    model: 'safety-checker.onnx',
    concepts: 'safety-checker.safetensors',
    output: { name: 'image_embeds' },
    labels: CONCEPTS,
    calibration: { scale: 40, bias: -0.5 },
    categories: { sexual: CONCEPTS },
  },
  text: {
    ...COLOURS,
    kind: 'text-classifier',
    model: 'text.onnx',
    tokenizer: 'tokenizer.json',
    max_tokens: golden.text.max_tokens,
    output: { name: 'logits', activation: 'sigmoid' },
    calibration: { red: { scale: 1, bias: 0 }, green: { scale: 1, bias: 0 }, blue: { scale: 1, bias: 0 } },
  },
} as const

/** Writes <packsDir>/<kind> with its files; `changes` to its manifest. */
export async function writeClassifierPack(
  packsDir: string,
  kind: keyof typeof PACKS,
  changes: Record<string, unknown> = {},
): Promise<string> {
  const id = typeof changes.id === 'string' ? changes.id : kind
  const dir = join(packsDir, id)
  await mkdir(dir, { recursive: true })
  const said: Record<string, unknown> = { ...PACKS[kind], ...changes }
  const paths = ['model', 'tokenizer', 'concepts'].flatMap((name) =>
    typeof said[name] === 'string' ? [said[name]] : [],
  )
  for (const path of paths) await cp(join(GOLDENS, path), join(dir, path))
  await writeFile(join(dir, 'README.md'), '# A classifier for tests\n')
  const files = await Promise.all(
    ['README.md', ...paths].map(async (path) => {
      const body = await readFile(join(dir, path))
      return { path, sha256: createHash('sha256').update(body).digest('hex'), size_bytes: body.length }
    }),
  )
  const common = { format: 'darkroom-pack/1', id, version: '1.0.0', licence: 'Apache-2.0', card: 'README.md' }
  await writeFile(join(dir, 'pack.json'), JSON.stringify({ ...common, ...said, files }))
  return dir
}

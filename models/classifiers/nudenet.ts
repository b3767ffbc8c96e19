// NudeNet's detector as its 3.4 runs it: bordered with black to a square at the right and the bottom, resized by OpenCV's own
// bilinear, /255; boxes from 0.2, then OpenCV's suppression across all classes (0.25, overlap 0.45), in pixels of the picture.
// A class's score is its likeliest box that is left; a class without one scores 0.
import { ModelError } from '../runtime/error.ts'
import { expectPicture } from '../runtime/fit.ts'
import type { Size } from '../runtime/manifest.ts'
import { resizeBordered } from '../runtime/opencv-resize.ts'
import type { Pack } from '../runtime/pack.ts'
import type { SessionOptions } from '../runtime/sessions.ts'
import type { Rgb } from '../runtime/stepper.ts'
import type { Output } from '../runtime/tensors.ts'
import { openPictureGraph } from './graph.ts'
import type { NudeNet } from './manifest.ts'
import { logitOf, score } from './scores.ts'

/** Whole pixels, cut down; `score` in [0, 1] as the detector gave it. */
export type Box = { label: string; score: number; x: number; y: number; width: number; height: number }

const CANDIDATE_FROM = 0.2
const KEPT_ABOVE = 0.25
const OVERLAP = 0.45
const COORDINATES = 4

export async function openNudeNet(pack: Pack, manifest: NudeNet, options: SessionOptions) {
  const graph = await openPictureGraph(pack, manifest, options)
  return {
    ...graph,
    async classify(picture: Rgb) {
      const boxes = detect(await graph.run(feedOf(picture, manifest.preprocess)), picture, manifest)
      const scores = manifest.labels.map((label) =>
        Math.max(0, ...boxes.filter((box) => box.label === label).map((box) => box.score)),
      )
      return { ...score(scores.map(logitOf), manifest), boxes }
    },
  }
}

/** [1, 3, size, size] in 0..1. */
export function feedOf(picture: Rgb, { size, channels }: NudeNet['preprocess']) {
  expectPicture(picture)
  const { rgb } = resizeBordered(picture, size)
  const values = new Float32Array(rgb.length)
  const pixels = size * size
  for (let c = 0; c < 3; c++) {
    const from = channels === 'RGB' ? c : 2 - c
    for (let i = 0; i < pixels; i++) values[c * pixels + i] = (rgb[i * 3 + from] ?? 0) * Math.fround(1 / 255)
  }
  return { values, dims: [1, 3, size, size] }
}

/** Boxes from [1, 4 + labels, anchors]: centre, size, and a score by label. ModelError: pack_corrupt. */
export function detect(
  { values, dims }: Output,
  picture: Size,
  { model, labels, preprocess }: Pick<NudeNet, 'model' | 'labels' | 'preprocess'>,
): Box[] {
  const [batch, rows, anchors = 0] = dims
  if (dims.length !== 3 || batch !== 1 || rows !== COORDINATES + labels.length)
    throw new ModelError('pack_corrupt', `${model}: [${dims}] is not [1, ${COORDINATES + labels.length}, anchors]`, {
      file: model,
      field: 'labels',
    })
  const side = Math.max(picture.width, picture.height)
  const candidates: Box[] = []
  for (let i = 0; i < anchors; i++) {
    const at = (row: number) => values[row * anchors + i] ?? 0
    const scores = labels.map((_, label) => at(COORDINATES + label))
    const best = Math.max(...scores)
    const label = labels[scores.indexOf(best)]
    if (label === undefined || best < Math.fround(CANDIDATE_FROM)) continue
    candidates.push({ label, score: best, ...placed([at(0), at(1), at(2), at(3)], side, preprocess.size, picture) })
  }
  return suppressed(candidates)
}

/** From the model's centre and size to a corner inside the picture, in float32 as NumPy computes it. */
function placed(centre: readonly [number, number, number, number], side: number, size: number, picture: Size) {
  const [cx, cy, w, h] = centre
  const scaled = (value: number) => Math.fround(Math.fround(value * side) / size)
  const corner = (middle: number, length: number, end: number) =>
    Math.max(0, Math.min(scaled(Math.fround(middle - Math.fround(length / 2))), end))
  const x = corner(cx, w, picture.width)
  const y = corner(cy, h, picture.height)
  const rest = (length: number, from: number, end: number) => Math.min(scaled(length), Math.fround(end - from))
  return { x, y, width: rest(w, x, picture.width), height: rest(h, y, picture.height) }
}

/** cv2.dnn.NMSBoxes: greedy from the likeliest, whatever the class. */
function suppressed(candidates: readonly Box[]): Box[] {
  const kept: Box[] = []
  for (const box of candidates.filter(({ score }) => score > KEPT_ABOVE).sort((a, b) => b.score - a.score))
    if (kept.every((other) => overlap(box, other) <= Math.fround(OVERLAP))) kept.push(box)
  return kept.map(({ x, y, width, height, ...box }) => ({
    ...box,
    x: Math.trunc(x),
    y: Math.trunc(y),
    width: Math.trunc(width),
    height: Math.trunc(height),
  }))
}

/** The share of two boxes' union that both cover. */
function overlap(a: Box, b: Box): number {
  const across = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x)
  const down = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y)
  const shared = Math.max(0, across) * Math.max(0, down)
  const all = a.width * a.height + b.width * b.height
  return all === 0 ? 1 : Math.fround(1 - Math.fround(1 - shared / (all - shared)))
}

// Where the mark of any of our key epochs may be in a picture, the likeliest first: where it was put; shifted; turned by quarters or
// mirrored; at sizes that models draw; then at any angle and scale that its own repetition suggests (lattice.ts). Each is made when it is
// asked for, and comes with the chance that all looks of its kind share (chance.ts).
import { type Lattice, latticesOf } from './lattice.ts'
import { everyTileSideOf, type MarkKey, markPattern, type Pattern, tileSidesOf } from './pattern.ts'
import { findOffset, LOOKS_EACH, lookAtOrigin, phasesOf, type TileReading } from './read.ts'
import { cropPlane, foldThrough, halved, middleOf, type Placing } from './resample.ts'
import { foldTile, type Plane, residualOf } from './residual.ts'
import { oriented, type Spectrum } from './transform.ts'

/** How the copy differs from what was marked, as far as the search had to go: flipped left to right, then turned clockwise. */
export type Copy = { mirrored: boolean; quarterTurns: number; degrees: number; scale: number; shifted: boolean }

/** One comparison with one pattern: what was scored, how often, how likely it may be by chance, and how the copy lies if it is so. */
export type Look = {
  readonly spectrum: Spectrum
  readonly pattern: Pattern
  readonly at: TileReading
  readonly looks: number
  /** The chance that this look and its kind may have of finding a mark in a picture without one, and how often they look in all. */
  readonly share: { readonly chance: number; readonly looks: number }
  readonly copy: Copy
}

/** Chance of finding a mark in a picture without one, for each stage of the search; 1e-6 in all. */
const CHANCE = { origin: 1e-7, anywhere: 2e-7, turned: 1e-7, placed: 6e-7 }

// What was released reads in this much of it.
const FIRST_WINDOW = 384
const SMALL_WINDOW = 512
const WINDOW = 1024
const NOMINAL_SIDES = [64, 128, 256, 512, 768, 1024, 1536]
/** Guesses taken from one autocorrelation. */
const LATTICES = 10
/** Placings that a whole search may look at, for each key: what the chance is shared among. */
const PLACINGS = 400
// A first look through the middle of the picture: what scores less is not looked at again.
const PROMISING_Z = 5.3
const SMALLEST_ORIGINAL = 64
type Turn = Pick<Copy, 'mirrored' | 'quarterTurns'>
export const UNCHANGED: Copy = { mirrored: false, quarterTurns: 0, degrees: 0, scale: 1, shifted: false }
const ORIENTATIONS: readonly Turn[] = Array.from({ length: 8 }, (_, i) => ({ mirrored: i >= 4, quarterTurns: i % 4 }))
const UPRIGHT = ORIENTATIONS.slice(0, 1)

/** 'quick': as published or shifted. 'full': also mirrored, turned and scaled. */
export function* candidates(plane: Plane, keys: readonly MarkKey[], search: 'quick' | 'full'): Generator<Look> {
  if (plane.width > FIRST_WINDOW || plane.height > FIRST_WINDOW) yield* inPlace(plane, keys, FIRST_WINDOW)
  yield* inPlace(plane, keys, WINDOW)
  const seen = residualsOf(plane)
  const folded = keys.flatMap((key) =>
    everyTileSideOf(key, plane.width, plane.height).map((side): Folded => {
      const pattern = markPattern(key, side)
      return { pattern, spectrum: phasesOf(foldTile(seen(0), side), pattern) }
    }),
  )
  for (const one of folded) yield anywhere(one, folded.length, CHANCE.anywhere, UNCHANGED)
  if (search === 'quick') return
  yield* turned(folded)
  const placed = placer(seen, keys.length)
  yield* resized(plane, keys, placed)
  const least = Math.min(plane.width, plane.height)
  if (least < FEW_TILES) yield* askew(plane, keys, placed)
  yield* repeating(plane, keys, seen, placed)
  if (least < FEW_TILES) yield* atAnyScale(plane, keys, placed)
}

type Folded = { readonly pattern: Pattern; readonly spectrum: Spectrum }

function* turned(folded: readonly Folded[]): Generator<Look> {
  for (const { pattern, spectrum } of folded) {
    for (const turn of ORIENTATIONS.slice(1)) {
      const upright = { pattern, spectrum: oriented(spectrum, turn.mirrored, turn.quarterTurns) }
      yield anywhere(upright, 7 * folded.length, CHANCE.turned, { ...UNCHANGED, ...turn })
    }
  }
}

/** At the scales that make a side one that models draw. */
function* resized(plane: Plane, keys: readonly MarkKey[], placed: Placer): Generator<Look> {
  for (const scale of nominalScales(plane))
    for (const key of keys)
      for (const side of tileSidesOf(key, plane.width / scale, plane.height / scale))
        yield* placed(markPattern(key, side), { degrees: 0, scale }, UPRIGHT)
}

/** At one angle after another, where too few tiles lie beside each other to show theirs. */
function* askew(plane: Plane, keys: readonly MarkKey[], placed: Placer): Generator<Look> {
  for (const degrees of SWEEP)
    for (const key of keys)
      for (const side of tileSidesOf(key, plane.width, plane.height).slice(0, 1))
        yield* placed(markPattern(key, side), { degrees, scale: 1 }, UPRIGHT)
}

/** At one scale after another, upright, where a cut keeps its size from telling it and too few tiles theirs. */
function* atAnyScale(plane: Plane, keys: readonly MarkKey[], placed: Placer): Generator<Look> {
  for (const scale of SCALES)
    for (const key of keys)
      for (const side of tileSidesOf(key, plane.width / scale, plane.height / scale).slice(0, 1))
        yield* placed(markPattern(key, side), { degrees: 0, scale }, UPRIGHT)
}

/** At the angles and scales that the mark's repetition suggests, here and at half the size. */
function* repeating(plane: Plane, keys: readonly MarkKey[], seen: Residuals, placed: Placer): Generator<Look> {
  for (const level of [0, 1]) {
    const residual = seen(level)
    if (Math.min(residual.width, residual.height) < LEAST_FOR_LATTICE) continue
    const lattices = latticesOf(residual, LATTICES)
    for (const { period, degrees } of lattices)
      for (const { pattern, scale } of keys.flatMap((key) => readingsOf(key, period * 2 ** level, plane)))
        yield* placed(pattern, { degrees, scale }, ORIENTATIONS)
    if (level === 0) yield* alongItsOwn(plane, keys, lattices, placed)
  }
}

/** A picture's own repetition may be louder than the mark's. It was upright, mostly, and turned with it. */
function* alongItsOwn(
  plane: Plane,
  keys: readonly MarkKey[],
  own: readonly Lattice[],
  placed: Placer,
): Generator<Look> {
  const angles = own.map(({ degrees }) => degrees)
  const apart = angles.filter((one, i) => angles.findIndex((other) => Math.abs(one - other) < SAME_ANGLE) === i)
  for (const degrees of apart)
    for (const key of keys)
      for (const side of tileSidesOf(key, plane.width, plane.height))
        yield* placed(markPattern(key, side), { degrees, scale: 1 }, ORIENTATIONS)
}

/** Degrees that the steps around a placing make good. */
const SAME_ANGLE = 0.15
const LEAST_FOR_LATTICE = 96
/** Under this side a lattice may not show. */
const FEW_TILES = 256
/** 1.2 % apart: a tile of 128 pixels that is off by half of that is off by less than a pixel at its edge. */
const SCALES = Array.from({ length: 58 }, (_, i) => 1.012 ** (i + 1)).flatMap((scale) => [1 / scale, scale])
/** Degrees, those of a photograph held askew first. */
const SWEEP = Array.from({ length: 30 }, (_, i) => (i + 1) * 1.5).flatMap((degrees) => [degrees, -degrees])

/** What a repetition of this many pixels may be, by the sides that a key's tiles have. */
function readingsOf(key: MarkKey, period: number, { width, height }: Plane): { pattern: Pattern; scale: number }[] {
  return tileSidesOf(key, 0, 0)
    .map((side) => ({ side, scale: period / side }))
    .filter(({ side, scale }) => tileSidesOf(key, width / scale, height / scale).includes(side))
    .filter(({ scale }) => Math.min(width, height) / scale >= SMALLEST_ORIGINAL)
    .map(({ side, scale }) => ({ pattern: markPattern(key, side), scale }))
}

/** The mark where it was put, in the middle of the picture. */
function* inPlace(plane: Plane, keys: readonly MarkKey[], window: number): Generator<Look> {
  const start = (length: number) => Math.max(0, Math.floor((length - window) / 2))
  const [left, top] = [start(plane.width), start(plane.height)]
  const residual = residualOf(cropPlane(plane, left, top, window, window))
  for (const key of keys) {
    const sides = everyTileSideOf(key, plane.width, plane.height)
    for (const side of sides) {
      const pattern = markPattern(key, side)
      const spectrum = phasesOf(foldTile(residual, side, left, top), pattern)
      const share = { chance: CHANCE.origin, looks: 2 * LOOKS_EACH * sides.length * keys.length }
      yield { spectrum, pattern, at: lookAtOrigin(spectrum, pattern), looks: LOOKS_EACH, share, copy: UNCHANGED }
    }
  }
}

/** The mark at any offset. `among`: how many such looks share the chance. */
function anywhere({ spectrum, pattern }: Folded, among: number, chance: number, copy: Copy): Look {
  const looks = LOOKS_EACH * pattern.side ** 2
  const share = { chance, looks: looks * among }
  return { spectrum, pattern, at: findOffset(spectrum, pattern), looks, share, copy: { ...copy, shifted: true } }
}

type Residuals = (level: number) => Plane
type Placer = (pattern: Pattern, placing: Placing, orientations: readonly Turn[]) => Generator<Look>

/** The whitened residual of the picture's middle, at its size and at halves of it: each is made when it is asked for. */
function residualsOf(plane: Plane): Residuals {
  const made = new Map<number, Plane>()
  return (level) => {
    const known = made.get(level)
    if (known !== undefined) return known
    let seen = middleOf(plane, WINDOW * 2 ** level)
    for (let i = 0; i < level; i++) seen = halved(seen)
    const residual = residualOf(seen)
    made.set(level, residual)
    return residual
  }
}

/** Looks at placings coarsely through the middle, and where that promises something, closer and closer. */
function placer(seen: Residuals, keys: number): Placer {
  let left = PLACINGS * keys
  return function* placed(pattern, placing, orientations) {
    if (left-- <= 0) return
    const level = Math.max(0, Math.min(3, Math.round(Math.log2(placing.scale))))
    const residual = seen(level)
    const spectrumAt = (plane: Plane, { degrees, scale }: Placing): Spectrum =>
      phasesOf(foldThrough(plane, { degrees, scale: scale / 2 ** level }, pattern.side), pattern)
    const lookAs = (spectrum: Spectrum, at: Placing, turn: Turn): Look =>
      anywhere(
        { pattern, spectrum: oriented(spectrum, turn.mirrored, turn.quarterTurns) },
        PLACINGS * keys * TRIES_A_PLACING,
        CHANCE.placed,
        { ...UNCHANGED, ...turn, ...at },
      )
    const middle = middleOf(residual, SMALL_WINDOW)
    const coarse = spectrumAt(middle, placing)
    for (const turn of orientations) {
      let best = lookAs(coarse, placing, turn)
      yield best
      if (best.at.z < PROMISING_Z) continue
      for (const [depth, { step, plane }] of [
        { step: 0.0022, plane: middle },
        { step: 0.001, plane: residual },
      ].entries()) {
        const around = best.copy
        for (const [turned, scaled] of AROUND) {
          const at = { degrees: around.degrees + turned * step * DEGREES, scale: around.scale * (1 + scaled * step) }
          const look = lookAs(spectrumAt(plane, at), at, turn)
          if (look.at.z > best.at.z) best = look
        }
        // Where the second steps start depends on the key: all places where they might have count.
        yield { ...best, looks: best.looks * AROUND.length ** (depth + 1) }
      }
    }
  }
}

const DEGREES = 180 / Math.PI
/** Steps around a placing: turns in radians, scales as shares. */
const AROUND = [-1, 0, 1].flatMap((turned) => [-1, 0, 1].map((scaled) => [turned, scaled] as const))
const TRIES_A_PLACING = ORIENTATIONS.length * (1 + AROUND.length + AROUND.length ** 2)

function nominalScales({ width, height }: Plane): number[] {
  const scales = NOMINAL_SIDES.flatMap((side) => [width / side, height / side])
  const usable = scales.filter(
    (scale) => scale >= 0.25 && scale <= 8 && scale !== 1 && Math.min(width, height) / scale >= SMALLEST_ORIGINAL,
  )
  return [...new Set(usable)]
}

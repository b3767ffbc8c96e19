// What is compared, on what: the methods, the sets of pictures and their sizes. One cell of the benchmark is a set at a size.
import { createHash } from 'node:crypto'
import { cartoon, type Drawn, rough, textured } from '../../test/mark/pictures.ts'
import type { PeerMethod } from './peer.ts'
import { STORYBOOK_SIDE, storybookPicture } from './storybook.ts'

/** Ours at the fidelity that all have, and as the service releases a picture: as weak as it may be, down to its floor. */
export const OURS = 'darkroom'
export const RELEASED = 'darkroom-released'
export const PEERS: Readonly<Record<string, PeerMethod>> = {
  dwtDct: { method: 'dwtDct', channel: 'U' },
  dwtDctSvd: { method: 'dwtDctSvd', channel: 'U' },
  'dwtDct-luma': { method: 'dwtDct', channel: 'Y' },
  'dwtDctSvd-luma': { method: 'dwtDctSvd', channel: 'Y' },
}
export const METHODS: readonly string[] = [OURS, RELEASED, ...Object.keys(PEERS)]

export function isPeer(method: string): boolean {
  return Object.hasOwn(PEERS, method)
}

/** The fidelity at which every method marks: PSNR over all three channels. */
export const TARGET_DB = 42

/** A picture without the mark passes for marked at most this often: the same for every method. */
export const FALSE_POSITIVES = 1e-6

export const SETS = ['flat', 'storybook', 'soft', 'rough'] as const
export type SetName = (typeof SETS)[number]
export const SIDES: readonly number[] = [128, 256, 512, 1024]

export type Cell = { set: SetName; side: number }

/** The storybook model draws at one size alone. */
export function cellsOf(sets: readonly SetName[], sides: readonly number[]): Cell[] {
  const all = sets.flatMap((set) => sides.map((side) => ({ set, side })))
  return all.filter(({ set, side }) => set !== 'storybook' || side === STORYBOOK_SIDE)
}

export async function drawPicture({ set, side }: Cell, seed: number): Promise<Drawn> {
  switch (set) {
    case 'flat':
      return cartoon(seed, side)
    case 'storybook':
      return storybookPicture(seed)
    case 'soft':
      return textured(seed, side)
    case 'rough':
      return rough(seed, side)
    default:
      return set satisfies never
  }
}

/** 32 bits from what they are for: equal questions draw equally. */
export function seedOf(...parts: readonly (string | number)[]): number {
  return createHash('sha256').update(parts.join('/')).digest().readInt32LE()
}

/** A payload of `bits` bits, another for each picture. */
export function payloadOf({ set, side }: Cell, seed: number, bits: number): number {
  const digest = createHash('sha256').update(`payload/${set}/${side}/${seed}`).digest()
  return digest.readUIntBE(0, 6) % 2 ** bits
}

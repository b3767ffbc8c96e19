// How a picture compares with the record that its mark or manifest leads to: by the fingerprint that was recorded, in its own measure.
// Where either picture is too plain, or nothing is on record, there is no comparison, and that is an answer of its own.
import { CLOSE_BITS, FINGERPRINT_ALGORITHM, type Fingerprint, fingerprintDistance, NEAR_BITS } from './fingerprint.ts'
import { formerFingerprintOf } from './former-fingerprint.ts'
import { CODE_BITS, isccOf } from './iscc.ts'
import type { RegistryRecord } from './registry.ts'
import type { Picture } from './watermark/residual.ts'

/** 'moved': unlike, but turned or cut. 'weak': too plain to compare. 'unrecorded': nothing left on record to compare with. */
export type Likeness = 'close' | 'near' | 'far' | 'moved' | 'weak' | 'unrecorded'

export type Comparison = {
  /** What the fingerprints are: the standard's, or the 64 bits that older records have. */
  algorithm: typeof FINGERPRINT_ALGORITHM | 'dct-64'
  bits: 256 | 64
  /** The picture's own code as the standard writes it. */
  code: string
  /** Too plain for a fingerprint to tell it from others. */
  weak: boolean
  compared: boolean
  distance: number | null
  match: 'close' | 'near' | 'far' | null
}

const CURRENT = { algorithm: FINGERPRINT_ALGORITHM, bits: CODE_BITS, close: CLOSE_BITS, near: NEAR_BITS } as const
/** Of 64 bits; unlike pictures differ by about 30. */
const FORMER = { algorithm: 'dct-64', bits: 64, close: 8, near: 14 } as const

/** `picture` the right way up, `own` its fingerprint; `comparable`: neither turned nor cut. Likeness null without a record. */
export function compare(
  picture: Picture,
  own: Fingerprint,
  record: Pick<RegistryRecord, 'fingerprint'> | null,
  comparable = true,
): { likeness: Likeness | null; told: Comparison } {
  const known = record?.fingerprint ?? null
  const former = known !== null && known.hex.length === FORMER.bits / 4
  const { algorithm, bits, close, near } = former ? FORMER : CURRENT
  const weak = own.weak || known?.weak === true
  const nothing = { algorithm, bits, code: isccOf(own.hex), weak, compared: false, distance: null, match: null }
  if (record === null) return { likeness: null, told: nothing }
  if (known === null) return { likeness: 'unrecorded', told: nothing }
  if (weak) return { likeness: 'weak', told: nothing }
  const distance = fingerprintDistance(former ? formerFingerprintOf(picture) : own.hex, known.hex)
  if (distance === null) return { likeness: 'unrecorded', told: nothing }
  const match = distance <= close ? 'close' : distance <= near ? 'near' : 'far'
  if (match === 'far' && !comparable) return { likeness: 'moved', told: { ...nothing, distance } }
  return { likeness: match, told: { ...nothing, compared: true, distance, match } }
}

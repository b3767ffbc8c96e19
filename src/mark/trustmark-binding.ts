// TrustMark, a second mark beside ours where an operator has put its files: its names, and how a manifest binds it. Our mark's number is
// its payload, whole: 40 bits, which its strongest error correction (BCH_SUPER, 8 of 100 bits) leaves free. It has no key: anybody who
// has the files can read and write it, so it leads to a record and vouches for nothing. trustmark.ts has the codec.
import type { Picture } from './watermark/residual.ts'

/** Those that C2PA's list of soft bindings has a name for. */
export const TRUSTMARK_VARIANTS = ['Q', 'P', 'C'] as const
export type TrustmarkVariant = (typeof TRUSTMARK_VARIANTS)[number]

export type Trustmark = {
  /** In C2PA's list of soft bindings. */
  readonly algorithm: string
  /** A copy that carries the number. Faults: mark_failed, busy. */
  embed(picture: Picture, markId: number): Promise<Picture>
  /** Null: it could not be looked for. Fault: busy. */
  read(picture: Picture): Promise<{ markId: number | null } | null>
} & AsyncDisposable

const PAYLOAD_BITS = 40
/** The schema's number comes first: 0 is BCH_SUPER. */
const VALUE = /^0\*([01]{40})$/

export function trustmarkAlgorithm(variant: TrustmarkVariant): string {
  return `com.adobe.trustmark.${variant}`
}

/** Most significant bit first. Throws RangeError outside the payload's range. */
export function payloadOf(markId: number): string {
  if (!Number.isSafeInteger(markId) || markId < 0 || markId >= 2 ** PAYLOAD_BITS)
    throw new RangeError(`TrustMark carries an unsigned integer of ${PAYLOAD_BITS} bits`)
  return markId.toString(2).padStart(PAYLOAD_BITS, '0')
}

/** Null for a payload of another schema, which is nobody's of ours. */
export function markIdOf(payload: string): number | null {
  return /^[01]{40}$/.test(payload) ? Number.parseInt(payload, 2) : null
}

/** The soft binding's value, as Adobe's own tools write it. */
export function trustmarkValue(markId: number): string {
  return `0*${payloadOf(markId)}`
}

/** As a manifest has it, or that in base64; null when it is neither. */
export function readTrustmarkValue(value: string): number | null {
  const [, payload = ''] = VALUE.exec(value) ?? VALUE.exec(Buffer.from(value, 'base64').toString('latin1')) ?? []
  return markIdOf(payload)
}

// Signatures as C2PA wants them: which algorithm a key stands for, r‖s instead of the DER that KMS and OpenSSL answer, and whether a
// signature is by the certificate's key at all. Pure; keys that are here at all are used by pem.ts.
import { constants, type KeyObject, verify } from 'node:crypto'
import { Fault } from '../../kernel/fault.ts'
import { publicKeyOf } from './certificates.ts'

export type SigningAlgorithm = 'es256' | 'es384' | 'es512' | 'ps256' | 'ed25519'

/** A way to use a key: signs the bytes, not a digest of them. Raw, r‖s for ECDSA. Faults: signer_failed, away or not. */
export type KeyUse = { readonly algorithm: SigningAlgorithm; readonly sign: (bytes: Buffer) => Promise<Buffer> }

/** Bytes of r and of s. */
const HALF = { es256: 32, es384: 48, es512: 66 } as const
export const HASHES = { es256: 'sha256', es384: 'sha384', es512: 'sha512', ps256: 'sha256', ed25519: null } as const
export const PSS = {
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
} as const

/** Fault: signer_failed. */
export function algorithmOf(key: KeyObject): SigningAlgorithm {
  if (key.asymmetricKeyType === 'ed25519') return 'ed25519'
  if (key.asymmetricKeyType === 'rsa' || key.asymmetricKeyType === 'rsa-pss') return 'ps256'
  switch (key.asymmetricKeyDetails?.namedCurve) {
    case 'prime256v1':
      return 'es256'
    case 'secp384r1':
      return 'es384'
    case 'secp521r1':
      return 'es512'
    default:
      throw new Fault('signer_failed', { detail: 'The signing key is none of P-256, P-384, P-521, RSA and Ed25519.' })
  }
}

/** ASN.1 DER SEQUENCE of two INTEGERs (RFC 3279, 2.2.3) as r‖s (RFC 9053, 2.1). Null: it is none of that curve. */
export function rawFromDer(der: Uint8Array, algorithm: 'es256' | 'es384' | 'es512'): Buffer | null {
  const half = HALF[algorithm]
  const sequence = element(der, 0x30)
  if (sequence === null || sequence.rest.length > 0) return null
  const r = element(sequence.content, 0x02)
  const s = r === null ? null : element(r.rest, 0x02)
  if (r === null || s === null || s.rest.length > 0) return null
  const [left, right] = [fixed(r.content, half), fixed(s.content, half)]
  return left === null || right === null ? null : Buffer.concat([left, right])
}

function element(bytes: Uint8Array, tag: number): { content: Uint8Array; rest: Uint8Array } | null {
  const [first, length = 0x100] = bytes
  // P-521 needs one length byte more than the others.
  const long = length === 0x81
  const size = long ? (bytes[2] ?? 0) : length
  const start = long ? 3 : 2
  if (first !== tag || (!long && length > 0x7f) || bytes.length < start + size) return null
  return { content: bytes.subarray(start, start + size), rest: bytes.subarray(start + size) }
}

function fixed(integer: Uint8Array, size: number): Buffer | null {
  const from = integer.findIndex((byte) => byte !== 0)
  const digits = from < 0 ? new Uint8Array() : integer.subarray(from)
  if (digits.length > size) return null
  return Buffer.concat([Buffer.alloc(size - digits.length), digits])
}

export function isEcdsa(algorithm: SigningAlgorithm): algorithm is 'es256' | 'es384' | 'es512' {
  return algorithm in HALF
}

/** Whether the raw signature is by that key. */
export function verifies(key: KeyObject, algorithm: SigningAlgorithm, bytes: Buffer, signature: Buffer): boolean {
  const options = isEcdsa(algorithm) ? { dsaEncoding: 'ieee-p1363' as const } : algorithm === 'ps256' ? PSS : {}
  try {
    return verify(HASHES[algorithm], bytes, { key, ...options }, signature)
  } catch {
    return false
  }
}

/**
 * Lets nothing through that the certificate's own key did not sign: a key that was changed in the KMS, or another slot of an HSM,
 * is told as such and not found out by whoever reads the file.
 */
export function heldToCertificate(use: KeyUse, chainPem: string): KeyUse {
  const key = publicKeyOf(chainPem)
  return {
    algorithm: use.algorithm,
    sign: async (bytes) => {
      const signature = await use.sign(bytes)
      if (verifies(key, use.algorithm, bytes, signature)) return signature
      throw new Fault('signer_failed', {
        retry: 'later',
        facts: { problem: 'wrong_key' },
        detail: "The signature is not by the key of the signer's certificate.",
      })
    },
  }
}

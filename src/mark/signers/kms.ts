// A signing key in AWS KMS (kernel/kms.ts) for the certificate that names it. It is asked for digests' signatures only.
import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { Fault } from '../../kernel/fault.ts'
import { type KmsKey, openKms } from '../../kernel/kms.ts'
import { algorithmOf, isEcdsa, type KeyUse, rawFromDer, type SigningAlgorithm } from './signature.ts'

const VARIABLE = 'DARKROOM_SIGNER_KMS_KEY_ID'
const SPECS = {
  es256: { spec: 'ECDSA_SHA_256', hash: 'sha256' },
  es384: { spec: 'ECDSA_SHA_384', hash: 'sha384' },
  es512: { spec: 'ECDSA_SHA_512', hash: 'sha512' },
  ps256: { spec: 'RSASSA_PSS_SHA_256', hash: 'sha256' },
} as const

/**
 * Uses the key for a certificate with that public key; nothing is sent yet. Fault: config_invalid, when KMS cannot sign so.
 * `check` asks KMS for the public key and refuses another. Faults: signer_failed, with `away` where waiting helps.
 */
export function kmsKey(
  place: KmsKey,
  algorithm: SigningAlgorithm,
  certified: KeyObject,
  credentials: Parameters<typeof openKms>[2] = {},
): KeyUse & { check: () => Promise<void> } & Disposable {
  if (algorithm === 'ed25519')
    throw new Fault('config_invalid', {
      field: 'DARKROOM_SIGNER_CERTIFICATE_FILE',
      detail: 'KMS signs digests here: P-256, P-384, P-521 or RSA, no Ed25519',
    })
  const { spec, hash } = SPECS[algorithm]
  const kms = openKms(place, VARIABLE, credentials)
  return {
    algorithm,
    check: async () => {
      if (!isSame(certified, await kms.publicKey()))
        throw new Fault('signer_failed', {
          field: VARIABLE,
          facts: { problem: 'wrong_key' },
          detail: 'The key in KMS is not the key of DARKROOM_SIGNER_CERTIFICATE_FILE.',
        })
    },
    sign: async (bytes) => {
      const signature = await kms.sign(createHash(hash).update(bytes).digest(), spec)
      const raw = isEcdsa(algorithm) ? rawFromDer(signature, algorithm) : signature
      if (raw !== null && raw.length > 0) return raw
      throw new Fault('signer_failed', {
        retry: 'later',
        facts: { call: 'Sign', problem: 'not_a_signature' },
        detail: 'What KMS answered is no signature of the key that the certificate names.',
      })
    },
    [Symbol.dispose]: () => kms[Symbol.dispose](),
  }
}

function isSame(certified: KeyObject, spki: Buffer): boolean {
  try {
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' })
    return algorithmOf(key) === algorithmOf(certified) && key.equals(certified)
  } catch {
    return false
  }
}

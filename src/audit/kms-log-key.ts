// The log's key in AWS KMS (kernel/kms.ts): of spec ECC_NIST_EDWARDS25519, which signs the message itself. Every process knows its public
// half from the configuration, so that only who signs asks KMS, and each signature is held against it before it is used.
import { createPublicKey, verify } from 'node:crypto'
import { Fault } from '../kernel/fault.ts'
import { type KmsKey, openKms } from '../kernel/kms.ts'
import type { LogKey } from './log-keys.ts'

const VARIABLE = 'DARKROOM_LOG_KMS_KEY_ID'
/** What stands before the key in SubjectPublicKeyInfo (RFC 8410). */
const SPKI_ED25519 = Buffer.from('302a300506032b6570032100', 'hex')

/** `publicKey` is its 32 bytes in hex. Nothing is sent until it signs. Fault of that: signer_failed, with `away` where waiting helps. */
export function kmsLogKey(
  { publicKey: publicHex, ...place }: KmsKey & { publicKey: string },
  credentials: Parameters<typeof openKms>[2] = {},
): LogKey & Disposable {
  const publicKey = Buffer.from(publicHex, 'hex')
  const key = createPublicKey({ key: Buffer.concat([SPKI_ED25519, publicKey]), format: 'der', type: 'spki' })
  const kms = openKms(place, VARIABLE, credentials)
  return {
    publicKey,
    sign: async (message) => {
      const signature = await kms.sign(message, 'ED25519_SHA_512')
      if (verify(null, message, key, signature)) return signature
      throw new Fault('signer_failed', {
        retry: 'later',
        field: VARIABLE,
        facts: { call: 'Sign', problem: 'wrong_key' },
        detail:
          'What KMS answered is no signature of the key that DARKROOM_LOG_PUBLIC_KEY names; nothing was published under it.',
      })
    },
    [Symbol.dispose]: () => kms[Symbol.dispose](),
  }
}

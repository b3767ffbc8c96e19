// A key that this process holds: from a PEM file, or the development CA's.
import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { Fault } from '../../kernel/fault.ts'
import { algorithmOf, HASHES, isEcdsa, type KeyUse, PSS } from './signature.ts'

/** Fault: signer_failed, which never quotes the key. */
export function pemKey(keyPem: string): KeyUse {
  let key: KeyObject
  try {
    key = createPrivateKey(keyPem)
  } catch {
    throw new Fault('signer_failed', { detail: 'The signing key is not an unencrypted PEM private key.' })
  }
  const algorithm = algorithmOf(key)
  const options = isEcdsa(algorithm) ? { dsaEncoding: 'ieee-p1363' as const } : algorithm === 'ps256' ? PSS : {}
  return { algorithm, sign: async (bytes) => sign(HASHES[algorithm], bytes, { key, ...options }) }
}

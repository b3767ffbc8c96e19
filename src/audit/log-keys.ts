// The key that signs checkpoints: Ed25519, its seed (RFC 8032, 32 bytes) in the secret `log.key`, made on first use. Whoever reads it can
// sign another tree under the log's name, which its witnesses and everybody who kept a checkpoint would see. The log's name is the key's.
import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import type { SecretPlace } from '../kernel/secret-files.ts'
import { homeSecret } from '../tenant/secret.ts'
import { keyId, printVerifierKey, type Signer, type VerifierKey } from './note.ts'

/** A key here, or one in a KMS behind `sign`, which answers 64 bytes and always the same for the same message. */
export type LogKey = {
  /** 32 bytes, as RFC 8032 writes them. */
  readonly publicKey: Buffer
  readonly sign: (message: Buffer) => Promise<Buffer>
}

/** What stands before the seed in PKCS #8 (RFC 8410). */
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex')
const PUBLIC_BYTES = 32

/** The deployment's key. Fault: config_invalid. */
export async function openLogKey(place: SecretPlace): Promise<LogKey> {
  return logKeyOf(await homeSecret(place, 'log'))
}

export function logKeyOf(seed: Uint8Array): LogKey {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-PUBLIC_BYTES)
  return { publicKey, sign: async (message) => sign(null, message, key) }
}

export function verifierOf({ publicKey }: Pick<LogKey, 'publicKey'>, origin: string): VerifierKey {
  return { name: origin, type: 'ed25519', publicKey }
}

/** As auditors are given it. */
export function verifierKeyOf(key: Pick<LogKey, 'publicKey'>, origin: string): string {
  return printVerifierKey(verifierOf(key, origin))
}

export function signerOf({ publicKey, sign }: LogKey, origin: string): Signer {
  return { name: origin, keyId: keyId(origin, 'ed25519', publicKey), sign }
}

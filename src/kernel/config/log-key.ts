// Where the key is that signs the log: a secret of the deployment, or a key in AWS KMS together with its public half.
import type { Reader } from './reader.ts'
import { KMS_ARN } from './signer.ts'

const KEY_BYTES = 32
/** SubjectPublicKeyInfo of an Ed25519 key without the key (RFC 8410). */
const SPKI = '302a300506032b6570032100'

/** Null: the secret `log.key`. */
export function readLogKey({ optional, integer, url, problems }: Reader) {
  const keyId = optional('DARKROOM_LOG_KMS_KEY_ID')
  const said = optional('DARKROOM_LOG_PUBLIC_KEY')
  const region = optional('DARKROOM_LOG_KMS_REGION')
  const endpoint = url('DARKROOM_LOG_KMS_ENDPOINT', ['https:', 'http:'])
  const timeoutMs = integer('DARKROOM_LOG_KMS_TIMEOUT_MS', 5000, 100, 120_000)
  const publicKey = said === null ? null : publicKeyOf(said)
  if (said !== null && publicKey === null)
    problems.push(
      'DARKROOM_LOG_PUBLIC_KEY: expected an Ed25519 key in base64, as `aws kms get-public-key --query PublicKey` prints it',
    )
  if ((keyId === null) !== (said === null))
    problems.push('DARKROOM_LOG_KMS_KEY_ID, DARKROOM_LOG_PUBLIC_KEY: set both or none')
  for (const [name, value] of [
    ['DARKROOM_LOG_KMS_REGION', region],
    ['DARKROOM_LOG_KMS_ENDPOINT', endpoint],
  ])
    if (keyId === null && value !== null) problems.push(`${name}: needs DARKROOM_LOG_KMS_KEY_ID`)
  if (keyId === null || publicKey === null) return null
  return { keyId, region: region ?? KMS_ARN.exec(keyId)?.[1] ?? null, endpoint, timeoutMs, publicKey }
}

/** The 32 bytes in hex, given as they are or as SubjectPublicKeyInfo. */
function publicKeyOf(text: string): string | null {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') !== text) return null
  if (bytes.length === KEY_BYTES) return bytes.toString('hex')
  const [head, key] = [bytes.subarray(0, -KEY_BYTES), bytes.subarray(-KEY_BYTES)]
  return head.toString('hex') === SPKI ? key.toString('hex') : null
}

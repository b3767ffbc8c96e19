// An endpoint's secrets: made here, shown once, kept sealed (AES-256-GCM under the deployment's own key, bound to the endpoint, so
// that a row copied elsewhere opens nothing), opened only to sign. Format and signature: Standard Webhooks 1.0.0.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { Fault } from '../kernel/fault.ts'

const SECRET_BYTES = 32
const FORMAT = 1
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** A fresh secret such as `whsec_...`. */
export function newSecret(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`
}

/** Format byte, nonce, tag, ciphertext. `key` has 32 bytes. */
export function sealSecret(key: Uint8Array, endpointId: string, secret: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(Buffer.from(endpointId))
  const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()])
  return Buffer.concat([Uint8Array.of(FORMAT), nonce, cipher.getAuthTag(), sealed])
}

/** Fault: webhook_secret_unreadable (another key than the one that sealed it, or a damaged row). */
export function openSecret(key: Uint8Array, endpointId: string, sealed: Uint8Array): string {
  const bytes = Buffer.from(sealed)
  const nonceEnd = 1 + NONCE_BYTES
  const tagEnd = nonceEnd + TAG_BYTES
  try {
    if (bytes[0] !== FORMAT) throw new Error('an unknown format')
    const options = { authTagLength: TAG_BYTES }
    const cipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(1, nonceEnd), options)
    cipher.setAAD(Buffer.from(endpointId))
    cipher.setAuthTag(bytes.subarray(nonceEnd, tagEnd))
    return Buffer.concat([cipher.update(bytes.subarray(tagEnd)), cipher.final()]).toString('utf8')
  } catch (cause) {
    throw new Fault('webhook_secret_unreadable', {
      retry: 'later',
      detail: 'the secret of a webhook cannot be opened: restore the key webhooks.key of this deployment, or rotate it',
      facts: { endpoint: endpointId },
      cause,
    })
  }
}

/** The three headers: the same id on each attempt, this attempt's time, one signature for each live secret. */
export function signedHeaders(secrets: readonly string[], messageId: string, at: Date, body: string) {
  return {
    'webhook-id': messageId,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(messageId, at, body)).join(' '),
  }
}

// API keys: `dk_live_`, 26 characters of random base32 (128 bits and 2 that stay zero), 6 of checksum. Only the SHA-256 is stored,
// which is enough for 128 random bits. The checksum lets a typing error, or a scanner's false find, be told without the records.
import { createHash, randomBytes } from 'node:crypto'
import { sha256 } from '../kernel/canonical.ts'

const MARK = 'dk_live_'
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const BODY_LENGTH = 26
const SHAPE = /^dk_live_([0-9a-hjkmnp-tv-z]{26})([0-9a-hjkmnp-tv-z]{6})$/
/** Characters of the body that are kept to name a key: 20 of its 128 bits. */
const SHOWN = 4

export type NewKey = { text: string; prefix: string; hash: string }

/** A fresh key. Its text is shown once and stored nowhere by the caller but in the owner's own file. */
export function generateKey(): NewKey {
  let bits = 0n
  for (const byte of randomBytes(16)) bits = (bits << 8n) | BigInt(byte)
  let body = ''
  for (let i = 0; i < BODY_LENGTH; i++, bits >>= 5n) body = ALPHABET.charAt(Number(bits & 31n)) + body
  return named(`${MARK}${body}${checksum(body)}`)
}

/** The key if its shape and checksum are right, else null. Needs no look-up. */
export function parseKey(text: string): NewKey | null {
  const [, body, check] = SHAPE.exec(text) ?? []
  return body !== undefined && check === checksum(body) ? named(text) : null
}

function named(text: string): NewKey {
  return { text, prefix: text.slice(0, MARK.length + SHOWN), hash: sha256(text) }
}

function checksum(body: string): string {
  const digest = createHash('sha256').update(`${MARK}${body}`).digest()
  return Array.from({ length: 6 }, (_, i) => ALPHABET.charAt((digest[i] ?? 0) & 31)).join('')
}

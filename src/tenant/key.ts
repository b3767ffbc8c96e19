// API keys: `dk_live_` or `dk_test_`, 26 characters of random base32 (128 bits and 2 that stay zero), 6 of checksum. Only the SHA-256
// is stored, which is enough for 128 random bits. The checksum lets a typing error, or a scanner's false find, be told without the
// records.
import { createHash, randomBytes } from 'node:crypto'
import { sha256 } from '../kernel/canonical.ts'

export const KEY_ENVS = ['live', 'test'] as const
export type KeyEnv = (typeof KEY_ENVS)[number]

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const BODY_LENGTH = 26
const SHAPE = /^(dk_(live|test)_)([0-9a-hjkmnp-tv-z]{26})([0-9a-hjkmnp-tv-z]{6})$/
/** Characters of the body that are kept to name a key: 20 of its 128 bits. */
const SHOWN = 4

export type NewKey = { text: string; prefix: string; hash: string; env: KeyEnv }

/** A fresh key. Its text is shown once and stored nowhere by the caller but in the owner's own file. */
export function generateKey(env: KeyEnv = 'live'): NewKey {
  let bits = 0n
  for (const byte of randomBytes(16)) bits = (bits << 8n) | BigInt(byte)
  let body = ''
  for (let i = 0; i < BODY_LENGTH; i++, bits >>= 5n) body = ALPHABET.charAt(Number(bits & 31n)) + body
  const mark = `dk_${env}_`
  return named(`${mark}${body}${checksum(mark, body)}`, mark, env)
}

/** The key if its shape and checksum are right, else null. Needs no look-up. */
export function parseKey(text: string): NewKey | null {
  const [, mark, env, body, check] = SHAPE.exec(text) ?? []
  if (mark === undefined || body === undefined || check !== checksum(mark, body)) return null
  return named(text, mark, env === 'test' ? 'test' : 'live')
}

function named(text: string, mark: string, env: KeyEnv): NewKey {
  return { text, prefix: text.slice(0, mark.length + SHOWN), hash: sha256(text), env }
}

function checksum(mark: string, body: string): string {
  const digest = createHash('sha256').update(`${mark}${body}`).digest()
  return Array.from({ length: 6 }, (_, i) => ALPHABET.charAt((digest[i] ?? 0) & 31)).join('')
}

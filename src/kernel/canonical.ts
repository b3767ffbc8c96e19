// Canonical JSON (RFC 8785), digests, and the leaf hash of the transparency log (RFC 6962: H(00 ‖ leaf)).
import { createHash, createHmac } from 'node:crypto'
import canonicalizeJson from 'canonicalize'

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

/** A plain value as JSON, with nothing in it shared. */
export function asJson(value: object): Json {
  return JSON.parse(canonical(value))
}

/** The one spelling of a JSON value. */
export function canonical(value: Json | object): string {
  const text = canonicalizeJson(value)
  if (text === undefined) throw new TypeError('value has no canonical JSON form')
  return text
}

/** SHA-256 as lower-case hex. */
export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

/** HMAC-SHA-256 under a record's salt, as hex: it cannot be guessed from a short prompt, and dies with its salt. */
export function saltedDigest(salt: Uint8Array, content: string | Uint8Array): string {
  return createHmac('sha256', salt).update(content).digest('hex')
}

/** RFC 6962 section 2.1: the hash of a leaf, as hex. */
export function leafHash(leaf: string): string {
  return createHash('sha256').update(Uint8Array.of(0)).update(leaf, 'utf8').digest('hex')
}

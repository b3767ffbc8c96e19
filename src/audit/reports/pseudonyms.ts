// What people are called in reports: the same within a calendar month (UTC), and nothing that connects one month with another, so that
// nobody's work is followed over time. HMAC-SHA-256 under a key derived (HKDF-SHA-256, RFC 5869) from a secret of the deployment.
import { createHmac, hkdfSync } from 'node:crypto'

const LABEL = 'darkroom people in reports'
const KEY_BYTES = 32
const CHARACTERS = 12

/** `month`: as 2026-01. */
export function pseudonymsUnder(secret: Uint8Array): (personId: string, month: string) => string {
  const key = Buffer.from(hkdfSync('sha256', secret, '', LABEL, KEY_BYTES))
  return (personId, month) =>
    createHmac('sha256', key).update(`${month}\n${personId}`).digest('hex').slice(0, CHARACTERS)
}

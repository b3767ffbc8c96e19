// Where models are pulled from, by the names that the hub's own tools read, and how much one of them may be.
import type { Reader } from './reader.ts'

export function readHub({ url, optional, integer }: Reader) {
  return {
    address: url('HF_ENDPOINT', ['https:', 'http:']) ?? 'https://huggingface.co',
    /** Of an account that may read what is gated; null: nobody's. */
    token: optional('HF_TOKEN'),
    maxBytes: integer('DARKROOM_PULL_MAX_BYTES', 100 * 2 ** 30, 1, Number.MAX_SAFE_INTEGER),
  }
}

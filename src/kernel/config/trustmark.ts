// TrustMark, the second mark, which is there where an operator has put its files: where they are, and what it may take.
import { resolve } from 'node:path'
import type { Reader } from './reader.ts'

export function readTrustmark({ optional, choice, integer }: Reader) {
  const folder = optional('DARKROOM_TRUSTMARK_DIR')
  const settings = {
    variant: choice('DARKROOM_TRUSTMARK_VARIANT', 'Q', ['Q', 'P', 'C']),
    deadlineMs: integer('DARKROOM_TRUSTMARK_TIMEOUT_MS', 20_000, 100, 120_000),
    memoryBytes: integer('DARKROOM_TRUSTMARK_MEMORY_BYTES', 2_147_483_648, 268_435_456, 68_719_476_736),
  }
  return folder === null ? null : { folder: resolve(folder), ...settings }
}

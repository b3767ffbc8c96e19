// The limits of edits: what each variable reads as at the edges of its range, and what is said beyond them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from '../../src/kernel/config.ts'

/** Variable, what it reads as, and the edges of its range. */
const RANGES = [
  ['DARKROOM_EDIT_UPLOADS_AT_ONCE', 'uploadsAtOnce', 1, 1024],
  ['DARKROOM_EXAMINATIONS_AT_ONCE', 'examinationsAtOnce', 1, 1024],
  ['DARKROOM_EXAMINER_IDLE_MS', 'examinerIdleMs', 100, 86_400_000],
] as const

test('each limit of uploads is read, holds at both edges of its range and is refused by name beyond them', () => {
  for (const [name, field, min, max] of RANGES) {
    for (const value of [min, max]) assert.equal(readConfig({ [name]: String(value) }).edits[field], value)
    for (const value of [min - 1, max + 1])
      assert.throws(() => readConfig({ [name]: String(value) }), new RegExp(`${name}: expected`))
  }
})

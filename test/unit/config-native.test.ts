// The native API's limits hold at their edges.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from '../../src/kernel/config.ts'

const EDGES: [string, number, number][] = [
  ['DARKROOM_EVENTS_LISTENERS', 1, 1_000_000],
  ['DARKROOM_EVENTS_KEEP_ALIVE_MS', 50, 60_000],
  ['DARKROOM_EVENTS_BUFFER_BYTES', 1024, 16_777_216],
  ['DARKROOM_EVENTS_STALL_MS', 50, 600_000],
  ['DARKROOM_IDEMPOTENCY_HOURS', 1, 720],
  ['DARKROOM_REQUEST_TIMEOUT_MS', 100, 600_000],
]

test('every limit of the native API is taken at both edges and refused by name past them', () => {
  for (const [name, least, most] of EDGES) {
    for (const value of [least, most]) readConfig({ [name]: String(value) })
    for (const value of [least - 1, most + 1])
      assert.throws(() => readConfig({ [name]: String(value) }), new RegExp(name), `${name}=${value}`)
  }
  assert.equal(readConfig({}).native.idempotencyHours, 24)
})

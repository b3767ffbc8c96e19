// What the command line says without a terminal while an export waits for the log: not at once, and then now and then.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openWaiting, waitingFor } from '../../src/commands/audit-waiting.ts'

test('an export that waits is told of after ten seconds and then each minute, and anew when it waits again', () => {
  let now = 0
  const waiting = openWaiting(() => now)
  const told: number[] = []
  for (; now <= 200_000; now += 500) if (waiting.isDue(true)) told.push(now)
  assert.deepEqual(told, [10_000, 70_000, 130_000, 190_000])
  assert.equal(waiting.isDue(false), false, 'it began')
  assert.equal(waiting.isDue(true), false)
  now += 10_000
  assert.equal(waiting.isDue(true), true)
})

test('what is waited for is said by what the log answers of itself', () => {
  const to = '2026-01-02T00:00:00.000Z'
  const behind = { tree: { size: 12, at: '2026-01-02T00:00:05.000Z' }, unsigned: { moves: 3, oldest_seconds: 61.4 } }
  assert.equal(
    waitingFor(behind, to),
    'waits until the log has every move before 2026-01-02T00:00:00.000Z; its tree has 12 leaves, signed at 2026-01-02T00:00:05.000Z, and 3 moves are in no signed tree, the oldest for 61 s',
  )
  const empty = { tree: { size: 0, at: null }, unsigned: { moves: 0, oldest_seconds: 0 } }
  assert.match(waitingFor(empty, to), /; its tree is empty, and no move waits$/)
})

// The gauges of how far the log is behind the records: what waits for an index, and what has one in no signed tree.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql as raw } from 'kysely'
import { note } from '../../src/advance.ts'
import { openGauges } from '../../src/kernel/gauges.ts'
import { openWorld, type World } from '../support/world.ts'

const BEHIND_SECONDS = 90

/** Size, moves that are not signed, and by how many whole times that long the oldest of them is behind. */
async function lagOf({ ground: { database } }: World): Promise<number[]> {
  const gauges = openGauges(database, async () => ({ tasks: 0, estimatedSeconds: 0, devices: 0 }))
  const text = await gauges.metrics()
  const meter = (name: string) => Number(new RegExp(`^darkroom_log_${name} (\\S+)$`, 'm').exec(text)?.[1])
  return [meter('size'), meter('unsigned'), Math.floor(meter('oldest_unsigned_seconds') / BEHIND_SECONDS)]
}

test('the log’s lag counts moves without an index and staged ones, by the age of the oldest, and ends with the round', async () => {
  await using world = await openWorld()
  const { database } = world.ground
  const [{ id }] = world.tenants
  const say = () => database.transact((tx) => note(tx, id, 'policy.live', 'said', {}))
  assert.deepEqual(await lagOf(world), [0, 0, 0])
  await say()
  await raw`UPDATE darkroom.clock_offset SET by = ${BEHIND_SECONDS} * interval '1 second'`.execute(database.sql)
  await say()
  assert.deepEqual(await lagOf(world), [0, 2, 1])
  await raw`UPDATE darkroom.move SET log_index = 0 WHERE tenant_sequence = 1`.execute(database.sql)
  assert.deepEqual(await lagOf(world), [0, 2, 1], 'staged is not signed')
  await world.growLog()
  assert.deepEqual(await lagOf(world), [2, 0, 0])
})

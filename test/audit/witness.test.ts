// Witnesses of the log over real HTTP: each sees every tree that is served as the continuation of the one before, what they sign is
// served under the checkpoint, and what they refuse is told apart.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openWitness } from '../../src/audit/witness.ts'
import { runWitnessing } from '../../src/audit/witnessing.ts'
import { isFault } from '../../src/kernel/fault.ts'
import { LOG_KEY, openWitnessHouse, type WitnessHouse } from './witness-house.ts'
import { COSIGNED_AT, type Mood, openWitnessServer } from './witness-server.ts'

const ONE = 'one.example/w'
const TWO = 'two.example/w'

/** A turn over one leaf more, with the first witness in that mood; answers the witness. */
const turnWhile = async (house: WitnessHouse, mood: Mood) => {
  const [one] = house.servers
  assert.ok(one)
  await house.grow(1)
  one.mood = mood
  await house.turn()
  return one
}

test('each checkpoint is shown to every witness as the continuation of the one before, and served with what they signed', async () => {
  await using house = await openWitnessHouse(ONE, TWO)
  const [one, two] = house.servers
  for (const count of [1, 6, 300]) {
    const size = await house.grow(count)
    assert.equal(await house.turn(), 2)
    const served = await house.served()
    assert.deepEqual([served.size, served.cosignatures.map(({ name }) => name)], [size, [ONE, TWO]])
    assert.ok(served.cosignatures.every(({ timeSeconds }) => timeSeconds === COSIGNED_AT))
  }
  for (const server of [one, two]) {
    assert.deepEqual(
      server?.asked.map(([old]) => old),
      [0, 1, 7],
    )
    assert.deepEqual(server?.answers, [200, 200, 200])
    assert.equal(server?.asked[0]?.[1], 0, 'from nothing there is nothing to prove')
    assert.ok((server?.asked[2]?.[1] ?? 0) > 1)
  }
  assert.deepEqual(house.lines(), [])
})

test('a checkpoint is shown once, a turn is one worker’s, and the next is so many seconds away', async () => {
  await using house = await openWitnessHouse(ONE)
  const [one] = house.servers
  assert.equal(await house.turn(), null, 'an empty log has nothing to show')
  await house.grow(3)
  await house.pass(60)
  const turns = await Promise.all([1, 2, 3, 4].map(() => runWitnessing(house.tools)))
  assert.deepEqual(
    turns.filter((turn) => turn !== null),
    [1],
  )
  assert.equal(await house.turn(), 0, 'who has signed it is not asked again')
  await house.grow(1)
  await house.pass(55)
  assert.equal(await runWitnessing(house.tools), null)
  await house.pass(5)
  assert.equal(await runWitnessing(house.tools), 1)
  assert.deepEqual(one?.asked, [
    [0, 0],
    [3, 3],
  ])
})

test('readers get what was shown to the witnesses, and what is newer with the next turn', async () => {
  await using house = await openWitnessHouse(ONE)
  assert.equal(await house.grow(2), 2)
  assert.equal((await house.served()).size, 2, 'before the first turn the newest is served')
  await house.turn()
  await house.grow(2)
  assert.deepEqual([(await house.served()).size, (await house.served()).cosignatures.length], [2, 1])
  await house.turn()
  assert.deepEqual([(await house.served()).size, (await house.served()).cosignatures.length], [4, 1])
})

test('a witness that knows the log already says where it is, and is taken up from there', async () => {
  await using house = await openWitnessHouse(ONE)
  await house.grow(5)
  await house.turn()
  await house.grow(4)
  await house.log.database.sql.deleteFrom('darkroom.log_witness').execute()
  await house.turn()
  assert.deepEqual(house.servers[0]?.answers, [200, 409, 200])
  assert.deepEqual(
    house.servers[0]?.asked.map(([old]) => old),
    [0, 0, 5],
  )
  assert.equal((await house.served()).cosignatures.length, 1)
  assert.deepEqual(house.lines(), [])
})

test('what a witness signed before its answer was lost, or before the process ended, is asked for again', async () => {
  await using house = await openWitnessHouse(ONE)
  const [one] = house.servers
  assert.ok(one)
  await house.grow(5)
  one.mood = 'cut'
  await house.turn()
  assert.deepEqual([one.seen.size, (await house.served()).cosignatures.length], [5, 0])
  one.mood = 'well'
  await house.turn()
  assert.equal((await house.served()).cosignatures.length, 1)
  assert.deepEqual(one.asked.at(-1), [5, 0])

  await house.grow(3)
  const killed = new Error('killed')
  const database = { sql: house.log.database.sql, transact: () => Promise.reject(killed) }
  await assert.rejects(house.turn({ database }), killed)
  assert.deepEqual([one.seen.size, (await house.served()).size], [8, 5])
  await house.grow(1)
  await house.turn()
  assert.deepEqual([(await house.served()).size, (await house.served()).cosignatures.length], [9, 1])
})

test('a connection that breaks once costs nothing', async () => {
  await using house = await openWitnessHouse(ONE)
  const one = await turnWhile(house, 'broken')
  assert.deepEqual([one.asked.length, house.lines(), (await house.served()).cosignatures.length], [2, [], 1])
})

test('a process that stops waits for no witness, blames none, and serves nothing that it did not end with', async () => {
  await using house = await openWitnessHouse(ONE, TWO)
  const [one, two] = house.servers
  assert.ok(one && two)
  await house.grow(1)
  await house.turn()
  const before = await house.log.database.sql.selectFrom('darkroom.log_witness').selectAll().execute()
  await house.grow(1)
  two.mood = 'silent'
  const stop = new AbortController()
  const turn = house.turn({ stopping: stop.signal, timeoutMs: 60_000 })
  while (one.answers.length < 2 || two.asked.length < 2) await new Promise(setImmediate)
  // Until the answer of the one is read.
  await sleep(300)
  stop.abort()
  await assert.rejects(turn, { name: 'AbortError' })
  assert.deepEqual(house.lines(), [])
  assert.deepEqual(await house.log.database.sql.selectFrom('darkroom.log_witness').selectAll().execute(), before)
  assert.deepEqual([(await house.served()).size, (await house.served()).cosignatures.length], [1, 2])
})

test('of the signatures in an answer the witness’s own is kept, and no other', async () => {
  await using house = await openWitnessHouse(ONE)
  await turnWhile(house, 'crowd')
  const rows = await house.log.database.sql.selectFrom('darkroom.log_cosignature').select('line').execute()
  assert.equal(rows.length, 1)
  assert.match(rows[0]?.line ?? '', /^— one\.example\/w [A-Za-z0-9+/=]+$/)
})

test('a key whose id is another’s is a mistake that is named', async () => {
  await using server = await openWitnessServer(LOG_KEY)
  const key = server.config.key.replace(/\+[0-9a-f]{8}\+/, '+00000000+')
  assert.throws(
    () => openWitness({ ...server.config, key }),
    (error) => isFault(error, 'config_invalid') && error.field === 'DARKROOM_LOG_WITNESSES',
  )
})

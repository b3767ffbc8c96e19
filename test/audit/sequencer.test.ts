// The sequencer: what it signs is the tree of the rows, grown from what it signed before; and it signs nothing over what does not agree.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql as raw } from 'kysely'
import { logKeyOf, verifierOf } from '../../src/audit/log-keys.ts'
import { lead, moveTree, resignLog } from '../../src/audit/log-records.ts'
import { openNote } from '../../src/audit/note.ts'
import { newestCheckpoint } from '../../src/audit/publication.ts'
import { runRound } from '../../src/audit/sequencer.ts'
import { leafHash } from '../../src/kernel/canonical.ts'
import type { Tx } from '../../src/kernel/database.ts'
import { isFault } from '../../src/kernel/fault.ts'
import { leafOf } from '../../src/kernel/leaf.ts'
import { assertWholeLog, KEY, type LogHouse, ORIGIN, openLogHouse, rewriteMoves } from './log-house.ts'

const textBytes = (text: string) => ({ bytes: Buffer.from(text), contentType: 'text/plain' })
const stateOf = async ({ database }: LogHouse) => {
  const log = await database.sql.selectFrom('darkroom.log').selectAll().executeTakeFirstOrThrow()
  const signed = await database.sql.selectFrom('darkroom.log_checkpoint').select('size').orderBy('size').execute()
  return { size: Number(log.tree_size), signed: signed.map(({ size }) => Number(size)) }
}
const assertStopped = async (house: LogHouse, about: RegExp, change: Partial<LogHouse['tools']> = {}) => {
  const [before, objects] = [await stateOf(house), new Set(house.objects.keys())]
  for (let again = 0; again < 2; again++)
    await assert.rejects(
      runRound({ ...house.tools, ...change }),
      (error) => isFault(error, 'log_inconsistent') && about.test(error.message),
    )
  assert.deepEqual(await stateOf(house), before)
  const signed = [...house.objects.keys()].filter((key) => key.startsWith('checkpoint/') && !objects.has(key))
  assert.deepEqual(signed, [], 'no note was stored')
}

/** Of `signed` leaves that lie in a signed tree, and one that waits. */
const openWaiting = async (signed: number) => {
  const house = await openLogHouse()
  await house.say(signed)
  await house.run()
  await house.say(1)
  return house
}

test('a log grows over the edges of tiles and bundles, in rounds of any size, and an idle one signs nothing', async () => {
  await using house = await openLogHouse()
  assert.equal(await runRound(house.tools), null, 'an empty log signs nothing')
  const sizes: number[] = []
  for (const count of [1, 1, 253, 1, 1, 254, 300]) {
    await house.say(count)
    await house.run()
    sizes.push((sizes.at(-1) ?? 0) + count)
    assert.equal(await runRound(house.tools), null)
  }
  assert.deepEqual(await assertWholeLog(house.database, house.objects, house.store), sizes)
  const newest = await newestCheckpoint(house.database.sql)
  assert.equal(openNote(Buffer.from(newest?.note ?? ''), [verifierOf(KEY, ORIGIN)]).verified[0]?.name, ORIGIN)
})

test('what waited before there was a log is taken in full rounds, which leave no partial bundle', async () => {
  await using house = await openLogHouse()
  await house.say(40)
  await house.run({ atMost: 512 })
  await house.say(1300)
  assert.deepEqual(await runRound({ ...house.tools, atMost: 512 }), { size: 512, full: true })
  await house.run({ atMost: 512 })
  assert.deepEqual(await assertWholeLog(house.database, house.objects, house.store), [40, 512, 1024, 1340])
})

test('of two processes one leads; the other takes over when the lease has run out or was given up', async () => {
  await using house = await openLogHouse()
  const other = { ...house.tools, holder: 'other' }
  await house.say(3)
  assert.equal((await runRound(house.tools))?.size, 3)
  await house.say(1)
  assert.equal(await runRound(other), null, 'the lease is held')
  await raw`UPDATE darkroom.log SET lease_until = darkroom.now()`.execute(house.database.sql)
  assert.equal((await runRound(other))?.size, 4)
  await house.say(1)
  assert.equal(await runRound(house.tools), null)
  await resignLog(house.database.sql, 'other')
  assert.equal((await runRound(house.tools))?.size, 5)
  await assertWholeLog(house.database, house.objects, house.store)
})

test('who lost the lease in the middle of a round moves nothing, though it ends the same objects', async () => {
  await using house = await openLogHouse()
  await house.say(5)
  let overtaken = false
  const slow = {
    ...house.tools,
    store: {
      ...house.store,
      putIfAbsent: async (key: string, object: { bytes: Buffer; contentType: string }) => {
        if (key.startsWith('checkpoint/') && !overtaken) {
          overtaken = true
          await raw`UPDATE darkroom.log SET lease_until = darkroom.now()`.execute(house.database.sql)
          assert.equal((await runRound({ ...house.tools, holder: 'other' }))?.size, 5)
        }
        return house.store.putIfAbsent(key, object)
      },
    },
  }
  await assert.rejects(runRound(slow), (error) => isFault(error, 'lease_lost'))
  assert.deepEqual(await assertWholeLog(house.database, house.objects, house.store), [5])
})

test('who was overtaken before it read its batch does not take the next one’s rows for its own', async () => {
  await using house = await openLogHouse()
  const { sql, transact } = house.database
  await house.say(5)
  const other = { ...house.tools, holder: 'other' }
  const broken = { ...house.store, putIfAbsent: () => Promise.reject(new Error('broken')) }
  let transactions = 0
  const overtaken = async <T>(work: (tx: Tx) => Promise<T>) => {
    const done = await transact(work)
    if (++transactions > 1) return done
    await raw`UPDATE darkroom.log SET lease_until = darkroom.now()`.execute(sql)
    assert.equal((await runRound(other))?.size, 5)
    await house.say(3)
    await assert.rejects(runRound({ ...other, store: broken }), /broken/)
    return done
  }
  await assert.rejects(runRound({ ...house.tools, database: { sql, transact: overtaken } }), (error) =>
    isFault(error, 'lease_lost'),
  )
  await house.run({ holder: 'other' })
  assert.deepEqual(await assertWholeLog(house.database, house.objects, house.store), [5, 8])
})

test('a tree is moved on from where its leader found it, under the epoch in which it leads, or not at all', async () => {
  await using house = await openLogHouse()
  const { transact } = house.database
  const tree = { size: 2, root: Buffer.alloc(32, 1), note: 'a note' }
  const leadAs = async (holder: string) => {
    const found = await transact((tx) => lead(tx, holder, 0))
    assert.ok(found)
    return found
  }
  const [first, other, again] = [await leadAs('one'), await leadAs('two'), await leadAs('one')]
  assert.deepEqual([Number(other.epoch) - Number(first.epoch), Number(again.epoch) - Number(other.epoch)], [1, 1])
  const isLost = (error: unknown) => isFault(error, 'lease_lost')
  for (const stale of [first, other, { ...again, size: 1 }])
    await assert.rejects(
      transact((tx) => moveTree(tx, stale, tree)),
      isLost,
    )
  assert.deepEqual(await stateOf(house), { size: 0, signed: [] })
  await transact((tx) => moveTree(tx, again, tree))
  await assert.rejects(
    transact((tx) => moveTree(tx, again, { ...tree, size: 3 })),
    isLost,
    'once',
  )
  assert.deepEqual(await stateOf(house), { size: 2, signed: [2] })
})

test('a tile, a bundle, a claim or a checkpoint that is there with another content stops the log', async () => {
  await using house = await openLogHouse()
  await house.say(4)
  await house.run()
  await house.say(3)
  let signatures = 0
  const counting = { ...KEY, sign: (message: Buffer) => KEY.sign(message).finally(() => signatures++) }
  for (const key of ['tile/0/000.p/7', 'tile/entries/000.p/7', 'claim/1', 'checkpoint/7']) {
    const before = house.objects.get(key)
    house.objects.set(key, textBytes('another'))
    await assertStopped(house, /nothing is signed over it/, { key: counting })
    assert.equal(signatures, 0, `nothing was signed over another ${key}`)
    if (before === undefined) house.objects.delete(key)
    else house.objects.set(key, before)
  }
  await house.run()
  assert.deepEqual(await assertWholeLog(house.database, house.objects, house.store), [4, 7], 'mended, it goes on')
})

test('a checkpoint of another key or another root is not adopted', async () => {
  await using house = await openLogHouse()
  await house.say(2)
  await house.run()
  await house.say(1)
  for (const key of [logKeyOf(Buffer.alloc(32, 6)), KEY]) {
    await using other = await openLogHouse()
    await other.say(3)
    await other.run({ key })
    house.objects.set('checkpoint/3', other.objects.get('checkpoint/3') ?? textBytes(''))
    await assertStopped(house, /checkpoint of this size/)
  }
})

test('records that were set back behind what was signed sign no second tree', async () => {
  await using house = await openLogHouse()
  await house.say(4)
  await house.run()
  await using restored = await openLogHouse()
  // The store has two more checkpoints than these records know of; the rows that follow are others.
  for (const [key, object] of house.objects) restored.objects.set(key, object)
  await restored.say(3)
  await assertStopped(restored, /another/)
})

test('a move that was changed under the log is found out, before its index and after', async () => {
  await using house = await openWaiting(4)
  await rewriteMoves(house.database, raw`UPDATE darkroom.move SET facts = '{"forged":true}' WHERE log_index = 2`)
  await assertStopped(house, /is not what was recorded/)
  await using fresh = await openWaiting(4)
  await rewriteMoves(
    fresh.database,
    raw`UPDATE darkroom.move SET leaf_hash = ${'0'.repeat(64)} WHERE log_index IS NULL`,
  )
  await assertStopped(fresh, /is not what was recorded/)
})

test('a signed move that was rewritten with a leaf hash that fits is found out by the tree', async () => {
  await using house = await openWaiting(4)
  const row = await house.database.sql
    .selectFrom('darkroom.move')
    .selectAll()
    .where('log_index', '=', '2')
    .executeTakeFirstOrThrow()
  const hash = leafHash(leafOf({ ...row, facts: { forged: true } }))
  await rewriteMoves(
    house.database,
    raw`UPDATE darkroom.move SET facts = '{"forged":true}', leaf_hash = ${hash} WHERE log_index = 2`,
  )
  await assertStopped(house, /are not what was signed/)
})

test('a signed tree whose tiles or root were changed is not grown', async () => {
  await using house = await openWaiting(5)
  const tile = house.objects.get('tile/0/000.p/5')
  assert.ok(tile)
  const bytes = Buffer.from(tile.bytes)
  bytes.writeUInt8(bytes.readUInt8(40) ^ 1, 40)
  house.objects.set('tile/0/000.p/5', { ...tile, bytes })
  await assertStopped(house, /do not lead to the root that was signed/)
  house.objects.set('tile/0/000.p/5', tile)
  await raw`UPDATE darkroom.log SET root = ${'ab'.repeat(32)}`.execute(house.database.sql)
  await assertStopped(house, /do not lead to the root that was signed/)
})

test('a row that vanished from a staged batch is a gap that nothing is signed over', async () => {
  await using house = await openLogHouse()
  await house.say(6)
  await raw`UPDATE darkroom.move SET log_index = id - (SELECT min(id) FROM darkroom.move)`.execute(house.database.sql)
  await rewriteMoves(house.database, raw`DELETE FROM darkroom.move WHERE log_index = 3`)
  await assertStopped(house, /index 3 belongs to no move/)
})

test('a log keeps its name; another is refused by its variable', async () => {
  await using house = await openLogHouse()
  await house.say(1)
  await house.run()
  await house.say(1)
  const named = (name: string) => runRound({ ...house.tools, origin: { named: name, byDefault: 'x.test/log' } })
  await assert.rejects(
    named('other.test/log'),
    (error) => isFault(error, 'config_invalid') && error.field === 'DARKROOM_LOG_ORIGIN',
  )
  assert.equal((await named(ORIGIN))?.size, 2)
  await house.say(1)
  await house.run({ origin: { named: null, byDefault: 'moved.test/log' } })
  await assertWholeLog(house.database, house.objects, house.store)
})

// The fault table: each write of a round, to the store and to the records, fails once before and once after it persisted. The round
// that follows ends what the broken one began: no leaf is lost or doubled, a size has one checkpoint, and the objects are those of
// a log that nothing ever happened to (log-house.ts reckons them from the rows).
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Round, runRound, type SequencerTools } from '../../src/audit/sequencer.ts'
import { Fault, isFault } from '../../src/kernel/fault.ts'
import { assertWholeLog, type LogHouse, openLogHouse } from './log-house.ts'

type When = 'before' | 'after'

/** Counts the writes of a round, and fails the one at `position`. */
function breaking(
  { tools, database }: LogHouse,
  position: number,
  when: When,
): { tools: SequencerTools; writes: () => string[] } {
  const writes: string[] = []
  const write = async <T>(name: string, persist: () => Promise<T>): Promise<T> => {
    const fails = writes.push(name) - 1 === position
    const broken = () => new Fault('object_store_failed', { retry: 'later', detail: `${name} failed ${when}` })
    if (fails && when === 'before') throw broken()
    const done = await persist()
    if (fails) throw broken()
    return done
  }
  return {
    writes: () => writes,
    tools: {
      ...tools,
      store: {
        get: tools.store.get,
        putIfAbsent: (key, object) => write(key, () => tools.store.putIfAbsent(key, object)),
      },
      database: { sql: database.sql, transact: (work) => write('commit', () => database.transact(work)) },
    },
  }
}

let house: LogHouse
before(async () => {
  house = await openLogHouse()
  // So far that one round ends a tile, begins the next and grows the level above.
  await house.say(250)
  await house.run()
})
after(() => house[Symbol.asyncDispose]())

const add = () => house.say(9)
const recovered = async (): Promise<Round | null> => {
  const round = await runRound(house.tools)
  await house.run()
  return round
}

test('a round without faults is some writes, which the table is about', async () => {
  await add()
  const { tools, writes } = breaking(house, -1, 'before')
  assert.equal((await runRound(tools))?.size, 259)
  assert.deepEqual(writes().sort(), [
    'checkpoint/259',
    'claim/1',
    'commit',
    'commit',
    'tile/0/000',
    'tile/0/001.p/3',
    'tile/1/000.p/1',
    'tile/entries/000',
    'tile/entries/001.p/3',
  ])
})

for (const when of ['before', 'after'] as const)
  test(`each write fails once ${when} it persisted, and the next round makes it good`, async () => {
    let [position, size] = [
      0,
      Number(
        (await house.database.sql.selectFrom('darkroom.log').select('tree_size').executeTakeFirstOrThrow()).tree_size,
      ),
    ]
    for (let more = true; more; position++) {
      await add()
      size += 9
      const { tools, writes } = breaking(house, position, when)
      const outcome = await runRound(tools).catch((error: unknown) => error)
      more = position < writes().length
      if (more) assert.ok(isFault(outcome, 'object_store_failed'), `write ${position}, ${writes()[position]}`)
      // What comes meanwhile is not drawn into the batch that was staged.
      await house.say(2)
      size += 2
      await recovered()
      const log = await house.database.sql.selectFrom('darkroom.log').select('tree_size').executeTakeFirstOrThrow()
      assert.equal(Number(log.tree_size), size, `after write ${position}`)
    }
    assert.ok(position > 5, 'a round is several writes')
    await assertWholeLog(house.database, house.objects, house.store)
  })

test('two rounds in a row that break at every write still end in one checkpoint a size', async () => {
  for (let first = 0; first < 6; first++)
    for (const [one, two] of [
      ['before', 'after'],
      ['after', 'before'],
    ] as const) {
      await add()
      await runRound(breaking(house, first, one).tools).catch(() => null)
      await house.say(1)
      await runRound(breaking(house, first, two).tools).catch(() => null)
      await house.run()
    }
  const sizes = await assertWholeLog(house.database, house.objects, house.store)
  assert.equal(new Set(sizes).size, sizes.length)
})

test('two sequencers at once, whose lease runs out at every turn, sign one tree', async () => {
  const [one, two] = ['one', 'two'].map((holder) => ({ ...house.tools, holder, leaseMs: 0 }))
  assert.ok(one && two)
  const outcomes: unknown[] = []
  for (let turn = 0; turn < 12; turn++) {
    await house.say(5)
    outcomes.push(...(await Promise.allSettled([runRound(one), runRound(two)])))
  }
  await house.run({ leaseMs: 0 })
  await assertWholeLog(house.database, house.objects, house.store)
  for (const outcome of outcomes)
    if (typeof outcome === 'object' && outcome !== null && 'reason' in outcome)
      assert.ok(isFault(outcome.reason, 'lease_lost'), String(outcome.reason))
})

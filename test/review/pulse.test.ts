// What following the queue costs and stands: what all leads are told alike is read once, and one part that cannot be read keeps nobody
// else waiting.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KyselyPlugin } from 'kysely'
import type { Ground } from '../../src/kernel/ground.ts'
import type { Log } from '../../src/kernel/log.ts'
import { followQueue, type QueuePart } from '../../src/review/pulse.ts'
import type { Reviewer } from '../../src/review/reviewer.ts'
import { addReviewer, type Engine, openEngine, putItem } from './engine.ts'

let engine: Engine
before(async () => {
  engine = await openEngine()
})
after(() => engine[Symbol.asyncDispose]())

/** A ground of its own for each test: with what its log was told, and how often the whole queue was read. */
function ground() {
  const { database, log } = engine.ground
  const warned: { count?: number }[] = []
  const read = { whole: 0 }
  const counting: KyselyPlugin = {
    transformQuery: ({ node }) => {
      if (JSON.stringify(node).includes('hashtextextended')) read.whole++
      return node
    },
    transformResult: async ({ result }) => result,
  }
  const hearing: Log = Object.assign(Object.create(log), { warn: (fields: object) => void warned.push(fields) })
  const own: Ground = {
    ...engine.ground,
    log: hearing,
    database: { ...database, sql: database.sql.withPlugin(counting) },
  }
  return { own, warned, read }
}

function follow(own: Ground, reviewer: Reviewer) {
  const heard: QueuePart[] = []
  const leave = followQueue(own, reviewer, (part) => heard.push(part))
  return { heard, [Symbol.dispose]: leave }
}

async function within<T>(ms: number, look: () => T | undefined): Promise<T> {
  for (const end = performance.now() + ms; performance.now() < end; await sleep(20)) {
    const found = look()
    if (found !== undefined) return found
  }
  throw new Error(`it did not come within ${ms} ms`)
}

test('what every lead is told alike is read once a look, and apart for who sees what is restricted', async () => {
  const { own, read } = ground()
  const people = [
    await addReviewer(engine, { lead: true }),
    await addReviewer(engine, { lead: true }),
    await addReviewer(engine, { lead: true, profile: { restricted: true } }),
  ]
  using leads = new DisposableStack()
  const following = people.map((person) => leads.use(follow(own, person)))
  await within(3000, () => following.every(({ heard }) => heard.length === 1) || undefined)
  assert.equal(read.whole, 2)
})

test('one part that cannot be read is said once a look, is tried again, and keeps nobody else waiting', async () => {
  const { own, warned } = ground()
  using stack = new DisposableStack()
  // No text of the database holds this.
  const unreadable = stack.use(follow(own, { personId: '\0', lead: false }))
  const ada = stack.use(follow(own, await addReviewer(engine)))
  const first = await within(3000, () => ada.heard.at(-1))
  await putItem(engine)
  await within(3000, () => (ada.heard.at(-1)?.lanes.first_look === first.lanes.first_look + 1 ? true : undefined))
  const { length } = warned
  await within(3000, () => warned.length > length || undefined)
  assert.deepEqual(
    warned.map(({ count }) => count),
    warned.map(() => 1),
  )
  assert.ok(length <= 5, `${length} lines: a look a second, no more`)
  assert.equal(unreadable.heard.length, 0)
})

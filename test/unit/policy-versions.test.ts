// Which policy was in force: one row a change, one note in the operator's log, an answer for every moment.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { sql as raw } from 'kysely'
import { parseModerationPolicy } from '../../src/policy/load.ts'
import { getVersion, inForce, listVersions, putInForce } from '../../src/policy/versions.ts'
import { openWorld, type World } from '../support/world.ts'

const FILE = 'policies/moderation.yaml'
let world: World
before(async () => {
  world = await openWorld()
})
after(() => world[Symbol.asyncDispose]())
const sql = () => world.ground.database.sql
const policyOfVersion = async (version: string) =>
  parseModerationPolicy(
    Buffer.from((await readFile(FILE, 'utf8')).replace(/^version: .*$/m, `version: "${version}"`)),
    FILE,
  )
const clockAt = (minutes: number) =>
  raw`UPDATE darkroom.clock_offset SET by = ${minutes} * interval '1 minute'`.execute(sql())

test('without an operator nothing is recorded, and nothing fails', async () => {
  await putInForce(world.ground, await policyOfVersion('1.0.0'), '0.1.0')
  assert.deepEqual((await listVersions(sql(), { id: null, at: null }, { limit: 9, after: null })).rows, [])
})

test('each change is in force from its own moment to the next one, and going back is a change too', async () => {
  const operator = world.tenants[0].id
  await sql().updateTable('darkroom.tenant').set({ operator: true }).where('id', '=', operator).execute()
  const [one, two] = [await policyOfVersion('1.0.0'), await policyOfVersion('1.1.0')]
  for (const [at, policy] of [one, one, two, two, one].entries()) {
    await clockAt(at * 10)
    await Promise.all([1, 2, 3].map(() => putInForce(world.ground, policy, '0.1.0')))
  }
  const { rows, hasMore } = await listVersions(sql(), { id: 'moderation', at: null }, { limit: 9, after: null })
  assert.equal(hasMore, false)
  assert.deepEqual(
    rows.map(({ version, digest }) => [version, digest]),
    [one, two, one].map(({ version, digest }) => [version, digest]),
  )
  for (const [index, row] of rows.entries())
    assert.deepEqual(row.live_until, index === 0 ? null : rows[index - 1]?.live_from)

  const [third, second, first] = rows
  assert.ok(first && second && third)
  const versionAt = async (time: Date) => (await inForce(sql(), 'moderation', time))?.version ?? null
  assert.equal(await versionAt(new Date(first.live_from.getTime() - 1)), null)
  assert.equal(await versionAt(first.live_from), '1.0.0')
  assert.equal(await versionAt(new Date(second.live_from.getTime() - 1)), '1.0.0')
  assert.equal(await versionAt(second.live_from), '1.1.0')
  assert.equal(await versionAt(third.live_from), '1.0.0')
  const then = { id: 'moderation', at: second.live_from }
  assert.equal(
    (await listVersions(sql(), then, { limit: 9, after: null })).rows.length,
    1,
    'one ends as the next begins',
  )
  assert.equal(await inForce(sql(), 'appeals', third.live_from), null)
  assert.equal((await getVersion(sql(), two.digest)).document, two.text)

  const notes = await sql()
    .selectFrom('darkroom.move')
    .select(['tenant_id', 'facts'])
    .where('kind', '=', 'policy.live')
    .orderBy('id')
    .execute()
  const by = { program: '0.1.0' }
  assert.deepEqual(
    notes.map(({ facts }) => facts),
    [
      { digest: one.digest, version: '1.0.0', previous: null, by },
      { digest: two.digest, version: '1.1.0', previous: one.digest, by },
      { digest: one.digest, version: '1.0.0', previous: two.digest, by },
    ],
  )
  assert.ok(notes.every(({ tenant_id }) => tenant_id === operator))
})

test('pages follow each other', async () => {
  const first = await listVersions(sql(), { id: null, at: null }, { limit: 2, after: null })
  assert.deepEqual([first.rows.length, first.hasMore], [2, true])
  const rest = await listVersions(sql(), { id: null, at: null }, { limit: 2, after: first.rows[1]?.number ?? '' })
  assert.deepEqual([rest.rows.length, rest.hasMore], [1, false])
})

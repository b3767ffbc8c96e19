// Leaves: what each move says of itself to strangers, and what it keeps from them. Rows that earlier releases wrote stay in the chain.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, before, test } from 'node:test'
import { sql as raw } from 'kysely'
import { note } from '../../src/advance.ts'
import { leafHash } from '../../src/kernel/canonical.ts'
import { entryOf, type LeafRow, leafOf } from '../../src/kernel/leaf.ts'
import { openWorld, queueRequest, type Tenant, type World } from '../support/world.ts'

let world: World
before(async () => {
  world = await openWorld()
})
after(() => world[Symbol.asyncDispose]())

const ROW: LeafRow = {
  subject: 'image',
  subject_id: 'img_1',
  kind: 'image.denied',
  from_state: 'generated',
  to_state: 'denied',
  facts: { score: 0.25, clause: 'violence/2' },
  at: new Date('2026-05-04T03:02:01.005Z'),
  tenant_pseudonym: 'ab'.repeat(16),
  tenant_sequence: '7',
  previous_leaf: 'cd'.repeat(32),
  leaf_salt: Buffer.alloc(32, 9),
}

const movesOf = (tenant: Tenant) =>
  world.ground.database.sql
    .selectFrom('darkroom.move')
    .selectAll()
    .where('tenant_id', '=', tenant.id)
    .orderBy('tenant_sequence')
    .execute()
const say = (tenant: Tenant, kind: string) =>
  world.ground.database.transact((tx) => note(tx, tenant.id, kind, 'noted', { secret: 'a fact of the case' }))

test('a leaf has its place and kind in clear and everything else under its own salt', () => {
  const body = createHmac('sha256', Buffer.alloc(32, 9))
    .update(
      '{"facts":{"clause":"violence/2","score":0.25},"from":"generated","id":"img_1","kind":"image.denied","subject":"image","to":"denied"}',
    )
    .digest('hex')
  assert.equal(
    leafOf(ROW),
    `{"at":"2026-05-04T03:02:01.005Z","body":"${body}","kind":"image.denied","previous":"${'cd'.repeat(32)}",` +
      `"sequence":"7","tenant":"${'ab'.repeat(16)}","v":2}`,
  )
  assert.equal(entryOf(ROW), leafOf(ROW), 'it enters the log as it is')
  for (const changed of [{ facts: {} }, { subject: 'note' }, { subject_id: 'img_2' }, { to_state: null }])
    assert.notEqual(leafOf({ ...ROW, ...changed }), leafOf(ROW), 'the body holds all that the row says')
})

test('a kind that only restricted cases have is told as restricted, and its body still binds it', () => {
  const kinds = ['escalation.confirmed', 'escalation.dismissed']
  for (const subject of ['image', 'request']) kinds.push(`${subject}.preservation_due`, `${subject}.preservation_ended`)
  const bodies = new Set<string>()
  for (const kind of kinds) {
    const leaf = JSON.parse(leafOf({ ...ROW, kind }))
    assert.equal(leaf.kind, 'restricted', kind)
    assert.equal(JSON.parse(entryOf({ ...ROW, kind, leaf_salt: null })).kind, 'restricted', kind)
    bodies.add(leaf.body)
  }
  assert.equal(bodies.size, kinds.length)
})

test('a leaf of an earlier release, facts in clear, enters the log as its hash alone', () => {
  const row = { ...ROW, leaf_salt: null }
  const entry = entryOf(row)
  assert.equal(
    entry,
    `{"at":"2026-05-04T03:02:01.005Z","kind":"image.denied","leaf":"${leafHash(leafOf(row))}","previous":"${'cd'.repeat(32)}",` +
      `"sequence":"7","tenant":"${'ab'.repeat(16)}","v":1}`,
  )
  assert.match(leafOf(row), /"clause":"violence\/2"/)
})

test('every move has a salt of its own, and its leaf shows no id and no fact', async () => {
  const [tenant] = world.tenants
  const { requestId, imageIds } = await queueRequest(world, tenant, { n: 2 })
  await say(tenant, 'policy.live')
  const moves = await movesOf(tenant)
  assert.equal(new Set(moves.map(({ leaf_salt }) => Buffer.from(leaf_salt ?? []).toString('hex'))).size, moves.length)
  for (const move of moves) {
    assert.equal(move.leaf_salt?.length, 32)
    const entry = entryOf(move)
    for (const hidden of [tenant.id, requestId, ...imageIds, 'a fact of the case', 'noted'])
      assert.ok(!entry.includes(hidden), `${hidden} is in ${entry}`)
  }
})

test('a chain goes on from rows of an earlier release, also where two releases run side by side', async () => {
  const [, tenant] = world.tenants
  const { sql } = world.ground.database
  await say(tenant, 'key.created')
  const [first] = await movesOf(tenant)
  assert.ok(first)
  // As the release before writes one: it knows no salt.
  const { id: _, log_index: __, ...rest } = first
  const old = { ...rest, tenant_sequence: '2', previous_leaf: first.leaf_hash, leaf_salt: null }
  const { leaf_salt: ___, ...row } = {
    ...old,
    facts: '{"secret":"a fact of the case"}',
    leaf_hash: leafHash(leafOf(old)),
  }
  await sql.insertInto('darkroom.move').values(row).execute()
  await raw`UPDATE darkroom.tenant SET sequence = 2, head = ${row.leaf_hash} WHERE id = ${tenant.id}`.execute(sql)
  await say(tenant, 'key.revoked')

  const moves = await movesOf(tenant)
  assert.deepEqual(
    moves.map((move) => JSON.parse(entryOf(move)).v),
    [2, 1, 2],
  )
  let previous = '0'.repeat(64)
  for (const move of moves) {
    const entry = entryOf(move)
    const told: { v: number; previous: string; leaf?: string } = JSON.parse(entry)
    assert.equal(told.previous, previous, 'who has only the log can follow the chain')
    assert.equal(leafHash(leafOf(move)), move.leaf_hash)
    previous = told.v === 1 ? (told.leaf ?? '') : leafHash(entry)
  }
})

test('a salt is never changed, and an index is given once', async () => {
  const { sql } = world.ground.database
  await say(world.tenants[0], 'policy.live')
  await assert.rejects(raw`UPDATE darkroom.move SET leaf_salt = ${Buffer.alloc(32)}`.execute(sql), /append-only/)
  await assert.rejects(raw`UPDATE darkroom.move SET leaf_salt = NULL`.execute(sql), /append-only/)
  const last = raw`id = (SELECT max(id) FROM darkroom.move)`
  await raw`UPDATE darkroom.move SET log_index = 900 WHERE ${last}`.execute(sql)
  await raw`UPDATE darkroom.move SET log_index = 900 WHERE ${last}`.execute(sql)
  for (const other of [901, null])
    await assert.rejects(raw`UPDATE darkroom.move SET log_index = ${other} WHERE ${last}`.execute(sql), /append-only/)
})

// Erasure of one user of a tenant: everything that was ordered for them until then goes as its owner's erasure takes it, whatever breaks in
// between and whoever orders meanwhile; nothing of anybody else does, and the log tells of it in numbers and still verifies.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { sql as raw } from 'kysely'
import { omitAppeals } from '../../src/appeal/end.ts'
import { runExport } from '../../src/audit/export-job.ts'
import { parseVerifierKey } from '../../src/audit/note.ts'
import { verifyExport } from '../../src/audit/verify.mjs'
import { verifyArchive } from '../../src/audit/verify-archive.ts'
import { saltedDigest } from '../../src/kernel/canonical.ts'
import type { Ground } from '../../src/kernel/ground.ts'
import { generatedKey } from '../../src/kernel/quarantine.ts'
import type { OnErased } from '../../src/publish/erase.ts'
import { eraseUser, finishUserErasures } from '../../src/publish/user-erasure.ts'
import { authenticate } from '../../src/tenant/caller.ts'
import { userDigestOf } from '../../src/tenant/users.ts'
import { chunksOf } from '../audit/export-house.ts'
import { ALLOWED, FORBIDDEN, json } from '../http/service.ts'
import { growLog } from '../support/log-rounds.ts'
import { breakEverywhere, type House, has, openHouse } from './house.ts'

const DAY_MS = 86_400_000
let house: House
before(async () => {
  house = await openHouse()
})
after(() => house[Symbol.asyncDispose]())

const address = (user: string) => `/v1/users/${encodeURIComponent(user)}/data`
const exportOf = async (user: string, as = 'client') => (await house.call(address(user), { as })).body
const idsOf = async (user: string, as = 'client'): Promise<string[]> =>
  (await exportOf(user, as)).generations.map((one: { generation: { id: string } }) => one.generation.id)
const erase = (user: string, as = 'client') => house.call(address(user), { method: 'DELETE', as })
const callerAs = (as = 'client') => authenticate(house.ground, house.service.key(as))
const onErased: OnErased = (tx, requestId) => omitAppeals(tx, house.tools, requestId)
const order = async (user: string, prompt = ALLOWED, as = 'client') =>
  (await house.service.admit({ prompt, user }, as)).requestId
const drawn = async (user: string) => {
  const requestId = await order(user)
  const [imageId = ''] = await house.develop(requestId, [{}])
  await house.finish()
  return { requestId, imageId }
}
const told = async () =>
  (
    await house.sql
      .selectFrom('darkroom.move')
      .select(['subject_id', 'facts'])
      .where('kind', '=', 'user.erased')
      .orderBy('id')
      .execute()
  ).map(({ subject_id, facts }) => ({ id: subject_id, facts: Object(facts) }))
const underWay = async () => (await house.sql.selectFrom('darkroom.user_erasure').select('id').execute()).length
async function digestOf(user: string, as = 'client') {
  const { tenantId } = await callerAs(as)
  return userDigestOf(house.service.admission.userSecret, tenantId, user)
}

test('prompts, pictures and what was written in appeals are gone, the export is empty, and one move tells it in numbers', async () => {
  const { requestId, imageId } = await drawn('ada')
  const refused = await order('ada', FORBIDDEN)
  const { statement_id: statementId } = await house.rowOf('request', refused)
  const appealId = await house.appeal(statementId ?? '')
  const theirs = await order('ada', ALLOWED, 'second_client')
  const other = await order('ben')
  assert.equal((await idsOf('ada')).length, 2)

  const answer = await erase('ada')
  assert.deepEqual([answer.status, answer.body], [204, ''])
  assert.deepEqual(await idsOf('ada'), [])
  for (const id of [requestId, refused]) {
    const { prompt, salt, user_digest } = await house.rowOf('request', id)
    assert.deepEqual([prompt, salt, user_digest], [null, null, null])
  }
  assert.equal((await house.call(`/v1/images/${imageId}/content`)).status, 410)
  assert.equal(await has(house.ground.images, `${imageId}.png`), false)
  assert.equal(await has(house.ground.quarantine, generatedKey(imageId)), false)
  const appeal = await house.sql
    .selectFrom('darkroom.appeal')
    .select(['state', 'text', 'salt'])
    .where('id', '=', appealId)
    .executeTakeFirst()
  assert.deepEqual(appeal, { state: 'omitted', text: null, salt: null })
  assert.deepEqual(await idsOf('ada', 'second_client'), [theirs], 'another tenant’s user of that name')
  assert.deepEqual(await idsOf('ben'), [other])

  const [move, ...more] = await told()
  assert.deepEqual([move?.facts.generations, move?.facts.images, more.length], [2, 2, 0])
  const { keyId } = await callerAs()
  assert.deepEqual(move?.facts.by, { key: keyId, person: null })
  assert.match(move?.facts.user, /^[0-9a-f]{64}$/)
  assert.ok(!JSON.stringify(move).includes('ada') && !JSON.stringify(move).includes(await digestOf('ada')))
  assert.equal((await erase('ada')).status, 204)
  assert.equal((await told()).length, 1, 'nothing was left to erase, and nothing to tell')
  assert.equal(await underWay(), 0)
})

test('who orders again is a user again, and no digest in the log leads from one erasure to the next', async () => {
  await order('again')
  assert.equal((await erase('again')).status, 204)
  const later = await order('again')
  assert.deepEqual(await idsOf('again'), [later])
  assert.equal((await erase('again')).status, 204)
  const [first, second] = (await told()).slice(-2)
  assert.notEqual(first?.facts.user, second?.facts.user)
  for (const { leaf_salt } of await house.sql.selectFrom('darkroom.move').select('leaf_salt').execute())
    assert.notEqual(leaf_salt && saltedDigest(leaf_salt, await digestOf('again')), second?.facts.user)
})

test('what is more than one call may do is 202, and goes by itself; later orders stay', async () => {
  const ids: string[] = []
  for (let i = 0; i < 23; i++) ids.push(await order('many'))
  const { status, body } = await erase('many')
  assert.deepEqual([status, body.object, body.state], [202, 'user_erasure', 'erasing'])
  assert.equal((await exportOf('many')).erasing_since, body.asked_at)
  assert.deepEqual(await idsOf('many'), ids.slice(20).toReversed())
  await house.days(0.001)
  const later = await order('many')
  assert.equal(await finishUserErasures(house.ground, onErased), 1)
  assert.deepEqual(await idsOf('many'), [later])
  assert.equal((await exportOf('many')).erasing_since, null)
  assert.deepEqual((await told()).at(-1)?.facts.generations, 23)
  assert.deepEqual([(await erase('many')).status, await idsOf('many')], [204, []])
})

test('asked again while it is under way, it takes what was ordered in between as well', async () => {
  const [caller, digest] = [await callerAs(), await digestOf('twice')]
  for (let i = 0; i < 3; i++) await order('twice')
  assert.ok((await eraseUser(house.ground, caller, digest, onErased, 1)) instanceof Date)
  await house.days(0.0001)
  await order('twice')
  assert.equal(await eraseUser(house.ground, caller, digest, onErased), null)
  assert.deepEqual(await idsOf('twice'), [])
  assert.equal((await told()).at(-1)?.facts.generations, 4, 'all of it is one erasure')
})

test('a legal hold and a restricted case are hidden as an owner’s erasure hides them, and nothing tells of either', async () => {
  const [held, plain] = [await drawn('held'), await drawn('held')]
  const restricted = await order('held', FORBIDDEN)
  await house.restrict((await house.rowOf('request', restricted)).statement_id)
  const holdId = await house.hold(held.requestId)
  const answer = await erase('held')
  const usual = await erase('ada')
  assert.deepEqual([answer.status, answer.body], [usual.status, usual.body])
  assert.deepEqual((await exportOf('held')).generations, [])
  for (const { requestId, imageId } of [held, plain]) {
    assert.equal((await house.call(`/v1/generations/${requestId}`)).status, 410)
    assert.equal(await has(house.ground.images, `${imageId}.png`), false)
  }
  assert.deepEqual(Object.keys((await told()).at(-1)?.facts).sort(), ['by', 'generations', 'images', 'user'])
  assert.ok((await house.rowOf('request', held.requestId)).prompt)
  assert.ok((await house.rowOf('request', restricted)).prompt)
  assert.equal((await house.rowOf('request', plain.requestId)).prompt, null)
  assert.ok(await has(house.ground.quarantine, generatedKey(held.imageId)))
  assert.equal((await erase('held')).status, 204)
  await house.lift(holdId)
  // Each pass is bounded, and other tests have left much to remove.
  for (let passes = 0; passes < 5; passes++) await house.janitor()
  const { prompt, user_digest } = await house.rowOf('request', held.requestId)
  assert.deepEqual([prompt, user_digest], [null, null])
  assert.equal(await has(house.ground.quarantine, generatedKey(held.imageId)), false)
})

test('a hold that is placed in the middle of it keeps what is left', async () => {
  const [first, second] = [await order('middle'), await order('middle')]
  const [caller, digest] = [await callerAs(), await digestOf('middle')]
  await eraseUser(house.ground, caller, digest, onErased, 1)
  await house.hold(second)
  await house.days(0.001)
  assert.equal(await finishUserErasures(house.ground, onErased), 1)
  assert.equal((await house.rowOf('request', first)).prompt, null)
  const kept = await house.rowOf('request', second)
  assert.ok(kept.prompt !== null && kept.erased_at !== null)
  assert.deepEqual(await idsOf('middle'), [])
})

test('orders of the user that race with the erasure are wholly erased or wholly there', async () => {
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 4; i++) await order('race')
    const [erased, ...ordered] = await Promise.all([
      erase('race'),
      ...Array.from({ length: 8 }, () => order('race')),
      erase('race'),
    ])
    assert.ok([202, 204].includes(Object(erased).status))
    await house.days(0.001)
    await finishUserErasures(house.ground, onErased)
    const listed = await idsOf('race')
    for (const id of ordered.filter((one) => typeof one === 'string')) {
      const { prompt, salt, user_digest, erased_at } = await house.rowOf('request', id)
      const gone = erased_at !== null
      for (const column of [prompt, salt, user_digest]) assert.equal(column === null, gone)
      assert.equal(listed.includes(id), !gone)
      assert.equal((await house.call(`/v1/generations/${id}`)).status, gone ? 410 : 200)
    }
  }
  assert.equal(await underWay(), 0)
})

test('a generation that cannot be erased keeps no other waiting, and goes when it can', async () => {
  const ids = [await order('stuck'), await order('stuck'), await order('stuck')]
  const stubborn: OnErased = async (tx, requestId) => {
    if (requestId === ids[0]) throw new Error('not now')
    await onErased(tx, requestId)
  }
  const askedAt = await eraseUser(house.ground, await callerAs(), await digestOf('stuck'), stubborn)
  assert.ok(askedAt instanceof Date)
  assert.deepEqual(await idsOf('stuck'), [ids[0]])
  assert.equal(await finishUserErasures(house.ground, stubborn), 0, 'it goes on at once')
  assert.equal(await finishUserErasures(house.ground, onErased), 0, 'and after a pass that erased nothing, later')
  assert.deepEqual(await idsOf('stuck'), [ids[0]])
  await house.days(0.001)
  assert.equal(await finishUserErasures(house.ground, onErased), 1)
  assert.equal((await told()).at(-1)?.facts.generations, 3)
})

test('whatever breaks at any step, it is done in the end, once, and told once', async () => {
  const [caller, digest] = [await callerAs(), await digestOf('broken')]
  let ids: string[] = []
  let before = 0
  const work = async (ground: Ground) => {
    await finishUserErasures(ground, onErased)
    await eraseUser(ground, caller, digest, onErased)
  }
  const steps = await breakEverywhere(house, work, {
    prepare: async () => {
      ids = [(await drawn('broken')).requestId, await order('broken')]
      before = (await told()).length
    },
    check: async (where) => {
      for (const id of ids) assert.equal((await house.rowOf('request', id)).prompt, null, where)
      assert.deepEqual([await idsOf('broken'), await underWay()], [[], 0], where)
      const moves = (await told()).slice(before)
      assert.deepEqual(
        moves.map(({ facts }) => facts.generations),
        [2],
        where,
      )
    },
  })
  assert.ok(steps > 10, `${steps} steps`)
})

test('an export of the log that was made after erasures verifies by both verifiers, and names no user', async () => {
  const { service, ground, sql } = house
  await house.pass(1)
  const now = (await raw<{ now: Date }>`SELECT darkroom.now() AS now`.execute(sql)).rows[0]?.now ?? assert.fail()
  const asked = { from: new Date(now.getTime() - DAY_MS).toISOString(), to: now.toISOString(), formats: ['csv'] }
  const ordered = await service.call('/v1/audit/exports', { ...json(asked), as: 'compliance' })
  assert.equal(ordered.status, 202, await ordered.clone().text())
  await growLog(ground.database, service.transparency)
  const tools = { ...ground, transparency: service.transparency, leaseMs: 60_000, partBytes: 100_000 }
  while ((await runExport(tools)) !== 'idle');
  const answer = await service.call(`${ordered.headers.get('location')}/archive`, { as: 'compliance' })
  const archive = Buffer.from(await answer.arrayBuffer())
  const key = (await (await service.call('/log/key', { as: null })).text()).trimEnd()
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-user-erasure-'))
  try {
    const path = join(folder, 'archive.tar')
    await writeFile(path, archive)
    const ours = await verifyArchive(chunksOf(archive), { key: parseVerifierKey(key), kept: [] })
    const other = verifyExport(path, { key, checkpoints: [] })
    assert.deepEqual([ours.failures, other.failures], [[], []])
    assert.ok((ours.manifest?.counts.kinds['user.erased'] ?? 0) > 5)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  for (const user of ['again', 'broken', 'race']) assert.ok(!archive.includes(await digestOf(user)), user)
})

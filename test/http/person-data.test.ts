// What is stored about people of the operator and of tenants: administrators read all of it, and erase it when somebody has left. What they
// decided stays under an id that names nobody.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql as raw } from 'kysely'
import { type Desk, FINDINGS, GRAPHIC, openDesk } from '../review/desk.ts'
import { json } from './service.ts'

let desk: Desk
before(async () => {
  desk = await openDesk()
})
after(() => desk[Symbol.asyncDispose]())

const dataOf = (id: string, as = 'admin') => desk.call(`/v1/admin/people/${id}/data`, { as })
const erase = (id: string, as = 'admin') => desk.call(`/v1/admin/people/${id}/data`, { as, method: 'DELETE' })
const deactivate = (id: string) => desk.call(`/v1/admin/people/${id}`, { method: 'PATCH', body: { active: false } })
const sql = () => desk.service.ground.database.sql
const NOTE = 'as Hans from next door says'

/** Everything that the records hold, as text. */
async function everything(): Promise<string> {
  const { rows } = await raw<{ name: string }>`
    SELECT table_name AS name FROM information_schema.tables
     WHERE table_schema = 'darkroom' AND table_type = 'BASE TABLE'`.execute(sql())
  const texts: string[] = []
  for (const { name } of rows) {
    const all = await raw<{ text: string | null }>`
      SELECT string_agg(to_jsonb(one)::text, ' ') AS text FROM ${raw.table(`darkroom.${name}`)} AS one`.execute(sql())
    texts.push(all.rows[0]?.text ?? '')
  }
  return texts.join('\n')
}

test('everything about a reviewer is read by an administrator: access, settings, shifts, counts; no secret and no case', async () => {
  const id = desk.id('ada')
  const oidc = { issuer: 'https://id.example', subject: 'ada-subject' }
  await desk.call(`/v1/admin/people/${id}`, { method: 'PATCH', body: { oidc } })
  await desk.service.call('/session', { ...json({ key: desk.key('ada') }), as: null })
  const { id: item } = await desk.make('hold')
  const lease = await desk.hold('ada', item)
  await desk.as(`/v1/review/items/${item}/reveal`, 'ada', { body: { what: 'picture' } })
  const verdict = { lease, outcome: 'deny', clause: GRAPHIC, findings: FINDINGS, note: NOTE }
  assert.equal((await desk.decide('ada', item, verdict)).status, 200)
  const skips = { categories: ['weapons'], hours: 4 }
  assert.equal((await desk.as('/v1/review/shift/skips', 'ada', { method: 'PUT', body: skips })).status, 200)
  assert.equal((await desk.as('/v1/review/shift/end', 'ada', { body: { note: NOTE } })).status, 200)

  const { status, body } = await dataOf(id)
  assert.equal(status, 200)
  assert.deepEqual([body.person.name, body.person.oidc], ['Person ada', oidc])
  assert.deepEqual([body.keys.length, body.sessions.length], [1, 1])
  assert.deepEqual(
    body.acts.map(({ what, count }: { what: string; count: number }) => [what, count]),
    [
      ['review_note', 1],
      ['verdict_deny', 1],
    ],
  )
  assert.deepEqual([body.exposure[0].what, body.exposure[0].count], ['picture', 1])
  assert.equal(body.review.handovers[0].note, NOTE)
  assert.ok(body.review.shift.acted_at)
  assert.equal(body.review.skips, 1)
  const text = JSON.stringify(body)
  const [key] = await sql().selectFrom('darkroom.api_key').select('hash').where('person_id', '=', id).execute()
  for (const secret of [desk.key('ada'), key?.hash ?? 'none', item, 'weapons']) assert.ok(!text.includes(secret))
})

test('who is active, or holds an item, is not erased; after it only ids and counts are left, and nobody gets in', async () => {
  const id = desk.id('ada')
  const { id: held } = await desk.make('hold')
  await desk.hold('ada', held)
  const active = await erase(id)
  assert.deepEqual([active.status, active.body.detail.includes('deactivate')], [409, true])
  await deactivate(id)
  const holding = await erase(id)
  assert.deepEqual([holding.status, holding.body.detail.includes(held)], [409, true])
  assert.ok((await everything()).includes(NOTE), 'what was refused erased nothing')
  await desk.clock(7200)
  assert.equal((await erase(id)).status, 204)

  const text = await everything()
  for (const personal of ['Person ada', 'ada-subject', NOTE]) assert.ok(!text.includes(personal), personal)
  const { body } = await dataOf(id)
  const { name, active: isActive, oidc, roles } = body.person
  assert.deepEqual([name, isActive, oidc, roles], ['Erased', false, null, []])
  assert.deepEqual([body.sessions, body.review], [[], { settings: null, shift: null, skips: 0, handovers: [] }])
  assert.deepEqual([body.keys[0].name, body.keys[0].revoked_at !== null], ['Erased', true])
  assert.deepEqual(
    body.acts.map(({ what, count }: { what: string; count: number }) => [what, count]),
    [['verdict_deny', 1]],
    'what was decided stays',
  )
  assert.equal((await desk.call('/v1/me', { key: desk.key('ada') })).status, 401)
  const notes = (await desk.notesOf(id)).filter(({ kind }) => kind === 'person.erased')
  assert.equal(notes.length, 1)
  assert.deepEqual(
    [Object(notes[0]?.facts).keys, Object(notes[0]?.facts).words, notes[0]?.tenant_id],
    [1, 2, desk.operatorId],
  )
  assert.equal((await erase(id)).status, 204, 'again is no error')
  assert.equal((await desk.notesOf(id)).filter(({ kind }) => kind === 'person.erased').length, 1)
  const back = await desk.call(`/v1/admin/people/${id}`, { method: 'PATCH', body: { active: true } })
  assert.deepEqual([back.status, back.body.code], [410, 'gone'])
  await desk.clock(0)
})

test('a customer’s administrator reads and erases its own people, and no other exists for it', async () => {
  const own = await desk.newTenant()
  const { key } = (await desk.call(`/v1/admin/tenants/${own}/keys`, { body: { name: 'a', roles: ['tenant_admin'] } }))
    .body
  const add = async (tenant: string) =>
    (await desk.call(`/v1/admin/tenants/${tenant}/people`, { body: { name: 'Bo', roles: ['client'] } })).body.id
  const [theirs, mine] = [await add(desk.secondTenant), await add(own)]
  for (const method of ['GET', 'DELETE']) {
    assert.equal((await desk.call(`/v1/admin/people/${theirs}/data`, { key, method })).status, 404)
    assert.equal((await desk.call(`/v1/admin/people/${theirs}/data`, { as: 'client', method })).status, 403)
    assert.equal((await desk.call('/v1/admin/people/per_nobody/data', { method })).status, 404)
  }
  assert.equal((await desk.call(`/v1/admin/people/${mine}/data`, { key })).body.person.name, 'Bo')
  await deactivate(mine)
  assert.equal((await desk.call(`/v1/admin/people/${mine}/data`, { key, method: 'DELETE' })).status, 204)
})

test('the last administrator cannot leave, and so is never erased', async () => {
  const me = (await desk.call('/v1/me')).body
  const admins = (await desk.call(`/v1/admin/tenants/${desk.operatorId}/people`)).body.data
  const admin = admins.find(({ roles }: { roles: string[] }) => roles.includes('admin'))
  assert.ok(admin && me)
  assert.equal((await deactivate(admin.id)).status, 409)
  assert.equal((await erase(admin.id)).status, 409)
  assert.equal((await desk.call('/v1/me')).status, 200)
})

// The sessions of people who signed in without a key: how they end, what pages may use them, and whom an order or a note names.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sql as raw } from 'kysely'
import { openPersonSession } from '../../src/tenant/sessions.ts'
import { ALLOWED, json } from '../http/service.ts'
import { openSigningIn, sessionOf } from './signing-in.ts'

const signingIn = await openSigningIn()
const { service, enter, me, personOf } = signingIn
after(() => signingIn[Symbol.asyncDispose]())

test('a session without a key ends when nobody uses it, when its time is over, and when it is ended', async () => {
  const { sql } = service.ground.database
  const at = (seconds: number) =>
    raw`UPDATE darkroom.clock_offset SET by = ${seconds} * interval '1 second'`.execute(sql)
  const idle = sessionOf(await enter({ sub: 'ada', groups: ['reviewers'] }))
  const used = sessionOf(await enter({ sub: 'ada', groups: ['reviewers'] }))
  try {
    for (const [seconds, status] of [
      [7000, 200],
      [14_000, 200],
      [21_000, 200],
      [28_000, 200],
      [28_900, 401],
    ] as const) {
      await at(seconds)
      assert.equal((await me(used)).status, status, `used, ${seconds} s`)
      if (seconds === 14_000) assert.equal((await me(idle)).status, 401)
    }
  } finally {
    await at(0)
  }
  const cookie = sessionOf(await enter({ sub: 'ada', groups: ['reviewers'] }))
  await service.call('/session/end', { method: 'POST', as: null, headers: { cookie, origin: service.url } })
  assert.equal((await me(cookie)).status, 401)
})

test('a session without a key acts only for pages of this origin, and its administrator is named by person', async () => {
  const cookie = sessionOf(await enter({ sub: 'chief', groups: ['chiefs'] }))
  const make = (headers: Record<string, string>) =>
    service.call('/v1/admin/tenants', { ...json({ name: 'Acme' }, { cookie, ...headers }), as: null })
  assert.equal((await make({ origin: 'https://evil.example' })).status, 403)
  const made = await make({ origin: service.url })
  assert.equal(made.status, 201)
  const { id } = await made.json()
  const { sql } = service.ground.database
  const note = await sql.selectFrom('darkroom.move').select('facts').where('subject_id', '=', id).executeTakeFirst()
  assert.deepEqual(Object(note?.facts).by, { key: null, person: (await personOf('chief'))?.id })
})

test('a client who signed in without a key orders, and the order names the person', async () => {
  const { tenant } = await (await service.call('/v1/me')).json()
  const person = { name: 'Ola', roles: ['client'] }
  const made = await service.call(`/v1/admin/tenants/${tenant.id}/people`, { ...json(person), as: 'admin' })
  const { id } = await made.json()
  const { database } = service.ground
  const token = await database.transact((tx) =>
    openPersonSession(service.ground, tx, { id, tenantId: tenant.id, roles: ['client'] }),
  )
  const headers = { cookie: `darkroom_session=${token}`, origin: service.url }
  const order = await service.call('/v1/generations', { ...json({ prompt: ALLOWED }, headers), as: null })
  assert.equal(order.status, 202)
  const row = await database.sql
    .selectFrom('darkroom.request')
    .select(['key_id', 'person_id'])
    .where('id', '=', (await order.json()).id)
    .executeTakeFirst()
  assert.deepEqual(row, { key_id: null, person_id: id })
})

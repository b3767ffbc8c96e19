// Who reads a statement: the tenant's client, and whoever bears its link; nobody else learns that there is one. The reason travels with
// the webhook, and no secret is logged or stored.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql as raw } from 'kysely'
import { newId } from '../../src/kernel/ids.ts'
import { BEARERS, FORBIDDEN, openService, type Service } from './service.ts'

let service: Service
let requestId: string
let id: string
before(async () => {
  service = await openService({ DARKROOM_PUBLIC_REQUESTS_PER_MINUTE: '20' })
  ;({ requestId } = await service.admit({ prompt: FORBIDDEN }))
  id = (await read(`/v1/generations/${requestId}`)).statement.id
})
after(() => service[Symbol.asyncDispose]())

const read = async (path: string) => (await service.call(path)).json()
const bearing = (secret: string, as: string | null = null, of = id) =>
  service.call(`/v1/statements/${of}`, { as, headers: { 'darkroom-statement-secret': secret } })

test('the tenant is told the link to hand on; its bearer reads the same without a key, and is told no link', async () => {
  const { public_url: link, ...ours } = await read(`/v1/statements/${id}`)
  const [page, secret] = String(link).split('#')
  assert.equal(page, `${service.url}/statements/${id}`)
  assert.equal((await read(`/v1/generations/${requestId}`)).statement.appeal_url, `/statements/${id}#${secret}`)
  const response = await bearing(secret ?? '')
  assert.equal(response.status, 200)
  assert.deepEqual(await response.json(), ours)
  assert.deepEqual([ours.appeal, ours.replaced_by, ours.decided_by], [null, null, 'automated'])
})

test('a wrong secret finds nothing, as for a statement that is not there; none at all needs a key', async () => {
  const shape = async (response: Response) => {
    const { instance: _, ...body } = await response.json()
    return [response.status, body]
  }
  const wrong = await shape(await bearing(BEARERS.secretOf('sor_other')))
  assert.equal(wrong[0], 401)
  // An id that is not there: one in 32 ends in a zero itself.
  const absent = `${id.slice(0, -1)}${id.endsWith('0') ? 1 : 0}`
  assert.deepEqual(await shape(await bearing(BEARERS.secretOf(id), null, absent)), wrong)
  assert.equal((await service.call(`/v1/statements/${id}`, { as: null })).status, 401)
  // A secret adds to what a key may do, and takes nothing from it.
  assert.equal((await bearing('wrong', 'client')).status, 200)
  assert.equal((await bearing('wrong', 'second_client')).status, 404)
  assert.equal((await bearing(BEARERS.secretOf(id), 'second_client')).status, 200)
  assert.equal((await service.call(`/v1/statements/${id}`, { as: 'reviewer' })).status, 403)
})

test('the state of an appeal and its answer stand in the statement', async () => {
  const { sql } = service.ground.database
  const appeal = newId('apl')
  await raw`INSERT INTO darkroom.appeal (id, tenant_id, statement_id, state)
            SELECT ${appeal}, tenant_id, id, 'reviewing' FROM darkroom.statement WHERE id = ${id}`.execute(sql)
  const told = (await read(`/v1/statements/${id}`)).appeal
  assert.deepEqual([told.id, told.state, told.answer, told.ended_at], [appeal, 'reviewing', null, null])
  const answer = { text: 'Two people looked at it.' }
  await raw`UPDATE darkroom.appeal SET state = 'upheld', answer = ${JSON.stringify(answer)}, decided_at = '2026-11-24T00:00:00Z'
             WHERE id = ${appeal}`.execute(sql)
  const { appeal: ended } = await read(`/v1/statements/${id}`)
  const at = '2026-11-24T00:00:00.000Z'
  assert.deepEqual([ended.id, ended.state, ended.ended_at], [appeal, 'upheld', at])
  assert.deepEqual(ended.answer, { ...answer, outcome: 'upheld', decided_at: at })
})

test('guessing is paced by address, and the tenant’s own reading is not', async () => {
  const statuses: number[] = []
  for (let tries = 0; tries < 25; tries++) statuses.push((await bearing('A'.repeat(22))).status)
  assert.ok(statuses.includes(429), String(statuses))
  assert.equal((await service.call(`/v1/statements/${id}`)).status, 200)
})

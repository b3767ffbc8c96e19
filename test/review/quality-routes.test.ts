// Who may read what of quality, and who may make gold questions, by the real routes and keys.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { fastify } from 'fastify'
import { registerAccess } from '../../src/http/access.ts'
import type { App } from '../../src/http/app.ts'
import { problemOf } from '../../src/http/problems.ts'
import { reviewQualityRoutes } from '../../src/http/routes/review-quality.ts'
import { validatorCompiler } from '../../src/http/validation.ts'
import { newId } from '../../src/kernel/ids.ts'
import { claimItem } from '../../src/review/claim.ts'
import { decide } from '../../src/review/decide.ts'
import { settleDue } from '../../src/review/settle.ts'
import { generateKey } from '../../src/tenant/key.ts'
import { ALLOW, addReviewer, type Engine, openEngine, pass, putItem, recorder } from './engine.ts'

let engine: Engine
let app: App
const keys = new Map<string, string>()
const ids = new Map<string, string>()

before(async () => {
  engine = await openEngine()
  app = fastify().withTypeProvider<TypeBoxTypeProvider>()
  app.setValidatorCompiler(validatorCompiler)
  app.setErrorHandler((error, _request, reply) => {
    const { status, code } = problemOf(error, { bodyBytes: 1 })
    return reply.code(status).send({ code })
  })
  registerAccess(app, engine.ground)
  reviewQualityRoutes(app, { ground: engine.ground, review: engine.tools })
  const lead = await addReviewer(engine, { lead: true })
  const ann = await addReviewer(engine, { profile: { lead_id: lead.personId } })
  const ben = await addReviewer(engine)
  const other = await addReviewer(engine, { lead: true })
  const admin = await addReviewer(engine)
  await addKey('lead', lead.personId, ['reviewer', 'lead'])
  await addKey('ann', ann.personId, ['reviewer'])
  await addKey('ben', ben.personId, ['reviewer'])
  await addKey('other', other.personId, ['lead'])
  await addKey('admin', admin.personId, ['admin'])
  await addKey('compliance', ben.personId, ['compliance'])
})
after(async () => {
  await app.close()
  await engine[Symbol.asyncDispose]()
})

async function addKey(name: string, personId: string, roles: string[]): Promise<void> {
  const { sql } = engine.ground.database
  const { text, hash, prefix } = generateKey()
  await sql.updateTable('darkroom.person').set({ roles }).where('id', '=', personId).execute()
  await sql
    .insertInto('darkroom.api_key')
    .values({ id: newId('key'), tenant_id: engine.operatorId, person_id: personId, name, prefix, hash, roles })
    .execute()
  keys.set(name, text)
  ids.set(name, personId)
}

async function ask(as: string, url: string, body?: object) {
  const answer = await app.inject({
    method: body === undefined ? 'GET' : 'POST',
    url,
    headers: { authorization: `Bearer ${keys.get(as)}` },
    ...(body === undefined ? {} : { payload: body }),
  })
  return { status: answer.statusCode, body: answer.json() }
}

test('a lead sees everybody together and the rows of their own people; an administrator sees no rows', async () => {
  const lead = await ask('lead', '/v1/review/quality')
  assert.equal(lead.status, 200)
  assert.deepEqual(
    lead.body.people.map((one: { person_id: string }) => one.person_id),
    [ids.get('ann')],
  )
  assert.deepEqual((await ask('other', '/v1/review/quality')).body.people, [])
  const admin = await ask('admin', '/v1/review/quality')
  assert.deepEqual([admin.status, admin.body.people], [200, []])
  assert.deepEqual(admin.body.agreement.outcome.kappa, {
    standing: 'insufficient',
    n: 0,
    value: null,
    interval_95: null,
  })
  for (const name of ['ann', 'compliance']) assert.equal((await ask(name, '/v1/review/quality')).status, 403)
})

test('everybody who reviews sees their own row and no way to another’s', async () => {
  const { status, body } = await ask('ann', '/v1/review/quality/me?from=2026-01-01&to=2026-01-31')
  assert.equal(status, 200)
  const { object, from, to, ...row } = body
  assert.deepEqual(
    [object, from, to],
    ['review_quality_person', '2026-01-01T00:00:00.000Z', '2026-02-01T00:00:00.000Z'],
  )
  const nothing = { agreement: null, gold: null, overturned: null }
  assert.deepEqual(row, { person_id: ids.get('ann'), standing: 'insufficient', verdicts: 0, ...nothing })
  assert.equal((await ask('admin', '/v1/review/quality/me')).status, 403)
  assert.equal((await ask('ann', `/v1/review/quality/me?person_id=${ids.get('lead')}`)).status, 400)
  assert.equal((await ask('ann', '/v1/review/quality/me?from=yesterday')).status, 400)
})

test('a gold question is a lead’s to make', async () => {
  const itemId = await putItem(engine)
  const { ground, tools } = engine
  const decider = { personId: ids.get('other') ?? '', lead: true }
  const lease = await claimItem(ground.database, tools.rules, decider, itemId)
  await decide(ground.database, tools, decider, itemId, lease.token, ALLOW)
  await pass(engine, 61)
  await settleDue(ground, tools, recorder().effects)
  const body = { item_id: itemId, outcome: 'allow' }
  assert.equal((await ask('ann', '/v1/review/gold', body)).status, 403)
  const made = await ask('lead', '/v1/review/gold', body)
  assert.deepEqual([made.status, made.body], [201, { object: 'review_gold', item_id: itemId, asked: 1 }])
  assert.equal((await ask('lead', '/v1/review/gold', { ...body, item_id: 'rvw_none' })).status, 404)
  assert.equal(
    (await ask('lead', '/v1/review/gold', { ...body, clause: 'weapons/2' })).body.code,
    'decision_incomplete',
  )
})

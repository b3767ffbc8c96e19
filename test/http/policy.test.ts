// The policy as tenants and administrators meet it: settings of a tenant's own, purposes that are granted, versions that were in force,
// and pictures that a prompt asked a person to judge.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, test } from 'node:test'
import { openJudge } from '../../src/commands/judge.ts'
import { generateStage } from '../../src/generate/generate.ts'
import { claimTask } from '../../src/kernel/tasks.ts'
import { moderateStage } from '../../src/moderate/moderate.ts'
import { parseModerationPolicy } from '../../src/policy/load.ts'
import { policyOf, tenantsBeyondPolicy } from '../../src/policy/settings.ts'
import { openAdministration } from './administration.ts'
import { ALLOWED } from './service.ts'

const FILE = 'policies/moderation.yaml'
const SURGERY = 'a massacre, surgical illustration'
const STRICT = { categories: { 'violence/graphic': { hold: 0.2, ignore_contexts: true } } }
const administration = await openAdministration()
const { service, call, clientTenant, notesOf, newTenant, newKey } = administration
after(() => administration[Symbol.asyncDispose]())
const never = async () => assert.fail('a rehearsal needs no model')
const patch = (id: string, body: object) => call(`/v1/admin/tenants/${id}`, { method: 'PATCH', body })

test('a tenant’s settings are held against the policy, noted, read back and taken away', async () => {
  const id = await newTenant()
  assert.deepEqual((await call(`/v1/admin/tenants/${id}`)).body.policy, null)
  const changed = await patch(id, { policy: STRICT })
  assert.deepEqual([changed.status, changed.body.policy], [200, STRICT])
  for (const [categories, field] of [
    [{ violence: { hold: 0.9 } }, 'policy.categories.violence.hold'],
    [{ nonsense: { hold: 0.1 } }, 'policy.categories.nonsense'],
  ]) {
    const answer = await patch(id, { policy: { categories } })
    assert.deepEqual([answer.status, answer.body.field], [400, field])
  }
  assert.equal((await patch(id, { policy: { categories: { violence: { hold: 2 } } } })).status, 400)
  assert.equal((await patch(id, { policy: null })).body.policy, null)
  const facts = (await notesOf(id)).map(({ facts: one }) => JSON.stringify(one))
  assert.match(facts[1] ?? '', /"fields":\["policy"\].*"ignore_contexts":true/)
  assert.match(facts[2] ?? '', /"policy":null/)
})

test('settings count when its prompts are screened, and the refusal says which', async () => {
  const id = await newTenant()
  const { key } = await newKey(id, { name: 'program', roles: ['client'] })
  const ask = async () => (await call('/v1/generations', { key, body: { prompt: SURGERY } })).body
  assert.equal((await ask()).state, 'queued')
  await patch(id, { policy: STRICT })
  const refused = await ask()
  assert.equal(refused.state, 'refused')
  const statement = (await call(`/v1/statements/${refused.statement.id}`, { key })).body
  const { settings } = policyOf(service.policy, STRICT)
  assert.match(settings ?? '', /^[0-9a-f]{64}$/)
  assert.equal(statement.policy.settings, settings)
  assert.ok((await notesOf(refused.id)).every(({ facts }) => Object(facts).settings === settings))
  const moderation = await call('/v1/moderations', { key, body: { input: SURGERY } })
  assert.equal(moderation.body.results[0].flagged, true)
})

test('settings and purposes that a newer policy does not allow are told of by tenant', async () => {
  const { sql } = service.ground.database
  assert.deepEqual(await tenantsBeyondPolicy(sql, service.policy), [])
  const id = await newTenant()
  await patch(id, { policy: { categories: { violence: { hold: 0.54 } } }, purposes: ['art'] })
  assert.deepEqual(await tenantsBeyondPolicy(sql, service.policy), [])
  const text = (await readFile(FILE, 'utf8'))
    .replace('      loosest: { hold: 0.55, deny: 0.95 }\n', '')
    .replace('purposes: [medical, education, art]', 'purposes: [medical, education]')
    .replace('purposes: [art]', 'purposes: []')
  const newer = parseModerationPolicy(Buffer.from(text), FILE)
  const found = await tenantsBeyondPolicy(sql, newer)
  assert.deepEqual(
    found.find((one) => one.id === id),
    { id, fields: ['policy.categories.violence.hold', 'purposes'] },
  )
  await patch(id, { policy: null, purposes: [] })
})

test('a purpose is declared by whoever was granted it, and by nobody else', async () => {
  const id = await newTenant()
  const { key } = await newKey(id, { name: 'program', roles: ['client'] })
  const ask = (purpose: string) => call('/v1/generations', { key, body: { prompt: ALLOWED, purpose } })
  const refused = await ask('medical')
  assert.deepEqual([refused.status, refused.body.field], [400, 'purpose'])
  assert.match(refused.body.detail, /not granted to this tenant; an administrator of the operator/)
  assert.deepEqual((await patch(id, { purposes: ['nonsense'] })).body.field, 'purposes')
  await patch(id, { purposes: ['medical'] })
  assert.equal((await ask('medical')).status, 202)
  assert.equal((await ask('art')).status, 400)
  assert.deepEqual((await call(`/v1/admin/tenants/${clientTenant}`)).body.purposes, service.policy.purposes)
})

test('administrators and compliance read which policy was in force, and its text', async () => {
  for (const as of ['admin', 'compliance']) {
    const { body } = await call('/v1/admin/policies?id=moderation', { as })
    assert.deepEqual(
      body.data.map(({ digest, live_until }: Record<string, unknown>) => [digest, live_until]),
      [[service.policy.digest, null]],
    )
    const { live_from } = body.data[0]
    const at = async (time: string) => (await call(`/v1/admin/policies?id=moderation&at=${time}`, { as })).body.data
    assert.equal((await at(live_from)).length, 1)
    assert.deepEqual(await at('2020-01-01T00:00:00Z'), [])
    const found = await call(`/v1/admin/policies/${service.policy.digest}`, { as })
    assert.equal(found.body.document, service.policy.text)
  }
  assert.equal((await call('/v1/admin/policies/nothing')).status, 404)
  assert.deepEqual((await call('/v1/admin/policies?at=yesterday')).body.field, 'at')
  assert.deepEqual((await call('/v1/admin/policies?after=x')).body.field, 'after')
  assert.equal((await call('/v1/admin/policies', { as: 'client' })).status, 403)
})

test('what a prompt asks a person to judge is drawn, and held by that clause', async () => {
  const text = (await readFile(FILE, 'utf8')).replace(
    /(when: '"harassment" in .*\n {10}action: )deny/,
    (_, start: string) => `${start}hold`,
  )
  const holding = parseModerationPolicy(Buffer.from(text), FILE)
  const judge = openJudge(holding, 30)
  const seen = {
    categories: { weapons: 0, 'violence/graphic': 0 },
    classifiers: [{ id: 'eye', version: '1', digest: 'e'.repeat(64) }],
    opinions: [],
  }
  const of = (prompt: string) =>
    judge(seen, {
      tenantId: clientTenant,
      settings: null,
      purpose: null,
      prompt,
      negativePrompt: null,
      promptSyntax: 'plain',
    })
  const asked = of('a picture to mock my classmate')
  assert.deepEqual([asked.verdict, asked.facts.reason, asked.facts.clause], ['hold', 'asked', 'harassment/1'])
  assert.equal(of('a red house').verdict, 'allow')
})

test('settings count when a picture is judged, as they are then, and its verdict says which', async () => {
  const { sql } = service.ground.database
  await patch(clientTenant, { sandbox: true })
  const { requestId } = await service.admit({ prompt: 'sandbox:held' })
  await patch(clientTenant, { policy: STRICT })
  const { review } = service.admission
  const judged = {
    classify: never,
    classifiersOf: () => ['eye'],
    judge: openJudge(service.policy, 30),
    mayRetry: () => false,
    review,
  }
  const { signal } = new AbortController()
  for (const stage of ['generate', 'moderate'] as const) {
    const task = await sql
      .selectFrom('darkroom.task')
      .select('id')
      .where('stage', '=', stage)
      .orderBy('id', 'desc')
      .executeTakeFirst()
    const claim = await claimTask(sql, task?.id ?? '', 60_000)
    assert.ok(claim)
    if (stage === 'generate') await generateStage(service.ground, never, claim, signal)
    else await moderateStage(service.ground, judged, claim)
  }
  const [image] = await sql
    .selectFrom('darkroom.image')
    .select(['state', 'verdict'])
    .where('request_id', '=', requestId)
    .execute()
  assert.equal(image?.state, 'held')
  assert.equal(Object(image?.verdict).policy.settings, policyOf(service.policy, STRICT).settings)
  await patch(clientTenant, { policy: null, sandbox: false })
})

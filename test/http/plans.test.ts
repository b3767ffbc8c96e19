// A tenant's plan and what it used, as administrators see it; and a tenant whose plan is gone from policies/quotas.yaml.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { authenticate } from '../../src/tenant/caller.ts'
import { tenantsWithoutLimits } from '../../src/tenant/quota.ts'
import { ALLOWED, json, openService, type Service } from './service.ts'

let service: Service
let client: string
let second: string
let operator: string
before(async () => {
  service = await openService()
  const tenantOf = async (name: string) => (await authenticate(service.ground, service.key(name))).tenantId
  ;[client, second, operator] = await Promise.all([tenantOf('client'), tenantOf('second_client'), tenantOf('admin')])
})
after(() => service[Symbol.asyncDispose]())
beforeEach(() => setPlan('default'))

const setPlan = (plan: string) =>
  service.ground.database.sql.updateTable('darkroom.tenant').set({ plan }).where('id', '=', client).execute()
const usageOf = (id: string, as: string, query = '') => service.call(`/v1/admin/tenants/${id}/usage${query}`, { as })

test('the operator’s administrator reads any tenant’s usage, as the tenant reads it itself', async () => {
  assert.equal((await service.call('/v1/generations', json({ prompt: ALLOWED }))).status, 202)
  const answer = await usageOf(client, 'admin', '?from=2026-01-01&to=2026-01-02')
  assert.equal(answer.status, 200)
  const own = await service.call('/v1/usage?from=2026-01-01&to=2026-01-02')
  assert.deepEqual(await answer.json(), await own.json())
  const today = await (await usageOf(client, 'admin')).json()
  assert.equal(today.tenant_id, client)
  assert.equal(today.days.at(-1).requests, 1)
})

test('a tenant’s own administrator reads theirs; any other tenant does not exist for them, and clients may not ask', async () => {
  const made = await service.call(`/v1/admin/tenants/${client}/keys`, {
    ...json({ name: 'own administrator', roles: ['tenant_admin'] }),
    as: 'admin',
  })
  const { key } = await made.json()
  const asked = async (id: string) =>
    (await fetch(`${service.url}/v1/admin/tenants/${id}/usage`, { headers: { authorization: `Bearer ${key}` } })).status
  assert.deepEqual(
    await Promise.all([client, second, operator, `ten_${'0'.repeat(26)}`].map(asked)),
    [200, 404, 404, 404],
  )
  assert.equal((await usageOf(client, 'client')).status, 403)
  assert.equal((await usageOf(client, 'reviewer')).status, 403)
  assert.equal((await usageOf(`ten_${'0'.repeat(26)}`, 'admin')).status, 404)
  assert.equal((await usageOf(client, 'admin', '?from=yesterday')).status, 400)
})

test('a tenant whose plan is gone is told 503 in both dialects, is named to the operator, and others are served', async () => {
  await setPlan('retired')
  const native = await service.call('/v1/generations', json({ prompt: ALLOWED }))
  assert.deepEqual([native.status, (await native.json()).code], [503, 'plan_missing'])
  const openai = await service.call('/v1/images/generations', json({ prompt: ALLOWED, model: 'storybook' }))
  assert.deepEqual([openai.status, (await openai.json()).error.code], [503, 'plan_missing'])
  for (const path of ['/v1/usage', `/v1/admin/tenants/${client}/usage`])
    assert.equal((await service.call(path, { as: path === '/v1/usage' ? 'client' : 'admin' })).status, 503, path)
  assert.equal(
    (await service.call('/v1/generations', { ...json({ prompt: ALLOWED }), as: 'second_client' })).status,
    202,
  )
  const plans = new Map([['default', LIMITS]])
  assert.deepEqual(await tenantsWithoutLimits(service.ground.database.sql, plans), [{ id: client, plan: 'retired' }])
  await setPlan('default')
  assert.deepEqual(await tenantsWithoutLimits(service.ground.database.sql, plans), [])
})

test('nobody can be given a plan that is not there, and one that is gone can be mended by giving another', async () => {
  const patch = (plan: string) =>
    service.call(`/v1/admin/tenants/${client}`, { ...json({ plan }), method: 'PATCH', as: 'admin' })
  const refused = await patch('nosuchplan')
  assert.deepEqual([refused.status, (await refused.json()).field], [400, 'plan'])
  await setPlan('retired')
  assert.equal((await patch('trial')).status, 200)
  assert.equal((await service.call('/v1/generations', json({ prompt: ALLOWED }))).status, 202)
})

const LIMITS = {
  requests: null,
  moderations: null,
  refusals: null,
  requests_per_day: null,
  images_per_day: null,
  gpu_seconds_per_day: null,
  upload_bytes_per_day: null,
  stored_bytes: null,
  concurrent_requests: null,
  listeners: null,
}

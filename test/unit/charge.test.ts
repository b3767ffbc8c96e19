// One charge for every request that ends, whatever its end; nothing for what did not reach the tenant.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { forgetStored, meterDevice } from '../../src/kernel/charge.ts'
import { cancelRequest } from '../../src/outcome.ts'
import type { End } from '../http/develop.ts'
import { ALLOWED, FORBIDDEN, failWhole, openService, type Service } from '../http/service.ts'

let service: Service
before(async () => {
  service = await openService()
})
after(() => service[Symbol.asyncDispose]())

const chargesOf = (requestId: string) =>
  service.ground.database.sql
    .selectFrom('darkroom.charge')
    .select(['images', 'gpu_ms', 'reason'])
    .where('request_id', '=', requestId)
    .execute()
const usageNow = async () =>
  service.ground.database.sql
    .selectFrom('darkroom.usage')
    .select(['images', 'gpu_ms', 'refusals', 'failures'])
    .executeTakeFirstOrThrow()
const meter = (requestId: string, ms: number) =>
  service.ground.database.transact((tx) => meterDevice(tx, requestId, 'tsk_none', ms))

async function made(ends: readonly End[], ms: number): Promise<string> {
  const { requestId } = await service.admit({ prompt: ALLOWED, n: ends.length })
  await meter(requestId, ms)
  await service.develop(requestId, ends)
  return requestId
}

test('a request is charged once, for the pictures that reached the tenant and their share of the device', async () => {
  const requestId = await made(['published', 'denied', 'published', { failed: 'nan' }], 4000)
  assert.deepEqual(await chargesOf(requestId), [{ images: 2, gpu_ms: '2000', reason: 'published' }])
  assert.deepEqual(await usageNow(), { images: '2', gpu_ms: '2000', refusals: '0', failures: '0' })
})

test('what was withheld, refused, failed or cancelled is charged nothing, and says why', async () => {
  const withheld = await made(['held', 'denied'], 900)
  const { requestId: refused } = await service.admit({ prompt: FORBIDDEN })
  const { requestId: failed } = await service.admit({ prompt: ALLOWED })
  await meter(failed, 700)
  await failWhole(service, failed, 'out_of_memory')
  const { requestId: cancelled } = await service.admit({ prompt: ALLOWED })
  const { tenant_id } = await service.ground.database.sql
    .selectFrom('darkroom.request')
    .select('tenant_id')
    .where('id', '=', cancelled)
    .executeTakeFirstOrThrow()
  await cancelRequest(service.ground, tenant_id, cancelled)
  for (const [requestId, reason] of [
    [withheld, 'withheld'],
    [refused, 'refused'],
    [failed, 'failed'],
    [cancelled, 'cancelled'],
  ] as const)
    assert.deepEqual(await chargesOf(requestId), [{ images: 0, gpu_ms: '0', reason }])
  assert.deepEqual(await usageNow(), { images: '2', gpu_ms: '2000', refusals: '1', failures: '1' })
})

test('a request that is not at its end has no charge yet', async () => {
  const { requestId } = await service.admit({ prompt: ALLOWED })
  await meter(requestId, 100)
  assert.deepEqual(await chargesOf(requestId), [])
})

test('released files are stored until they are forgotten, and are forgotten once', async () => {
  const { sql, transact } = service.ground.database
  const stored = async () => (await sql.selectFrom('darkroom.usage').select('stored_bytes').execute())[0]?.stored_bytes
  const before = Number(await stored())
  const requestId = await made(['published', 'published'], 10)
  const images = await sql
    .selectFrom('darkroom.image')
    .select(['id', 'tenant_id', 'size_bytes'])
    .where('request_id', '=', requestId)
    .execute()
  const bytes = images.reduce((sum, image) => sum + Number(image.size_bytes), 0)
  assert.ok(bytes > 0)
  assert.equal(Number(await stored()), before + bytes)
  const forget = () =>
    transact((tx) =>
      forgetStored(
        tx,
        images[0]?.tenant_id ?? '',
        images.map((image) => image.id),
      ),
    )
  await forget()
  await forget()
  assert.equal(Number(await stored()), before)
})

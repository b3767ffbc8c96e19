// Withdrawal by the owner: from the transaction on nothing hands the picture out, its file goes back to quarantine, and its record stays.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { openRegistry } from '../../src/commands/registry.ts'
import { isFault } from '../../src/kernel/fault.ts'
import { takeBackImage } from '../../src/publish/withdraw.ts'
import { json } from '../http/service.ts'
import { LOOPBACK } from '../notify/receiver.ts'
import { breakEverywhere, type House, has, openHouse } from './house.ts'

let house: House
before(async () => {
  house = await openHouse(LOOPBACK)
})
after(() => house[Symbol.asyncDispose]())
beforeEach(() => house.today())

const withdraw = (id: string, as = 'client') => house.call(`/v1/images/${id}/withdraw`, { method: 'POST', as })
const bytesOf = async (id: string) => (await house.ground.images.get(`${id}.png`)).bytes
const markedKeyOf = async (id: string) => {
  const { marked } = await house.rowOf('image', id)
  return `${id}/marked-${Object(Object(marked).digests).file}`
}

test('a picture that its owner takes back is handed out no more, and what it was is still known', async () => {
  const hook = { url: 'http://127.0.0.1:9009/hook', events: ['image.withdrawn'] }
  assert.equal((await house.call('/v1/webhooks', json(hook))).status, 201)
  const { imageId } = await house.published()
  const bytes = await bytesOf(imageId)
  const link = (await house.call(`/v1/images/${imageId}/content`)).headers.get('location') ?? ''
  assert.equal((await house.call(link, { as: null })).status, 200)
  const { status, body } = await withdraw(imageId)
  assert.deepEqual([status, body.state, body.url, body.provenance], [200, 'withdrawn', null, null])

  assert.equal((await house.call(link, { as: null })).status, 404, 'links that were handed out end')
  for (const part of ['content', 'manifest']) {
    const answer = await house.call(`/v1/images/${imageId}/${part}`)
    assert.deepEqual([answer.status, answer.body.code], [409, 'conflict'])
    assert.match(answer.body.detail, /withdrawn.*\/v1\/statements\/sor_/)
  }
  const { body: statement } = await house.call(`/v1/statements/${body.statement.id}`)
  assert.deepEqual(
    [statement.decided_by, statement.source, statement.restriction.kind, statement.redress.kind, statement.clause],
    ['owner', 'owner', 'image_withdrawn', 'none', null],
  )
  const { manifest_id, size_bytes } = await house.rowOf('image', imageId)
  assert.equal(size_bytes, null)
  const registry = openRegistry(house.ground.database)
  assert.equal((await registry.byManifestId(manifest_id ?? ''))?.imageId, imageId)
  assert.deepEqual((await house.ground.quarantine.get(await markedKeyOf(imageId))).bytes, bytes)
  const messages = await house.sql
    .selectFrom('darkroom.webhook_message')
    .select('subject_id')
    .where('kind', '=', 'image.withdrawn')
    .execute()
  assert.deepEqual(messages, [{ subject_id: imageId }])
})

test('again is no error and one fact; what is another tenant’s, not published or erased is refused', async () => {
  const { imageId, requestId } = await house.published()
  assert.equal((await withdraw(imageId, 'second_client')).status, 404)
  assert.equal((await withdraw('img_nothing')).status, 404)
  assert.equal((await house.rowOf('image', imageId)).state, 'published')
  const both = await Promise.all([withdraw(imageId), withdraw(imageId)])
  assert.deepEqual([...both.map(({ status }) => status), (await withdraw(imageId)).status], [200, 200, 200])
  const moves = await house.sql
    .selectFrom('darkroom.move')
    .select('kind')
    .where('subject_id', '=', imageId)
    .where('kind', '=', 'image.withdrawn')
    .execute()
  assert.equal(moves.length, 1)
  assert.equal((await withdraw((await house.denied()).imageId)).status, 409)
  await house.service.call(`/v1/generations/${requestId}`, { method: 'DELETE' })
  assert.equal((await withdraw(imageId)).status, 410)
})

test('a withdrawn file is kept for a grace and then erased, and a copy that was given up is taken back first', async () => {
  const { imageId } = await house.published()
  await house.days(house.rules.releasedOriginalDays + 1)
  await house.janitor()
  const key = await markedKeyOf(imageId)
  assert.equal(await has(house.ground.quarantine, key), false)
  await withdraw(imageId)
  assert.ok(await has(house.ground.quarantine, key))
  await house.days(house.rules.graceDays - 0.1)
  await house.janitor()
  assert.ok(await has(house.ground.quarantine, key))
  await house.days(0.2)
  await house.janitor()
  assert.equal(await has(house.ground.quarantine, key), false)
  assert.equal((await house.call(`/v1/images/${imageId}`)).status, 410)
})

test('whatever fails, before or after it took effect, the file leaves the public store and is not lost', async () => {
  let imageId = ''
  let bytes: Buffer = Buffer.alloc(0)
  const doer = { tenantId: '', keyId: null, personId: null }
  const steps = await breakEverywhere(
    house,
    async (ground) => {
      await takeBackImage(ground, house.policy, doer, imageId).catch((error: unknown) => {
        if (!isFault(error, 'storage_error')) throw error
      })
    },
    {
      prepare: async () => {
        imageId = (await house.published()).imageId
        bytes = await bytesOf(imageId)
        doer.tenantId = (await house.rowOf('image', imageId)).tenant_id
      },
      check: async (where) => {
        assert.equal((await house.rowOf('image', imageId)).state, 'withdrawn', where)
        assert.equal(await has(house.ground.images, `${imageId}.png`), false, where)
        assert.deepEqual((await house.ground.quarantine.get(await markedKeyOf(imageId))).bytes, bytes, where)
      },
    },
  )
  assert.ok(steps >= 12, `${steps} steps broke`)
})

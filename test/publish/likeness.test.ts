// What can be found by its looks: a released picture whose fingerprint tells it from others, for as long as its content is here.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql as raw } from 'kysely'
import { openRegistry } from '../../src/commands/registry.ts'
import { ALLOWED } from '../http/service.ts'
import { type House, openHouse } from './house.ts'

let house: House
before(async () => {
  house = await openHouse()
})
after(() => house[Symbol.asyncDispose]())

let next = 1
/** Published with this fingerprint, as the mark stage would have recorded it. */
async function published(fingerprint: { hex: string; weak: boolean | null }) {
  const { requestId } = await house.service.admit({ prompt: ALLOWED, n: 1 })
  const [imageId = ''] = await house.develop(requestId, [{}])
  await house.sql
    .updateTable('darkroom.image')
    .set({ fingerprint: fingerprint.hex, fingerprint_weak: fingerprint.weak })
    .where('id', '=', imageId)
    .execute()
  const found = async () => (await openRegistry(house.ground.database).byLikeness(fingerprint.hex))?.imageId ?? null
  assert.equal(await found(), null, 'not before it is released')
  await house.finish()
  assert.equal(await house.stateOf('image', imageId), 'published')
  return { requestId, imageId, found }
}
const another = () => (next++).toString(16).padStart(2, '0').repeat(32)
const erase = (requestId: string) => house.call(`/v1/generations/${requestId}`, { method: 'DELETE' })

test('a released picture is found by its looks, a withdrawn one too, an erased one not any more', async () => {
  const { requestId, imageId, found } = await published({ hex: another(), weak: false })
  assert.equal(await found(), imageId)
  assert.equal((await house.call(`/v1/images/${imageId}/withdraw`, { method: 'POST' })).status, 200)
  assert.equal(await found(), imageId)
  const registry = openRegistry(house.ground.database)
  const { manifest_id: manifestId } = await house.rowOf('image', imageId)
  assert.equal((await registry.byManifestId(manifestId ?? ''))?.available, false)
  assert.equal((await erase(requestId)).status, 204)
  assert.equal(await found(), null)
  const known = await registry.byManifestId(manifestId ?? '')
  assert.deepEqual(
    [known?.imageId, known?.fingerprint?.weak],
    [imageId, false],
    'its record stays, for what carries it',
  )
})

test('what is erased and must be kept is found no more either', async () => {
  const { requestId, imageId, found } = await published({ hex: another(), weak: false })
  await house.hold(requestId)
  assert.equal(await found(), imageId)
  assert.equal((await erase(requestId)).status, 204)
  assert.equal(await found(), null)
})

test('a plain picture, and one that nobody called telling, is found by no likeness', async () => {
  assert.equal(await (await published({ hex: another(), weak: true })).found(), null)
  assert.equal(await (await published({ hex: another(), weak: null })).found(), null)
})

test('a mark leads to its image under the key that it was made with, and under no other', async () => {
  const { imageId } = await published({ hex: another(), weak: false })
  const { mark_id: markId } = await house.rowOf('image', imageId)
  await raw`UPDATE darkroom.image SET marked = jsonb_set(marked, '{watermark}', '{"epoch": 2}') WHERE id = ${imageId}`.execute(
    house.sql,
  )
  const registry = openRegistry(house.ground.database)
  assert.equal((await registry.byMarkId(Number(markId), 2))?.imageId, imageId)
  assert.equal(await registry.byMarkId(Number(markId), 1), null)
})

// What may be left in the stores of an image that ended without a picture, whoever wrote it and whenever: a publication that a
// cancellation overtook, a worker that died in between, one that came back after a long pause. And what must stay.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { sql as raw } from 'kysely'
import { generateStage } from '../../src/generate/generate.ts'
import { isFault } from '../../src/kernel/fault.ts'
import type { Ground } from '../../src/kernel/ground.ts'
import { claimTask } from '../../src/kernel/tasks.ts'
import { cancelRequest } from '../../src/outcome.ts'
import { eraseGeneration, finishErasures } from '../../src/publish/erase.ts'
import { removeLeftovers } from '../../src/publish/leftovers.ts'
import { publishStage } from '../../src/publish/release.ts'
import { memoryStore, openWorld, queueMarked, queueRequest, type World } from '../support/world.ts'

const stores = { images: memoryStore(), quarantine: memoryStore() }
let world: World
let ground: Ground
before(async () => {
  world = await openWorld()
  ground = { ...world.ground, ...stores }
})
after(() => world[Symbol.asyncDispose]())
beforeEach(() => setClock(0))

const FILE = { bytes: Buffer.from('the marked file'), contentType: 'image/png' }
const unstopped = new AbortController().signal
const setClock = (minutes: number) =>
  raw`UPDATE darkroom.clock_offset SET by = ${minutes} * interval '1 minute'`.execute(world.ground.database.sql)
const keysOf = (id: string) =>
  [stores.images, stores.quarantine].flatMap(({ objects }) => [...objects.keys()].filter((key) => key.startsWith(id)))
const claimTo = async (taskId: string) =>
  (await claimTask(ground.database.sql, taskId, 60_000)) ?? assert.fail('nobody may hold it')
const isLeft = async (id: string) =>
  (
    await world.ground.database.sql
      .selectFrom('darkroom.leftover')
      .select('image_id')
      .where('image_id', '=', id)
      .execute()
  ).length > 0
async function aboutToPublish() {
  const [tenant] = world.tenants
  return { ...(await queueMarked(world, tenant, stores.quarantine, FILE)), tenantId: tenant.id }
}

/** The ground, on which something happens just after a file was stored under the key. */
function afterPut(store: 'images' | 'quarantine', key: string, happens: () => Promise<unknown>): Ground {
  const put = async (...given: Parameters<Ground['images']['putIfAbsent']>) => {
    const outcome = await stores[store].putIfAbsent(...given)
    if (given[0] === key) await happens()
    return outcome
  }
  return { ...ground, [store]: { ...stores[store], putIfAbsent: put } }
}

test('a publication that a cancellation overtook takes its file away again', async () => {
  const { requestId, tenantId, claim, key, imageId } = await aboutToPublish()
  const overtaken = afterPut('images', key, () => cancelRequest(ground, tenantId, requestId))
  await assert.rejects(publishStage(overtaken, claim, unstopped), (error) => isFault(error, 'lease_lost'))
  assert.equal(stores.images.objects.has(key), false)
  assert.ok(await isLeft(imageId))
})

test('the file of a publisher that died, and whose image was then cancelled, is removed within a pass', async () => {
  const { requestId, tenantId, key, imageId } = await aboutToPublish()
  await stores.images.putIfAbsent(key, FILE)
  await stores.quarantine.putIfAbsent(`${imageId}/generated`, FILE)
  await cancelRequest(ground, tenantId, requestId)
  assert.ok((await removeLeftovers(ground)) >= 1)
  assert.deepEqual(keysOf(imageId), [])
  assert.ok(await isLeft(imageId), 'it is looked after once more')
  await stores.images.putIfAbsent(key, FILE)
  await setClock(11)
  await removeLeftovers(ground)
  assert.deepEqual(keysOf(imageId), [], 'what came later too')
  assert.equal(await isLeft(imageId), false)
})

test('two publishers of one image leave its file alone', async () => {
  const { claim, key } = await aboutToPublish()
  const first = afterPut('images', key, async () => {
    await raw`UPDATE darkroom.task SET lease_until = darkroom.now() WHERE id = ${claim.taskId}`.execute(
      ground.database.sql,
    )
    await publishStage(ground, await claimTo(claim.taskId), unstopped)
  })
  await assert.rejects(publishStage(first, claim, unstopped), (error) => isFault(error, 'lease_lost'))
  assert.ok(stores.images.objects.has(key))
})

test('a picture that arrives after its request was cancelled is not kept', async () => {
  const [tenant] = world.tenants
  const { requestId, imageIds, taskId } = await queueRequest(world, tenant)
  const [imageId] = imageIds
  assert.ok(imageId)
  const key = `${imageId}/generated`
  const overtaken = afterPut('quarantine', key, () => cancelRequest(ground, tenant.id, requestId))
  const rendering = generateStage(
    overtaken,
    async (_model, samples, { onPicture }) => {
      for (const { id, width, height } of samples)
        await onPicture(
          id,
          { width, height, rgb: new Uint8Array(width * height * 3) },
          { truncated: false, provider: 'cpu' },
        )
    },
    await claimTo(taskId),
    new AbortController().signal,
  )
  await assert.rejects(rendering, (error) => isFault(error, 'lease_lost'))
  assert.deepEqual(keysOf(imageId), [])
})

test('what waits on no device and was never rendered leaves nothing to look after', async () => {
  const [tenant] = world.tenants
  const { requestId, imageIds } = await queueRequest(world, tenant)
  await cancelRequest(ground, tenant.id, requestId)
  assert.equal(await isLeft(imageIds[0] ?? ''), false)
})

test('an erasure reaches every attempt at marking and what was uploaded, named by a row or not', async () => {
  const { requestId, tenantId, imageId } = await aboutToPublish()
  await stores.quarantine.putIfAbsent(`${imageId}/marked-${'f'.repeat(64)}`, FILE)
  await stores.images.putIfAbsent(`${imageId}/preview-2`, FILE)
  await stores.quarantine.putIfAbsent(`${requestId}/original-0`, FILE)
  await eraseGeneration(ground, { tenantId, keyId: null, personId: null }, requestId, async () => {})
  assert.deepEqual([...keysOf(imageId), ...keysOf(requestId)], [])
})

test('a publisher that comes back after an erasure is over brings nothing back', async () => {
  const { requestId, tenantId, claim, key, imageId } = await aboutToPublish()
  await stores.quarantine.putIfAbsent(`${imageId}/marked-kept`, FILE)
  const paused = afterPut('images', key, async () => {
    await eraseGeneration(ground, { tenantId, keyId: null, personId: null }, requestId, async () => {})
    await setClock(11)
    await finishErasures(ground)
    await stores.images.putIfAbsent(key, FILE)
  })
  await assert.rejects(publishStage(paused, claim, unstopped), (error) => isFault(error, 'lease_lost'))
  assert.deepEqual(keysOf(imageId), [])
})

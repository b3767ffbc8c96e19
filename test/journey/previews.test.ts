// Previews and the end of a render, with a device and marks that the test plays: what is shown, what is not, and what goes with it.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql as raw } from 'kysely'
import { advance } from '../../src/advance.ts'
import { generateStage } from '../../src/generate/generate.ts'
import { forgetPreviews, openPreviewDesk, type PreviewTools } from '../../src/generate/previews.ts'
import { Fault, isFault } from '../../src/kernel/fault.ts'
import type { Generate, Preview, SampleOrder } from '../../src/kernel/model.ts'
import { claimTask } from '../../src/kernel/tasks.ts'
import { cancelRequest } from '../../src/outcome.ts'
import { memoryStore, openWorld, queueRequest, type World } from '../support/world.ts'

const MADE = {
  truncated: false,
  provider: 'cpu',
  dtype: 'float32',
  runtime: 'a runtime 1.0',
  schedulerConfig: 'c'.repeat(64),
}
const LEASE_MS = 60_000
let world: World
let store: ReturnType<typeof memoryStore>
before(async () => {
  world = await openWorld()
})
after(() => world[Symbol.asyncDispose]())
beforeEach(() => {
  store = memoryStore()
  world.ground = { ...world.ground, images: store }
  world.told.length = 0
})

const black = ({ width, height }: SampleOrder) => ({ width, height, rgb: new Uint8Array(width * height * 3) })
const score = (violence: number): Preview['scores'] => [
  { id: 'eye', version: '1', digest: 'd'.repeat(64), categories: { violence } },
]

/** Allows below one half; marks by writing the image's id. */
const tools: PreviewTools = {
  judge: (scores) => {
    if (scores === null) return 'hold'
    return (scores[0]?.categories.violence ?? 1) < 0.5 ? 'allow' : 'deny'
  },
  mark: async ({ id, index }) => ({ bytes: Buffer.from(`${id} ${index}`), mimeType: 'image/png' }),
}

/** Renders one request whose device gives each image these previews, by what the classifiers say of each. */
async function render(
  scores: Preview['scores'][],
  options: { n?: number; tools?: Partial<PreviewTools>; between?: (requestId: string) => Promise<void> } = {},
) {
  const tenant = world.tenants[0]
  const { requestId, imageIds, taskId } = await queueRequest(world, tenant, { n: options.n ?? 1 })
  await world.ground.database.sql
    .updateTable('darkroom.request')
    .set({ previews: 3 })
    .where('id', '=', requestId)
    .execute()
  const claim = await claimTask(world.ground.database.sql, taskId, LEASE_MS)
  assert.ok(claim)
  const desk = openPreviewDesk(world.ground, { ...tools, ...options.tools })
  const asked: (number | undefined)[] = []
  const generate: Generate = async (_model, samples, { onPreview, onPicture }) => {
    for (const sample of samples) {
      asked.push(sample.previews)
      if (sample.previews)
        scores.forEach((one, index) => {
          onPreview?.(sample.id, { index, picture: black(sample), scores: one })
        })
    }
    // The desk works on its own time; here the picture waits for it.
    await sleep(100)
    await options.between?.(requestId)
    for (const sample of samples) await onPicture(sample.id, black(sample), MADE)
  }
  const run = generateStage(world.ground, generate, claim, new AbortController().signal, desk)
  return { requestId, imageIds, asked, run, desk, tenant }
}

const rows = (imageIds: string[]) =>
  world.ground.database.sql
    .selectFrom('darkroom.preview')
    .selectAll()
    .where('image_id', 'in', imageIds)
    .orderBy('image_id')
    .orderBy('position')
    .execute()

const imageRow = (id: string) =>
  world.ground.database.sql.selectFrom('darkroom.image').selectAll().where('id', '=', id).executeTakeFirstOrThrow()

/** Moves an image of the request as its stages would. */
async function move(imageId: string, to: 'held' | 'cleared' | 'failed'): Promise<void> {
  const { tenant_id, version } = await imageRow(imageId)
  await world.ground.database.transact(async (tx) => {
    const common = {
      subject: 'image',
      id: imageId,
      tenantId: tenant_id,
      from: 'generated',
      version,
      to,
      facts: {},
    } as const
    await advance(
      tx,
      to === 'failed' ? { ...common, set: { failure: 'timeout' } } : { ...common, set: { verdict: '{}' } },
    )
  })
}

test('a preview that the policy allows is stored as marked, told on the bell, and readable', async () => {
  const { requestId, imageIds, run } = await render([score(0.1), score(0.2)], { n: 2 })
  await run
  const shown = await rows(imageIds)
  assert.equal(shown.length, 4)
  for (const { image_id, position, object_key, content_type, width, height, released_at } of shown) {
    assert.equal(object_key, `${image_id}/preview-${position}`)
    assert.equal(store.objects.get(object_key)?.bytes.toString(), `${image_id} ${position}`)
    assert.deepEqual([content_type, width, height], ['image/png', 128, 128])
    assert.ok(released_at)
  }
  const told = world.told.filter(({ message }) => JSON.stringify(message).includes('preview'))
  assert.equal(told.length, 4)
  assert.deepEqual(told[0], { topic: `request.${requestId}`, message: { preview: imageIds[0], index: 0 } })
})

for (const [name, scores] of [
  ['that is denied', score(0.9)],
  ['that nobody could judge', null],
] as const)
  test(`a preview ${name} is not stored, and ends those of its image and of no other`, async () => {
    const { imageIds, run } = await render([score(0.1), scores, score(0.1)], { n: 2 })
    await run
    assert.deepEqual(
      (await rows(imageIds)).map(({ position }) => position),
      [0, 0],
    )
    assert.equal(store.objects.size, 2)
  })

test('a tenant without previews has none made', async () => {
  const allow = (allowed: boolean) =>
    world.ground.database.sql
      .updateTable('darkroom.tenant')
      .set({ previews_allowed: allowed })
      .where('id', '=', world.tenants[0].id)
      .execute()
  await allow(false)
  const { asked, imageIds, run } = await render([score(0.1)])
  await run
  await allow(true)
  assert.deepEqual(asked, [0])
  assert.deepEqual(await rows(imageIds), [])
})

test('a preview that cannot be marked costs that one alone, and its picture nothing', async () => {
  const mark: PreviewTools['mark'] = async (image, picture, order) => {
    if (image.index === 0) throw new Fault('mark_failed')
    return tools.mark(image, picture, order)
  }
  const { imageIds, run } = await render([score(0.1), score(0.1)], { tools: { mark } })
  await run
  const [first, second] = await rows(imageIds)
  assert.equal(first?.released_at, null)
  assert.ok(second?.released_at)
  assert.equal((await imageRow(imageIds[0] ?? '')).state, 'generated')
  assert.deepEqual([...store.objects.keys()], [`${imageIds[0]}/preview-1`])
})

for (const to of ['held', 'failed'] as const)
  test(`when its image is ${to} a preview can no longer be read at once, and the janitor removes it`, async () => {
    const { imageIds, run } = await render([score(0.1)], { n: 2 })
    await run
    const [gone = '', stays = ''] = imageIds
    await move(gone, to)
    await move(stays, 'cleared')
    assert.deepEqual(
      (await rows([gone])).map(({ released_at }) => released_at),
      [null],
    )
    while ((await forgetPreviews(world.ground, 60_000)) > 0);
    assert.deepEqual(await rows([gone]), [])
    assert.deepEqual([...store.objects.keys()], [`${stays}/preview-0`])
    assert.equal((await rows([stays])).length, 1)
  })

test('previews of a published image stay for a while', async () => {
  const { imageIds, run } = await render([score(0.1)])
  await run
  await raw`UPDATE darkroom.image SET state = 'published', verdict = '{}', marked = '{}', manifest_id = 'm', object_key = 'k',
    published_at = darkroom.now() - interval '30 seconds' WHERE id = ${imageIds[0]}`.execute(world.ground.database.sql)
  await forgetPreviews(world.ground, 60_000)
  assert.equal((await rows(imageIds)).length, 1)
  await forgetPreviews(world.ground, 20_000)
  assert.equal((await rows(imageIds)).length, 0)
  assert.equal(store.objects.size, 0)
})

test('a preview whose image ends while it is being marked is never readable and leaves no object', async () => {
  const marking = Promise.withResolvers<void>()
  const cancelled = Promise.withResolvers<void>()
  const mark: PreviewTools['mark'] = async (image, picture, order) => {
    marking.resolve()
    await cancelled.promise
    return tools.mark(image, picture, order)
  }
  const between = async (requestId: string) => {
    await marking.promise
    await cancelRequest(world.ground, world.tenants[0].id, requestId)
    cancelled.resolve()
    throw new Fault('cancelled')
  }
  const { imageIds, run, desk } = await render([score(0.1)], { tools: { mark }, between })
  await assert.rejects(run, (error) => isFault(error, 'cancelled'))
  await desk[Symbol.asyncDispose]()
  assert.equal((await rows(imageIds))[0]?.released_at, null)
  assert.equal(store.objects.size, 0)
})

test('a retry adopts the previews of an earlier attempt and shows each once', async () => {
  const { requestId, imageIds, desk } = await render([])
  const order = await world.ground.database.sql
    .selectFrom('darkroom.request')
    .selectAll()
    .where('id', '=', requestId)
    .executeTakeFirstOrThrow()
  const preview = {
    index: 0,
    picture: { width: 128, height: 128, rgb: new Uint8Array(128 * 128 * 3) },
    scores: score(0),
  }
  for (let attempt = 0; attempt < 2; attempt++)
    desk.open({ ...order, previews_allowed: true, policy_settings: null })(imageIds[0] ?? '', preview)
  await sleep(100)
  await desk[Symbol.asyncDispose]()
  assert.equal((await rows(imageIds)).length, 1)
  assert.equal(world.told.filter(({ message }) => JSON.stringify(message).includes('preview')).length, 1)
})

test('the record of a picture says how it was made, in its row and in the facts of its move', async () => {
  const { imageIds, run } = await render([])
  await run
  const { recipe, generated_digest } = await imageRow(imageIds[0] ?? '')
  assert.deepEqual(recipe, {
    model: 'storybook',
    model_version: '1.0.0',
    pack: 'a'.repeat(64),
    operation: 'generate',
    scheduler: 'DDIMScheduler',
    scheduler_config: 'c'.repeat(64),
    provider: 'cpu',
    dtype: 'float32',
    runtime: 'a runtime 1.0',
    slot_rows: null,
    steps: 4,
    guidance_scale: 4,
    sampling: null,
    seed: 1,
    size: '128x128',
    start: null,
  })
  const { facts } = await world.ground.database.sql
    .selectFrom('darkroom.move')
    .select('facts')
    .where('subject_id', '=', imageIds[0] ?? '')
    .where('kind', '=', 'image.generated')
    .executeTakeFirstOrThrow()
  assert.deepEqual(facts, { digest: generated_digest, ...Object(recipe) })
})

test('a cancelled render stops within two seconds although the message was lost', async () => {
  const { requestId, taskId } = await queueRequest(world, world.tenants[0])
  const claim = await claimTask(world.ground.database.sql, taskId, LEASE_MS)
  assert.ok(claim)
  const begun = Promise.withResolvers<void>()
  // This world's bell hears nothing, so only the row can say it.
  const endless: Generate = async (_model, _samples, { signal }) => {
    begun.resolve()
    while (!signal.aborted) await sleep(20)
    throw new Fault('cancelled')
  }
  const run = generateStage(world.ground, endless, claim, new AbortController().signal)
  const outcome = assert.rejects(run, (error) => isFault(error, 'cancelled'))
  await begun.promise
  await cancelRequest(world.ground, world.tenants[0].id, requestId)
  const asked = performance.now()
  await outcome
  assert.ok(performance.now() - asked < 2000)
})

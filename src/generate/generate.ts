// The generate stage: hands a request to its model and writes each picture to quarantine. A retry renders only the images that
// are still planned; a picture that an earlier attempt stored is fetched, verified and adopted.
import sharp from 'sharp'
import { advance } from '../advance.ts'
import { sha256 } from '../kernel/canonical.ts'
import { meterDevice, meterTurn } from '../kernel/charge.ts'
import type { Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import { type Ground, requestTopic } from '../kernel/ground.ts'
import { removeIfOver } from '../kernel/image-work.ts'
import type { Generate, Made, Picture, SampleOrder } from '../kernel/model.ts'
import type { ObjectStore } from '../kernel/object-store.ts'
import { WEBHOOK_TOPIC } from '../kernel/outbox.ts'
import { generatedKey } from '../kernel/quarantine.ts'
import { samplingOf } from '../kernel/sampling.ts'
import { type Claim, completeTask, type Due } from '../kernel/tasks.ts'
import { inSpan, keepSpan } from '../kernel/trace.ts'
import { failImage, failureOf, lockRequest } from '../outcome.ts'
import type { PreviewDesk } from './previews.ts'
import { type Recipe, recipeOf } from './recipe.ts'
import { beginGenerating, type Order, plannedImages, recordStep } from './records.ts'
import { rehearse } from './sandbox.ts'
import { loadStart } from './start.ts'
import { listenForStop } from './stop.ts'

const PROGRESS_EVERY_MS = 200

export async function generateStage(
  ground: Ground,
  generate: Generate,
  claim: Claim,
  signal: AbortSignal,
  desk?: PreviewDesk,
): Promise<void> {
  const order = await beginGenerating(ground, claim)
  if (order === null) return
  ground.bell.tell(requestTopic(order.id), { state: 'generating' })
  const images = await plannedImages(ground, order.id)
  const failures: { id: string; fault: Fault }[] = []
  const lap = stopwatch()
  const meter = (tx: Tx) => meterDevice(tx, order.id, claim.taskId, lap())
  const seeds = new Map(images.map(({ id, seed }) => [id, Number(seed)]))
  const previews = order.previews_allowed && desk !== undefined ? order.previews : 0
  using stop = listenForStop(ground, claim)
  try {
    const begun = await loadStart(ground, order)
    const samples = images.map(
      (image): SampleOrder => ({
        ...sampleOf(order),
        id: image.id,
        seed: Number(image.seed),
        previews,
        ...(begun === null ? {} : { start: begun.start }),
      }),
    )
    lap()
    if (samples.length > 0)
      await inSpan('device', { attributes: { 'darkroom.model': order.model, 'darkroom.images': samples.length } }, () =>
        (order.sandbox === null ? generate : rehearse(order.sandbox))(order.model, samples, {
          onStep: progressReporter(ground, order),
          onPicture: keepSpan((id, picture, made) => {
            const recipe = recipeOf(order, seeds.get(id) ?? 0, made, begun?.digests ?? null)
            return keepPicture(ground, order, id, picture, { made, recipe }, meter)
          }),
          ...(previews > 0 && desk !== undefined ? { onPreview: desk.open(order) } : {}),
          onFailure: (id, fault) => failures.push({ id, fault }),
          signal: AbortSignal.any([signal, stop.signal]),
        }),
      )
    const passing = failures.find(({ fault }) => fault.retry !== 'never')
    if (passing !== undefined) throw passing.fault
  } catch (error) {
    // The device was busy for this tenant, whatever came of it.
    await meterTurn(ground.database.sql, claim.taskId, lap()).catch((lost: unknown) => {
      ground.log.warn({ error: lost, requestId: order.id }, 'device time was not recorded')
    })
    throw error
  }
  const whole = claim.attempt === 1 && failures.length === 0
  await ground.database.transact(async (tx) => {
    await lockRequest(tx, order.id)
    await completeTask(tx, claim)
    await meter(tx)
    await meterTurn(tx, claim.taskId, 0, whole)
    for (const { id, fault } of failures) await failImage(tx, id, failureOf(fault))
    await assertNoneMissing(tx, order.id)
  })
  ground.bell.tell(requestTopic(order.id), { state: 'generated' })
  if (failures.length > 0) ground.bell.tell(WEBHOOK_TOPIC, {})
}

/** Every image was rendered or has failed: a task that ended with one still planned would leave it waiting for ever. */
async function assertNoneMissing(tx: Tx, requestId: string): Promise<void> {
  const missing = await tx
    .selectFrom('darkroom.image')
    .select('id')
    .where('request_id', '=', requestId)
    .where('state', '=', 'planned')
    .executeTakeFirst()
  if (missing !== undefined)
    throw new Fault('model_error', { retry: 'later', detail: 'a picture is missing', facts: { image: missing.id } })
}

/** Milliseconds since the last lap. */
function stopwatch(): () => number {
  let from = performance.now()
  return () => {
    const lap = performance.now() - from
    from += lap
    return lap
  }
}

function sampleOf(order: Order) {
  if (order.prompt === null) throw new Fault('not_found', { detail: 'the request was erased', facts: { id: order.id } })
  const { scheduler_options, prompt_syntax, guidance_rescale, true_guidance_scale, timesteps, sigmas } = samplingOf(
    order.sampling,
  )
  return {
    prompt: order.prompt,
    negativePrompt: order.negative_prompt ?? '',
    width: order.width,
    height: order.height,
    steps: order.steps,
    guidanceScale: order.guidance_scale,
    scheduler: order.scheduler,
    ...(scheduler_options === undefined ? {} : { schedulerOptions: scheduler_options }),
    ...(prompt_syntax === undefined ? {} : { promptSyntax: prompt_syntax }),
    ...(guidance_rescale === undefined ? {} : { guidanceRescale: guidance_rescale }),
    ...(true_guidance_scale === undefined ? {} : { trueGuidanceScale: true_guidance_scale }),
    ...(timesteps === undefined ? {} : { custom: { timesteps } }),
    ...(sigmas === undefined ? {} : { custom: { sigmas } }),
  }
}

function progressReporter(ground: Ground, order: Order) {
  let told = 0
  return (step: number, total: number) => {
    const now = performance.now()
    if (step < total && now - told < PROGRESS_EVERY_MS) return
    told = now
    ground.bell.tell(requestTopic(order.id), { step, steps: total })
    // An edit begins in the middle of its steps.
    recordStep(ground, order.id, Math.max(0, order.steps - total) + step).catch((error: unknown) => {
      ground.log.warn({ error, requestId: order.id }, 'progress was not recorded')
    })
  }
}

/** Stores the picture, then moves its image to `generated` with its next task. A cancelled image's picture is dropped. */
async function keepPicture(
  ground: Ground,
  order: Order,
  imageId: string,
  picture: Picture,
  { made, recipe }: { made: Made; recipe: Recipe },
  meter: (tx: Tx) => Promise<void>,
): Promise<void> {
  const { width, height } = picture
  const bytes = await sharp(picture.rgb, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer()
  const key = generatedKey(imageId)
  const digest = await putOrAdopt(ground.quarantine, key, bytes, picture)
  const due = await ground.database.transact(async (tx): Promise<Due[] | null> => {
    await lockRequest(tx, order.id)
    const image = await tx
      .selectFrom('darkroom.image')
      .select(['state', 'version'])
      .where('id', '=', imageId)
      .executeTakeFirstOrThrow()
    if (image.state !== 'planned') return null
    await meter(tx)
    const moved = await advance(tx, {
      subject: 'image',
      id: imageId,
      tenantId: order.tenant_id,
      from: 'planned',
      version: image.version,
      to: 'generated',
      facts: { digest, ...recipe },
      set: { generated_digest: digest, recipe: JSON.stringify(recipe) },
      tasks: [{ tenantId: order.tenant_id, subject: 'image', subjectId: imageId, stage: 'moderate' }],
    })
    if (made.truncated)
      await tx.updateTable('darkroom.request').set({ prompt_truncated: true }).where('id', '=', order.id).execute()
    return moved
  })
  if (due === null) await removeIfOver(ground, imageId, [ground.quarantine, key])
  else ground.bell.ring(due)
}

async function putOrAdopt(store: ObjectStore, key: string, bytes: Buffer, picture: Picture): Promise<string> {
  if ((await store.putIfAbsent(key, { bytes, contentType: 'image/png' })) === 'created') return sha256(bytes)
  const earlier = await store.get(key)
  const { width, height } = await sharp(earlier.bytes).metadata()
  if (width !== picture.width || height !== picture.height) throw new Fault('object_mismatch', { facts: { key } })
  return sha256(earlier.bytes)
}

// A service and OpenAI's own client, unmodified, between which image streams are opened. The workers are the test's
// (../http/service.ts): previews are laid out as the generate stage does, then the request is developed.
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import OpenAI from 'openai'
import { getGeneration } from '../../src/admit/records.ts'
import { requestTopic } from '../../src/kernel/ground.ts'
import { authenticate } from '../../src/tenant/caller.ts'
import { ALLOWED, openService } from '../http/service.ts'

export type Event = OpenAI.ImageGenStreamEvent & {
  darkroom: { image_id: string; position: number; withheld?: { state: string; statement_id: string | null }[] }
}

export const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

export async function openStreaming() {
  const service = await openService({ DARKROOM_WAIT_MS: '4000', DARKROOM_EVENTS_STALL_MS: '300' })
  const openai = new OpenAI({ apiKey: service.key('client'), baseURL: `${service.url}/v1`, maxRetries: 0 })
  const { sql } = service.ground.database
  const { tenantId } = await authenticate(service.ground, service.key('client'))

  const readGeneration = (requestId: string) => getGeneration(sql, tenantId, requestId)

  async function open(order: Partial<OpenAI.ImageGenerateParamsStreaming> = {}, signal?: AbortSignal) {
    const stream = await openai.images.generate(
      { prompt: ALLOWED, stream: true, ...order },
      signal === undefined ? {} : { signal },
    )
    const { id } = await sql.selectFrom('darkroom.request').select('id').orderBy('id', 'desc').executeTakeFirstOrThrow()
    return { events: stream as AsyncIterable<Event>, requestId: id }
  }

  /** A released preview: its object, its row, its bell. */
  async function preview(requestId: string, position: number, index: number, tell = true): Promise<void> {
    const { images, bell } = service.ground
    const image = (await readGeneration(requestId)).images[position]
    assert.ok(image)
    const key = `${image.id}/preview/${index}`
    await images.putIfAbsent(key, { bytes: PIXEL, contentType: 'image/png' })
    await sql
      .insertInto('darkroom.preview')
      .values({
        image_id: image.id,
        position: index,
        object_key: key,
        content_type: 'image/png',
        width: 64,
        height: 64,
        released_at: new Date(),
      })
      .execute()
    if (tell) bell.tell(requestTopic(requestId), { preview: image.id, index })
  }

  /** The request's state once it is no longer `from`, or after five seconds. */
  async function settled(id: string, from: string): Promise<string> {
    for (let waited = 0; ; waited += 50) {
      const { state } = await (await service.call(`/v1/generations/${id}`)).json()
      if (state !== from || waited > 5000) return state
      await sleep(50)
    }
  }

  return {
    service,
    openai,
    readGeneration,
    open,
    preview,
    settled,
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  }
}

export async function all(events: AsyncIterable<Event>): Promise<Event[]> {
  const seen: Event[] = []
  for await (const event of events) seen.push(event)
  return seen
}

/** The client's error of a call that must fail. */
export async function thrown(ask: () => Promise<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> {
  try {
    await ask()
  } catch (error) {
    assert.ok(error instanceof OpenAI.APIError, String(error))
    return error
  }
  return assert.fail('nothing was thrown')
}

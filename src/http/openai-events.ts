// Which events an image stream has, in order: partial pictures on their way, then one completed event a picture, each telling in
// `darkroom` which picture it is. A partial is never sent after its final one. The last completed event waits for the end of the
// request, since it names what was withheld; without any picture the end is `event: error`, in the words of an answer without a
// stream. The input is counted with the first completed event, so that the sum over all events is what was used.
import { listPreviews, type PreviewRow } from '../admit/previews.ts'
import type { Generation, ImageRow } from '../admit/records.ts'
import { UNFINISHED } from '../journey.ts'
import { isFault } from '../kernel/fault.ts'
import type { Ground } from '../kernel/ground.ts'
import type { OutputFormat } from '../kernel/tables.ts'
import {
  answerOf,
  type Context,
  imageExtras,
  inputTokens,
  NO_TOKENS,
  requestExtras,
  settingsOf,
  unixTime,
  usageOf,
} from './openai-answers.ts'
import { asBase64, keyOf } from './openai-delivery.ts'
import type { Streaming } from './openai-orders.ts'

type Events = AsyncGenerator<string, void, undefined>

const FORMATS: Readonly<Record<string, OutputFormat>> = {
  'image/png': 'png',
  'image/jpeg': 'jpeg',
  'image/webp': 'webp',
}

/** Remembers what it made: one for each stream. Faults: those of the records and of the store. */
export function makeEvents(ground: Ground, { name, partials }: Streaming) {
  const finals = new Set<string>()
  const latestPartial = new Map<string, number>()
  /** Published, and not sent before another one or the end comes. */
  let waiting: ImageRow | null = null
  let counted = false

  async function completed(generation: Generation, image: ImageRow, context: Context, more: object): Promise<string> {
    const usage = usageOf(generation, 1, counted ? NO_TOKENS : inputTokens(context))
    counted = true
    return event(`${name}.completed`, {
      b64_json: await asBase64(ground, keyOf(image)),
      created_at: unixTime(new Date()),
      ...settingsOf(generation, generation.request.output_format),
      usage,
      safety_identifier: context.asked.safetyIdentifier,
      darkroom: { ...imageExtras(image, context), request_id: generation.request.id, ...more },
    })
  }

  async function* newFinals(generation: Generation, context: Context): Events {
    for (const image of generation.images) {
      if (image.state !== 'published' || finals.has(image.id)) continue
      finals.add(image.id)
      if (waiting !== null) yield await completed(generation, waiting, context, {})
      waiting = image
    }
  }

  async function* newPartials(generation: Generation): Events {
    const developing = new Map(
      generation.images.filter(({ state }) => UNFINISHED.includes(state)).map((image) => [image.id, image]),
    )
    if (partials === 0 || developing.size === 0) return
    const { request } = generation
    for (const row of await listPreviews(ground.database.sql, request.tenant_id, request.id)) {
      const image = developing.get(row.image_id)
      if (image === undefined || row.position <= (latestPartial.get(image.id) ?? -1)) continue
      latestPartial.set(image.id, row.position)
      const made = await partial(generation, image, row)
      if (made !== null) yield made
    }
  }

  async function partial(generation: Generation, image: ImageRow, row: PreviewRow): Promise<string | null> {
    const format = FORMATS[row.content_type] ?? generation.request.output_format
    try {
      return event(`${name}.partial_image`, {
        b64_json: await asBase64(ground, row.object_key),
        partial_image_index: row.position,
        created_at: unixTime(new Date()),
        ...settingsOf(generation, format),
        darkroom: { request_id: generation.request.id, image_id: image.id, position: image.position },
      })
    } catch (error) {
      // Previews go when their picture is finished or withheld.
      if (isFault(error, 'object_missing')) return null
      throw error
    }
  }

  return {
    async *whatIsNew(generation: Generation, context: Context): Events {
      yield* newFinals(generation, context)
      yield* newPartials(generation)
    },
    /** After the last `whatIsNew` of a request that has ended. */
    async *theRest(generation: Generation, context: Context): Events {
      if (waiting === null) yield errorEvent((await answerOf(generation, context)).body)
      else {
        const more = { ...requestExtras(generation, context), prompt_truncated: generation.request.prompt_truncated }
        yield await completed(generation, waiting, context, more)
      }
    },
    /** What is there of a request that goes on without the client. */
    async *unfinished(generation: Generation, context: Context): Events {
      if (waiting !== null) yield await completed(generation, waiting, context, {})
    },
  }
}

/** The SDK throws it. */
export function errorEvent(body: object): string {
  return `event: error\ndata: ${JSON.stringify(body)}\n\n`
}

function event(type: string, fields: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`
}

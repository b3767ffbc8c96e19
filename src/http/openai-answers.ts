// A settled generation in OpenAI's words: pictures with usage, a refusal, a hold, or a typed failure. Never an empty picture: what
// was withheld is named with its reason, and an answer without pictures is an error.

import { sizeText } from '../admit/order.ts'
import type { Generation, ImageRow } from '../admit/records.ts'
import { FAILURES } from '../journey.ts'
import { Fault } from '../kernel/fault.ts'
import type { Size } from '../kernel/model.ts'
import type { OutputFormat } from '../kernel/tables.ts'
import { appealPath, type Bearers } from '../statement/bearer.ts'
import { userNotice } from '../statement/outputs.ts'
import type { Statement } from '../statement/statement.ts'
import type { Asked } from './openai-orders.ts'
import { problemOf } from './problems.ts'

export type OpenaiAnswer = { status: number; body: object }

/** How a released picture is handed over: a link, its bytes, or both. */
export type Delivery = (image: ImageRow) => Promise<{ url?: string; b64_json?: string }>

export type Context = {
  /** Where clients find this service. */
  base: string
  bearers: Bearers
  asked: Asked
  /** What the model reads at most. */
  promptTokens: number
  deliver: Delivery
}

export async function answerOf(generation: Generation, context: Context): Promise<OpenaiAnswer> {
  const { request, images, statements } = generation
  const statement = request.statement_id === null ? undefined : statements.get(request.statement_id)
  if (statement !== undefined) return blocked(generation, [statement], context)
  const published = images.filter((image) => image.state === 'published')
  if (published.length > 0) return released(generation, published, context)
  if (images.some((image) => image.state === 'held')) return held(generation, context)
  const denials = images.flatMap((image) => {
    const denial = image.statement_id === null ? undefined : statements.get(image.statement_id)
    return image.state === 'denied' && denial !== undefined ? [denial] : []
  })
  if (denials.length > 0) return blocked(generation, denials, context)
  const reason = request.failure ?? images.find((image) => image.failure !== null)?.failure ?? null
  return reason === null ? ended(generation, context) : failed(generation, reason, context)
}

/** The wait ended before the generation did, which goes on. */
export function stillRunning(requestId: string, base: string, why: 'wait_timeout' | 'shutting_down'): OpenaiAnswer {
  const said = why === 'wait_timeout' ? 'The picture is not finished yet' : 'The service is restarting'
  const url = statusUrl(requestId, base)
  return {
    status: why === 'wait_timeout' ? 504 : 503,
    body: error(`${said}; the generation goes on: ${url}`, 'server_error', why, {
      darkroom: { request_id: requestId, status_url: url },
    }),
  }
}

async function released(generation: Generation, published: ImageRow[], context: Context): Promise<OpenaiAnswer> {
  const { request } = generation
  const data = []
  for (const image of published)
    data.push({
      ...(await context.deliver(image)),
      darkroom: imageExtras(image, context),
    })
  const { asked } = context
  const usage = usageOf(generation, published.length, inputTokens(context))
  return {
    status: 200,
    body: {
      created: unixTime(request.created_at),
      data,
      ...settingsOf(generation, request.output_format),
      usage: {
        ...usage,
        output_tokens_details: { image_tokens: usage.output_tokens, text_tokens: 0 },
      },
      safety_identifier: asked.safetyIdentifier,
      darkroom: { ...requestExtras(generation, context), prompt_truncated: request.prompt_truncated },
    },
  }
}

function blocked(generation: Generation, reasons: Statement[], context: Context): OpenaiAnswer {
  const [first] = reasons
  if (first === undefined) throw new TypeError('a refusal has a statement')
  const path = appealPath(context.bearers, first)
  const message = `${userNotice(first).title}. ${first.facts} Quote ${first.id}.`
  return {
    status: 400,
    body: error(message, 'image_generation_user_error', 'moderation_blocked', {
      moderation_details: {
        moderation_stage: first.stage,
        ...(first.stage === 'input' && first.inputKind === 'image' ? { input: 'image' } : {}),
        categories: [...new Set(reasons.flatMap((reason) => reason.categories))],
      },
      statement_id: first.id,
      appeal_url: path === null ? null : `${context.base}${path}`,
      darkroom: requestExtras(generation, context),
    }),
  }
}

function held(generation: Generation, context: Context): OpenaiAnswer {
  const url = statusUrl(generation.request.id, context.base)
  return {
    status: 400,
    body: error(
      `A person must look at this picture before it is released: ${url}`,
      'image_generation_user_error',
      'moderation_held',
      {
        status_url: url,
        darkroom: requestExtras(generation, context),
      },
    ),
  }
}

function failed(generation: Generation, reason: string, context: Context): OpenaiAnswer {
  const code = FAILURES.find((one) => one === reason)
  const title = code === undefined ? 'The generation failed' : problemOf(new Fault(code), { bodyBytes: 0 }).title
  return {
    status: 500,
    body: error(`${title}.`, 'server_error', reason, { darkroom: requestExtras(generation, context) }),
  }
}

/** Cancelled or expired: nobody's failure, and no picture either. */
function ended(generation: Generation, context: Context): OpenaiAnswer {
  const { state } = generation.request
  const code = state === 'expired' ? 'expired' : 'cancelled'
  return {
    status: 409,
    body: error(`The generation was ${code}.`, 'invalid_request_error', code, {
      darkroom: requestExtras(generation, context),
    }),
  }
}

function error(message: string, type: string, code: string, more: object) {
  return { error: { message, type, param: null, code, ...more } }
}

export function requestExtras(
  { request, images, statements }: Generation,
  { base, bearers }: Pick<Context, 'base' | 'bearers'>,
) {
  const withheld = images
    .filter((image) => image.state !== 'published' && request.state === 'done')
    .map((image) => {
      const statement = image.statement_id === null ? undefined : statements.get(image.statement_id)
      const path = statement === undefined ? null : appealPath(bearers, statement)
      return {
        image_id: image.id,
        position: image.position,
        seed: Number(image.seed),
        state: image.state,
        failure: image.failure,
        statement_id: image.statement_id,
        categories: statement === undefined ? [] : [...statement.categories],
        appeal_url: path === null ? null : `${base}${path}`,
      }
    })
  return { request_id: request.id, status_url: statusUrl(request.id, base), withheld }
}

export function statusUrl(requestId: string, base: string): string {
  return `${base}/v1/generations/${requestId}`
}

/** The side of a latent cell in pixels, for every family that is served. */
const LATENT_FACTOR = 8

export type InputTokens = { text: number; image: number }

export const NO_TOKENS: InputTokens = { text: 0, image: 0 }

/** Text tokens are words and marks of the prompt, up to what the model reads. */
export function inputTokens({ asked, promptTokens }: Context): InputTokens {
  return { text: countTextTokens(asked.prompt, promptTokens), image: asked.inputImageTokens }
}

/** Output tokens are latent cells of released pictures. */
export function usageOf({ request }: Generation, released: number, input: InputTokens) {
  const output = imageTokens(request) * released
  const sum = input.text + input.image
  return {
    input_tokens: sum,
    output_tokens: output,
    total_tokens: sum + output,
    input_tokens_details: { text_tokens: input.text, image_tokens: input.image },
  }
}

/** A picture in tokens: its latent cells. */
export function imageTokens({ width, height }: Size): number {
  return Math.ceil(width / LATENT_FACTOR) * Math.ceil(height / LATENT_FACTOR)
}

function countTextTokens(prompt: string, limit: number): number {
  let count = 0
  for (const _ of prompt.matchAll(/[\p{L}\p{M}]+|\p{N}|[^\s\p{L}\p{M}\p{N}]+/gu)) if (++count >= limit) break
  return count
}

/** What was drawn, as every answer and every event echoes it. */
export function settingsOf({ request }: Generation, format: OutputFormat) {
  return {
    background: 'opaque' as const,
    output_format: format,
    quality: request.quality,
    size: sizeText(request),
  }
}

export function imageExtras(image: ImageRow, { base }: Pick<Context, 'base'>) {
  return {
    image_id: image.id,
    position: image.position,
    seed: Number(image.seed),
    manifest_url: `${base}/v1/images/${image.id}/manifest`,
  }
}

export function unixTime(at: Date): number {
  return Math.floor(at.getTime() / 1000)
}

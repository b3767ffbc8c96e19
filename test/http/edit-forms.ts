// Sends edits to the service of a test as forms, and reads what they left.
// The pictures are drawn here, so a test can say what is in each. edits.test.ts and uploads.test.ts use it.
import assert from 'node:assert/strict'
import sharp, { type Sharp } from 'sharp'
import { ALLOWED, type Service } from './service.ts'

type Part = Buffer | string
export type Parts = Record<string, Part | readonly Part[]>
type Answer = { status: number; retry: string | null; error: { message: string; param: string | null; code: string } }

export const solid = (width: number, height: number, alpha = 1): Sharp =>
  sharp({ create: { width, height, channels: alpha === 1 ? 3 : 4, background: { r: 40, g: 90, b: 160, alpha } } })

/** Opaque, with a transparent square. */
export async function maskOf(width: number, height: number, hole = { left: 8, top: 8, side: 64 }): Promise<Buffer> {
  const { data } = await solid(width, height, 0.999).ensureAlpha().raw().toBuffer({ resolveWithObject: true })
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const inside = x >= hole.left && x < hole.left + hole.side && y >= hole.top && y < hole.top + hole.side
      data[(y * width + x) * 4 + 3] = inside ? 0 : 255
    }
  return sharp(data, { raw: { width, height, channels: 4 } })
    .png()
    .toBuffer()
}

export function editsOf(service: Service) {
  const { sql } = service.ground.database

  /** A list stands for several parts of one name. */
  async function post(parts: Parts): Promise<Response> {
    const form = new FormData()
    for (const [name, given] of Object.entries({ prompt: ALLOWED, ...parts }))
      for (const part of Array.isArray(given) ? given : [given])
        if (typeof part === 'string') form.append(name, part)
        else form.append(name, new Blob([part]), 'file')
    return service.call('/v1/images/edits', { method: 'POST', body: form })
  }

  async function refused(parts: Parts): Promise<Answer> {
    const before = await counts()
    const response = await post(parts)
    const { error } = await response.json()
    assert.deepEqual(
      await counts(),
      before,
      `nothing was admitted and nothing is left: ${Object.keys(parts)} ${JSON.stringify(error)}`,
    )
    return { status: response.status, retry: response.headers.get('x-should-retry'), error }
  }

  async function counts() {
    const { count } = await sql
      .selectFrom('darkroom.request')
      .select((e) => e.fn.countAll<string>().as('count'))
      .executeTakeFirstOrThrow()
    const intents = await sql.selectFrom('darkroom.input_intent').select('request_id').execute()
    return { count, intents }
  }

  /** Sends an edit that is admitted, and answers with its rows; its generation is developed by the test. */
  async function edited(parts: Parts) {
    const [response, requestId] = await Promise.all([post(parts), service.developNext(['published'])])
    const answer = await response.json()
    assert.equal(response.status, 200, JSON.stringify(answer))
    const request = await sql
      .selectFrom('darkroom.request')
      .selectAll()
      .where('id', '=', requestId)
      .executeTakeFirstOrThrow()
    const inputs = await sql
      .selectFrom('darkroom.input')
      .selectAll()
      .where('request_id', '=', requestId)
      .orderBy('kind')
      .execute()
    return { answer, request, inputs }
  }

  return { post, refused, edited, counts }
}

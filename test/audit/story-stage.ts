// What everybody in the story (story.test.ts) can do, through the API, on a court's real stages with real marks, signatures and public
// check. Only what a model would draw is painted: one colour, which is marked in little time, or a drawing that is large enough to be cut.
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { editsOf, solid } from '../http/edit-forms.ts'
import { ALLOWED } from '../http/service.ts'
import { cartoon, imageOf } from '../mark/pictures.ts'
import { type Court, openCourt, type ReviewerName, type Scores } from '../review/court.ts'
import { openVoices, TEXT, UNDO_SECONDS } from '../review/voices.ts'

export type Client = 'client' | 'second_client'
export type Stage = Awaited<ReturnType<typeof openStage>>

const DRAWING = { seed: 7, side: 512 }
const [TRIES, TRY_MS] = [500, 20]

export async function openStage() {
  let drawing = false
  const paint = async (width: number, height: number) => {
    const picture = drawing ? imageOf(await cartoon(DRAWING.seed, DRAWING.side)) : solid(width, height)
    return picture.png().toBuffer()
  }
  const realCheck = { resolve: async () => ['127.0.0.1'] }
  const court = await openCourt({ env: { DARKROOM_WAIT_MS: '60000' }, realMarks: true, realCheck, paint })
  const { call, post, judge } = openVoices(court)

  async function order(as: Client, body: object) {
    const { status, body: generation } = await post(as, '/v1/generations', body)
    assert.equal(status, 202, JSON.stringify(generation))
    return generation
  }
  async function drawn(as: Client, scores: readonly Scores[], prompt = ALLOWED) {
    const { id: requestId } = await order(as, { prompt, n: scores.length })
    const [imageId = ''] = await court.develop(requestId, scores)
    return { requestId, imageId }
  }
  return {
    court,
    call,
    post,
    order,
    /** Painted and judged by its scores. */
    drawn,
    published: async (as: Client, { prompt = ALLOWED, large = false } = {}) => {
      drawing = large
      const one = await drawn(as, [{}], prompt)
      drawing = false
      await court.finish()
      return one
    },
    edited: async (): Promise<string> => {
      const answering = editsOf(court.service).post({ image: await solid(256, 256).png().toBuffer() })
      const requestId = await queuedEdit(court.sql)
      await court.develop(requestId, [{}])
      await court.finish()
      const answer = await answering
      assert.equal(answer.status, 200, await answer.text())
      return requestId
    },
    appeal: async (as: Client, statementId: string): Promise<string> => {
      const { status, body } = await post(as, '/v1/appeals', { statement_id: statementId, text: TEXT })
      assert.equal(status, 201, JSON.stringify(body))
      return body.id
    },
    /** A reviewer decides what is next in the queue, and the undo time goes by. */
    rule: async (who: ReviewerName, outcome: 'allow' | 'deny', clause: string) => {
      await judge(who, outcome, clause)
      await court.pass(UNDO_SECONDS)
    },
    cancel: async (as: Client, requestId: string) => {
      const { status, body } = await call(as, `/v1/generations/${requestId}/cancel`, { method: 'POST' })
      assert.equal(status, 200, JSON.stringify(body))
    },
    [Symbol.asyncDispose]: () => court[Symbol.asyncDispose](),
  }
}

async function queuedEdit(sql: Court['sql']): Promise<string> {
  for (let tries = 0; tries < TRIES; tries++) {
    const row = await sql
      .selectFrom('darkroom.request')
      .select('id')
      .where('operation', '=', 'edit')
      .where('state', '=', 'queued')
      .executeTakeFirst()
    if (row !== undefined) return row.id
    await sleep(TRY_MS)
  }
  return assert.fail('no edit was admitted')
}

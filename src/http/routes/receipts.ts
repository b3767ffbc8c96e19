// Receipts from the log, for the owner of an image and for whoever may read a statement: to keep, and to check without this service.
import type { FastifyReply } from 'fastify'
import { getImage } from '../../admit/records.ts'
import { originOf } from '../../audit/log.ts'
import { verifierKeyOf } from '../../audit/log-keys.ts'
import { readLogState } from '../../audit/log-records.ts'
import { imageReceipt, type Receipt, receiptText, statementReceipt } from '../../audit/receipts.ts'
import { isFault } from '../../kernel/fault.ts'
import { LOG_DUE_TOPIC } from '../../kernel/ground.ts'
import { getStanding } from '../../statement/standing.ts'
import { callerOf } from '../access.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import { goneFault } from '../problems.ts'
import { ReceiptAnswer, ReceiptQuery } from '../receipt-schemas.ts'
import { IdParams, problems } from '../schemas.ts'
import { bears, clientOf } from './statements.ts'

const TEXT = 'text/plain; charset=utf-8'

type Tools = Pick<RouteDeps, 'ground' | 'transparency'>

/** In the format that was asked for. A fault `conflict` says that its leaf waits, and wakes the sequencer. */
export async function sendReceipt(
  { ground, transparency }: Tools,
  reply: FastifyReply,
  asked: Promise<Receipt>,
  format = 'text',
): Promise<FastifyReply> {
  const receipt = await asked.catch((error: unknown) => {
    // Somebody waits for it now.
    if (isFault(error, 'conflict')) ground.bell.tell(LOG_DUE_TOPIC, {})
    throw error
  })
  if (format === 'text') return reply.type(TEXT).send(receiptText(receipt))
  return reply.send(await receiptParts({ ground, transparency }, receipt))
}

export async function receiptParts({ ground, transparency }: Tools, receipt: Receipt) {
  const { origin } = await readLogState(ground.database.sql)
  return {
    object: 'receipt' as const,
    row: JSON.parse(receipt.row),
    proof: receipt.proof.map((hash) => hash.toString('base64')),
    checkpoint: receipt.checkpoint,
    key: verifierKeyOf(transparency.key, originOf(origin, transparency.origin)),
  }
}

export function receiptRoutes(app: App, tools: RouteDeps): void {
  const { ground, transparency, statements } = tools
  const { sql } = ground.database
  app.get(
    '/v1/images/:id/receipt',
    {
      config: { access: ['client'] },
      schema: {
        tags: ['images'],
        summary: 'The receipt of a released picture',
        description:
          'Shows, without this service, that its log has the record of the release, with the SHA-256 of the file. 409 with Retry-After while that record waits for the next checkpoint.',
        params: IdParams,
        querystring: ReceiptQuery,
        response: { 200: ReceiptAnswer, ...problems(400, 401, 403, 404, 409, 410, 429, 500, 503) },
      },
    },
    async (request, reply) => {
      const { image } = await getImage(sql, callerOf(request).tenantId, request.params.id)
      if (image.erased_at !== null) throw goneFault()
      return sendReceipt(tools, reply, imageReceipt(sql, transparency, image.id), request.query.format)
    },
  )

  app.get(
    '/v1/statements/:id/receipt',
    {
      config: { access: 'bearer', limit: 'strangers' },
      schema: {
        tags: ['statements'],
        summary: 'The receipt of a statement of reasons',
        description:
          'For whoever may read the statement. Shows that the log has the record of the decision; what that record says beyond the statement is not shown, so that `opened` is null.',
        params: IdParams,
        querystring: ReceiptQuery,
        response: { 200: ReceiptAnswer, ...problems(400, 401, 403, 404, 409, 429, 500, 503) },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const tenantId = bears(request, statements, id) ? null : clientOf(request, reply)
      const { statement } = await getStanding(sql, id, tenantId)
      const { subject } = statement
      return sendReceipt(
        tools,
        reply,
        statementReceipt(sql, transparency, { id, subjectId: subject.id }),
        request.query.format,
      )
    },
  )
}

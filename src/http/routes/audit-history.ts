// For whoever answers for the service: which request a picture, an id or a number leads to, all that happened to it, and the proof of each
// row. Restricted cases are told as that and stay closed.
import multipart from '@fastify/multipart'
import { find } from '../../audit/find.ts'
import { askedByKey, NOTHING_BY_PICTURE, nothingByKey } from '../../audit/find-words.ts'
import { readHistory } from '../../audit/history.ts'
import { rowReceipt } from '../../audit/receipts.ts'
import type { App } from '../app.ts'
import { FindAnswer, FindQuery, HistoryQuery, HistorySchema, IndexParams } from '../audit-history-schemas.ts'
import type { RouteDeps } from '../deps.ts'
import { findPicture } from '../find-picture.ts'
import { NewVerification } from '../provenance-schemas.ts'
import { ReceiptAnswer, ReceiptQuery } from '../receipt-schemas.ts'
import { IdParams, problems } from '../schemas.ts'
import { boundJson, largestBody } from '../strangers-picture.ts'
import { validatorCompiler } from '../validation.ts'
import { sendReceipt } from './receipts.ts'

export async function auditHistoryRoutes(app: App, deps: RouteDeps): Promise<void> {
  const { ground, transparency } = deps
  const config = { access: ['compliance', 'admin'] } as const
  const { sql } = ground.database
  await app.register(multipart)
  findRoutes(app, deps)

  app.get(
    '/v1/audit/history/:id',
    {
      config,
      schema: {
        tags: ['audit'],
        summary: 'All that happened to a request and its images',
        description:
          'By the id of the request or of one of its images. Each move with who made it, the facts that help, and its place in the log; and what each image is now. No text that anybody typed. 403 for a restricted case.',
        params: IdParams,
        querystring: HistoryQuery,
        response: { 200: HistorySchema, ...problems(400, 401, 403, 404, 429, 503) },
      },
    },
    async ({ params, query }) => ({
      object: 'audit_history' as const,
      ...(await readHistory(sql, params.id, query.after)),
    }),
  )

  app.get(
    '/v1/audit/rows/:index',
    {
      config,
      schema: {
        tags: ['audit'],
        summary: 'A row of the log, opened, with its proof',
        description:
          'As the receipts of owners are, but of any row. `opened` is null where it belongs to a restricted case. 409 with Retry-After while it waits for the next checkpoint.',
        params: IndexParams,
        querystring: ReceiptQuery,
        response: { 200: ReceiptAnswer, ...problems(400, 401, 403, 404, 409, 429, 500, 503) },
      },
    },
    async ({ params, query }, reply) =>
      sendReceipt(deps, reply, rowReceipt(sql, transparency, Number(params.index)), query.format),
  )
}

function findRoutes(app: App, { ground, publicCheck }: RouteDeps): void {
  const config = { access: ['compliance', 'admin'] } as const
  const tags = ['audit']
  app.get(
    '/v1/audit/find',
    {
      config,
      schema: {
        tags,
        summary: 'What an id, a number or a digest leads to',
        querystring: FindQuery,
        response: { 200: FindAnswer, ...problems(400, 401, 403, 429, 503) },
      },
    },
    async ({ query }) => {
      const asked = askedByKey(query.q)
      const findings = await find(ground.database.sql, asked)
      return { object: 'audit_find' as const, findings, nothing: findings.length === 0 ? nothingByKey(asked) : null }
    },
  )

  app.post(
    '/v1/audit/find',
    {
      config,
      bodyLimit: largestBody(ground.config),
      preParsing: boundJson,
      // The schemas describe the bodies, which are read as they come.
      validatorCompiler: (route) => (route.httpPart === 'body' ? () => true : validatorCompiler(route)),
      schema: {
        tags,
        summary: 'What a picture leads to',
        description:
          'Read as POST /v1/provenance/verify reads it, with the same limits, and looked for among all records: withdrawn, held, refused and erased ones too. Nothing of it is kept. `verification` is the answer of the public check with its scores.',
        body: NewVerification,
        response: { 200: FindAnswer, ...problems(400, 401, 403, 413, 415, 429, 503) },
      },
    },
    async (request) => {
      const { findings, answer, detail } = await findPicture(publicCheck, ground, request)
      const nothing = findings.length === 0 ? NOTHING_BY_PICTURE : null
      return { object: 'audit_find' as const, findings, nothing, verification: { ...answer, detail } }
    },
  )
}

// What the operator shows of its moderation: payloads for the Transparency Database, and the rows of a report. Every tenant's.
import { type Static, Type } from '@fastify/type-provider-typebox'
import { Fault } from '../../kernel/fault.ts'
import { BATCH, listPayloads } from '../../statement/exports.ts'
import { checkPeriod, type Period } from '../../statement/period.ts'
import { type Report, reportOn } from '../../statement/report.ts'
import type { Payload } from '../../statement/transparency.ts'
import type { App } from '../app.ts'
import { readCursor, writeCursor } from '../cursors.ts'
import type { RouteDeps } from '../deps.ts'
import { problems } from '../schemas.ts'
import { instant, strict } from '../validation.ts'

const Moment = Type.String({ description: 'Such as 2026-01-31T12:00:00Z.' })
const PeriodQuery = Type.Object({ from: Moment, to: Moment }, strict)
const PageQuery = Type.Object(
  {
    ...PeriodQuery.properties,
    after: Type.Optional(Type.String({ maxLength: 200, description: 'The `next` of the page before.' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: BATCH })),
  },
  strict,
)
const PayloadPage = Type.Unsafe<{ object: 'list'; data: Payload[]; has_more: boolean; next: string | null }>(
  Type.Object({
    object: Type.Literal('list'),
    data: Type.Array(
      Type.Object(
        { puid: Type.String() },
        { additionalProperties: true, description: 'A StatementStoreRequest of the DSA Transparency Database.' },
      ),
    ),
    has_more: Type.Boolean(),
    next: Type.Union([Type.String(), Type.Null()]),
  }),
)
const ReportSchema = Type.Unsafe<Report>(
  Type.Object(
    {
      object: Type.Literal('transparency_report'),
      from: Type.String(),
      to: Type.String(),
      reconciliation: Type.Object({ complete: Type.Boolean() }, { additionalProperties: true }),
    },
    { additionalProperties: true },
  ),
)

export function auditStatementRoutes(app: App, { ground, admission }: RouteDeps): void {
  const config = { access: ['compliance', 'admin'] } as const
  const tags = ['audit']
  app.get(
    '/v1/audit/statements',
    {
      config,
      schema: {
        tags,
        summary: 'Payloads for the DSA Transparency Database',
        description:
          'Of a period, oldest first, at most 100 a page as its batches. Restricted cases, rehearsals and what owners took back are not among them.',
        querystring: PageQuery,
        response: { 200: PayloadPage, ...problems(400, 401, 403, 429, 503) },
      },
    },
    async (request, reply) => {
      const { limit = BATCH, after } = request.query
      const period = periodOf(request.query)
      const bound = { list: 'audit_statements', from: period.from.toISOString(), to: period.to.toISOString() }
      const from = after === undefined ? null : readCursor(admission.userSecret, bound, after)
      const { payloads, last } = await listPayloads(ground.database.sql, period, { limit, after: from })
      const next = last === null ? null : writeCursor(admission.userSecret, bound, last)
      return reply.send({ object: 'list' as const, data: payloads, has_more: last !== null, next })
    },
  )

  app.get(
    '/v1/audit/report',
    {
      config,
      schema: {
        tags,
        summary: 'The rows of a transparency report',
        description: 'Counted from the records, with what shows that nothing was left out, taken away or changed.',
        querystring: PeriodQuery,
        response: { 200: ReportSchema, ...problems(400, 401, 403, 429, 503) },
      },
    },
    async (request, reply) => reply.send(await reportOn(ground.database, periodOf(request.query))),
  )
}

function periodOf(query: Static<typeof PeriodQuery>): Period {
  const from = instant(query.from, 'from')
  const to = instant(query.to, 'to')
  if (from === null || to === null) throw new Fault('invalid_request', { field: 'from', detail: 'say from and to' })
  return checkPeriod({ from, to })
}

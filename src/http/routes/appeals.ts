// Appeals of refusals: filed once for each statement, by the tenant or, without an account, by whoever bears the statement's link; both
// follow the same appeal. How it is decided is src/review's and src/appeal's; what was decided comes back here with its reasons.
import { Type } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Answer } from '../../appeal/answer.ts'
import { withdrawAppeal } from '../../appeal/end.ts'
import { type Appellant, fileAppeal } from '../../appeal/file.ts'
import { type AppealRecord, getAppeal, listAppeals, statementOf, tenantOfStatement } from '../../appeal/read.ts'
import { statesOf } from '../../journey.ts'
import { Fault } from '../../kernel/fault.ts'
import { callerOf } from '../access.ts'
import type { App } from '../app.ts'
import { readCursor, writeCursor } from '../cursors.ts'
import type { RouteDeps } from '../deps.ts'
import { IdParams, problems } from '../schemas.ts'
import { strict } from '../validation.ts'
import { bears, clientOf } from './statements.ts'

const PAGE = { usual: 20, most: 100 }
const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])

const AnswerSchema = Type.Unsafe<Answer>(
  Type.Object(
    {
      outcome: Type.Enum(['upheld', 'overturned', 'partial', 'omitted']),
      text: Type.String({ description: 'The reasons, in sentences to show.' }),
      clause: Nullable(Type.String({ description: 'The contested clause.' })),
      new_clause: Nullable(Type.String({ description: 'The clause that took its place, for `partial`.' })),
      decided_at: Type.String({ format: 'date-time' }),
      reviewers: Type.Integer({ description: 'How many people decided.' }),
      automated: Type.Literal(false),
    },
    { additionalProperties: true },
  ),
)

export const AppealSchema = Type.Object({
  id: Type.String(),
  object: Type.Literal('appeal'),
  statement_id: Type.String(),
  request_id: Nullable(Type.String()),
  image_id: Nullable(Type.String()),
  state: Type.Enum(statesOf('appeal')),
  purpose: Nullable(Type.String()),
  created_at: Type.String({ format: 'date-time' }),
  decided_at: Nullable(Type.String({ format: 'date-time' })),
  answer: Nullable(AnswerSchema),
  result_request_id: Nullable(
    Type.String({ description: 'The generation that an overturned refusal admitted. It is not charged.' }),
  ),
})

const NewAppeal = Type.Object(
  {
    statement_id: Type.String({ minLength: 1, maxLength: 100 }),
    text: Type.String({ description: 'Why the decision is wrong, for the people who look again.' }),
    purpose: Type.Optional(Nullable(Type.String({ maxLength: 100, description: 'One of the policy’s purposes.' }))),
  },
  strict,
)
const Query = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: PAGE.most, default: PAGE.usual })),
    after: Type.Optional(Type.String({ maxLength: 300, description: '`next` of the page before.' })),
  },
  strict,
)
const AppealPage = Type.Object({
  object: Type.Literal('list'),
  data: Type.Array(AppealSchema),
  has_more: Type.Boolean(),
  next: Nullable(Type.String()),
})

export function appealRoutes(app: App, { ground, admission, statements }: RouteDeps): void {
  const { sql } = ground.database
  const tags = ['appeals']
  const bearerConfig = { access: 'bearer', limit: 'strangers' } as const

  /** Who acts on a statement: its bearer, whose tenant is the statement's, or a client of the tenant. */
  async function appellantOn(request: FastifyRequest, reply: FastifyReply, statementId: string): Promise<Appellant> {
    if (bears(request, statements, statementId)) {
      const tenantId = await tenantOfStatement(sql, statementId)
      if (tenantId === null) throw new Fault('not_found', { facts: { id: statementId } })
      return { tenantId, keyId: null, personId: null }
    }
    const tenantId = clientOf(request, reply)
    return { tenantId, keyId: request.caller?.keyId ?? null, personId: request.caller?.personId ?? null }
  }

  /** The same for an appeal, which its statement's bearer may read. */
  async function tenantOn(request: FastifyRequest, reply: FastifyReply, appealId: string): Promise<string> {
    const found = await statementOf(sql, appealId)
    if (found !== null && bears(request, statements, found.statementId)) return found.tenantId
    return clientOf(request, reply)
  }

  app.post(
    '/v1/appeals',
    {
      config: bearerConfig,
      schema: {
        tags,
        summary: 'Appeal a decision',
        description:
          'Once for each statement, free of charge, until its last day. People who took no part in the decision look at it without knowing it; the answer gives their reasons. Overturned, a picture is released as it was drawn, and a refused request is admitted anew.',
        body: NewAppeal,
        response: { 201: AppealSchema, ...problems(400, 401, 403, 404, 409, 410, 413, 415, 429, 503) },
      },
    },
    async (request, reply) => {
      const { statement_id: statementId, text, purpose = null } = request.body
      const appellant = await appellantOn(request, reply, statementId)
      const id = await fileAppeal(ground, admission.review, appellant, { statementId, text, purpose })
      reply.header('location', `/v1/appeals/${id}`)
      return reply.code(201).send(appealResource(await getAppeal(sql, appellant.tenantId, id)))
    },
  )

  app.get(
    '/v1/appeals',
    {
      config: { access: ['client'] },
      schema: {
        tags,
        summary: 'Appeals of this tenant, newest first',
        querystring: Query,
        response: { 200: AppealPage, ...problems(400, 401, 403, 429, 503) },
      },
    },
    async (request, reply) => {
      const { tenantId } = callerOf(request)
      const { limit = PAGE.usual, after } = request.query
      const bound = { list: 'appeals', tenant: tenantId }
      const from = after === undefined ? null : readCursor(admission.userSecret, bound, after)
      const { rows, hasMore } = await listAppeals(sql, tenantId, { limit, after: from })
      const last = rows.at(-1)
      const next = hasMore && last !== undefined ? writeCursor(admission.userSecret, bound, last.id) : null
      return reply.send({ object: 'list' as const, data: rows.map(appealResource), has_more: hasMore, next })
    },
  )

  app.get(
    '/v1/appeals/:id',
    {
      config: bearerConfig,
      schema: {
        tags,
        summary: 'One appeal',
        description: 'For a client of the tenant, or whoever sends the secret of its statement’s link.',
        params: IdParams,
        response: { 200: AppealSchema, ...problems(401, 403, 404, 429, 503) },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      return reply.send(appealResource(await getAppeal(sql, await tenantOn(request, reply, id), id)))
    },
  )

  app.post(
    '/v1/appeals/:id/withdraw',
    {
      config: bearerConfig,
      schema: {
        tags,
        summary: 'Take an appeal back',
        description: 'The decision stands, and cannot be appealed again.',
        params: IdParams,
        response: { 200: AppealSchema, ...problems(400, 401, 403, 404, 409, 415, 429, 503) },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const tenantId = await tenantOn(request, reply, id)
      await withdrawAppeal(ground, tenantId, id)
      return reply.send(appealResource(await getAppeal(sql, tenantId, id)))
    },
  )
}

export function appealResource(appeal: AppealRecord) {
  return {
    id: appeal.id,
    object: 'appeal' as const,
    statement_id: appeal.statement_id,
    request_id: appeal.request_id,
    image_id: appeal.image_id,
    state: appeal.state,
    purpose: appeal.purpose,
    created_at: appeal.created_at.toISOString(),
    decided_at: appeal.decided_at?.toISOString() ?? null,
    answer: asAnswer(appeal.answer),
    result_request_id: appeal.result_request_id,
  }
}

/** Answers are written whole or not at all (appeal/answer.ts). */
function asAnswer(answer: unknown): Answer | null {
  return isAnswer(answer) ? answer : null
}

function isAnswer(answer: unknown): answer is Answer {
  return typeof answer === 'object' && answer !== null && 'outcome' in answer && 'text' in answer
}

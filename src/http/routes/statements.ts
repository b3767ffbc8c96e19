// Statements of reasons: the whole record behind a restriction, for the tenant that it was told to and for whoever bears its link.
import { Type } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Fault } from '../../kernel/fault.ts'
import { type Bearers, publicPath } from '../../statement/bearer.ts'
import { type StatementJson, statementJson } from '../../statement/outputs.ts'
import { type AppealState, getStanding } from '../../statement/records.ts'
import { baseUrlOf, challenge, SECRET_HEADER } from '../access.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import { IdParams, problems } from '../schemas.ts'

export type StatementResource = StatementJson & {
  appeal_url: string | null
  /** Told to the tenant, to hand on. */
  public_url?: string | null
  appeal: AppealState | null
  replaced_by: string | null
  /** Its page, with its own secret: whoever bears this link is concerned by that one too. */
  replaced_by_url: string | null
}
const nullable = (schema: ReturnType<typeof Type.String>) => Type.Union([schema, Type.Null()])
const StatementSchema = Type.Unsafe<StatementResource>(
  Type.Object(
    {
      id: Type.String(),
      object: Type.Literal('statement'),
      stage: Type.Enum(['input', 'output']),
      category: nullable(Type.String({ description: 'Null where the owner of a picture took it back.' })),
      categories: Type.Array(Type.String()),
      clause: nullable(Type.String()),
      rule: nullable(Type.String()),
      restriction: Type.Object(
        { kind: Type.Enum(['request_refused', 'image_withheld', 'image_withdrawn']) },
        { additionalProperties: true },
      ),
      facts: Type.String(),
      source: Type.Enum(['own_initiative', 'notice', 'owner']),
      automated_detection: Type.Boolean(),
      automated_decision: Type.Boolean(),
      redress: Type.Object(
        { kind: Type.Enum(['full', 'final', 'restricted', 'none']) },
        { additionalProperties: true, description: '`full`: an appeal is open until `appeal_until`.' },
      ),
      notice: Type.Object({ title: Type.String(), sentences: Type.Array(Type.String()) }),
      appeal_url: nullable(Type.String()),
      public_url: Type.Optional(
        nullable(Type.String({ description: 'Its page for people without an account. Only the tenant is told.' })),
      ),
      appeal: Type.Union([
        Type.Object({
          id: Type.String(),
          state: Type.String(),
          answer: Type.Union([
            Type.Object({ text: Type.String(), outcome: Type.String(), decided_at: Type.String() }),
            Type.Null(),
          ]),
        }),
        Type.Null(),
      ]),
      replaced_by: nullable(Type.String({ description: 'The statement that an appeal put in its place.' })),
      replaced_by_url: nullable(Type.String({ description: 'Its page, for whoever may read this one.' })),
    },
    { additionalProperties: true },
  ),
)

export function statementRoutes(app: App, { ground, statements }: RouteDeps): void {
  app.get(
    '/v1/statements/:id',
    {
      config: { access: 'bearer', limit: 'strangers' },
      schema: {
        tags: ['statements'],
        summary: 'A statement of reasons',
        description:
          'For a client of the tenant that it was told to; and, without any key, for whoever sends the secret of its link.',
        params: IdParams,
        response: { 200: StatementSchema, ...problems(401, 403, 404, 429, 503) },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const tenantId = bears(request, statements, id) ? null : clientOf(request, reply)
      const { statement, appeal, replacedBy } = await getStanding(ground.database.sql, id, tenantId)
      const path = publicPath(statements, statement)
      const told = tenantId === null ? {} : { public_url: path && `${baseUrlOf(ground, request)}${path}` }
      const appealUrl = statement.redress.kind === 'full' ? path : null
      return reply.send({
        ...statementJson(statement),
        appeal_url: appealUrl,
        ...told,
        appeal,
        replaced_by: replacedBy,
        replaced_by_url: replacedBy === null ? null : `/statements/${replacedBy}#${statements.secretOf(replacedBy)}`,
      })
    },
  )
}

/** Whether the secret of this very statement was sent. */
export function bears({ headers }: Pick<FastifyRequest, 'headers'>, bearers: Bearers, statementId: string): boolean {
  const secret = headers[SECRET_HEADER]
  return typeof secret === 'string' && bearers.admits(statementId, secret)
}

/** The tenant of a caller who may read its statements. Whoever sends a wrong secret and nothing else is nobody. */
export function clientOf(request: FastifyRequest, reply: FastifyReply): string {
  const { caller } = request
  if (caller === null) {
    challenge(request, reply)
    throw new Fault('unauthenticated', { detail: `this is not the secret of a statement: ${SECRET_HEADER}` })
  }
  if (!caller.roles.includes('client'))
    throw new Fault('forbidden', { detail: 'this needs a key with the role client' })
  return caller.tenantId
}

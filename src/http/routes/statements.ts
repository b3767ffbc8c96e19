// Statements of reasons: the whole record behind a refusal, for the tenant that was refused.
import { Type } from '@fastify/type-provider-typebox'
import { getStatement } from '../../admit/records.ts'
import { type StatementJson, statementJson } from '../../statement/outputs.ts'
import { callerOf } from '../access.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import { appealPath } from '../resources.ts'
import { IdParams, problems } from '../schemas.ts'

type StatementResource = StatementJson & { appeal_url: string | null }
const StatementSchema = Type.Unsafe<StatementResource>(
  Type.Object(
    {
      id: Type.String(),
      object: Type.Literal('statement'),
      stage: Type.Enum(['input', 'output']),
      category: Type.String(),
      categories: Type.Array(Type.String()),
      clause: Type.String(),
      rule: Type.String(),
      facts: Type.String(),
      notice: Type.Object({ title: Type.String(), sentences: Type.Array(Type.String()) }),
      appeal_url: Type.Union([Type.String(), Type.Null()]),
    },
    { additionalProperties: true },
  ),
)

export function statementRoutes(app: App, { ground }: RouteDeps): void {
  app.get(
    '/v1/statements/:id',
    {
      config: { access: ['client'] },
      schema: {
        tags: ['statements'],
        summary: 'A statement of reasons',
        params: IdParams,
        response: { 200: StatementSchema, ...problems(401, 403, 404, 429, 503) },
      },
    },
    async (request) => {
      const statement = await getStatement(ground.database.sql, callerOf(request).tenantId, request.params.id)
      return { ...statementJson(statement), appeal_url: appealPath(statement) }
    },
  )
}

// What is stored about somebody who reported pictures, for whoever answers their question: found by the address that they left, shown,
// and erased. publish/reporters.ts says what is left out.
import { Type } from '@fastify/type-provider-typebox'
import { eraseReporter, findReports } from '../../publish/reporters.ts'
import { callerOf } from '../access.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import { problems } from '../schemas.ts'
import { strict } from '../validation.ts'

const ByEmail = Type.Object(
  { email: Type.String({ format: 'email', maxLength: 254, description: 'As it was left with the report.' }) },
  strict,
)
const OpenReports = Type.Object({
  object: Type.Literal('list'),
  data: Type.Array(
    Type.Object({
      id: Type.String(),
      object: Type.Literal('report'),
      image_id: Type.String(),
      category: Type.String(),
      text: Type.Union([Type.String(), Type.Null()]),
      created_at: Type.String({ format: 'date-time' }),
    }),
  ),
})

export function adminReportRoutes(app: App, { ground, admission }: RouteDeps): void {
  const config = { access: ['compliance', 'admin'] } as const
  const tags = ['compliance']
  const { database } = ground

  app.get(
    '/v1/admin/reports',
    {
      config,
      schema: {
        tags,
        summary: 'Open reports of whoever left this address',
        description:
          'The oldest 500. A decided report has no address any more. Reports of which the law restricts what may be told are not here, whether there are any or not.',
        querystring: ByEmail,
        response: { 200: OpenReports, ...problems(400, 401, 403) },
      },
    },
    async (request, reply) => {
      const found = await findReports(database.sql, admission.policy, request.query.email)
      reply.header('cache-control', 'no-store')
      const data = found.map(({ created_at, ...report }) => ({
        ...report,
        object: 'report' as const,
        created_at: created_at.toISOString(),
      }))
      return reply.send({ object: 'list' as const, data })
    },
  )

  app.delete(
    '/v1/admin/reports',
    {
      config,
      schema: {
        tags,
        summary: 'Erase address and text of those reports',
        description: 'The reports stay open and are decided. Answered alike whether there were any.',
        querystring: ByEmail,
        response: { 204: Type.Null({ description: 'Erased.' }), ...problems(400, 401, 403, 415) },
      },
    },
    async (request, reply) => {
      await eraseReporter(database, admission.policy, callerOf(request), request.query.email)
      return reply.code(204).send(null)
    },
  )
}

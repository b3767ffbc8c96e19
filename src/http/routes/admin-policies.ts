// Which policy was in force, and when: for whoever must show by which rules a decision was made. The text's SHA-256 is the digest that
// decisions, statements and the log carry.
import { type Static, Type } from '@fastify/type-provider-typebox'
import { Fault } from '../../kernel/fault.ts'
import { getVersion, listVersions, type PolicyVersion } from '../../policy/versions.ts'
import { wrongCursor } from '../../tenant/administered.ts'
import { listSchema, PageQuery, pageAsked } from '../admin-schemas.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import { problems } from '../schemas.ts'
import { strict } from '../validation.ts'

const Time = Type.String({ format: 'date-time' })
const versionFields = {
  object: Type.Literal('policy_version'),
  id: Type.String({ description: 'Of the policy, such as `moderation`.' }),
  version: Type.String(),
  digest: Type.String({ description: 'SHA-256 of the file.' }),
  live_from: Time,
  live_until: Type.Union([Time, Type.Null()], { description: 'null: it is in force.' }),
  program: Type.String({ description: 'The version of the program that put it in force.' }),
}
const VersionSchema = Type.Object(versionFields)
const DocumentSchema = Type.Object({ ...versionFields, document: Type.String({ description: 'The file’s text.' }) })

const CURSOR = /^\d{1,18}$/

export function adminPolicyRoutes(app: App, { ground }: RouteDeps): void {
  const { sql } = ground.database
  const tags = ['admin']
  const access = ['admin', 'compliance'] as const

  app.get(
    '/v1/admin/policies',
    {
      config: { access },
      schema: {
        tags,
        summary: 'Versions of policies that were in force, newest first',
        querystring: Type.Object(
          {
            ...PageQuery.properties,
            id: Type.Optional(Type.String({ maxLength: 64 })),
            at: Type.Optional(
              Type.String({ format: 'date-time', maxLength: 40, description: 'Those in force at this time alone.' }),
            ),
          },
          strict,
        ),
        response: { 200: listSchema(VersionSchema), ...problems(400, 401, 403) },
      },
    },
    async ({ query }) => {
      const { limit, after } = pageAsked(query)
      if (after !== null && !CURSOR.test(after)) throw wrongCursor()
      const which = { id: query.id ?? null, at: query.at === undefined ? null : timeOf(query.at) }
      const { rows, hasMore } = await listVersions(sql, which, { limit, after })
      return {
        object: 'list' as const,
        data: rows.map(versionResource),
        has_more: hasMore,
        next: hasMore ? (rows.at(-1)?.number ?? null) : null,
      }
    },
  )

  app.get(
    '/v1/admin/policies/:digest',
    {
      config: { access },
      schema: {
        tags,
        summary: 'A version of a policy with its text, by its digest',
        params: Type.Object({ digest: Type.String() }, strict),
        response: { 200: DocumentSchema, ...problems(401, 403, 404) },
      },
    },
    async ({ params }) => {
      const { document, ...version } = await getVersion(sql, params.digest)
      return { ...versionResource(version), document }
    },
  )
}

function versionResource({ number: _, live_from, live_until, ...rest }: PolicyVersion): Static<typeof VersionSchema> {
  return {
    object: 'policy_version',
    ...rest,
    live_from: live_from.toISOString(),
    live_until: live_until?.toISOString() ?? null,
  }
}

function timeOf(text: string): Date {
  const time = new Date(text)
  if (Number.isNaN(time.getTime())) throw new Fault('invalid_request', { field: 'at', detail: 'at is not a time' })
  return time
}

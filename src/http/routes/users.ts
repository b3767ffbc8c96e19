// What a tenant stores here about one of its own users, to hand to them or to erase: by the name that its orders had for them. The name
// itself is stored nowhere; another tenant's user of the same name is somebody else.
import { Type } from '@fastify/type-provider-typebox'
import { listUserRecords, type UserRecord } from '../../admit/user-records.ts'
import { type AppealRecord, appealsAbout } from '../../appeal/read.ts'
import { eraseUser, erasingSince } from '../../publish/user-erasure.ts'
import type { Bearers } from '../../statement/bearer.ts'
import { statementJson } from '../../statement/outputs.ts'
import { statementsAbout } from '../../statement/records.ts'
import type { Statement } from '../../statement/statement.ts'
import { checkUser, userDigestOf } from '../../tenant/users.ts'
import { callerOf } from '../access.ts'
import type { App } from '../app.ts'
import { readCursor, writeCursor } from '../cursors.ts'
import type { RouteDeps } from '../deps.ts'
import { generationResource } from '../resources.ts'
import { problems } from '../schemas.ts'
import {
  NOT_INCLUDED,
  PAGE,
  type UserData,
  UserDataSchema,
  UserErasureSchema,
  UserParams,
  UserQuery,
} from '../user-schemas.ts'
import { appealResource } from './appeals.ts'

export function userRoutes(app: App, { ground, admission, statements, onErased }: RouteDeps): void {
  const config = { access: ['client', 'tenant_admin'] } as const
  const tags = ['users']
  const { sql } = ground.database

  app.get(
    '/v1/users/:user/data',
    {
      config,
      schema: {
        tags,
        summary: 'What is stored about one of your users',
        description:
          'Every order that named them and was not erased, with the prompt, the pictures, decisions, appeals and what the log has of it; and what is left out, and why. A user whom no order named has an empty list.',
        params: UserParams,
        querystring: UserQuery,
        response: { 200: UserDataSchema, ...problems(400, 401, 403, 404, 429, 503) },
      },
    },
    async (request, reply) => {
      const { tenantId } = callerOf(request)
      const user = checkUser(request.params.user)
      const digest = userDigestOf(admission.userSecret, tenantId, user)
      const { limit = PAGE.usual, after } = request.query
      const bound = { list: 'user_data', tenant: tenantId, user: digest }
      const from = after === undefined ? null : readCursor(admission.userSecret, bound, after)
      const erasing = await erasingSince(sql, digest)
      const { records, hasMore } = await listUserRecords(sql, tenantId, digest, { limit, after: from })
      const ids = records.map(({ generation }) => generation.request.id)
      const subjects = records.flatMap(({ generation }) => generation.images.map(({ id }) => id))
      const stated = await statementsAbout(sql, tenantId, [...ids, ...subjects])
      const appeals = await appealsAbout(sql, tenantId, ids)
      const last = ids.at(-1)
      reply.header('cache-control', 'no-store')
      return reply.send({
        object: 'user_data' as const,
        user,
        read_at: new Date().toISOString(),
        erasing_since: erasing?.toISOString() ?? null,
        generations: records.map((record) => userGeneration(record, { stated, appeals, bearers: statements })),
        has_more: hasMore,
        next: hasMore && last !== undefined ? writeCursor(admission.userSecret, bound, last) : null,
        not_included: NOT_INCLUDED,
      })
    },
  )

  app.delete(
    '/v1/users/:user/data',
    {
      config,
      schema: {
        tags,
        summary: 'Erase what is stored about one of your users',
        description:
          'Erases every generation that was ordered for them until now, as `DELETE /v1/generations/{id}` does, with what they wrote in appeals. 202 while some are left, which go by themselves; ask again, or read `erasing_since`, to see it end. What is ordered for them later is not touched. Erasing again is answered alike.',
        params: UserParams,
        response: {
          202: UserErasureSchema,
          204: Type.Null({ description: 'Nothing is left.' }),
          ...problems(400, 401, 403, 404, 415, 429, 503),
        },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request)
      const digest = userDigestOf(admission.userSecret, caller.tenantId, checkUser(request.params.user))
      const askedAt = await eraseUser(ground, caller, digest, onErased)
      if (askedAt === null) return reply.code(204).send(null)
      return reply.code(202).send({ object: 'user_erasure', state: 'erasing', asked_at: askedAt.toISOString() })
    },
  )
}

type About = { stated: readonly Statement[]; appeals: readonly AppealRecord[]; bearers: Bearers }

function userGeneration(
  { generation, prompt, negativePrompt, inputs, moves }: UserRecord,
  { stated, appeals, bearers }: About,
): UserData['generations'][number] {
  const { id } = generation.request
  const subjects = [id, ...generation.images.map((image) => image.id)]
  return {
    generation: generationResource(generation, bearers),
    prompt,
    negative_prompt: negativePrompt,
    uploads: inputs.map(({ created_at, ...input }) => ({ ...input, created_at: created_at.toISOString() })),
    statements: stated.filter(({ subject }) => subjects.includes(subject.id)).map((one) => statementJson(one)),
    appeals: appeals
      .filter(({ request_id }) => request_id === id)
      .map((appeal) => ({ ...appealResource(appeal), text: appeal.text })),
    log: moves.map(({ at, ...move }) => ({ ...move, at: at.toISOString() })),
  }
}

// Administration of keys. A key's text is in the answer that made it, which nobody may keep, and nowhere else.
// Each act is one note in the log of the key's tenant; who may make which key is tenant/keys.ts's to say.
import { Type } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import type { Caller } from '../../tenant/caller.ts'
import { KEY_ENVS } from '../../tenant/key.ts'
import { getKey, issueKey, listKeys, type MadeKey, revokeKey, rotateKey } from '../../tenant/keys.ts'
import { ADMINISTRATORS } from '../../tenant/roles.ts'
import { getTenant } from '../../tenant/tenants.ts'
import { callerOf } from '../access.ts'
import {
  ExpirySchema,
  expiryOf,
  KeySchema,
  keyResource,
  listOf,
  listSchema,
  NameSchema,
  NewKeySchema,
  PageQuery,
  pageAsked,
  RolesSchema,
} from '../admin-schemas.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import { IdParams, problems } from '../schemas.ts'
import { optional, strict } from '../validation.ts'

const DAY_SECONDS = 86_400
const config = { access: ADMINISTRATORS }
const tags = ['admin']
const REFUSALS = problems(400, 401, 403, 404, 409, 413, 415)

export function adminKeyRoutes(app: App, deps: RouteDeps): void {
  readRoutes(app, deps)
  const { transact } = deps.ground.database

  app.post(
    '/v1/admin/tenants/:id/keys',
    {
      config,
      schema: {
        tags,
        summary: 'Make a key',
        params: IdParams,
        body: Type.Object(
          {
            name: NameSchema,
            roles: RolesSchema,
            person_id: optional(
              Type.String({ pattern: '^per_[0-9a-z]{26}$', description: 'The id of the person whose key it is.' }),
            ),
            env: optional(Type.Enum([...KEY_ENVS])),
            expires_at: optional(ExpirySchema),
          },
          strict,
        ),
        response: { 201: NewKeySchema, ...REFUSALS },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request)
      const { name, roles, person_id: personId = null, env, expires_at = null } = request.body
      const order = { tenantId: request.params.id, personId, name, roles, expiresAt: expiryOf(expires_at) }
      const made = await transact((tx) => issueKey(tx, caller, { ...order, env: env ?? 'live' }))
      return answerNew(deps, caller, reply, made)
    },
  )

  app.post(
    '/v1/admin/keys/:id/rotate',
    {
      config,
      schema: {
        tags,
        summary: 'Make a key’s successor',
        description:
          'The new key has the roles, person and name of the old one, which ends after `overlap_seconds` (a day, if not said).',
        params: IdParams,
        body: Type.Object(
          {
            overlap_seconds: optional(Type.Integer({ minimum: 0, maximum: 30 * DAY_SECONDS })),
            expires_at: Type.Optional(Type.Union([ExpirySchema, Type.Null()])),
          },
          strict,
        ),
        response: { 201: NewKeySchema, ...REFUSALS },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request)
      const { overlap_seconds, expires_at } = request.body
      const terms = {
        overlapSeconds: overlap_seconds ?? DAY_SECONDS,
        ...(expires_at === undefined ? {} : { expiresAt: expiryOf(expires_at) }),
      }
      const made = await transact((tx) => rotateKey(tx, caller, request.params.id, terms))
      return answerNew(deps, caller, reply, made)
    },
  )

  app.post(
    '/v1/admin/keys/:id/revoke',
    {
      config,
      schema: {
        tags,
        summary: 'End a key at once',
        description: 'Its sessions end with it. The last key that can administer the service cannot be revoked.',
        params: IdParams,
        response: { 200: KeySchema, ...REFUSALS },
      },
    },
    async (request) => {
      const caller = callerOf(request)
      await transact((tx) => revokeKey(tx, caller, request.params.id))
      return keyResource(await getKey(deps.ground.database.sql, caller, request.params.id))
    },
  )
}

function readRoutes(app: App, { ground }: RouteDeps): void {
  const { sql } = ground.database

  app.get(
    '/v1/admin/tenants/:id/keys',
    {
      config,
      schema: {
        tags,
        summary: 'Keys of a tenant, newest first; ended ones too',
        params: IdParams,
        querystring: PageQuery,
        response: { 200: listSchema(KeySchema), ...problems(400, 401, 403, 404) },
      },
    },
    async (request) => {
      const caller = callerOf(request)
      const tenant = await getTenant(sql, caller, request.params.id)
      const { rows, hasMore } = await listKeys(sql, caller, tenant.id, pageAsked(request.query))
      return listOf(rows.map(keyResource), hasMore)
    },
  )

  app.get(
    '/v1/admin/keys/:id',
    {
      config,
      schema: {
        tags,
        summary: 'One key, without its text',
        params: IdParams,
        response: { 200: KeySchema, ...problems(401, 403, 404) },
      },
    },
    async (request) => keyResource(await getKey(sql, callerOf(request), request.params.id)),
  )
}

async function answerNew({ ground }: RouteDeps, caller: Caller, reply: FastifyReply, { keyId, text }: MadeKey) {
  const key = keyResource(await getKey(ground.database.sql, caller, keyId))
  reply.code(201).header('location', `/v1/admin/keys/${keyId}`).header('cache-control', 'no-store')
  return { ...key, key: text }
}

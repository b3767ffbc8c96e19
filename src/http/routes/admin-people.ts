// Administration of people. What another tenant's people are is 404 to a customer's administrator.
// Each act is one note in the log of the person's tenant, without the name; who may do what is tenant/people.ts's to say.
import { Type } from '@fastify/type-provider-typebox'
import { addPerson, changePerson, getPerson, listPeople } from '../../tenant/people.ts'
import { readPersonData } from '../../tenant/person-data.ts'
import { erasePerson } from '../../tenant/person-erasure.ts'
import { ADMINISTRATORS } from '../../tenant/roles.ts'
import { getTenant } from '../../tenant/tenants.ts'
import { callerOf } from '../access.ts'
import {
  listOf,
  listSchema,
  NameSchema,
  OidcSchema,
  PageQuery,
  PersonSchema,
  pageAsked,
  personResource,
  RolesSchema,
} from '../admin-schemas.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import { PersonDataSchema, personDataResource } from '../person-schemas.ts'
import { IdParams, problems } from '../schemas.ts'
import { optional, strict } from '../validation.ts'

export function adminPeopleRoutes(app: App, { ground }: RouteDeps): void {
  const config = { access: ADMINISTRATORS }
  const tags = ['admin']
  const { sql, transact } = ground.database

  app.get(
    '/v1/admin/tenants/:id/people',
    {
      config,
      schema: {
        tags,
        summary: 'People of a tenant, newest first',
        params: IdParams,
        querystring: PageQuery,
        response: { 200: listSchema(PersonSchema), ...problems(400, 401, 403, 404) },
      },
    },
    async (request) => {
      const caller = callerOf(request)
      const tenant = await getTenant(sql, caller, request.params.id)
      const { rows, hasMore } = await listPeople(sql, caller, tenant.id, pageAsked(request.query))
      return listOf(rows.map(personResource), hasMore)
    },
  )

  app.post(
    '/v1/admin/tenants/:id/people',
    {
      config,
      schema: {
        tags,
        summary: 'Add a person',
        params: IdParams,
        body: Type.Object({ name: NameSchema, roles: RolesSchema, oidc: optional(OidcSchema) }, strict),
        response: { 201: PersonSchema, ...problems(400, 401, 403, 404, 409, 413, 415) },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request)
      const { name, roles, oidc = null } = request.body
      const person = { tenantId: request.params.id, name, roles, oidc }
      const id = await transact((tx) => addPerson(tx, caller, person))
      const resource = personResource(await getPerson(sql, caller, id))
      return reply.code(201).header('location', `/v1/admin/people/${id}`).send(resource)
    },
  )

  app.get(
    '/v1/admin/people/:id',
    {
      config,
      schema: {
        tags,
        summary: 'One person',
        params: IdParams,
        response: { 200: PersonSchema, ...problems(401, 403, 404) },
      },
    },
    async (request) => personResource(await getPerson(sql, callerOf(request), request.params.id)),
  )

  app.patch(
    '/v1/admin/people/:id',
    {
      config,
      schema: {
        tags,
        summary: 'Change a person',
        description: 'Names what changes. `active: false` ends the person’s sessions and refuses their keys.',
        params: IdParams,
        body: Type.Partial(
          Type.Object({
            name: NameSchema,
            roles: RolesSchema,
            active: Type.Boolean(),
            oidc: Type.Union([OidcSchema, Type.Null()]),
          }),
          strict,
        ),
        response: { 200: PersonSchema, ...problems(400, 401, 403, 404, 409, 410, 413, 415) },
      },
    },
    async (request) => {
      const caller = callerOf(request)
      const { id } = request.params
      await transact((tx) => changePerson(tx, caller, id, request.body))
      return personResource(await getPerson(sql, caller, id))
    },
  )

  app.get(
    '/v1/admin/people/:id/data',
    {
      config,
      schema: {
        tags,
        summary: 'What is stored about a person',
        description:
          'Who they are, keys without secrets, sessions, what their work as a reviewer left, and what they did, counted by month; and what is left out, and why.',
        params: IdParams,
        response: { 200: PersonDataSchema, ...problems(401, 403, 404) },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store')
      return personDataResource(await readPersonData(sql, callerOf(request), request.params.id))
    },
  )

  app.delete(
    '/v1/admin/people/:id/data',
    {
      config,
      schema: {
        tags,
        summary: 'Erase what is stored about a person who left',
        description:
          'Name, link to the identity provider, keys, sessions, settings of review and what they wrote there. What they decided stays under their id. 409 while they are active or hold an item; again is no error.',
        params: IdParams,
        response: { 204: Type.Null({ description: 'Erased.' }), ...problems(400, 401, 403, 404, 409, 415) },
      },
    },
    async (request, reply) => {
      await transact((tx) => erasePerson(tx, callerOf(request), request.params.id))
      return reply.code(204).send(null)
    },
  )
}

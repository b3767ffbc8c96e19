// Administration of tenants. The operator's administrators make and change them; a customer's own sees theirs.
// Each act is one note in the log of the tenant that it is about (tenant/tenants.ts). What another's is, is 404.
import { Type } from '@fastify/type-provider-typebox'
import { Fault } from '../../kernel/fault.ts'
import { requireFitting } from '../../policy/settings.ts'
import { actorOf } from '../../tenant/actor.ts'
import { requireAdministered } from '../../tenant/administered.ts'
import { ADMINISTRATORS } from '../../tenant/roles.ts'
import { changeTenant, createTenant, getTenant, listTenants, type TenantTerms } from '../../tenant/tenants.ts'
import { usageReport } from '../../tenant/usage.ts'
import { callerOf } from '../access.ts'
import {
  listOf,
  listSchema,
  NameSchema,
  PageQuery,
  pageAsked,
  TenantSchema,
  tenantResource,
  termsOfTenant,
} from '../admin-schemas.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import { IdParams, problems } from '../schemas.ts'
import { strict } from '../validation.ts'
import { UsagePeriod, UsageSchema, usageResource } from './usage.ts'

export function adminTenantRoutes(app: App, { ground, admission }: RouteDeps): void {
  const tags = ['admin']
  const { sql, transact } = ground.database
  const requireTerms = ({ plan, policy, purposes = [] }: Partial<TenantTerms>) => {
    if (plan !== undefined && !admission.plans.has(plan))
      throw new Fault('invalid_request', { field: 'plan', detail: `there is no plan ${plan}` })
    if (policy) requireFitting(admission.policy, policy)
    const known = admission.policy.purposes
    for (const purpose of purposes)
      if (!known.includes(purpose))
        throw new Fault('invalid_request', { field: 'purposes', detail: `purposes are of ${known.join(', ')}` })
  }

  app.get(
    '/v1/admin/tenants',
    {
      config: { access: ADMINISTRATORS },
      schema: {
        tags,
        summary: 'Tenants, newest first',
        querystring: PageQuery,
        response: { 200: listSchema(TenantSchema), ...problems(400, 401, 403) },
      },
    },
    async (request) => {
      const { rows, hasMore } = await listTenants(sql, callerOf(request), pageAsked(request.query))
      return listOf(rows.map(tenantResource), hasMore)
    },
  )

  app.post(
    '/v1/admin/tenants',
    {
      config: { access: ['admin'] },
      schema: {
        tags,
        summary: 'Make a tenant',
        body: Type.Object({ name: NameSchema, ...Type.Partial(Type.Object(termsOfTenant)).properties }, strict),
        response: { 201: TenantSchema, ...problems(400, 401, 403, 413, 415) },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request)
      requireTerms(request.body)
      const id = await transact((tx) => createTenant(tx, request.body, actorOf(caller)))
      const tenant = tenantResource(await getTenant(sql, caller, id))
      return reply.code(201).header('location', `/v1/admin/tenants/${id}`).send(tenant)
    },
  )

  app.get(
    '/v1/admin/tenants/:id',
    {
      config: { access: ADMINISTRATORS },
      schema: {
        tags,
        summary: 'One tenant',
        params: IdParams,
        response: { 200: TenantSchema, ...problems(401, 403, 404) },
      },
    },
    async (request) => tenantResource(await getTenant(sql, callerOf(request), request.params.id)),
  )

  app.get(
    '/v1/admin/tenants/:id/usage',
    {
      config: { access: ADMINISTRATORS },
      schema: {
        tags,
        summary: 'What a tenant used, and what is left',
        description: 'As GET /v1/usage answers it to the tenant itself.',
        params: IdParams,
        querystring: UsagePeriod,
        response: { 200: UsageSchema, ...problems(400, 401, 403, 404, 503) },
      },
    },
    async (request) => {
      const { id } = request.params
      requireAdministered(callerOf(request), id)
      const { msPerCost } = ground.config.dispatch
      return usageResource(await usageReport(sql, admission.plans, id, request.query, msPerCost))
    },
  )

  app.patch(
    '/v1/admin/tenants/:id',
    {
      config: { access: ['admin'] },
      schema: {
        tags,
        summary: 'Change a tenant',
        description:
          'Names what changes; `quota`, `policy` and `purposes` are replaced as a whole. A suspended tenant’s keys and people are refused with 403; ' +
          'what it ordered before is finished.',
        params: IdParams,
        body: Type.Partial(Type.Object({ name: NameSchema, ...termsOfTenant, suspended: Type.Boolean() }), strict),
        response: { 200: TenantSchema, ...problems(400, 401, 403, 404, 409, 413, 415) },
      },
    },
    async (request) => {
      const caller = callerOf(request)
      const { id } = request.params
      requireTerms(request.body)
      await transact((tx) => changeTenant(tx, caller, id, request.body))
      return tenantResource(await getTenant(sql, caller, id))
    },
  )

  app.put(
    '/v1/admin/tenants/:id/audit-consent',
    {
      config: { access: ADMINISTRATORS },
      schema: {
        tags,
        summary: 'Agree to random audits, or no more',
        description:
          'With consent, people of the service look at a small random share of what was released (`audit_rates` of policies/review.yaml), so that its errors can be estimated. A tenant’s own administrator gives or takes it.',
        params: IdParams,
        body: Type.Object({ consent: Type.Boolean() }, strict),
        response: { 200: TenantSchema, ...problems(400, 401, 403, 404, 413, 415) },
      },
    },
    async (request) => {
      const caller = callerOf(request)
      const { id } = request.params
      await transact((tx) => changeTenant(tx, caller, id, { audit_consent: request.body.consent }))
      return tenantResource(await getTenant(sql, caller, id))
    },
  )
}

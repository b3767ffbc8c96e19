// What this tenant used, what its plan leaves and when it starts again. Another tenant's is the administrators' to see.
// The numbers are those that admission holds (tenant/quota.ts), so nobody is refused by others than they can read.
import { type Static, Type } from '@fastify/type-provider-typebox'
import { type UsageReport, usageReport } from '../../tenant/usage.ts'
import { callerOf } from '../access.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import { problems } from '../schemas.ts'
import { strict } from '../validation.ts'

const Day = Type.String({ format: 'date', description: 'A day of UTC, such as 2026-11-01.' })
const Amount = Type.Union([Type.Number(), Type.Null()])
const Pace = Type.Union([Type.Object({ per_minute: Type.Integer(), burst: Type.Integer() }), Type.Null()])

export const UsagePeriod = Type.Object({ from: Type.Optional(Day), to: Type.Optional(Day) }, strict)

export const UsageSchema = Type.Object({
  object: Type.Literal('usage'),
  tenant_id: Type.String(),
  plan: Type.String(),
  from: Day,
  to: Day,
  days: Type.Array(
    Type.Object({
      day: Day,
      requests: Type.Integer(),
      images: Type.Integer({ description: 'Released ones: what was refused, withheld or failed is not charged.' }),
      gpu_seconds: Type.Number(),
      upload_bytes: Type.Integer(),
      refusals: Type.Integer(),
      failures: Type.Integer(),
    }),
  ),
  limits: Type.Array(
    Type.Object({
      quota: Type.String({ description: 'The name that an error cites as its field.' }),
      limit: Type.Union([Type.Number(), Type.Null()], { description: 'null: unlimited.' }),
      used: Type.Number({ description: 'With what is queued or being made; its GPU seconds are estimated.' }),
      remaining: Amount,
      resets_at: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
        description: 'null: it goes down by itself or by erasing.',
      }),
    }),
  ),
  rates: Type.Object(
    { requests: Pace, moderations: Pace, refusals: Pace },
    { description: 'Per minute; null: unlimited.' },
  ),
})
export type UsageResource = Static<typeof UsageSchema>

export function usageResource({ tenantId, plan, from, to, days, limits, paces }: UsageReport): UsageResource {
  return {
    object: 'usage',
    tenant_id: tenantId,
    plan,
    from,
    to,
    days: days.map(({ gpuSeconds, uploadBytes, ...rest }) => ({
      ...rest,
      gpu_seconds: gpuSeconds,
      upload_bytes: uploadBytes,
    })),
    limits: limits.map(({ resetsAt, ...rest }) => ({ ...rest, resets_at: resetsAt?.toISOString() ?? null })),
    rates: paces,
  }
}

export function usageRoutes(app: App, { ground, admission }: RouteDeps): void {
  app.get(
    '/v1/usage',
    {
      config: { access: ['client', 'tenant_admin'] },
      schema: {
        tags: ['usage'],
        summary: 'What was used, and what is left',
        description: 'Both ends of the period are included; 30 days up to today unless said, 366 at most.',
        querystring: UsagePeriod,
        response: { 200: UsageSchema, ...problems(400, 401, 403, 503) },
      },
    },
    async (request) => {
      const { tenantId } = callerOf(request)
      const { msPerCost } = ground.config.dispatch
      return usageResource(await usageReport(ground.database.sql, admission.plans, tenantId, request.query, msPerCost))
    },
  )
}

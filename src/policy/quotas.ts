// Plans: what a tenant may ask for, from policies/quotas.yaml. Each limit is written out or the file is refused; null says unlimited.
// A tenant's own limits (tenant.quota) replace its plan's by name. src/tenant/quota.ts and rate.ts hold tenants to them.
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Json } from '../kernel/canonical.ts'
import { Fault } from '../kernel/fault.ts'
import { parseDocumentOf, readPolicyFile } from './document.ts'

const strict = { additionalProperties: false } as const
/** Of a bigint column, and exact as a number. */
const MOST = Number.MAX_SAFE_INTEGER
const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])
const Amount = Nullable(Type.Integer({ minimum: 0, maximum: MOST }))
const Pace = Nullable(
  Type.Object(
    { per_minute: Type.Integer({ minimum: 1, maximum: 1e6 }), burst: Type.Integer({ minimum: 1, maximum: 1e6 }) },
    strict,
  ),
)

const LIMITS = {
  requests: Pace,
  moderations: Pace,
  /** How fast a key may be refused before all that it sends is turned away for a while. */
  refusals: Pace,
  requests_per_day: Amount,
  images_per_day: Amount,
  gpu_seconds_per_day: Amount,
  upload_bytes_per_day: Amount,
  stored_bytes: Amount,
  concurrent_requests: Amount,
  listeners: Amount,
} as const

const PlanSchema = Type.Object(LIMITS, strict)
const QuotasSchema = Type.Object(
  {
    plans: Type.Record(Type.String({ pattern: '^[a-z][a-z0-9_-]{0,40}$' }), PlanSchema, {
      additionalProperties: false,
      minProperties: 1,
    }),
  },
  strict,
)
/** The shape of tenant.quota: any of a plan's limits. */
export const OverridesSchema = Type.Partial(PlanSchema, strict)

export type Pace = { per_minute: number; burst: number }
export type Plan = Static<typeof PlanSchema>
export type Overrides = Static<typeof OverridesSchema>
export type PacedLimit = 'requests' | 'moderations' | 'refusals'
export type CountedLimit = Exclude<keyof Plan, PacedLimit>
export type Plans = ReadonlyMap<string, Plan>

export const DEFAULT_PLAN = 'default'

/** Fault: policy_invalid, whose detail lists every problem with line and column. */
export async function loadPlans(file: string): Promise<Plans> {
  const { bytes, name } = await readPolicyFile(file)
  return parsePlans(bytes, name)
}

export function parsePlans(bytes: Uint8Array, name: string): Plans {
  return parseDocumentOf(bytes, name, {
    schema: QuotasSchema,
    compile: ({ plans }, report): Plans => {
      if (plans[DEFAULT_PLAN] === undefined)
        report(['plans'], `lacks the plan "${DEFAULT_PLAN}", which every new tenant has`)
      return new Map(Object.entries(plans))
    },
  })
}

const overrides = Compile(OverridesSchema)

/** Whether a value may be a tenant's own limits. */
export function isOverrides(value: unknown): value is Overrides {
  return overrides.Check(value)
}

/**
 * The limits of a tenant. Fault: plan_missing, when its plan is gone from the file or its own limits are malformed: nothing says what it
 * may do, until the operator mends that.
 */
export function limitsOf(plans: Plans, tenant: { plan: string; quota: Json }): Plan {
  const plan = plans.get(tenant.plan)
  if (plan === undefined)
    throw new Fault('plan_missing', {
      retry: 'later',
      detail: 'a tenant has a plan that is not there',
      facts: { plan: tenant.plan },
    })
  if (!isOverrides(tenant.quota))
    throw new Fault('plan_missing', {
      retry: 'later',
      detail: 'the limits of a tenant are malformed',
      facts: { plan: tenant.plan },
    })
  return { ...plan, ...tenant.quota }
}

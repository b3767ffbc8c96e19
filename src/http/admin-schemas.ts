// The shapes of administration: what is taken, what is answered, and the resources made of rows.
// A body with a field that is not named here is refused. The routes are routes/admin-*.ts.
import { type Static, Type } from '@fastify/type-provider-typebox'
import { Fault } from '../kernel/fault.ts'
import { isOverrides, OverridesSchema } from '../policy/quotas.ts'
import { isSettings, SettingsSchema } from '../policy/settings.ts'
import { KEY_ENVS } from '../tenant/key.ts'
import type { KeyRow } from '../tenant/keys.ts'
import type { PersonRow } from '../tenant/people.ts'
import { isRole, ROLES } from '../tenant/roles.ts'
import type { TenantRow } from '../tenant/tenants.ts'
import { strict } from './validation.ts'

const PAGE = 20
const MAX_PAGE = 100
/** Something to read in one line. */
const LINE = {
  minLength: 1,
  pattern: '^[^\\u0000-\\u001F\\u007F]*[^\\s\\u0000-\\u001F\\u007F][^\\u0000-\\u001F\\u007F]*$',
  description: 'Text in one line.',
}
const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])
const Time = Type.String({ format: 'date-time' })

export const NameSchema = Type.String({ ...LINE, maxLength: 200 })
export const RolesSchema = Type.Array(Type.Enum([...ROLES]), { minItems: 1, maxItems: ROLES.length, uniqueItems: true })
export const OidcSchema = Type.Object(
  {
    issuer: Type.String({ ...LINE, maxLength: 500 }),
    subject: Type.String({ ...LINE, maxLength: 255 }),
  },
  { ...strict, description: 'Who the person is to the identity provider.' },
)
export const ExpirySchema = Type.String({ format: 'date-time', maxLength: 40, description: 'When the key ends.' })

/** What an administrator sets of a tenant beside its name. */
export const termsOfTenant = {
  weight: Type.Number({ minimum: 0.01, maximum: 1000, description: 'Its share of busy devices, relative to others.' }),
  plan: Type.String({ pattern: '^[a-z][a-z0-9_-]{0,40}$', description: 'The name of a plan, such as default.' }),
  quota: OverridesSchema,
  sandbox: Type.Boolean({ description: 'Its prompts may force outcomes.' }),
  previews_allowed: Type.Boolean(),
  policy: Type.Union([SettingsSchema, Type.Null()], {
    description: 'Its own settings of the moderation policy; null: none.',
  }),
  purposes: Type.Array(Type.String({ minLength: 1, maxLength: 100 }), {
    maxItems: 100,
    uniqueItems: true,
    description: 'Purposes that its requests may declare.',
  }),
}

export const TenantSchema = Type.Object({
  id: Type.String(),
  object: Type.Literal('tenant'),
  name: Type.String(),
  operator: Type.Boolean({ description: 'The tenant of those who run this service.' }),
  suspended: Type.Boolean(),
  suspended_at: Nullable(Time),
  ...termsOfTenant,
  audit_consent: Type.Boolean({
    description: 'Whether people may look at a random share of what was released, to estimate errors.',
  }),
  created_at: Time,
})

export const PersonSchema = Type.Object({
  id: Type.String(),
  object: Type.Literal('person'),
  tenant_id: Type.String(),
  name: Type.String(),
  roles: Type.Array(Type.Enum([...ROLES])),
  active: Type.Boolean(),
  oidc: Nullable(OidcSchema),
  created_at: Time,
  erased_at: Nullable(Type.String({ format: 'date-time', description: 'When what was stored about them was erased.' })),
})

const keyFields = {
  id: Type.String(),
  object: Type.Literal('key'),
  tenant_id: Type.String(),
  person_id: Nullable(Type.String()),
  name: Type.String(),
  prefix: Type.String({ description: 'How the key begins.' }),
  env: Type.Enum([...KEY_ENVS]),
  roles: Type.Array(Type.Enum([...ROLES])),
  created_at: Time,
  expires_at: Nullable(Time),
  last_used_at: Nullable(Time),
  revoked_at: Nullable(Time),
  rotated_to: Nullable(Type.String()),
}
export const KeySchema = Type.Object(keyFields)
export const NewKeySchema = Type.Object({
  ...keyFields,
  key: Type.String({ description: 'The key itself. It is shown here and never again.' }),
})

export const PageQuery = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_PAGE, default: PAGE })),
    after: Type.Optional(Type.String({ maxLength: 64, description: '`next` of the page before.' })),
  },
  strict,
)

export function listSchema<T extends Parameters<typeof Type.Array>[0]>(item: T) {
  return Type.Object({
    object: Type.Literal('list'),
    data: Type.Array(item),
    has_more: Type.Boolean(),
    next: Nullable(Type.String({ description: 'Pass it as `after` for the next page.' })),
  })
}

export function pageAsked({ limit = PAGE, after }: Static<typeof PageQuery>) {
  return { limit, after: after ?? null }
}

export function listOf<Item extends { id: string }>(data: Item[], hasMore: boolean) {
  return { object: 'list' as const, data, has_more: hasMore, next: hasMore ? (data.at(-1)?.id ?? null) : null }
}

/** The time that a caller wrote. Fault: invalid_request. */
export function expiryOf(text: string | null): Date | null {
  if (text === null) return null
  const time = new Date(text)
  if (Number.isNaN(time.getTime()))
    throw new Fault('invalid_request', { field: 'expires_at', detail: 'expires_at is not a time' })
  return time
}

export function tenantResource({
  suspended_at,
  created_at,
  quota,
  policy,
  ...row
}: TenantRow): Static<typeof TenantSchema> {
  if (!isOverrides(quota)) throw new Fault('policy_invalid', { detail: 'the limits of a tenant are malformed' })
  if (policy !== null && !isSettings(policy))
    throw new Fault('policy_invalid', { detail: 'the policy settings of a tenant are malformed' })
  return {
    object: 'tenant',
    ...row,
    quota,
    policy,
    suspended: suspended_at !== null,
    suspended_at: suspended_at?.toISOString() ?? null,
    created_at: created_at.toISOString(),
  }
}

export function personResource(row: PersonRow): Static<typeof PersonSchema> {
  const { oidc_issuer: issuer, oidc_subject: subject } = row
  return {
    id: row.id,
    object: 'person',
    tenant_id: row.tenant_id,
    name: row.name,
    roles: (row.roles ?? []).filter(isRole),
    active: row.deactivated_at === null,
    oidc: issuer === null || subject === null ? null : { issuer, subject },
    created_at: row.created_at.toISOString(),
    erased_at: row.erased_at?.toISOString() ?? null,
  }
}

export function keyResource(row: KeyRow): Static<typeof KeySchema> {
  return {
    object: 'key',
    ...row,
    roles: row.roles.filter(isRole),
    created_at: row.created_at.toISOString(),
    expires_at: row.expires_at?.toISOString() ?? null,
    last_used_at: row.last_used_at?.toISOString() ?? null,
    revoked_at: row.revoked_at?.toISOString() ?? null,
  }
}

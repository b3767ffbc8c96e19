// A tenant's own settings: stricter as it likes, looser only as far as the policy says (`loosest` of a category). `policyOf` makes the
// policy that counts for a tenant, and never a looser one than the policy allows: where a stored setting does not fit any more, the
// stricter of the two counts. requireFitting is for whoever sets them; tenantsBeyondPolicy tells the operator at the start.
import { sql as raw } from 'kysely'
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { canonical, type Json, sha256 } from '../kernel/canonical.ts'
import type { Sql } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { Ground } from '../kernel/ground.ts'
import type { Category, ImageRule, ModerationPolicy, Thresholds } from './policy.ts'
import { bandsOf, flawsOfThresholds } from './thresholds.ts'

const strict = { additionalProperties: false } as const
const Probability = Type.Number({ minimum: 0, maximum: 1 })

/** The shape of tenant.policy. */
export const SettingsSchema = Type.Object(
  {
    categories: Type.Record(
      Type.String({ pattern: '^[a-z][a-z-]*(/[a-z][a-z-]*)?$' }),
      Type.Object(
        {
          hold: Type.Optional(Probability),
          deny: Type.Optional(Probability),
          ignore_contexts: Type.Optional(
            Type.Boolean({ description: 'Contexts may make this category stricter, never more lenient.' }),
          ),
        },
        strict,
      ),
      { additionalProperties: false },
    ),
  },
  { ...strict, description: 'Thresholds by category that count instead of the policy’s; lower ones always may.' },
)
export type Settings = Static<typeof SettingsSchema>
type CategorySettings = Settings['categories'][string]
export type Misfit = { readonly field: string; readonly reason: string }

const settingsShape = Compile(SettingsSchema)

export function isSettings(value: unknown): value is Settings {
  return settingsShape.Check(value)
}

/** What of the settings the policy does not allow, or cannot work with. */
export function misfitsOf(policy: ModerationPolicy, { categories }: Settings): Misfit[] {
  return Object.entries(categories).flatMap(([id, own]) => {
    const at = `policy.categories.${id}`
    const category = policy.categories.find((one) => one.id === id)
    if (category === undefined) return [{ field: at, reason: `the policy has no category ${id}` }]
    return misfitsOfCategory(category, own).map(({ key, reason }) => ({ field: `${at}.${key}`, reason }))
  })
}

/** Fault: invalid_request, whose field is the first that does not fit. */
export function requireFitting(policy: ModerationPolicy, settings: Settings): void {
  const [first] = misfitsOf(policy, settings)
  if (first !== undefined) throw new Fault('invalid_request', { field: first.field, detail: first.reason })
}

const MOST_KEPT = 1000
const made = new WeakMap<ModerationPolicy, Map<string, ModerationPolicy>>()

/** The policy of a tenant with these settings (tenant.policy); the same object for the same settings. Fault: policy_invalid, malformed. */
export function policyOf(policy: ModerationPolicy, settings: Json): ModerationPolicy {
  if (settings === null) return policy
  if (!isSettings(settings))
    throw new Fault('policy_invalid', { retry: 'later', detail: 'the policy settings of a tenant are malformed' })
  const digest = sha256(canonical(settings))
  const known = made.get(policy) ?? new Map<string, ModerationPolicy>()
  made.set(policy, known)
  const found = known.get(digest)
  if (found !== undefined) return found
  const own = Object.freeze({
    ...policy,
    settings: digest,
    categories: policy.categories.map((category) => withSettings(category, settings.categories[category.id] ?? {})),
  })
  if (known.size >= MOST_KEPT) known.clear()
  known.set(digest, own)
  return own
}

/** Tenants whose settings the policy does not allow as they are, for the operator to mend. */
export async function tenantsBeyondPolicy(
  sql: Sql,
  policy: ModerationPolicy,
): Promise<{ id: string; fields: string[] }[]> {
  const tenants = await sql
    .selectFrom('darkroom.tenant')
    .select(['id', 'policy', 'purposes'])
    .where(raw<boolean>`policy IS NOT NULL OR purposes <> '{}'`)
    .orderBy('id')
    .execute()
  return tenants.flatMap(({ id, policy: settings, purposes }) => {
    const fields = [
      ...(settings === null
        ? []
        : isSettings(settings)
          ? misfitsOf(policy, settings).map(({ field }) => field)
          : ['policy']),
      ...(purposes.every((purpose) => policy.purposes.includes(purpose)) ? [] : ['purposes']),
    ]
    return fields.length === 0 ? [] : [{ id, fields }]
  })
}

/** Says so loudly; what is stricter counts meanwhile. */
export async function tellBeyondPolicy({ database, log }: Ground, policy: ModerationPolicy): Promise<void> {
  const tenants = await tenantsBeyondPolicy(database.sql, policy)
  if (tenants.length > 0)
    log.error(
      { tenants },
      'these tenants have policy settings or purposes that policies/moderation.yaml does not allow (any more); the stricter of the ' +
        'two counts: mend them by PATCH /v1/admin/tenants/{id}',
    )
}

function misfitsOfCategory({ id, image }: Category, own: CategorySettings): { key: string; reason: string }[] {
  if (image === null)
    return (['hold', 'deny'] as const)
      .filter((key) => own[key] !== undefined)
      .map((key) => ({ key, reason: `no picture is scored for ${id}, so it has no threshold` }))
  const looser = (['hold', 'deny'] as const).flatMap((key) => {
    const most = mostOf(image, key)
    const asked = own[key]
    if (asked === undefined || asked <= most) return []
    return [{ key, reason: `${key} of ${id} may be ${most} at the most for a tenant; ${asked} is looser` }]
  })
  if (looser.length > 0) return looser
  const inContexts = own.ignore_contexts === true ? [] : image.contexts
  const base = image.thresholds
  const flaws = flawsOfThresholds(asked(base, base, own)).map((flaw) => ({ ...flaw, where: id }))
  const more = inContexts.flatMap(({ context, thresholds }) =>
    flawsOfThresholds(asked(base, thresholds, own)).map((flaw) => ({
      ...flaw,
      where: `${id} in the context ${context}`,
    })),
  )
  return [...flaws, ...more].map(({ key, reason, where }) => ({
    // The margin is the policy's: what a tenant can mend is a threshold of its own.
    key: key === 'margin' ? (own.deny === undefined ? 'hold' : 'deny') : key,
    reason: `${where}: ${reason}`,
  }))
}

function mostOf({ thresholds, loosest }: ImageRule, key: 'hold' | 'deny'): number {
  return Math.max(thresholds[key] ?? Number.POSITIVE_INFINITY, loosest[key] ?? 0)
}

/**
 * A tenant's number replaces the category's own. In a context it counts where it is stricter than the category's own; a looser one
 * leaves the context's.
 */
function asked(base: Thresholds, at: Thresholds, own: CategorySettings): Thresholds {
  const one = (key: 'hold' | 'deny') => {
    const set = own[key]
    const usual = base[key] ?? Number.POSITIVE_INFINITY
    if (set === undefined) return at[key]
    if (set <= usual) return at === base ? set : Math.min(set, at[key] ?? set)
    return at === base ? set : at[key]
  }
  return { hold: one('hold') ?? at.hold, deny: one('deny'), margin: at.margin }
}

function withSettings(category: Category, own: CategorySettings): Category {
  const ignoreContexts = own.ignore_contexts === true
  const { image } = category
  if (image === null) return { ...category, ignoreContexts }
  const base = image.thresholds
  const fits = misfitsOfCategory(category, own).length === 0
  const stricter: CategorySettings = {
    ...(own.hold === undefined ? {} : { hold: Math.min(own.hold, base.hold) }),
    ...(own.deny === undefined ? {} : { deny: Math.min(own.deny, base.deny ?? own.deny) }),
  }
  const settled = (at: Thresholds) => {
    const thresholds = asked(base, at, fits ? own : stricter)
    return { thresholds, ...bandsOf(thresholds) }
  }
  const contexts = image.contexts.map(({ context, thresholds }) => ({ context, ...settled(thresholds) }))
  return { ...category, ignoreContexts, image: { ...image, ...settled(base), contexts } }
}

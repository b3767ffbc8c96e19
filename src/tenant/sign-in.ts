// Whom the identity provider's word lets in, and as what. With a role map the provider decides at every sign-in: a person is made
// on their first, their roles follow its claim, and one without a role is refused and signed out. Without a map only people whom
// an administrator linked to their subject may come in, with the roles they were given.
import { note } from '../advance.ts'
import type { OidcConfig } from '../kernel/config/oidc.ts'
import type { Database, Tx } from '../kernel/database.ts'
import { Fault, isFault } from '../kernel/fault.ts'
import type { Ground } from '../kernel/ground.ts'
import { requireAdminRemains } from './administered.ts'
import type { Identity } from './oidc.ts'
import { createPerson, type PersonRow } from './people.ts'
import { ADMINISTRATORS, isRole, ROLES, type Role, type TenantKind, whyNot } from './roles.ts'
import { endSessionsOf, openPersonSession } from './sessions.ts'

export type Refused = { refused: 'role' | 'inactive' | 'suspended' }
export type SignInRules = {
  readonly tenantId: string
  readonly kind: TenantKind
  /** Null: roles are given by administrators alone. */
  readonly roleOf: ReadonlyMap<string, Role> | null
}

const BY = { program: 'oidc' } as const

/** Checks at the start what would otherwise refuse everybody later. Fault: config_invalid. */
export async function readSignInRules({ sql }: Database, config: OidcConfig): Promise<SignInRules> {
  const query = sql.selectFrom('darkroom.tenant').select(['id', 'operator'])
  const tenant = await (config.tenant === null
    ? query.where('operator', '=', true)
    : query.where('id', '=', config.tenant)
  ).executeTakeFirst()
  if (tenant === undefined) throw wrong('DARKROOM_OIDC_TENANT', 'there is no such tenant')
  const kind = tenant.operator ? 'operator' : 'customer'
  const roleOf = new Map<string, Role>()
  for (const { value, role } of config.roleMap) {
    if (!isRole(role)) throw wrong('DARKROOM_OIDC_ROLE_MAP', `there is no role ${role}; there are ${ROLES.join(', ')}`)
    const reason = whyNot(ADMINISTRATORS, [role], kind)
    if (reason !== null) throw wrong('DARKROOM_OIDC_ROLE_MAP', reason)
    roleOf.set(value, role)
  }
  return { tenantId: tenant.id, kind, roleOf: roleOf.size === 0 ? null : roleOf }
}

/** Opens a session for whom the provider named, and returns its token. */
export async function signIn(ground: Ground, rules: SignInRules, who: Identity): Promise<{ token: string } | Refused> {
  try {
    return await ground.database.transact((tx) => admitPerson(ground, tx, rules, who))
  } catch (error) {
    // Their roles would have taken the last administrator away; the transaction left everything as it was.
    if (isFault(error, 'conflict')) return { refused: 'role' }
    throw error
  }
}

async function admitPerson(
  ground: Ground,
  tx: Tx,
  rules: SignInRules,
  who: Identity,
): Promise<{ token: string } | Refused> {
  const { tenantId } = rules
  const tenant = await tx
    .selectFrom('darkroom.tenant')
    .select('suspended_at')
    .where('id', '=', tenantId)
    .forNoKeyUpdate()
    .executeTakeFirstOrThrow()
  if (tenant.suspended_at !== null) return { refused: 'suspended' }
  const person = await tx
    .selectFrom('darkroom.person')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('oidc_issuer', '=', who.issuer)
    .where('oidc_subject', '=', who.subject)
    .executeTakeFirst()
  if (person !== undefined && person.deactivated_at !== null) return { refused: 'inactive' }
  const roles = rolesFor(rules, who, person)
  if (roles.length === 0 || whyNot(ADMINISTRATORS, roles, rules.kind) !== null) {
    if (person !== undefined) await endSessionsOf(tx, person.id)
    return { refused: 'role' }
  }
  const id = person === undefined ? await addStranger(tx, tenantId, who, roles) : person.id
  if (person !== undefined) await followClaim(tx, rules, person, roles)
  return { token: await openPersonSession(ground, tx, { id, tenantId, roles }) }
}

function rolesFor({ roleOf }: SignInRules, who: Identity, person: PersonRow | undefined): Role[] {
  if (roleOf === null) return (person?.roles ?? []).filter(isRole)
  const named = who.roleValues.flatMap((value) => roleOf.get(value) ?? [])
  return ROLES.filter((role) => named.includes(role))
}

function addStranger(tx: Tx, tenantId: string, who: Identity, roles: Role[]): Promise<string> {
  const name = who.name
    ?.replace(/\p{Cc}/gu, ' ')
    .trim()
    .slice(0, 200)
  const person = { tenantId, name: name || `Somebody of ${new URL(who.issuer).host}`, roles }
  return createPerson(tx, { ...person, oidc: { issuer: who.issuer, subject: who.subject } }, BY)
}

async function followClaim(tx: Tx, { tenantId, kind }: SignInRules, person: PersonRow, roles: Role[]): Promise<void> {
  const had = (person.roles ?? []).filter(isRole)
  if (roles.length === had.length && roles.every((role) => had.includes(role))) return
  await tx.updateTable('darkroom.person').set({ roles }).where('id', '=', person.id).execute()
  await requireAdminRemains(tx, tenantId, kind)
  await note(tx, tenantId, 'person.changed', person.id, { fields: ['roles'], roles, by: BY })
}

function wrong(field: string, detail: string): Fault {
  return new Fault('config_invalid', { field, detail })
}

// What a caller may be, who may make somebody so, and which roles one person never holds together: all of it in this table.
// A key carries roles; a person has roles, which bound those of their keys and are those of their sign-in without a key.
//
//   A `reviewer` decides; a `lead` decides what was handed up, steers the queue and its people, and reads their quality.
//   `admin` is the operator's: it administers every tenant. `tenant_admin` is a customer's own: it administers the people, keys and
//   webhooks of its own tenant, and every other tenant does not exist for it. Who orders pictures never decides about pictures, so
//   the operator's tenant has no clients and no customer has reviewers; and who decides does not audit the decisions.

export const ROLES = ['client', 'reviewer', 'lead', 'compliance', 'admin', 'tenant_admin'] as const
export type Role = (typeof ROLES)[number]
/** The operator's tenant is where reviewers, compliance and administrators are; any other is a customer's. */
export type TenantKind = 'operator' | 'customer'

type Rule = {
  /** The one kind of tenant whose people and keys may have the role. */
  readonly in: TenantKind
  /** Who may give it and take it, within what they administer. */
  readonly grantedBy: readonly Role[]
  /** Roles that nobody holds beside it. */
  readonly never: readonly Role[]
}

const RULES: Readonly<Record<Role, Rule>> = {
  client: { in: 'customer', grantedBy: ['admin', 'tenant_admin'], never: [] },
  tenant_admin: { in: 'customer', grantedBy: ['admin', 'tenant_admin'], never: [] },
  reviewer: { in: 'operator', grantedBy: ['admin'], never: ['compliance'] },
  lead: { in: 'operator', grantedBy: ['admin'], never: ['compliance'] },
  compliance: { in: 'operator', grantedBy: ['admin'], never: ['reviewer', 'lead'] },
  admin: { in: 'operator', grantedBy: ['admin'], never: [] },
}

/** Roles that administer; routes that both kinds of administrator may call name these. */
export const ADMINISTRATORS = ['admin', 'tenant_admin'] as const satisfies readonly Role[]

export function isRole(value: string): value is Role {
  return ROLES.some((role) => role === value)
}

/** Why `granter` may not give `roles` in a tenant of this kind; null when it may. */
export function whyNot(granter: readonly Role[], roles: readonly Role[], kind: TenantKind): string | null {
  for (const role of roles) {
    const rule = RULES[role]
    if (!rule.grantedBy.some((one) => granter.includes(one))) return `the role ${role} is not yours to give or take`
    if (rule.in !== kind)
      return kind === 'operator'
        ? `the operator's tenant has no ${role}: make a tenant for it`
        : `only the operator's tenant has the role ${role}`
    const other = rule.never.find((one) => roles.includes(one))
    if (other !== undefined) return `nobody is ${role} and ${other} at once`
  }
  return null
}

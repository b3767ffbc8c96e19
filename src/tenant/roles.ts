// What a caller may be. A key carries roles; a person's session has those of the key it came from.
export const ROLES = ['client', 'reviewer', 'compliance', 'admin'] as const
export type Role = (typeof ROLES)[number]

export function isRole(value: string): value is Role {
  return ROLES.some((role) => role === value)
}

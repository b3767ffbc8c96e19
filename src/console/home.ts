// The first page of whoever comes in, by their roles.

import type { Role } from '../tenant/roles.ts'

export function homeOf(roles: readonly Role[]): string {
  if (roles.includes('client')) return '/'
  if (roles.includes('reviewer')) return '/review'
  if (roles.includes('lead')) return '/review/queue'
  if (roles.includes('compliance')) return '/audit'
  if (roles.includes('admin')) return '/review/people'
  return '/verify'
}

// What a request is declared to be for opens contexts of the policy, so a tenant declares only what it was granted (tenant.purposes).
import { Fault } from '../kernel/fault.ts'
import type { ModerationPolicy } from '../policy/policy.ts'

/** Fault: invalid_request. */
export function requirePurpose(policy: ModerationPolicy, granted: readonly string[], purpose: string | null): void {
  if (purpose === null || granted.includes(purpose)) return
  const detail = policy.purposes.includes(purpose)
    ? `the purpose ${purpose} is not granted to this tenant; an administrator of the operator of this service can grant it`
    : `purpose is one of ${policy.purposes.join(', ')}, where it was granted to the tenant`
  throw new Fault('invalid_request', { field: 'purpose', detail })
}

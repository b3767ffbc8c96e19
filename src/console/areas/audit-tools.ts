// What the pages of an audit have in common: what they ask, and who sees them.

import type { TransparencyLog } from '../../audit/log.ts'
import type { PublicCheck } from '../../http/strangers-picture.ts'
import type { Ground } from '../../kernel/ground.ts'
import type { Role } from '../../tenant/roles.ts'

export type AuditTools = {
  readonly ground: Ground
  readonly transparency: TransparencyLog
  /** Reads the marks of a picture that is handed in. */
  readonly check: PublicCheck
}

/** As the API's routes under /v1/audit/ have it. */
export const AUDITORS: readonly Role[] = ['compliance', 'admin']

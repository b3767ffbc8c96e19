// The rows of tenants, their people, keys and sessions: migration 0001, 0005, 0007 and what came after them. tables.ts names them all;
// the kinds of columns are in columns.ts.
import type { ColumnType, Generated } from 'kysely'
import type { Json } from './canonical.ts'
import type { DefaultBigInt, Maybe, MaybeTime, Time } from './columns.ts'

export type TenantTable = {
  id: string
  name: string
  weight: Generated<number>
  pseudonym: string
  sequence: DefaultBigInt
  head: string
  previews_allowed: Generated<boolean>
  sandbox: Generated<boolean>
  operator: Generated<boolean>
  suspended_at: MaybeTime
  plan: Generated<string>
  /** Limits by name that replace the plan's; null says unlimited. */
  quota: ColumnType<Json, string | undefined, string>
  /** Whether a random share of what was released may be looked at by people. */
  audit_consent: Generated<boolean>
  /** Its own settings of the moderation policy; null: none. */
  policy: ColumnType<Json | null, string | null | undefined, string | null>
  /** Purposes that it may declare. */
  purposes: Generated<string[]>
  created_at: Time
}

export type PersonTable = {
  id: string
  tenant_id: string
  name: string
  /** Null: written by an older program; the roles of the person's keys count. */
  roles: Maybe<string[]>
  deactivated_at: MaybeTime
  oidc_issuer: Maybe<string>
  oidc_subject: Maybe<string>
  /** When what was stored about somebody who left was erased. */
  erased_at: MaybeTime
  created_at: Time
}

export type ApiKeyTable = {
  id: string
  tenant_id: string
  person_id: Maybe<string>
  name: string
  prefix: string
  hash: string
  roles: string[]
  env: Generated<'live' | 'test'>
  created_at: Time
  expires_at: MaybeTime
  last_used_at: MaybeTime
  revoked_at: MaybeTime
  rotated_to: Maybe<string>
}

/** Opened by a key, or by a person who signed in without one. */
export type SessionTable = {
  hash: string
  key_id: Maybe<string>
  person_id: Maybe<string>
  expires_at: ColumnType<Date, Date | string, never>
  last_seen_at: Time
}

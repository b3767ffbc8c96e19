// The row of a policy's version and when it counted (migration 0012), as Kysely sees it. tables.ts names them all.
import type { ColumnType } from 'kysely'
import type { MaybeTime, Time } from './columns.ts'

export type PolicyVersionTable = {
  number: ColumnType<string, never, never>
  /** Of the policy, such as `moderation`. */
  id: string
  version: string
  digest: string
  document: string
  live_from: Time
  /** Null: it is in force. */
  live_until: MaybeTime
  program: string
}

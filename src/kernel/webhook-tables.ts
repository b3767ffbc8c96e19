// The rows of webhooks (migration 0006), as Kysely sees them.
// A secret is sealed in its row (notify/endpoints.ts); tables.ts names them all.
import type { ColumnType, Generated } from 'kysely'
import type { DefaultBigInt, Maybe, MaybeTime, Time } from './columns.ts'

export type WebhookEndpointTable = {
  id: string
  tenant_id: string
  url: string
  description: Generated<string>
  events: string[]
  state: Generated<'enabled' | 'disabled'>
  disabled_reason: Maybe<'asked' | 'gone' | 'failing'>
  secret: Uint8Array
  previous_secret: Maybe<Uint8Array>
  previous_until: MaybeTime
  failing_since: MaybeTime
  disabled_at: MaybeTime
  created_at: Time
}

export type WebhookMessageTable = {
  id: string
  tenant_id: string
  kind: string
  subject: string
  subject_id: string
  move_sequence: ColumnType<string | null, string | null, never>
  body: string
  created_at: Time
}

export type WebhookDeliveryTable = {
  id: string
  message_id: string
  endpoint_id: string
  state: Generated<'pending' | 'delivered' | 'failed' | 'given_up'>
  attempt: Generated<number>
  runnable_at: Time
  due_since: Time
  lease_until: MaybeTime
  fence: DefaultBigInt
  last_status: Maybe<number>
  last_error_code: Maybe<string>
  response_ms: Maybe<number>
  delivered_at: MaybeTime
  created_at: Time
}

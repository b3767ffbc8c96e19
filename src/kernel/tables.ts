// The rows of src/migrations, as Kysely sees them. bigint arrives as text from both drivers.
import type { ColumnType, Generated } from 'kysely'
import type { ImageState, RequestState, Subject } from '../journey.ts'
import type { Json } from './canonical.ts'
import type { BigInt_, DefaultBigInt, Json_, Maybe, MaybeTime, Time } from './columns.ts'
import type { ChargeTable, DeviceTable, DispatchedTable, RateTable, UsageTable } from './limit-tables.ts'
import type {
  AuditExportTable,
  LogCheckpointTable,
  LogCosignatureTable,
  LogPublicationTable,
  LogTable,
  LogWitnessTable,
} from './log-tables.ts'
import type { Operation } from './model.ts'
import type { PolicyVersionTable } from './policy-tables.ts'
import type { ErasureTable, HeldErasureTable, LeftoverTable, RemovalTable, UserErasureTable } from './removal-tables.ts'
import type {
  ActiveReviewerView,
  AppealTable,
  LegalHoldTable,
  ReportTable,
  ReviewExclusionTable,
  ReviewerTable,
  ReviewHandoverTable,
  ReviewItemTable,
  ReviewRevealTable,
  ReviewRoutingTable,
  ReviewShiftTable,
  ReviewSkipTable,
  ReviewVerdictTable,
} from './review-tables.ts'
import type { ApiKeyTable, PersonTable, SessionTable, TenantTable } from './tenant-tables.ts'
import type { WebhookDeliveryTable, WebhookEndpointTable, WebhookMessageTable } from './webhook-tables.ts'

export type OutputFormat = 'png' | 'jpeg' | 'webp'

export type RequestTable = {
  id: string
  tenant_id: string
  key_id: Maybe<string>
  person_id: Maybe<string>
  state: RequestState
  version: Generated<number>
  attempt: Generated<number>
  failure: Maybe<string>
  salt: Maybe<Uint8Array>
  prompt: Maybe<string>
  negative_prompt: Maybe<string>
  purpose: Maybe<string>
  user_digest: Maybe<string>
  model: string
  model_version: string
  pack_digest: string
  width: number
  height: number
  steps: number
  guidance_scale: number
  scheduler: string
  /** What it asks of sampling beyond these; null: nothing. */
  sampling: ColumnType<Json | null, string | null | undefined, string | null>
  quality: string
  output_format: OutputFormat
  output_compression: Maybe<number>
  n: number
  previews: Generated<number>
  /** Whether its pictures carry a visible label. */
  label: Generated<boolean>
  seed: BigInt_
  cost: number
  /** Measured time of devices, in milliseconds. */
  gpu_ms: Generated<number>
  steps_done: Generated<number>
  prompt_truncated: Generated<boolean>
  policy_digest: string
  statement_id: Maybe<string>
  idempotency_key: Maybe<string>
  order_digest: Maybe<string>
  /** The appeal that admitted it, and the clauses that it lifted for this request alone. */
  appeal_id: Maybe<string>
  skip_clauses: Generated<string[]>
  operation: Generated<Operation>
  /** (0, 1]; null for what starts from noise alone. */
  strength: Maybe<number>
  /** The scenario that a sandbox prompt forces; null: an ordinary request. */
  sandbox: Maybe<string>
  erased_at: MaybeTime
  created_at: Time
  updated_at: Time
}

export type ImageTable = {
  id: string
  request_id: string
  tenant_id: string
  position: number
  state: ImageState
  version: Generated<number>
  failure: Maybe<string>
  salt: Maybe<Uint8Array>
  seed: BigInt_
  mark_id: BigInt_
  generated_digest: Maybe<string>
  recipe: ColumnType<Json | null, string | null | undefined, string | null>
  verdict: ColumnType<Json | null, string | null | undefined, string | null>
  marked: ColumnType<Json | null, string | null | undefined, string | null>
  manifest_id: Maybe<string>
  fingerprint: Maybe<string>
  /** Too plain to tell it from other pictures; null where the fingerprint is of an earlier kind. */
  fingerprint_weak: Maybe<boolean>
  object_key: Maybe<string>
  /** Of the released file; null when nothing of it is stored any more. */
  size_bytes: ColumnType<string | null, number | null | undefined, number | null>
  statement_id: Maybe<string>
  created_at: Time
  updated_at: Time
  published_at: MaybeTime
  erased_at: MaybeTime
  /** When what quarantine held of it was given up, once it was released. */
  originals_removed_at: MaybeTime
}

export type StatementTable = {
  id: string
  tenant_id: string
  subject: 'request' | 'image'
  subject_id: string
  record: Json_
  appeal_until: ColumnType<Date, Date | string, never>
  /** People of the service who decided; none where software did alone. */
  decided_by: Generated<string[]>
  replaced_by: Maybe<string>
  preservation_due_at: MaybeTime
  preservation_ended_at: MaybeTime
  preservation_ended_by: Maybe<string>
  preservation_end_reason: Maybe<string>
  created_at: Time
}

export type MoveTable = {
  id: ColumnType<string, never, never>
  tenant_id: string
  subject: Subject | 'note'
  subject_id: string
  kind: string
  from_state: Maybe<string>
  to_state: Maybe<string>
  facts: Json_
  at: ColumnType<Date, Date | string, never>
  tenant_pseudonym: string
  tenant_sequence: BigInt_
  previous_leaf: string
  leaf_hash: string
  /** Null in rows of earlier releases. */
  leaf_salt: ColumnType<Uint8Array | null, Uint8Array | undefined, never>
  log_index: ColumnType<string | null, undefined, number | string>
}

export type TaskTable = {
  id: string
  tenant_id: string
  subject: 'request' | 'image'
  subject_id: string
  stage: string
  runnable_at: Time
  attempt: Generated<number>
  crashes: Generated<number>
  waits: Generated<number>
  fence: DefaultBigInt
  lease_until: MaybeTime
  ring: Generated<number>
  rung_at: MaybeTime
  cost: Generated<number>
  dispatched_at: MaybeTime
  dispatch_epoch: ColumnType<string | null, undefined, number | string | null>
  traceparent: Maybe<string>
  created_at: Time
}

export type DispatcherTable = {
  pool: string
  holder: Maybe<string>
  epoch: DefaultBigInt
  lease_until: MaybeTime
  virtual_time: Generated<number>
  ms_per_cost: Maybe<number>
}

export type FairShareTable = { pool: string; tenant_id: string; finish_tag: number }

/** Readable from `released_at` on. */
export type PreviewTable = {
  image_id: string
  position: number
  object_key: string
  content_type: string
  width: number
  height: number
  created_at: Time
  released_at: MaybeTime
}

/** A picture or mask that a request starts from. */
export type InputTable = {
  request_id: string
  kind: 'image' | 'mask'
  position: number
  object_key: string
  original_key: Maybe<string>
  digest: string
  width: number
  height: number
  provenance: ColumnType<Json | null, string | null | undefined, string | null>
  created_at: Time
}

export type InputIntentTable = { request_id: string; keys: string[]; created_at: Time }

/** Released pictures that can be found by likeness. `bits`: 256 of them, as 0 and 1. */
export type FingerprintTable = { image_id: string; bits: string }

/** A fingerprint of what all processes share. */
export type SecretTable = { name: string; salt: string; fingerprint: string; since: Time }

/** Every table by its qualified name. */
export type Tables = {
  'darkroom.tenant': TenantTable
  'darkroom.person': PersonTable
  'darkroom.api_key': ApiKeyTable
  'darkroom.session': SessionTable
  'darkroom.request': RequestTable
  'darkroom.image': ImageTable
  'darkroom.statement': StatementTable
  'darkroom.move': MoveTable
  'darkroom.log': LogTable
  'darkroom.log_checkpoint': LogCheckpointTable
  'darkroom.log_publication': LogPublicationTable
  'darkroom.log_witness': LogWitnessTable
  'darkroom.log_cosignature': LogCosignatureTable
  'darkroom.audit_export': AuditExportTable
  'darkroom.task': TaskTable
  'darkroom.dispatcher': DispatcherTable
  'darkroom.fair_share': FairShareTable
  'darkroom.webhook_endpoint': WebhookEndpointTable
  'darkroom.webhook_message': WebhookMessageTable
  'darkroom.webhook_delivery': WebhookDeliveryTable
  'darkroom.erasure': ErasureTable
  'darkroom.preview': PreviewTable
  'darkroom.input': InputTable
  'darkroom.input_intent': InputIntentTable
  'darkroom.leftover': LeftoverTable
  'darkroom.rate': RateTable
  'darkroom.usage': UsageTable
  'darkroom.charge': ChargeTable
  'darkroom.device': DeviceTable
  'darkroom.dispatched': DispatchedTable
  'darkroom.secret': SecretTable
  'darkroom.fingerprint': FingerprintTable
  'darkroom.appeal': AppealTable
  'darkroom.review_item': ReviewItemTable
  'darkroom.review_verdict': ReviewVerdictTable
  'darkroom.reviewer': ReviewerTable
  'darkroom.active_reviewer': ActiveReviewerView
  'darkroom.review_exclusion': ReviewExclusionTable
  'darkroom.review_reveal': ReviewRevealTable
  'darkroom.review_shift': ReviewShiftTable
  'darkroom.review_skip': ReviewSkipTable
  'darkroom.review_handover': ReviewHandoverTable
  'darkroom.review_routing': ReviewRoutingTable
  'darkroom.report': ReportTable
  'darkroom.legal_hold': LegalHoldTable
  'darkroom.policy_version': PolicyVersionTable
  'darkroom.held_erasure': HeldErasureTable
  'darkroom.removal': RemovalTable
  'darkroom.user_erasure': UserErasureTable
}

// The rows of appeals, review, reports and legal holds: migration 0011 and what came after it. tables.ts names them all; the kinds of
// columns are in columns.ts.
import type { ColumnType, Generated } from 'kysely'
import type { StateOf } from '../journey.ts'
import type { Json } from './canonical.ts'
import type { BigInt_, DefaultBigInt, Maybe, MaybeTime, Time } from './columns.ts'

type MaybeJson = ColumnType<Json | null, string | null | undefined, string | null>

export type AppealTable = {
  id: string
  tenant_id: string
  statement_id: string
  state: StateOf<'appeal'>
  version: Generated<number>
  request_id: Maybe<string>
  image_id: Maybe<string>
  /** The contested clause. */
  clause: Maybe<string>
  text: Maybe<string>
  purpose: Maybe<string>
  salt: Maybe<Uint8Array>
  key_id: Maybe<string>
  person_id: Maybe<string>
  answer: MaybeJson
  decided_at: MaybeTime
  result_request_id: Maybe<string>
  created_at: Time
  updated_at: Time
}

export const REVIEW_KINDS = ['hold', 'appeal', 'audit', 'report', 'gold', 'escalation'] as const
export type ReviewKind = (typeof REVIEW_KINDS)[number]
export type ReviewState = 'open' | 'awaiting_reviewer' | 'decided' | 'closed'

export type ReviewItemTable = {
  id: string
  tenant_id: string
  kind: ReviewKind
  state: Generated<ReviewState>
  request_id: string
  image_id: Maybe<string>
  appeal_id: Maybe<string>
  report_id: Maybe<string>
  restricted: Generated<boolean>
  category: Maybe<string>
  clause: Maybe<string>
  severity: number
  language: Maybe<string>
  content_digest: Maybe<string>
  rank_at: Time
  deadline_at: Time
  breached_at: MaybeTime
  needs: number
  verdicts: Generated<number>
  overlap: Generated<boolean>
  probability: Maybe<number>
  lead_only: Generated<boolean>
  /** The only ones who may have it; null: whoever could. */
  people: Maybe<string[]>
  /** Which rule of which version decided, counted from 0. */
  routing_version: Maybe<number>
  routing_rule: Maybe<number>
  reserved_for: Maybe<string>
  reserved_until: MaybeTime
  handover_note: Maybe<string>
  fence: DefaultBigInt
  lease_person: Maybe<string>
  lease_hash: Maybe<string>
  leased_at: MaybeTime
  lease_until: MaybeTime
  /** Who gave it back lately, and until when it is not handed to them again. */
  aside_by: Maybe<string>
  aside_until: MaybeTime
  effect_at: MaybeTime
  effect_tries: Generated<number>
  expected: MaybeJson
  ruling: MaybeJson
  created_at: Time
  closed_at: MaybeTime
}

export type ReviewVerdictTable = {
  id: string
  item_id: string
  person_id: string
  outcome: 'allow' | 'deny' | 'omit'
  clause: Maybe<string>
  findings: ColumnType<Json, string, string>
  reason: Maybe<string>
  note: Maybe<string>
  blind: boolean
  took_ms: BigInt_
  at: Time
  undone_at: MaybeTime
  counted_at: MaybeTime
  /** With which claim it was given. */
  lease_hash: Maybe<string>
  effect_at: MaybeTime
}

export type ReviewShiftTable = {
  person_id: string
  work_since: MaybeTime
  acted_at: MaybeTime
  break_from: MaybeTime
  break_until: MaybeTime
  grey: Generated<boolean>
  size: Generated<'s' | 'm' | 'l'>
  blur_again_seconds: Maybe<number>
}

export type ReviewSkipTable = {
  id: ColumnType<string, never, never>
  person_id: string
  /** Empty: what has none. */
  category: string
  passed: boolean
  at: Time
  until: Time
}

export type ReviewHandoverTable = { id: string; person_id: string; note: string; items: number; at: Time }

export type ReviewerTable = {
  person_id: string
  lead_id: Maybe<string>
  /** Null: all. */
  categories: Maybe<string[]>
  languages: Maybe<string[]>
  max_severity: Generated<number>
  restricted: Generated<boolean>
  conflicts: Generated<string[]>
  tenants: Maybe<string[]>
  away_until: MaybeTime
}

/** A view: everybody who may review. */
export type ActiveReviewerView = {
  person_id: string
  tenant_id: string
  lead: boolean
  categories: string[] | null
  languages: string[] | null
  tenants: string[] | null
  max_severity: number
  restricted: boolean
  conflicts: string[]
  away_until: Date | null
}

export type ReviewExclusionTable = {
  item_id: string
  person_id: string
  reason: 'first_decider' | 'sibling' | 'conflict' | 'escalated' | 'author'
}

export type ReviewRevealTable = {
  id: ColumnType<string, never, never>
  item_id: string
  person_id: string
  what: 'picture' | 'prompt' | 'input'
  at: Time
}

/** Every version of the routing rules; the newest is in force. */
export type ReviewRoutingTable = {
  version: number
  rules: ColumnType<Json, string, never>
  digest: string
  changed_at: Time
  changed_by: string
}

export type ReportTable = {
  id: string
  tenant_id: string
  image_id: string
  category: string
  text: Maybe<string>
  email: Maybe<string>
  state: Generated<'open' | 'kept' | 'removed' | 'omitted'>
  created_at: Time
  decided_at: MaybeTime
}

export type LegalHoldTable = {
  id: string
  request_id: string
  reason: string
  placed_by: string
  placed_at: Time
  lifted_by: Maybe<string>
  lifted_at: MaybeTime
}

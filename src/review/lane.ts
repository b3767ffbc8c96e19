// What a reviewer is told of why an item is there, before their verdict: its lane, and nothing finer. Appeals, audits and gold items
// share one, so that nobody judges them otherwise than they would judge anything. kernel/gauges.ts counts by the same lanes.
import { sql as raw } from 'kysely'
import type { ReviewKind } from '../kernel/review-tables.ts'
import type { ReviewRules } from '../policy/review-rules.ts'

export const LANES = ['first_look', 'second_look', 'report', 'restricted'] as const
export type Lane = (typeof LANES)[number]

const LANE_OF: Readonly<Record<ReviewKind, Lane>> = {
  hold: 'first_look',
  appeal: 'second_look',
  audit: 'second_look',
  gold: 'second_look',
  report: 'report',
  escalation: 'restricted',
}

export function laneOf({ kind, restricted }: { kind: ReviewKind; restricted: boolean }): Lane {
  return restricted ? 'restricted' : LANE_OF[kind]
}

/** The same of `item`, a row of review_item, as SQL. */
export const LANE = raw<Lane>`(CASE
  WHEN item.restricted OR item.kind = 'escalation' THEN 'restricted'
  WHEN item.kind = 'hold' THEN 'first_look'
  WHEN item.kind = 'report' THEN 'report'
  ELSE 'second_look' END)`

const HOUR_MS = 3_600_000

/** When the most urgent item of this lane and age is due: an item's own deadline tells its kind and its category's severity. */
export function laneDeadline(rules: ReviewRules, lane: Lane, since: Date): Date {
  const hours = Object.entries(rules.kinds).flatMap(([kind, { deadlineHours }]) =>
    // Anything may be restricted.
    lane === 'restricted' || Reflect.get(LANE_OF, kind) === lane ? deadlineHours : [],
  )
  return new Date(since.getTime() + Math.min(...hours) * HOUR_MS)
}

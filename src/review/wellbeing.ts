// What the people who look are spared, as arithmetic: how much of a day's share is used, whether work has gone on without a break, and
// what follows. Rows come from shift-records.ts, limits from policies/review.yaml; handout.ts, reveal.ts and shift.ts act by it. Pure.
import { Fault } from '../kernel/fault.ts'
import type { Wellbeing } from '../policy/review-rules.ts'

const DAY_MS = 86_400_000

/** Of 24 hours. `nextAt`: when one more is possible; null: now. */
export type Share = { readonly used: number; readonly cap: number | null; readonly nextAt: Date | null }

/** `freeing`: when that happened of which only `cap` - 1 are newer; one more is possible once it is a day old. */
export function shareOf(cap: number | null, used: number, freeing: Date | null): Share {
  const full = cap !== null && used >= cap && freeing !== null
  return { used, cap, nextAt: full ? new Date(freeing.getTime() + DAY_MS) : null }
}

const ANY_SEVERITY = 101

/** Only what is milder than this is handed out: everything, until a day's share of grave items is judged. */
export function severityBelow({ graveFrom }: Wellbeing, grave: Share): number {
  return grave.nextAt === null ? ANY_SEVERITY : graveFrom
}

/** What a person's row says of their work. Acts are claims and verdicts. */
export type Work = {
  /** When the work began that has had no break since, and its last act; null both: none yet. */
  readonly since: Date | null
  readonly actedAt: Date | null
  /** A break that they began. */
  readonly breakFrom: Date | null
  readonly breakUntil: Date | null
}

export type Break = {
  /** `due` is told; `required`: nothing more is handed out; `on_break`: nothing either, until it is over or was ended. */
  readonly state: 'none' | 'due' | 'required' | 'on_break'
  /** When continuous work began; null: there is none. */
  readonly since: Date | null
  readonly dueAt: Date | null
  /** When the break is over that goes on, or would be over if it began with the last act. */
  readonly until: Date | null
}

const REST: Break = { state: 'none', since: null, dueAt: null, until: null }

export function breakOf(limits: Wellbeing, work: Work, now: Date): Break {
  const { since, actedAt, breakUntil } = work
  const dueAt = since === null ? null : after(since, limits.breakAfterMs)
  if (breakUntil !== null && now < breakUntil) return { state: 'on_break', since, dueAt, until: breakUntil }
  if (since === null || actedAt === null || isRested(limits, work, now)) return REST
  const latestAt = after(since, limits.breakLatestMs)
  if (latestAt !== null && now >= latestAt)
    return { state: 'required', since, dueAt, until: after(actedAt, limits.breakMs) }
  const due = dueAt !== null && now >= dueAt
  return { state: due ? 'due' : 'none', since, dueAt, until: null }
}

/** Whether nothing would be handed out now if it were not for a break that goes on: then that does not end before its time. */
export function isRequired(limits: Wellbeing, work: Work, now: Date): boolean {
  const { since, breakFrom } = work
  const latestAt = since === null ? null : after(since, limits.breakLatestMs)
  return latestAt !== null && (breakFrom ?? now) >= latestAt && !isRested(limits, work, now)
}

/** A pause as long as a break is one, asked for or not; a break begins at the last act or later. The next act begins anew: actOf. */
function isRested({ breakMs }: Wellbeing, { actedAt }: Work, now: Date): boolean {
  return actedAt === null || now.getTime() - actedAt.getTime() >= breakMs
}

function after(from: Date, ms: number | null): Date | null {
  return ms === null ? null : new Date(from.getTime() + ms)
}

/** What a refusal tells: what is used up, and when the next is possible. */
export function exposureReached(what: string, nextAt: Date, now: Date): Fault {
  return new Fault('exposure_reached', {
    detail: `${what}; the next is possible at ${nextAt.toISOString()}`,
    facts: { retryAfterMs: Math.max(0, nextAt.getTime() - now.getTime()) },
  })
}

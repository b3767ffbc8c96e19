// Handing out, with what the person is spared: nothing while a break is required or goes on, nothing graver once a day's share of that is
// judged, nothing of the categories that they skip for now. None of it decides who may have an item, so that nobody's evening off
// leaves an item with nobody: its deadline tells of that. claim.ts claims.
import type { Database } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { ReviewRules } from '../policy/review-rules.ts'
import { claimItem, claimNext, type Lease, type Spared } from './claim.ts'
import type { Lane } from './lane.ts'
import type { Reviewer } from './reviewer.ts'
import { type Exposure, readExposure } from './shift-records.ts'
import { type Break, breakOf, severityBelow } from './wellbeing.ts'

/** The next item, of one lane if that is asked for, or what `token` holds already; null when there is none. Fault: break_due. */
export async function handOutNext(
  database: Database,
  rules: ReviewRules,
  reviewer: Reviewer,
  { lane, token }: { lane: Lane | null; token: string | undefined },
): Promise<Lease | null> {
  const exposure = await readExposure(database.sql, rules.wellbeing, reviewer.personId, null)
  return claimNext(database, rules, reviewer, { ...sparedOf(rules, exposure), lane }, token)
}

/** A named item; what this person holds already is not handed out but taken over. Faults: as claimItem, and break_due. */
export async function handOutItem(
  database: Database,
  rules: ReviewRules,
  reviewer: Reviewer,
  itemId: string,
): Promise<Lease> {
  const exposure = await readExposure(database.sql, rules.wellbeing, reviewer.personId, itemId)
  if (exposure.holds) return claimItem(database, rules, reviewer, itemId)
  return claimItem(database, rules, reviewer, itemId, sparedOf(rules, exposure))
}

function sparedOf({ wellbeing }: ReviewRules, { now, work, grave, skipped }: Exposure): Spared {
  const pause = breakOf(wellbeing, work, now)
  if (pause.state === 'required' || pause.state === 'on_break') throw breakDue(pause, now)
  return { below: severityBelow(wellbeing, grave), belowUntil: grave.nextAt, skipped }
}

function breakDue({ state, until }: Break, now: Date): Fault {
  const when = until === null ? 'later' : until.toISOString()
  return new Fault('break_due', {
    detail:
      state === 'on_break'
        ? `you are on a break until ${when}`
        : `you have worked long enough without a break: nothing is handed out until ${when}, if you pause until then`,
    facts: until === null ? {} : { retryAfterMs: Math.max(0, until.getTime() - now.getTime()) },
  })
}

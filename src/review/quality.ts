// How well decisions are made, told from the records: agreement, overturned decisions, time, gold questions, deadlines, and how often
// software errs. What can be said depends on how much was seen (rates.ts). A person's own row is for that person and their lead, from
// 100 verdicts on, and never says how fast anybody is.
import type { Sql } from '../kernel/database.ts'
import type { ReviewKind } from '../kernel/review-tables.ts'
import type { ModerationPolicy } from '../policy/policy.ts'
import { type Agreement, agreementOf, type Pair } from './agreement.ts'
import {
  type AuditRow,
  type DurationRow,
  type PairRow,
  type Period,
  type PersonCount,
  readAudits,
  readBreaches,
  readDurations,
  readGold,
  readOverturned,
  readOwnOverturned,
  readPairs,
  readVerdicts,
} from './quality-rows.ts'
import { SHARE_FROM, type Share, type Standing, shareOf, weightedShare } from './rates.ts'

/** The same records always give the same intervals. */
const SEED = 20_261_101

export type Errors = { readonly audited: number; readonly falsePositive: Share; readonly falseNegative: Share }
export type CategoryQuality = {
  readonly category: string
  readonly agreement: Agreement
  readonly overturned: Share
  readonly software: Errors
}
export type Quality = {
  /** `outcome`: allow or deny. `clause`: which one, where both denied. */
  readonly agreement: { readonly outcome: Agreement; readonly clause: Agreement }
  readonly overturned: Share
  readonly durations: readonly DurationRow[]
  readonly breached: readonly { readonly kind: ReviewKind; readonly share: Share }[]
  readonly gold: Share
  readonly software: Errors
  readonly categories: readonly CategoryQuality[]
}
export type PersonQuality = {
  readonly personId: string
  readonly standing: Exclude<Standing, 'interval_only'>
  readonly verdicts: number
  /** Null below the threshold. */
  readonly shares: { readonly agreement: Share; readonly gold: Share; readonly overturned: Share } | null
}

/** Of everybody together; nobody can be told from it. */
export async function readQuality(sql: Sql, policy: ModerationPolicy, period: Period): Promise<Quality> {
  const pairs = await readPairs(sql, period)
  const overturned = await readOverturned(sql, period)
  const audits = await readAudits(sql, period)
  const gold = await readGold(sql, period)
  const breaches = await readBreaches(sql, period)
  const denied = pairs.flatMap(({ one_clause: one, other_clause: other }): Pair[] =>
    one === null || other === null ? [] : [[one, other]],
  )
  return {
    agreement: { outcome: agreementOf(pairs.map(outcomes), SEED, 2), clause: agreementOf(denied, SEED) },
    overturned: shareOfAll(overturned),
    durations: await readDurations(sql, period),
    breached: breaches.map(({ kind, hits, n }) => ({ kind, share: shareOf(hits, n) })),
    gold: shareOfAll(gold),
    software: errorsOf(audits, (clause) => clause !== null),
    categories: policy.categories.map(({ id }) => ({
      category: id,
      agreement: agreementOf(pairs.filter((pair) => pair.category === id).map(outcomes), SEED, 2),
      overturned: shareOfAll(overturned.filter((row) => row.category === id)),
      software: errorsOf(audits, (clause) => clause !== null && policy.clauses.get(clause)?.category === id),
    })),
  }
}

/** The rows of these people, in the order of their ids: it ranks nobody. */
export async function readPeople(sql: Sql, people: readonly string[], period: Period): Promise<PersonQuality[]> {
  const [verdicts, pairs] = [await readVerdicts(sql, period), await readPairs(sql, period)]
  const [gold, overturned] = [await readGold(sql, period), await readOwnOverturned(sql, period)]
  return people.toSorted().map((personId): PersonQuality => {
    const given = verdicts.find((row) => row.person_id === personId)?.n ?? 0
    if (given < SHARE_FROM) return { personId, standing: 'insufficient', verdicts: given, shares: null }
    const own = pairs.filter((pair) => pair.one_person === personId || pair.other_person === personId)
    const agreed = own.filter((pair) => pair.one_outcome === pair.other_outcome)
    return {
      personId,
      standing: 'enough',
      verdicts: given,
      shares: {
        agreement: shareOf(agreed.length, own.length),
        gold: shareOfPerson(gold, personId),
        overturned: shareOfPerson(overturned, personId),
      },
    }
  })
}

/** Whom this person leads. */
export async function peopleOf(sql: Sql, leadId: string): Promise<string[]> {
  const rows = await sql.selectFrom('darkroom.reviewer').select('person_id').where('lead_id', '=', leadId).execute()
  return rows.map((row) => row.person_id)
}

function outcomes({ one_outcome, other_outcome }: PairRow): Pair {
  return [one_outcome, other_outcome]
}

function shareOfAll(rows: readonly { hits: number; n: number }[]): Share {
  const sum = (of: 'hits' | 'n') => rows.reduce((total, row) => total + row[of], 0)
  return shareOf(sum('hits'), sum('n'))
}

function shareOfPerson(rows: readonly PersonCount[], personId: string): Share {
  return shareOfAll(rows.filter((row) => row.person_id === personId))
}

/**
 * `positive`: whether a clause, cited by software or by people, is what the rates are about. A false positive was blocked for it and
 * people would not have; a false negative was not blocked for it and people would have. Nothing is said while one half is unaudited.
 */
function errorsOf(audits: readonly AuditRow[], positive: (clause: string | null) => boolean): Errors {
  const judged = audits.map(({ blocked, denied, probability }) => ({
    probability,
    stratum: blocked === null ? 'allowed' : 'blocked',
    said: positive(blocked),
    is: positive(denied),
  }))
  const bothHalves = new Set(judged.map(({ stratum }) => stratum)).size === 2
  const share = (is: boolean) =>
    weightedShare(
      (bothHalves ? judged : []).map((one) => ({ ...one, of: one.is === is, counts: one.said !== is })),
      SEED,
    )
  return { audited: audits.length, falsePositive: share(false), falseNegative: share(true) }
}

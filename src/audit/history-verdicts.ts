// The verdicts that a request's moves were decided by, as the records of review have them. A verdict is given, can be undone for a
// while, and then counts: the log has it from when it counts, behind what it led to.
import type { Json } from '../kernel/canonical.ts'
import type { Sql } from '../kernel/database.ts'

/** `person`: an id, which is a pseudonym. */
export type Verdict = { id: string; person: string; outcome: 'allow' | 'deny' | 'omit'; given_at: string }
type OfItem = Verdict & { item: string }

/** Those that counted, in the order in which they were given. */
export async function readVerdicts(sql: Sql, requestId: string): Promise<OfItem[]> {
  const rows = await sql
    .selectFrom('darkroom.review_verdict as verdict')
    .innerJoin('darkroom.review_item as item', 'item.id', 'verdict.item_id')
    .select(['verdict.id', 'verdict.item_id as item', 'verdict.person_id as person', 'verdict.outcome', 'verdict.at'])
    .where('item.request_id', '=', requestId)
    .where('verdict.counted_at', 'is not', null)
    .where('verdict.undone_at', 'is', null)
    .orderBy('verdict.at')
    .orderBy('verdict.id')
    .execute()
  return rows.map(({ at, ...rest }) => ({ ...rest, given_at: at.toISOString() }))
}

type Decided = { kind: string; facts: Json }

/** The verdicts that led to a move; none where people did not decide it. */
export function verdictsBehind({ kind, facts }: Decided, verdicts: readonly OfItem[]): Verdict[] {
  if (typeof facts !== 'object' || facts === null || Array.isArray(facts)) return []
  const decides = facts.decided_by === 'person' || /^appeal\.|\.restated$/.test(kind)
  if (!decides) return []
  return verdicts.filter(({ item }) => item === facts.review).map(({ item: _, ...verdict }) => verdict)
}

/** When the verdict that a note tells was given; null: it tells none. */
export function givenAt({ kind, facts }: Decided, verdicts: readonly OfItem[]): string | null {
  if (kind !== 'review.verdict' || typeof facts !== 'object' || facts === null || Array.isArray(facts)) return null
  return verdicts.find(({ id }) => id === facts.verdict)?.given_at ?? null
}

// Gold questions: held items that were decided beyond doubt, asked again of everybody who has not seen them, among all others and looking
// like them. What is answered has no effect on the picture; the log says whether it was what was expected. Nothing restricted is
// ever asked again.
import { sql as raw } from 'kysely'
import { note } from '../advance.ts'
import type { Database, Sql, Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import { lockRequest } from '../outcome.ts'
import { addItem, type ItemRow, type ReviewTools } from './item.ts'
import { ELIGIBLE, type Reviewer } from './reviewer.ts'
import type { Effect } from './settle.ts'

export type GoldAnswer = { readonly outcome: 'allow' | 'deny'; readonly clause: string | null }

type Source = Pick<
  ItemRow,
  'id' | 'tenant_id' | 'request_id' | 'image_id' | 'category' | 'clause' | 'language' | 'content_digest'
>

/**
 * Makes a gold question of a closed hold item: one item for each active reviewer who took no part in it and has not seen it, kept for
 * that person until its deadline. Answers how many. Faults: not_found, conflict (it is open, or its content is gone),
 * decision_incomplete (the clause), invalid_request (nobody is left to ask).
 */
export async function makeGold(
  database: Database,
  tools: ReviewTools,
  author: Reviewer,
  itemId: string,
  answer: GoldAnswer,
): Promise<number> {
  requireAnswer(tools, answer)
  const found = await readSource(database.sql, itemId)
  return database.transact(async (tx) => {
    await lockRequest(tx, found.request_id)
    const source = await readSource(tx, itemId)
    const people = await unseenBy(tx, source, author)
    if (people.length === 0)
      throw new Fault('invalid_request', { field: 'item_id', detail: 'everybody who reviews has seen it already' })
    const excluded = await whoTookPart(tx, source)
    for (const personId of people) {
      const id = await addItem(tx, tools, {
        kind: 'gold',
        tenantId: source.tenant_id,
        requestId: source.request_id,
        imageId: source.image_id,
        category: source.category,
        clause: source.clause,
        contentDigest: source.content_digest,
        expected: { outcome: answer.outcome, clause: answer.clause },
        exclude: [{ personId: author.personId, reason: 'author' }, ...excluded],
      })
      await raw`
        UPDATE darkroom.review_item
           SET language = ${source.language}, reserved_for = ${personId}, reserved_until = deadline_at
         WHERE id = ${id}`.execute(tx)
    }
    const { outcome, clause } = answer
    await note(tx, source.tenant_id, 'review.gold_made', source.id, {
      request: source.request_id,
      image: source.image_id,
      outcome,
      clause,
      items: people.length,
      by: author.personId,
    })
    return people.length
  })
}

/** Says in the log whether a gold question was answered as expected; the picture stays as it is. */
export const goldEffect: Effect = async (item, { outcome, clause, reviewers }) => {
  const expected = item.expected
  return async (tx) => {
    const { matched } = await matches(tx, item.id, outcome, clause)
    await note(tx, item.tenant_id, 'review.gold', item.id, {
      request: item.request_id,
      image: item.image_id,
      people: [...reviewers],
      outcome,
      clause,
      expected,
      matched,
    })
    return []
  }
}

async function matches(tx: Tx, itemId: string, outcome: string, clause: string | null): Promise<{ matched: boolean }> {
  const { rows } = await raw<{ matched: boolean }>`
    SELECT expected ->> 'outcome' = ${outcome} AND expected ->> 'clause' IS NOT DISTINCT FROM ${clause} AS matched
      FROM darkroom.review_item WHERE id = ${itemId}`.execute(tx)
  return rows[0] ?? { matched: false }
}

function requireAnswer({ policy }: ReviewTools, { outcome, clause }: GoldAnswer): void {
  if (outcome === 'allow' && clause === null) return
  const statement = clause === null ? null : policy.clauses.get(clause)?.statement
  if (outcome === 'deny' && statement?.redress === 'full') return
  throw new Fault('decision_incomplete', {
    field: 'clause',
    detail: outcome === 'allow' ? 'allowing names no clause' : 'denying names a clause that could be stated to anybody',
  })
}

async function readSource(sql: Sql | Tx, itemId: string): Promise<Source> {
  const row = await sql
    .selectFrom('darkroom.review_item as item')
    .innerJoin('darkroom.request as request', 'request.id', 'item.request_id')
    .leftJoin('darkroom.image as image', 'image.id', 'item.image_id')
    .select(['item.id', 'item.tenant_id', 'item.request_id', 'item.image_id', 'item.category', 'item.clause'])
    .select(['item.language', 'item.content_digest', 'item.kind', 'item.state', 'item.restricted', 'item.verdicts'])
    .select(['request.erased_at', 'image.erased_at as image_erased_at'])
    .where('item.id', '=', itemId)
    .executeTakeFirst()
  if (row === undefined || row.restricted || row.kind !== 'hold')
    throw new Fault('not_found', { facts: { item: itemId } })
  if (row.state !== 'closed' || row.verdicts === 0)
    throw new Fault('conflict', { detail: 'it has not been decided, so that nothing is certain yet' })
  if (row.erased_at !== null || row.image_erased_at !== null)
    throw new Fault('conflict', { detail: 'its content was erased: there is nothing left to ask about' })
  return row
}

/** Whoever may have such an item, gave no verdict on anything of its request and was shown nothing of it; nor the author. */
async function unseenBy(tx: Tx, source: Source, author: Reviewer): Promise<string[]> {
  const { rows } = await raw<{ person_id: string }>`
    SELECT who.person_id
      FROM darkroom.active_reviewer AS who
      JOIN darkroom.review_item AS item ON item.id = ${source.id}
     WHERE ${ELIGIBLE} AND who.person_id <> ${author.personId}
       AND NOT EXISTS (SELECT FROM darkroom.review_item AS other JOIN darkroom.review_verdict ON item_id = other.id
                        WHERE other.request_id = item.request_id AND review_verdict.person_id = who.person_id)
       AND NOT EXISTS (SELECT FROM darkroom.review_item AS other JOIN darkroom.review_reveal ON item_id = other.id
                        WHERE other.request_id = item.request_id AND review_reveal.person_id = who.person_id)
       AND NOT EXISTS (SELECT FROM darkroom.review_item AS other
                        WHERE other.request_id = item.request_id AND other.kind = 'gold' AND who.person_id IN (other.reserved_for, other.lease_person))
     ORDER BY who.person_id`.execute(tx)
  return rows.map((row) => row.person_id)
}

async function whoTookPart(tx: Tx, source: Source) {
  const { rows } = await raw<{ person_id: string }>`
    SELECT person_id FROM darkroom.review_verdict WHERE item_id = ${source.id}
    UNION SELECT person_id FROM darkroom.review_reveal WHERE item_id = ${source.id}`.execute(tx)
  return rows.map((row) => ({ personId: row.person_id, reason: 'first_decider' as const }))
}

// The Transparency Database's payloads of a period, in pages as large as its batches. What never goes there: rehearsals, what owners
// took back, and restricted cases, of which a draft exists for those who handle them and nobody else.
import { sql as raw } from 'kysely'
import type { Sql, Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import { type Period, statementsIn } from './period.ts'
import { asStatement } from './records.ts'
import { type Payload, SUBMITTED_AREAS, submissionOf } from './transparency.ts'

/** As many as the database takes in one call. */
export const BATCH = 100

/** `last`: the id to go on after; null at the end. A page may hold fewer than asked for and not be the last. */
export type PayloadPage = { payloads: Payload[]; last: string | null }

/** Of `statement`, but for its territory. */
const SUBMITTED = raw`(
  NOT statement.rehearsed
  AND coalesce(statement.record ->> 'decidedBy', '') <> 'owner'
  AND statement.record -> 'redress' ->> 'kind' <> 'restricted')`

/** How many payloads all pages have. */
export async function countPayloads(sql: Sql | Tx, period: Period): Promise<number> {
  const { rows } = await raw<{ count: number }>`
    SELECT count(*)::int AS count FROM ${statementsIn(period)}
     WHERE ${SUBMITTED} AND statement.record -> 'territory' ?| ${[...SUBMITTED_AREAS]}::text[]`.execute(sql)
  return rows[0]?.count ?? 0
}

/** One page, oldest first. Fault: statement_incomplete, with the id of a stored statement that cannot be submitted. */
export async function listPayloads(
  sql: Sql,
  period: Period,
  { limit, after }: { limit: number; after: string | null },
): Promise<PayloadPage> {
  const { rows } = await raw<{ id: string; record: unknown }>`
    SELECT statement.id, statement.record FROM ${statementsIn(period)}
     WHERE ${SUBMITTED}
       AND (${after}::text IS NULL OR (statement.created_at, statement.id) >
            (SELECT created_at, id FROM darkroom.statement WHERE id = ${after}))
     ORDER BY statement.created_at, statement.id LIMIT ${limit + 1}`.execute(sql)
  const page = rows.slice(0, limit)
  return {
    payloads: page.flatMap(({ id, record }) => payloadOf(id, record)),
    last: rows.length > limit ? (page.at(-1)?.id ?? null) : null,
  }
}

function payloadOf(id: string, record: unknown): Payload[] {
  try {
    const submission = submissionOf(asStatement(record))
    return submission === null || submission.draft ? [] : [submission.payload]
  } catch (cause) {
    throw new Fault('statement_incomplete', { facts: { id }, cause })
  }
}

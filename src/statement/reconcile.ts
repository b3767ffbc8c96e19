// Holds a report against the records that it was made of, and the statements against the moves of the log: none is counted twice, left
// out, taken away or changed afterwards. Each difference must be zero; one that is not names itself.
import { sql as raw } from 'kysely'
import { statementDigest } from '../advance.ts'
import { asJson } from '../kernel/canonical.ts'
import type { Tx } from '../kernel/database.ts'
import type { Period } from './period.ts'

/** `expected` less `found`, or how many are wrong. */
export type Difference = { name: string; what: string; expected: number; found: number; difference: number }

const PAGE = 500

export async function reconcile(
  tx: Tx,
  period: Period,
  counted: { statements: number; complaints: number },
): Promise<Difference[]> {
  const { from, to } = period
  const { rows } = await raw<{ statements: number; appeals: number; moves: number; kept: number; out_of_step: number }>`
    SELECT (SELECT count(*)::integer FROM darkroom.statement WHERE created_at >= ${from} AND created_at < ${to}) AS statements,
           (SELECT count(*)::integer FROM darkroom.appeal WHERE created_at >= ${from} AND created_at < ${to}) AS appeals,
           (SELECT count(*)::integer FROM darkroom.move AS move
             WHERE at >= ${from} AND at < ${to} AND facts ->> 'statement' IS NOT NULL) AS moves,
           (SELECT count(*)::integer FROM darkroom.move AS move
              JOIN darkroom.statement AS statement
                ON statement.id = move.facts ->> 'statement' AND statement.subject_id = move.subject_id
             WHERE at >= ${from} AND at < ${to} AND facts ->> 'statement' IS NOT NULL) AS kept,
           (SELECT count(*)::integer FROM darkroom.appeal AS appeal
             WHERE created_at >= ${from} AND created_at < ${to} AND state IS DISTINCT FROM
                   (SELECT to_state FROM darkroom.move WHERE subject_id = appeal.id AND subject = 'appeal'
                     ORDER BY id DESC LIMIT 1)) AS out_of_step`.execute(tx)
  const [found] = rows
  if (found === undefined) throw new TypeError('a select without a table has one row')
  const { pinned, unchanged, without } = await checkPins(tx, period)
  const line = (name: string, what: string, expected: number, got: number): Difference => {
    return { name, what, expected, found: got, difference: expected - got }
  }
  return [
    line(
      'statements_counted',
      'statements stored, and in the rows of this report',
      found.statements,
      counted.statements,
    ),
    line('complaints_counted', 'appeals stored, and in the rows of this report', found.appeals, counted.complaints),
    line(
      'moves_with_statement',
      'moves that restrict somebody, and those whose statement is there',
      found.moves,
      found.kept,
    ),
    line(
      'statements_with_move',
      'statements, and those with exactly one move',
      found.statements,
      found.statements - without,
    ),
    line('statements_unchanged', 'statements that the log pins, and those that are as they were', pinned, unchanged),
    line(
      'appeals_in_step',
      'appeals, and those in the state of their last move',
      found.appeals,
      found.appeals - found.out_of_step,
    ),
  ]
}

type Pinned = { id: string; record: object; moves: number; digest: string | null }

/** Reads every statement of the period, a page at a time. The log pins those that were written since it knows digests. */
async function checkPins(
  tx: Tx,
  { from, to }: Period,
): Promise<{ pinned: number; unchanged: number; without: number }> {
  const sums = { pinned: 0, unchanged: 0, without: 0 }
  for (let after: string | null = ''; after !== null; ) {
    const { rows }: { rows: Pinned[] } = await raw<Pinned>`
      SELECT statement.id, statement.record, pin.moves, pin.digest
        FROM darkroom.statement AS statement
        CROSS JOIN LATERAL (
          SELECT count(*)::integer AS moves, max(facts ->> 'statement_digest') AS digest FROM darkroom.move
           WHERE subject_id = statement.subject_id AND facts ->> 'statement' = statement.id) AS pin
       WHERE statement.created_at >= ${from} AND statement.created_at < ${to} AND statement.id > ${after}
       ORDER BY statement.id LIMIT ${PAGE}`.execute(tx)
    for (const { record, moves, digest } of rows) {
      if (moves !== 1) sums.without++
      if (digest === null) continue
      sums.pinned++
      if (statementDigest(asJson(record)) === digest) sums.unchanged++
    }
    after = rows.length < PAGE ? null : (rows.at(-1)?.id ?? null)
  }
  return sums
}

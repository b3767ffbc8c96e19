// What the records say of a period beside what the export's rows say: a move that never came into the log is missing in none of its
// proofs, and shows here.
import { sql as raw } from 'kysely'
import type { Tx } from '../kernel/database.ts'
import type { Period } from '../statement/period.ts'
import { type Difference, reconcile } from '../statement/reconcile.ts'
import type { Range } from './export-range.ts'
import type { Tally } from './export-tally.ts'

/** Of statement/reconcile.ts, what does not count a report's rows. */
const OF_STATEMENTS = new Set([
  'moves_with_statement',
  'statements_with_move',
  'statements_unchanged',
  'appeals_in_step',
])

export async function reconcileExport(
  tx: Tx,
  period: Period,
  { first, end }: Range,
  tally: Tally,
): Promise<Difference[]> {
  const { from, to } = period
  const { rows } = await raw<{ moves: number; chains: number; whole: number; published: number; told: number }>`
    SELECT (SELECT count(*)::integer FROM darkroom.move WHERE at >= ${from} AND at < ${to}) AS moves,
           (SELECT count(*)::integer FROM darkroom.tenant) AS chains,
           (SELECT count(*)::integer FROM darkroom.tenant AS tenant WHERE sequence = coalesce(
              (SELECT max(tenant_sequence) FROM darkroom.move WHERE tenant_id = tenant.id), 0)) AS whole,
           (SELECT count(*)::integer FROM darkroom.image WHERE published_at >= ${from} AND published_at < ${to}) AS published,
           (SELECT count(*)::integer FROM darkroom.image AS image WHERE published_at >= ${from} AND published_at < ${to}
               AND EXISTS (SELECT FROM darkroom.move WHERE subject_id = image.id AND kind = 'image.published'
                              AND log_index >= ${first}::bigint AND log_index < ${end}::bigint)) AS told`.execute(tx)
  const [records] = rows
  if (records === undefined) throw new TypeError('a select without a table has one row')
  const { within } = tally.counts()
  const sequences = tally.sequences()
  const statements = await reconcile(tx, period, { statements: 0, complaints: 0 })
  const line = (name: string, what: string, expected: number, found: number): Difference => {
    return { name, what, expected, found, difference: expected - found }
  }
  return [
    line('moves_in_log', 'moves of the period in the records, and rows within it', records.moves, within),
    line(
      'chains_whole',
      'tenants, and those whose last number is that of their last move',
      records.chains,
      records.whole,
    ),
    line(
      'sequences_whole',
      'numbers of tenants’ moves in the range, and rows with them',
      sequences.expected,
      sequences.found,
    ),
    line(
      'images_in_log',
      'images published in the period, and those whose publication is in the range',
      records.published,
      records.told,
    ),
    ...statements.filter(({ name }) => OF_STATEMENTS.has(name)),
  ]
}

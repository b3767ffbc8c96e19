// What the recheck of released pictures found in a period: pictures drawn at random from all that can be had, whenever they were released.
import { sql as raw } from 'kysely'
import type { Tx } from '../../kernel/database.ts'
import { type Counted, count, difference, type Given, sampledShare, sumOf, table, unmeasured } from './report.ts'
import { unmeasuredSince } from './since.ts'

const AS_RELEASED = ['ok', 'lapsed']
const LOOKS = [
  'rechecks',
  'Rechecked since',
  'Looks at released pictures in the period, drawn at random from all of them, old and new. Looks that say nothing, as when the store was away, are not counted.',
] as const
const SHARE = [
  'rechecked_as_released',
  'Found as released',
  'Of these looks: those that found the file, its marks and the log as they were. Among them may be files whose certificate is over.',
] as const

export async function recheckFigures(tx: Tx, { period }: Given): Promise<Counted> {
  const { from, to } = period
  const { rows } = await raw<{ result: string; count: number }>`
    SELECT result, sum(count)::int AS count FROM darkroom.recheck_day
     WHERE day >= (${from}::timestamptz AT TIME ZONE 'UTC')::date AND day < (${to}::timestamptz AT TIME ZONE 'UTC')::date
     GROUP BY result ORDER BY result`.execute(tx)
  const problems = await raw<{ problem: string; count: number }>`
    SELECT problem, count(*)::int AS count
      FROM darkroom.move CROSS JOIN LATERAL jsonb_array_elements_text(facts -> 'problems') AS problem
     WHERE kind = 'image.recheck_failed' AND at >= ${from} AND at < ${to} GROUP BY problem ORDER BY problem`.execute(tx)
  const since = await unmeasuredSince(tx, period)
  const looks = sumOf(rows, (row) => row.count)
  const well = sumOf(rows, (row) => (AS_RELEASED.includes(row.result) ? row.count : 0))
  return {
    figures:
      since === null
        ? [count(LOOKS, looks), sampledShare(SHARE, well, looks)]
        : [unmeasured(LOOKS, since), unmeasured(SHARE, since)],
    tables: [
      table(
        [
          'recheck_results',
          'What the recheck found',
          'Looks in the period by what they found, as darkroom_recheck_total names it.',
        ],
        { result: 'Result', count: 'Looks' },
        ['count'],
        rows,
      ),
      table(
        ['recheck_problems', 'What failed', 'Each problem that a look found, by its layer; one look may find several.'],
        { problem: 'Problem', count: 'Found' },
        ['count'],
        problems.rows,
      ),
    ],
    differences: since === null ? [await failuresTold(tx, period, looks - well)] : [],
  }
}

async function failuresTold(tx: Tx, { from, to }: Given['period'], counted: number) {
  const { rows } = await raw<{ count: number }>`
    SELECT count(*)::int AS count FROM darkroom.move
     WHERE kind = 'image.recheck_failed' AND at >= ${from} AND at < ${to}`.execute(tx)
  return difference(
    'rechecks_told',
    'looks that found something wrong, and moves that say so',
    counted,
    rows[0]?.count ?? 0,
  )
}

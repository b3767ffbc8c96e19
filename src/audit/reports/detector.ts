// How the public check was used in a period, counted by day when an answer was given, and what people said of answers. No address, picture
// or digest is in these counts, so that nothing of who asked or about what is told.
import { sql as raw } from 'kysely'
import type { Tx } from '../../kernel/database.ts'
import { type Counted, count, type Given, share, sumOf, table, unmeasured } from './report.ts'
import { unmeasuredSince } from './since.ts'

const VERDICTS = {
  ours: 'Ours',
  ours_altered: 'Ours, altered',
  inconclusive: 'Inconclusive',
  foreign_manifest: 'Manifest of others',
  none_found: 'Nothing found',
} as const
type Verdict = keyof typeof VERDICTS
const NAMES = Object.keys(VERDICTS).filter((name): name is Verdict => name in VERDICTS)

const CHECKS = [
  'checks',
  'Answers given',
  'Answers of the public check in the period, whoever asked. What could not be answered is not counted.',
] as const

type Day = Record<Verdict, number> & { day: string; surface: string; given: string; checks: number }
type Said = { verdict: Verdict; agrees: number; disagrees: number }

export async function detectorReport(tx: Tx, given: Given): Promise<Counted> {
  const { period, feedbackDays } = given
  const days = await readDays(tx, given)
  const said = await readFeedback(tx, given)
  const since = await unmeasuredSince(tx, period)
  const checks = sumOf(days, (row) => row.checks)
  const definition = (verdict: Verdict) => `Of these answers: those with the verdict ${verdict}.`
  return {
    figures: [
      ...(since === null
        ? [
            count(CHECKS, checks),
            ...NAMES.map((name) =>
              share(
                [name, VERDICTS[name], definition(name)],
                sumOf(days, (row) => row[name]),
                checks,
              ),
            ),
          ]
        : [
            unmeasured(CHECKS, since),
            ...NAMES.map((name) => unmeasured([name, VERDICTS[name], definition(name)], since)),
          ]),
      share(
        [
          'feedback_agrees',
          'Said to be right',
          `Of what people said of an answer in the period and is still kept (${feedbackDays} days): that it was right.`,
        ],
        sumOf(said, (row) => row.agrees),
        sumOf(said, (row) => row.agrees + row.disagrees),
      ),
    ],
    tables: [
      table(
        [
          'by_day',
          'By day',
          'Answers by the day (UTC) on which they were given, by way in, and by whether a picture or its address was given.',
        ],
        { day: 'Day', surface: 'By', given: 'Given', checks: 'Answers', ...VERDICTS },
        ['checks', ...NAMES],
        days,
      ),
      table(
        [
          'feedback',
          'What people said',
          `What was said of answers, by the verdict that they had. It is erased after ${feedbackDays} days.`,
        ],
        { verdict: 'Verdict', agrees: 'Right', disagrees: 'Wrong' },
        ['agrees', 'disagrees'],
        said,
      ),
    ],
    differences: [],
  }
}

async function readDays(tx: Tx, { period: { from, to } }: Given): Promise<Day[]> {
  const { rows } = await raw<Day>`
    SELECT day::text AS day, surface, given, sum(count)::int AS checks,
           ${raw.join(NAMES.map((name) => raw`coalesce(sum(count) FILTER (WHERE verdict = ${name}), 0)::int AS ${raw.ref(name)}`))}
      FROM darkroom.public_check_day
     WHERE day >= (${from}::timestamptz AT TIME ZONE 'UTC')::date AND day < (${to}::timestamptz AT TIME ZONE 'UTC')::date
     GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`.execute(tx)
  return rows
}

async function readFeedback(tx: Tx, { period: { from, to } }: Given): Promise<Said[]> {
  const { rows } = await raw<Said>`
    SELECT verdict, count(*) FILTER (WHERE agrees)::int AS agrees, count(*) FILTER (WHERE NOT agrees)::int AS disagrees
      FROM darkroom.provenance_feedback WHERE created_at >= ${from} AND created_at < ${to}
     GROUP BY verdict ORDER BY verdict`.execute(tx)
  return rows
}

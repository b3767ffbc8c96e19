// Who decided what in a period, under which version of the policy. People appear as pseudonyms, stable within a month and not beyond;
// decisions about restricted cases are one number.
import { sql as raw } from 'kysely'
import type { Tx } from '../../kernel/database.ts'
import { reconcile } from '../../statement/reconcile.ts'
import { RESTRICTED_REQUESTS } from '../restricted.ts'
import { readChanges, readPolicies } from './policies.ts'
import {
  type Counted,
  count,
  difference,
  type Figure,
  type Given,
  type Row,
  share,
  sumOf,
  type Table,
  table,
} from './report.ts'

/** Of statement/reconcile.ts, what does not count a report's rows. */
const OF_STATEMENTS = new Set([
  'moves_with_statement',
  'statements_with_move',
  'statements_unchanged',
  'appeals_in_step',
])

type Decision = {
  restricted: boolean
  /** Of the sandbox. */
  rehearsed: boolean
  month: string
  policy: string | null
  version: string | null
  digest: string | null
  action: string
  clause: string | null
  decider: 'software' | 'people' | 'owner'
  people: string[]
  count: number
  overturned: number
  partly: number
}

type Verdict = { month: string; person: string; kind: string; outcome: string; count: number }

export async function decisionsReport(tx: Tx, given: Given): Promise<Counted> {
  const all = await readDecisions(tx, given)
  const told = all.filter(({ restricted, rehearsed }) => !restricted && !rehearsed)
  return {
    figures: [...apartFigures(all), ...toldFigures(told)],
    tables: [
      decisionsTable(told, given),
      verdictsTable(await readVerdicts(tx, given), given),
      await secondLooks(tx, given),
      await readPolicies(tx, given),
      await readChanges(tx, given),
    ],
    differences: await heldAgainst(tx, given, all),
  }
}

const counted = (rows: readonly Decision[]) => sumOf(rows, (row) => row.count)

function apartFigures(all: readonly Decision[]): Figure[] {
  return [
    count(
      [
        'decisions',
        'Decisions',
        'Moves of the period that allow or restrict: orders refused, pictures allowed, withheld or withdrawn, and restrictions that an appeal put on another clause.',
      ],
      counted(all),
    ),
    count(
      [
        'withheld',
        'Of restricted cases',
        'Of these: decisions about restricted cases. No other row of this report has them.',
      ],
      counted(all.filter(({ restricted }) => restricted)),
    ),
    count(
      [
        'rehearsed',
        'Rehearsals',
        'Of these: decisions about orders of the sandbox. No other row of this report has them.',
      ],
      counted(all.filter(({ restricted, rehearsed }) => rehearsed && !restricted)),
    ),
  ]
}

const DECIDERS = {
  software: ['By software', 'software, without a person'],
  people: ['By people', 'people'],
  owner: ['By owners', 'the owner of a picture, who took it back'],
} as const

function toldFigures(told: readonly Decision[]): Figure[] {
  const restrictions = told.filter(({ action }) => action !== 'allowed')
  return [
    ...(['software', 'people', 'owner'] as const).map((decider) => {
      const [title, whom] = DECIDERS[decider]
      const mine = told.filter((row) => row.decider === decider)
      return share(
        [`by_${decider}`, title, `Of the other decisions: those made by ${whom}.`],
        counted(mine),
        counted(told),
      )
    }),
    share(
      [
        'overturned',
        'Overturned on appeal',
        'Of the restrictions among these: those that an appeal has overturned in full since.',
      ],
      sumOf(restrictions, (row) => row.overturned),
      counted(restrictions),
    ),
    share(
      ['partly', 'Partly overturned', 'Of the same: those that an appeal has overturned in part since.'],
      sumOf(restrictions, (row) => row.partly),
      counted(restrictions),
    ),
  ]
}

/** The acts of a period. A decision by people names the verdicts of its review item, or those whom its statement names. */
async function readDecisions(tx: Tx, { period: { from, to } }: Given): Promise<Decision[]> {
  const { rows } = await raw<Decision>`
    WITH act AS (
      SELECT move.id, move.facts, move.from_state, to_char(move.at AT TIME ZONE 'UTC', 'YYYY-MM') AS month,
             coalesce(image.request_id, move.subject_id) AS request_id, statement.record, statement.id AS statement_id,
             coalesce(statement.record -> 'policy', move.facts -> 'policy', image.verdict -> 'policy') AS policy,
             CASE move.kind WHEN 'request.refused' THEN 'order refused' WHEN 'image.denied' THEN 'picture withheld'
               WHEN 'image.withdrawn' THEN 'picture withdrawn' WHEN 'image.cleared' THEN 'allowed'
               ELSE 'restricted for another clause' END AS action,
             coalesce(nullif(statement.decided_by, '{}'), (
               SELECT array_agg(DISTINCT person_id ORDER BY person_id) FROM darkroom.review_verdict
                WHERE item_id = move.facts ->> 'review' AND counted_at IS NOT NULL AND undone_at IS NULL), '{}') AS people
        FROM darkroom.move AS move
        LEFT JOIN darkroom.image AS image ON image.id = move.subject_id
        LEFT JOIN darkroom.statement AS statement
          ON statement.id = move.facts ->> 'statement' AND statement.subject_id = move.subject_id
       WHERE move.at >= ${from} AND move.at < ${to} AND ${ACTS})
    SELECT act.request_id IN (SELECT id FROM ${RESTRICTED_REQUESTS} AS restricted) AS restricted,
           request.sandbox IS NOT NULL AS rehearsed, act.month, act.action,
           act.policy ->> 'id' AS policy, act.policy ->> 'version' AS version, act.policy ->> 'digest' AS digest,
           act.record ->> 'clause' AS clause, act.people,
           CASE WHEN act.record ->> 'decidedBy' = 'owner' THEN 'owner'
                WHEN act.record ->> 'decidedBy' = 'person' OR act.facts ->> 'decided_by' = 'person' THEN 'people'
                ELSE 'software' END AS decider,
           count(*)::int AS count, count(*) FILTER (WHERE appeal.state = 'overturned')::int AS overturned,
           count(*) FILTER (WHERE appeal.state = 'partial')::int AS partly
      FROM act LEFT JOIN darkroom.request AS request ON request.id = act.request_id
      LEFT JOIN LATERAL (
        SELECT state FROM darkroom.appeal WHERE appeal.statement_id = act.statement_id ORDER BY created_at DESC LIMIT 1) AS appeal ON true
     GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 ORDER BY 5, 6, 4, 8, 10, 3, 9`.execute(tx)
  return rows
}

const ACTS = raw`kind IN ('request.refused', 'request.restated', 'image.denied', 'image.withdrawn', 'image.cleared', 'image.restated')`

function decisionsTable(told: readonly Decision[], { pseudonymOf }: Given): Table {
  const rows = told.map(({ month, people, decider, ...row }) => {
    const names = people.map((person) => pseudonymOf(person, month)).sort()
    return {
      ...row,
      digest: row.digest?.slice(0, 12) ?? null,
      month,
      decider: names.length === 0 ? decider : names.join(' '),
    }
  })
  return table(
    [
      'decisions',
      'Decisions',
      'By policy version (as the statement has it, or the judgement that allowed or held the picture), what was decided, clause and who decided: software, an owner, or people by their pseudonyms of that month.',
    ],
    {
      policy: 'Policy',
      version: 'Version',
      digest: 'Digest',
      action: 'Decision',
      clause: 'Clause',
      decider: 'Decided by',
      month: 'Month',
      count: 'Decisions',
      overturned: 'Overturned',
      partly: 'Partly',
    },
    ['count', 'overturned', 'partly'],
    rows,
  )
}

/** Verdicts of people that counted in the period, as the log has them. */
async function readVerdicts(tx: Tx, { period: { from, to } }: Given): Promise<Verdict[]> {
  const { rows } = await raw<Verdict>`
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM') AS month, facts ->> 'person' AS person, facts ->> 'kind' AS kind,
           facts ->> 'outcome' AS outcome, count(*)::int AS count
      FROM darkroom.move
     WHERE kind = 'review.verdict' AND at >= ${from} AND at < ${to}
       AND facts ->> 'request' NOT IN (SELECT id FROM ${RESTRICTED_REQUESTS} AS restricted)
     GROUP BY 1, 2, 3, 4`.execute(tx)
  return rows
}

function verdictsTable(verdicts: readonly Verdict[], { pseudonymOf }: Given): Table {
  const rows = verdicts.map((row) => ({ ...row, person: pseudonymOf(row.person, row.month) }))
  const keyOf = ({ month, person, kind, outcome }: Verdict) => `${month} ${person} ${kind} ${outcome}`
  return table(
    [
      'verdicts',
      'Verdicts of people',
      'What each person found in items of review, where that counted in the period: a pseudonym is one person within a month, and nothing connects it with another month’s.',
    ],
    { month: 'Month', person: 'Person', kind: 'Item', outcome: 'Found', count: 'Verdicts' },
    ['count'],
    rows.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)),
  )
}

async function secondLooks(tx: Tx, { period: { from, to } }: Given): Promise<Table> {
  const { rows } = await raw<Row>`
    SELECT facts ->> 'kind' AS kind, facts ->> 'outcome' AS outcome, count(*)::int AS count
      FROM darkroom.move
     WHERE kind = 'review.ruled' AND facts ->> 'kind' <> 'hold' AND at >= ${from} AND at < ${to}
       AND facts ->> 'request' NOT IN (SELECT id FROM ${RESTRICTED_REQUESTS} AS restricted)
     GROUP BY 1, 2 ORDER BY 1, 2`.execute(tx)
  return table(
    [
      'second_looks',
      'Second looks',
      'Rulings of the period on appeals, random audits, reports and gold questions. First looks at held pictures are among the decisions.',
    ],
    { kind: 'Item', outcome: 'Ruling', count: 'Rulings' },
    ['count'],
    rows,
  )
}

async function heldAgainst(tx: Tx, { period }: Given, all: readonly Decision[]) {
  const { from, to } = period
  const { rows } = await raw<Record<'acts' | 'verdicts' | 'noted', number>>`
    SELECT (SELECT count(*)::int FROM darkroom.move WHERE ${ACTS} AND at >= ${from} AND at < ${to}) AS acts,
           (SELECT count(*)::int FROM darkroom.review_verdict WHERE counted_at >= ${from} AND counted_at < ${to}) AS verdicts,
           (SELECT count(*)::int FROM darkroom.review_verdict AS verdict WHERE counted_at >= ${from} AND counted_at < ${to}
               AND EXISTS (SELECT FROM darkroom.move WHERE subject_id = verdict.item_id AND kind = 'review.verdict'
                              AND facts ->> 'verdict' = verdict.id AND facts ->> 'outcome' = verdict.outcome
                              AND facts ->> 'person' = verdict.person_id)) AS noted`.execute(tx)
  const { acts = 0, verdicts = 0, noted = 0 } = rows[0] ?? {}
  const stated = await reconcile(tx, period, { statements: 0, complaints: 0 })
  return [
    difference(
      'decisions_counted',
      'moves that allow or restrict, and those in this report',
      acts,
      sumOf(all, (row) => row.count),
    ),
    difference(
      'verdicts_told',
      'verdicts that counted in the period, and those that the log has as they are',
      verdicts,
      noted,
    ),
    ...stated.filter(({ name }) => OF_STATEMENTS.has(name)),
  ]
}

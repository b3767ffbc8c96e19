// The rows of a transparency report (Regulation (EU) 2024/2835) for a period, counted from the records in one snapshot, and whether they
// reconcile with them (reconcile.ts). Medians are in hours, shares in [0, 1]. Whether an operator must publish one is not said here.
import { sql as raw } from 'kysely'
import type { Database, Tx } from '../kernel/database.ts'
import { type ClassifierRow, classifierRows, type Estimate } from './classifiers.ts'
import { checkPeriod, type Period, statementsIn } from './period.ts'
import { type Difference, reconcile } from './reconcile.ts'

export type MeasureRow = {
  category: string | null
  kind: string
  source: string
  automated_detection: boolean
  automated_decision: boolean
  count: number
}
export type ComplaintRow = {
  category: string | null
  total: number
  upheld: number
  partially_reversed: number
  reversed: number
  omitted: number
  withdrawn: number
  open: number
}
export type Report = {
  object: 'transparency_report'
  from: string
  to: string
  measures: MeasureRow[]
  /** Pictures that were published and taken back. */
  withdrawn_pictures: { by_person: number; by_owner: number }
  /** Of the sandbox, which restricts nobody; in no other number. */
  rehearsed: number
  complaints: { rows: ComplaintRow[]; total: ComplaintRow; rehearsed: number; median_hours: number | null }
  classifiers: ClassifierRow[]
  reconciliation: { complete: boolean; differences: Difference[] }
}

/** `estimate`: accuracy, precision and recall that somebody estimated from audits; null where nobody has. Fault: invalid_request. */
export async function reportOn(
  database: Pick<Database, 'transact'>,
  period: Period,
  estimate: Estimate = () => null,
): Promise<Report> {
  checkPeriod(period)
  return database.transact(async (tx) => {
    // Every number is of one moment, or they would differ by what happened in between.
    await raw`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY`.execute(tx)
    return countReport(tx, period, estimate)
  })
}

/** The same, of what this transaction sees. */
export async function countReport(tx: Tx, period: Period, estimate: Estimate): Promise<Report> {
  const stated = await countStatements(tx, period)
  const complaints = await countComplaints(tx, period)
  const measures = stated.filter(({ rehearsed, owner }) => !rehearsed && !owner)
  const counted = { statements: sum(stated), complaints: complaints.total.total + complaints.rehearsed }
  const differences = await reconcile(tx, period, counted)
  return {
    object: 'transparency_report',
    from: period.from.toISOString(),
    to: period.to.toISOString(),
    measures: measures.map(({ rehearsed: _, owner: __, ...row }) => row),
    withdrawn_pictures: {
      by_person: sum(measures.filter(({ kind }) => kind === 'image_withdrawn')),
      by_owner: sum(stated.filter(({ rehearsed, owner }) => owner && !rehearsed)),
    },
    rehearsed: sum(stated.filter(({ rehearsed }) => rehearsed)),
    complaints,
    classifiers: await classifierRows(tx, period, estimate),
    reconciliation: { complete: differences.every(({ difference }) => difference === 0), differences },
  }
}

const sum = (rows: readonly { count: number }[]) => rows.reduce((total, { count }) => total + count, 0)

async function countStatements(tx: Tx, period: Period) {
  const { rows } = await raw<MeasureRow & { rehearsed: boolean; owner: boolean }>`
    SELECT statement.record ->> 'category' AS category,
           statement.record ->> 'restriction' AS kind,
           coalesce(statement.record ->> 'source', 'own_initiative') AS source,
           coalesce(statement.record ->> 'detection' = 'automated', false) AS automated_detection,
           coalesce(statement.record ->> 'decidedBy' = 'automated', false) AS automated_decision,
           coalesce(statement.record ->> 'decidedBy' = 'owner', false) AS owner,
           statement.rehearsed, count(*)::integer AS count
      FROM ${statementsIn(period)} GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3, 4, 5, 6, 7`.execute(tx)
  return rows
}

/** By the day that a complaint came in; its state is that of today. */
async function countComplaints(tx: Tx, { from, to }: Period): Promise<Report['complaints']> {
  const complaints = raw`(
    SELECT appeal.state, appeal.created_at, appeal.decided_at, statement.record ->> 'category' AS category,
           request.sandbox IS NOT NULL AS rehearsed
      FROM darkroom.appeal AS appeal
      LEFT JOIN darkroom.statement AS statement ON statement.id = appeal.statement_id
      LEFT JOIN darkroom.image AS image ON image.id = statement.subject_id
      LEFT JOIN darkroom.request AS request ON request.id = coalesce(image.request_id, statement.subject_id)
     WHERE appeal.created_at >= ${from} AND appeal.created_at < ${to}) AS complaint`
  const { rows } = await raw<ComplaintRow & { rehearsed: boolean }>`
    SELECT category, rehearsed, count(*)::integer AS total,
           count(*) FILTER (WHERE state = 'upheld')::integer AS upheld,
           count(*) FILTER (WHERE state = 'partial')::integer AS partially_reversed,
           count(*) FILTER (WHERE state = 'overturned')::integer AS reversed,
           count(*) FILTER (WHERE state = 'omitted')::integer AS omitted,
           count(*) FILTER (WHERE state = 'withdrawn')::integer AS withdrawn,
           count(*) FILTER (WHERE state IN ('open', 'reviewing'))::integer AS open
      FROM ${complaints} GROUP BY 1, 2 ORDER BY 1, 2`.execute(tx)
  const median = await raw<{ hours: number | null }>`
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM decided_at - created_at)::double precision / 3600) AS hours
      FROM ${complaints} WHERE NOT rehearsed AND state IN ('upheld', 'partial', 'overturned')`.execute(tx)
  const real = rows.filter(({ rehearsed }) => !rehearsed).map(({ rehearsed: _, ...row }) => row)
  return {
    rows: real,
    total: real.reduce(add, { category: null, ...NO_COMPLAINTS }),
    rehearsed: rows.filter(({ rehearsed }) => rehearsed).reduce((total, row) => total + row.total, 0),
    median_hours: median.rows[0]?.hours ?? null,
  }
}

const NO_COMPLAINTS = {
  ...{ total: 0, upheld: 0, partially_reversed: 0, reversed: 0 },
  ...{ omitted: 0, withdrawn: 0, open: 0 },
}

function add(one: ComplaintRow, other: ComplaintRow): ComplaintRow {
  return {
    category: one.category,
    total: one.total + other.total,
    upheld: one.upheld + other.upheld,
    partially_reversed: one.partially_reversed + other.partially_reversed,
    reversed: one.reversed + other.reversed,
    omitted: one.omitted + other.omitted,
    withdrawn: one.withdrawn + other.withdrawn,
    open: one.open + other.open,
  }
}

// Makes a report of a period: whole days in UTC, from `from` inclusive to `to` exclusive, counted in one snapshot of the records, so that
// its numbers are all of one moment.
import { sql as raw } from 'kysely'
import type { Database, Tx } from '../../kernel/database.ts'
import { Fault } from '../../kernel/fault.ts'
import { checkPeriod, type Period } from '../../statement/period.ts'
import { decisionsReport } from './decisions.ts'
import { detectorReport } from './detector.ts'
import { marksReport } from './marks.ts'
import { moderationReport } from './moderation.ts'
import { pseudonymsUnder } from './pseudonyms.ts'
import type { AuditReport, CountDue, Counted, Given, ReportName } from './report.ts'
import { retentionReport } from './retention.ts'

const DAY_MS = 86_400_000

export type ReportTools = {
  readonly database: Pick<Database, 'transact'>
  /** The longest period. */
  readonly mostDays: number
  readonly feedbackDays: number
  /** What people's pseudonyms are made under. */
  readonly secret: Uint8Array
  readonly countDue: CountDue
}

const COUNTS: Readonly<Record<ReportName, (tx: Tx, given: Given) => Promise<Counted>>> = {
  marks: marksReport,
  moderation: moderationReport,
  detector: detectorReport,
  retention: retentionReport,
  decisions: decisionsReport,
}

/** Fault: invalid_request, which names from or to. */
export async function makeReport(tools: ReportTools, name: ReportName, period: Period): Promise<AuditReport> {
  return tools.database.transact(async (tx) => {
    await raw`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY`.execute(tx)
    return countOn(tx, tools, name, period)
  })
}

/** The same, of what this transaction sees. */
export async function countOn(
  tx: Tx,
  { mostDays, feedbackDays, secret, countDue }: Omit<ReportTools, 'database'>,
  name: ReportName,
  period: Period,
): Promise<AuditReport> {
  checkDays(period, mostDays)
  const now = await readNow(tx)
  checkPast(period, now)
  const counted = await COUNTS[name](tx, { period, pseudonymOf: pseudonymsUnder(secret), feedbackDays, countDue })
  return {
    object: 'audit_report',
    name,
    from: period.from.toISOString(),
    to: period.to.toISOString(),
    counted_at: now.toISOString(),
    over: period.to <= now,
    complete: counted.differences.every(({ difference }) => difference === 0),
    ...counted,
  }
}

function checkDays(period: Period, mostDays: number): void {
  const { from, to } = checkPeriod(period)
  for (const [field, at] of [
    ['from', from],
    ['to', to],
  ] as const)
    if (at.getTime() % DAY_MS !== 0) throw wrong(field, `${field} is not the beginning of a day in UTC`)
  if (to.getTime() - from.getTime() > mostDays * DAY_MS)
    throw wrong('to', `a report has a period of ${mostDays} days at the most`)
}

function checkPast({ from, to }: Period, now: Date): void {
  if (from > now) throw wrong('from', 'from is in the future: nothing has happened yet')
  if (to.getTime() - DAY_MS > now.getTime()) throw wrong('to', 'to is after the end of today in UTC')
}

async function readNow(tx: Tx): Promise<Date> {
  const { rows } = await raw<{ now: Date }>`SELECT darkroom.now() AS now`.execute(tx)
  const now = rows[0]?.now
  if (now === undefined) throw new Fault('database_failed', { detail: 'the database does not tell the time' })
  return now
}

function wrong(field: 'from' | 'to', detail: string): Fault {
  return new Fault('invalid_request', { field, detail })
}

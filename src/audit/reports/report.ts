// What a report is: figures and tables of a period, each with the sentence that defines it, and pairs of numbers whose differences must be
// zero. A figure that was not measured has no value and says why. marks.ts, moderation.ts, detector.ts, retention.ts and decisions.ts
// count them; reports.ts makes one.
import type { Tx } from '../../kernel/database.ts'
import { wilson } from '../../review/rates.ts'
import type { Period } from '../../statement/period.ts'
import type { Difference } from '../../statement/reconcile.ts'

export const REPORT_NAMES = ['marks', 'moderation', 'detector', 'retention', 'decisions'] as const
export type ReportName = (typeof REPORT_NAMES)[number]

/** `of` where the value is a share of so many, and `interval` (Wilson, 95 %) where those were drawn at random. */
export type Figure = {
  readonly name: string
  readonly title: string
  readonly definition: string
  readonly value: number | null
  readonly of: number | null
  readonly interval: { readonly low: number; readonly high: number } | null
  /** Why there is no value. */
  readonly unmeasured: string | null
}

export type Cell = string | number | null
export type Column = { readonly name: string; readonly title: string; readonly number: boolean }
export type Row = Readonly<Record<string, Cell>>
export type Table = {
  readonly name: string
  readonly title: string
  readonly definition: string
  readonly columns: readonly Column[]
  readonly rows: readonly Row[]
}

export type Counted = {
  readonly figures: readonly Figure[]
  readonly tables: readonly Table[]
  readonly differences: readonly Difference[]
}
export type AuditReport = Counted & {
  readonly object: 'audit_report'
  readonly name: ReportName
  readonly from: string
  readonly to: string
  readonly counted_at: string
  /** Whether the period was over when this was counted. */
  readonly over: boolean
  /** Whether every difference is zero. */
  readonly complete: boolean
}

/** What a count is given. */
export type Given = {
  readonly period: Period
  /** What people appear as: in one month always the same. */
  readonly pseudonymOf: (personId: string, month: string) => string
  readonly feedbackDays: number
  readonly countDue: CountDue
}
/** How much the janitor has before it, and of that how much is due for longer than these seconds; publish/retention.ts. */
export type CountDue = (tx: Tx, lateSeconds: number) => Promise<{ due: number; overdue: number }>

type Named = readonly [name: string, title: string, definition: string]

export function count([name, title, definition]: Named, value: number): Figure {
  return { name, title, definition, value, of: null, interval: null, unmeasured: null }
}

/** Of all that there were. */
export function share([name, title, definition]: Named, value: number, of: number): Figure {
  return { name, title, definition, value, of, interval: null, unmeasured: null }
}

/** Of a random sample, which stands for more than itself. */
export function sampledShare(named: Named, value: number, of: number): Figure {
  return { ...share(named, value, of), interval: of === 0 ? null : wilson(value, of) }
}

export function unmeasured([name, title, definition]: Named, why: string): Figure {
  return { name, title, definition, value: null, of: null, interval: null, unmeasured: why }
}

export function difference(name: string, what: string, expected: number, found: number): Difference {
  return { name, what, expected, found, difference: expected - found }
}

/** A row as it was read, some of which no column tells. */
type Read = Readonly<Record<string, Cell | boolean | readonly string[]>>

/** `columns`: titles by name; those of `numbers` are numbers. */
export function table(
  [name, title, definition]: Named,
  columns: Readonly<Record<string, string>>,
  numbers: readonly string[],
  rows: readonly Read[],
): Table {
  const named = Object.entries(columns).map(([of, title]) => ({ name: of, title, number: numbers.includes(of) }))
  return { name, title, definition, columns: named, rows: rows.map((row) => cellsOf(row, named)) }
}

function cellsOf(row: Read, columns: readonly Column[]): Row {
  return Object.fromEntries(
    columns.map(({ name }) => {
      const cell = row[name]
      return [name, typeof cell === 'string' || typeof cell === 'number' ? cell : null]
    }),
  )
}

export function sumOf<R>(rows: readonly R[], of: (row: R) => number): number {
  return rows.reduce((total, row) => total + of(row), 0)
}

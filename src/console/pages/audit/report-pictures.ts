// Which tables of reports have a picture, and what it draws of their rows. The table beside it has the same in numbers.

import type { AuditReport, Cell, ReportName, Row, Table } from '../../../audit/reports/report.ts'
import { type Bar, stackedBars, stackedColumns } from '../../charts.ts'
import type { Html } from '../../html.ts'

const MARKS = [
  'released',
  'watermark',
  'trustmark',
  'manifest',
  'timestamp',
  'label',
  'fingerprint',
  'leaf',
  'read_back',
]

/** Of the figures, where they are parts of one whole. */
export function figuresPicture({ name, figures }: AuditReport): Html | null {
  if (name !== 'marks') return null
  const shown = figures.filter((figure) => MARKS.includes(figure.name))
  return bars(shown.map(({ title, value }) => ({ name: title, parts: [{ name: 'Pictures', count: value ?? 0 }] })))
}

/** Null: its numbers are picture enough. */
export function pictureOf(report: ReportName, table: Table): Html | null {
  switch (`${report}.${table.name}`) {
    case 'marks.by_tenant':
      return bars(sums(table, ({ tenant, model }) => `${tenant}, ${model}`, ['released', 'failed']))
    case 'moderation.measures':
      return bars(
        crossed(
          table,
          ({ category }) => category,
          ({ kind }) => kind,
        ),
      )
    case 'moderation.complaints':
      return bars(
        sums(table, ({ category }) => category, [
          'upheld',
          'partially_reversed',
          'reversed',
          'omitted',
          'withdrawn',
          'open',
        ]),
      )
    case 'detector.by_day':
      return byDay(table)
    case 'detector.feedback':
      return bars(sums(table, ({ verdict }) => verdict, ['agrees', 'disagrees']))
    case 'retention.quarantine':
      return stackedBars(
        sums(table, ({ class: name }) => name, ['under_day', 'under_week', 'under_month', 'under_half_year', 'older']),
        'age',
      )
    case 'decisions.decisions':
      return bars(crossed(table, ({ action }) => action, deciderOf))
    case 'decisions.second_looks':
      return bars(
        crossed(
          table,
          ({ kind }) => kind,
          ({ outcome }) => outcome,
        ),
      )
    default:
      return null
  }
}

const bars = (of: readonly Bar[]) => stackedBars(of, 'kind')

/** A bar a name, of the sums of these columns. */
function sums({ columns, rows }: Table, nameOf: Naming, of: readonly string[]): Bar[] {
  const titles = new Map(columns.map(({ name, title }) => [name, title]))
  return grouped(rows, nameOf).map(([name, mine]) => ({
    name,
    parts: of.map((column) => ({ name: titles.get(column) ?? column, count: sum(mine, column) })),
  }))
}

type Naming = (row: Row) => Cell | undefined

/** A bar a name, of the counts by another name. */
function crossed({ rows }: Table, by: Naming, across: Naming): Bar[] {
  const values = [...new Set(rows.map((row) => textOf(across(row))))].sort()
  return grouped(rows, by).map(([name, mine]) => ({
    name,
    parts: values.map((value) => ({
      name: value,
      count: sum(
        mine.filter((row) => textOf(across(row)) === value),
        'count',
      ),
    })),
  }))
}

/** Pseudonyms are people. */
function deciderOf({ decider }: Row): string {
  return decider === 'software' || decider === 'owner' ? decider : 'people'
}

/** Days on which nobody asked have a place as well. */
function byDay(table: Table): Html {
  const verdicts = table.columns.filter(({ name, number }) => number && name !== 'checks').map(({ name }) => name)
  const asked = new Map(sums(table, ({ day }) => day, verdicts).map((bar) => [bar.name, bar]))
  const days = daysBetween([...asked.keys()].sort())
  const none = [...asked.values()][0]?.parts.map((part) => ({ ...part, count: 0 })) ?? []
  const columns = days.map((day) => asked.get(day) ?? { name: day, parts: none })
  return stackedColumns(
    columns,
    `Answers a day, by verdict: ${sum(table.rows, 'checks')} on ${asked.size} of ${days.length} days.`,
  )
}

const DAY_MS = 86_400_000

function daysBetween(sorted: readonly string[]): string[] {
  const [first, last] = [Date.parse(sorted[0] ?? ''), Date.parse(sorted.at(-1) ?? '')]
  return Array.from({ length: Math.round((last - first) / DAY_MS) + 1 }, (_, index) =>
    new Date(first + index * DAY_MS).toISOString().slice(0, 10),
  )
}

function grouped(rows: readonly Row[], nameOf: Naming): [string, Row[]][] {
  return [...Map.groupBy(rows, (row) => textOf(nameOf(row)))]
}

function sum(rows: readonly Row[], column: string): number {
  return rows.reduce((total, row) => total + Number(row[column] ?? 0), 0)
}

function textOf(cell: Cell | undefined): string {
  return cell === null || cell === undefined ? 'none' : String(cell)
}

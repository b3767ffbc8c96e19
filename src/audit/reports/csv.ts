// One table of a report for spreadsheets; without a name, its figures.
import { Fault } from '../../kernel/fault.ts'
import { csvText } from '../csv.ts'
import type { AuditReport } from './report.ts'

const FIGURES = ['name', 'title', 'value', 'of', 'low', 'high', 'unmeasured', 'definition'] as const

/** Fault: invalid_request (field table), which names those that there are. */
export function reportCsv({ figures, tables }: AuditReport, name: string | null): string {
  if (name === null) {
    const rows = figures.map(({ name, title, value, of, interval, unmeasured, definition }) => [
      name,
      title,
      value,
      of,
      interval?.low ?? null,
      interval?.high ?? null,
      unmeasured,
      definition,
    ])
    return csvText([FIGURES, ...rows])
  }
  const table = tables.find((one) => one.name === name)
  if (table === undefined)
    throw new Fault('invalid_request', {
      field: 'table',
      detail: `table must be one of ${tables.map((one) => one.name).join(', ')}`,
    })
  const columns = table.columns.map((column) => column.name)
  return csvText([columns, ...table.rows.map((row) => columns.map((column) => row[column] ?? null))])
}

// The opened rows for spreadsheets: RFC 4180 in UTF-8 with a header. No cell is a formula.
import { canonical } from '../kernel/canonical.ts'
import { csvText } from './csv.ts'
import type { Row } from './export-format.ts'

export const COLUMNS = ['index', 'at', 'tenant', 'sequence', 'kind', 'subject', 'id', 'from', 'to', 'facts'] as const

export const CSV_HEADER = `${COLUMNS.join(',')}\r\n`

/** Nothing of a row that is closed. */
export function csvLine({ entry, index, opened }: Row): string {
  if (opened === null) return ''
  const { kind, subject, id, from, to, facts } = opened
  const cells = [
    String(index),
    entry.at,
    entry.tenant,
    entry.sequence,
    kind,
    subject,
    id,
    from ?? '',
    to ?? '',
    canonical(facts),
  ]
  return csvText([cells])
}

// What the form of an export sent: its fields as they were typed, the order that they make, and the periods that a button stands for.

import type { NewExport } from '../../../http/audit-export-schemas.ts'

/** As typed; times are moments of UTC without its name. */
export type Said = {
  readonly from: string
  readonly to: string
  readonly tenant: string
  readonly kind: string
  readonly subject: string
  readonly csv: boolean
  readonly parquet: boolean
}

/** In the order of their buttons. */
export const PERIODS = ['today', 'yesterday', 'week', 'month', 'quarter'] as const
export type PeriodName = (typeof PERIODS)[number]

const DAY_MS = 86_400_000

export function readSaid(fields: URLSearchParams): Said {
  const text = (name: string) => (fields.get(name) ?? '').trim()
  const formats = fields.getAll('formats')
  return {
    from: text('from'),
    to: text('to'),
    tenant: text('tenant'),
    kind: text('kind'),
    subject: text('subject'),
    csv: formats.includes('csv'),
    parquet: formats.includes('parquet'),
  }
}

export function orderOf({ from, to, tenant, kind, subject, csv, parquet }: Said): NewExport {
  return {
    from: moment(from),
    to: moment(to),
    tenant: tenant === '' ? null : tenant,
    kind: kind === '' ? null : kind,
    subject: subject === '' ? null : subject,
    formats: [...(csv ? (['csv'] as const) : []), ...(parquet ? (['parquet'] as const) : [])],
  }
}

/** What a field of a date and time holds becomes a moment of UTC; anything else stays, to be refused by its name. */
function moment(text: string): string {
  const [, minutes, seconds = ':00'] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d)(:\d\d(?:\.\d{1,3})?)?$/.exec(text) ?? []
  return minutes === undefined ? text : `${minutes}${seconds}Z`
}

/** Whole days and months of UTC that are over; of today and the quarter, what is over to the minute. */
export function periodOf(name: PeriodName, now: Date): { from: string; to: string } {
  const today = Math.floor(now.getTime() / DAY_MS) * DAY_MS
  const monthStart = (months: number) => Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months)
  switch (name) {
    case 'today':
      return between(today, now.getTime())
    case 'yesterday':
      return between(today - DAY_MS, today)
    case 'week':
      return between(today - 7 * DAY_MS, today)
    case 'month':
      return between(monthStart(-1), monthStart(0))
    case 'quarter':
      return between(monthStart(-(now.getUTCMonth() % 3)), now.getTime())
  }
}

function between(from: number, to: number): { from: string; to: string } {
  const minutes = (ms: number) => new Date(ms).toISOString().slice(0, 16)
  return { from: minutes(from), to: minutes(to) }
}

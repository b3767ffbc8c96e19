// What states, failures, sizes and formats of exports are called.

import type { ExportBrief } from '../../../audit/export-records.ts'

export type ExportState = Exclude<ExportBrief['state'], 'removing'>

export const STATES: Readonly<Record<ExportState, string>> = {
  waiting: 'waits',
  running: 'is being made',
  done: 'ready',
  failed: 'failed',
}

export function formatName(format: 'csv' | 'parquet'): string {
  return format === 'csv' ? 'CSV' : 'Parquet'
}

/** Why, and what to do; docs/operations.md says more. */
const FAILURES: Readonly<Record<string, readonly [because: string, remedy: string]>> = {
  log_inconsistent: [
    'The records of this range are not what the log signed, or one is missing.',
    'Somebody changed them, or a disk did: tell whoever runs this service (docs/operations.md, Exports of the log). Once that is settled, order it anew and take this one away.',
  ],
  too_large: ['It would be larger than the format allows.', 'Order shorter periods.'],
  object_store_failed: ['The object store could not be reached.', 'Order it anew once it can.'],
  database_failed: ['The records could not be reached.', 'Order it anew once they can.'],
  object_missing: [
    'A stored part of it, or of the log, is gone.',
    'Order it anew. If that fails too, a part of the log is gone: tell whoever runs this service (docs/operations.md, Rechecks).',
  ],
  object_mismatch: [
    'A stored part of it, or of the log, is damaged.',
    'Order it anew. If that fails too, a part of the log is damaged: tell whoever runs this service (docs/operations.md, Rechecks).',
  ],
}
const UNKNOWN = [
  'The service failed.',
  'Order it anew; if it fails again, the janitors’ log says why, at “an export of the log failed”.',
] as const

export function failureOf(code: string | null): { because: string; remedy: string } {
  const [because, remedy] = FAILURES[code ?? ''] ?? UNKNOWN
  return { because, remedy }
}

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const tenths = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })

/** "1,200 rows", "1 row". */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${whole.format(number)} ${number === 1 ? one : many}`
}

export function figure(number: number): string {
  return whole.format(number)
}

/** "1.4 MB (1,432,576 bytes)". */
export function sizeOf(bytes: number): string {
  const exact = count(bytes, 'byte')
  const unit = [
    { name: 'GB', bytes: 1e9 },
    { name: 'MB', bytes: 1e6 },
    { name: 'kB', bytes: 1e3 },
  ].find((one) => bytes >= one.bytes)
  return unit === undefined ? exact : `${tenths.format(bytes / unit.bytes)} ${unit.name} (${exact})`
}

// The rows of the transparency log and its exports: migrations 0026 and 0028. tables.ts names them all.
import type { ColumnType, Generated } from 'kysely'
import type { DefaultBigInt, Json_, Maybe, MaybeTime, Time } from './columns.ts'

/** The one row: the tree as it was signed last, and who may extend it. */
export type LogTable = {
  origin: Maybe<string>
  tree_size: DefaultBigInt
  root: string
  checkpoints: DefaultBigInt
  holder: Maybe<string>
  epoch: DefaultBigInt
  lease_until: MaybeTime
}

/** `note`: the signed note, as anybody gets it. */
export type LogCheckpointTable = {
  size: DefaultBigInt
  root: string
  note: string
  at: Time
  timestamp_token: Maybe<Uint8Array>
}

type MaybeBigInt = ColumnType<string | null, undefined, number | string | null>

/** What was asked for of the log, how far it is, and the small files of the archive. */
export type AuditExportTable = {
  id: string
  state: Generated<'waiting' | 'running' | 'done' | 'failed' | 'removing'>
  requested_by: Json_
  period_from: ColumnType<Date, Date, never>
  period_to: ColumnType<Date, Date, never>
  tenant_id: Maybe<string>
  kind: Maybe<string>
  subject: Maybe<string>
  csv: boolean
  parquet: boolean
  idempotency_key: Maybe<string>
  order_digest: Maybe<string>
  created_at: Time
  fence: DefaultBigInt
  due_at: Time
  failures: Generated<number>
  failure: Maybe<string>
  attempt: Generated<number>
  range_first: MaybeBigInt
  range_end: MaybeBigInt
  tree_size: MaybeBigInt
  rows_done: DefaultBigInt
  /** One an object of rows: its size, that of its CSV, how many rows, and which of them are withheld. */
  parts: ColumnType<ExportPart[], string | undefined, string>
  /** Sizes. */
  parquet_parts: ColumnType<number[], string | undefined, string>
  manifest: Maybe<string>
  note: Maybe<string>
  proofs: Maybe<string>
  size_bytes: MaybeBigInt
  sha256: Maybe<string>
  done_at: MaybeTime
}

export type ExportPart = { rows: number; sizeBytes: number; csvBytes: number; withheld: number[] }

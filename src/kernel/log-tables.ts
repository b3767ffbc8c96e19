// The rows of the transparency log, its witnesses and its exports: migrations 0026, 0028 and 0029. tables.ts names them all.
import type { ColumnType, Generated } from 'kysely'
import type { BigInt_, DefaultBigInt, Json_, Maybe, MaybeTime, Time } from './columns.ts'

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

/** `note`: under the log's own signature alone; cosignatures have rows of their own. */
export type LogCheckpointTable = {
  size: DefaultBigInt
  root: string
  note: string
  at: Time
  timestamp_token: Maybe<Uint8Array>
}

/** The one row: what is served, and who is due to be asked. */
export type LogPublicationTable = {
  size: MaybeBigInt
  published_at: MaybeTime
  witnesses_due_at: Time
  timestamp_due_at: Time
  timestamp_failure: Maybe<string>
}

export type LogWitnessTable = { key: string; size: DefaultBigInt; failure: Maybe<string> }

/** `line`: a signature line of the checkpoint's note, without its newline. */
export type LogCosignatureTable = { size: BigInt_; key: string; line: string; at: Time }

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
  /** Once it is made. */
  counts: ColumnType<ExportCounts | null, undefined, string>
  manifest: Maybe<string>
  note: Maybe<string>
  proofs: Maybe<string>
  size_bytes: MaybeBigInt
  sha256: Maybe<string>
  done_at: MaybeTime
}

export type ExportPart = { rows: number; sizeBytes: number; csvBytes: number; withheld: number[] }

export type ExportCounts = { rows: number; within: number; opened: number; withheld: number }

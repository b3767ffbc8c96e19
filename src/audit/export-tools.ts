// What the parts of the export's job are given: the tools of the worker, and what one export is made of.
import type { Database } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { Ground } from '../kernel/ground.ts'
import type { ObjectStore } from '../kernel/object-store.ts'
import type { Query } from './export-format.ts'
import type { Range } from './export-range.ts'
import type { ExportRow } from './export-records.ts'
import type { TransparencyLog } from './log.ts'

export type ExportTools = {
  readonly database: Database
  readonly quarantine: ObjectStore
  readonly log: Ground['log']
  readonly transparency: TransparencyLog
  readonly leaseMs: number
  /** A part of rows ends with the row that reaches it. */
  readonly partBytes: number
  /** Aborts when the process is to end: what was written stays, and another goes on. */
  readonly stopping?: AbortSignal
}

/** What an export is made of, once its range is known. */
export type Making = {
  readonly row: ExportRow
  readonly query: Query
  readonly range: Range
  readonly restricted: ReadonlySet<number>
}

/** Fault: cancelled, when the process is to end. */
export function goOn({ stopping }: ExportTools): void {
  if (stopping?.aborted === true) throw new Fault('cancelled')
}

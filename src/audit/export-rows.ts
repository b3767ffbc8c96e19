// The rows of an export, from the records or from a part that was stored: what rows.jsonl says of each leaf. A row is opened where it
// matches the query and belongs to no restricted case.
import { canonical, type Json } from '../kernel/canonical.ts'
import type { Sql } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import { entryOf, type LeafRow } from '../kernel/leaf.ts'
import {
  type Entry,
  LIMITS,
  matchesInClear,
  type Opened,
  type Query,
  type Row,
  rowLine,
  shapes,
} from './export-format.ts'
import { hashLeaf } from './merkle.ts'

export type Told = {
  readonly row: Row
  /** With its newline. */
  readonly line: string
  readonly leafHash: Buffer
  readonly withheld: boolean
}

/** `restricted`: indices of rows about restricted cases. */
export type Asking = { readonly query: Query; readonly restricted: ReadonlySet<number> }

/** Rows of leaves [first, end), from the records. Fault: log_inconsistent (a leaf that no move has). */
export async function readRows(sql: Sql, first: number, end: number, asking: Asking): Promise<Told[]> {
  const moves = await sql
    .selectFrom('darkroom.move')
    .select(['subject', 'subject_id', 'kind', 'from_state', 'to_state', 'facts', 'at', 'leaf_salt'])
    .select(['tenant_pseudonym', 'tenant_sequence', 'previous_leaf', 'log_index'])
    .where('log_index', '>=', String(first))
    .where('log_index', '<', String(end))
    .orderBy('log_index')
    .execute()
  const gap = moves.findIndex(({ log_index }, i) => Number(log_index) !== first + i)
  if (gap >= 0 || moves.length !== end - first)
    throw new Fault('log_inconsistent', {
      detail: `the log's index ${first + (gap < 0 ? moves.length : gap)} belongs to no move; nothing is exported over the gap`,
    })
  return moves.map((move, i) => tell(move, first + i, asking))
}

function tell(move: LeafRow, index: number, asking: Asking): Told {
  const text = entryOf(move)
  const entry: unknown = JSON.parse(text)
  if (!shapes.entry.Check(entry))
    throw new Fault('log_inconsistent', { detail: `the leaf of index ${index} is no entry of the log` })
  const opened = opens(asking, entry, index, move.subject_id) ? openedOf(move) : null
  const withheld = withholds(asking, entry, index)
  const line = rowLine(index, text, opened)
  if (Buffer.byteLength(line) > LIMITS.lineBytes)
    throw new Fault('too_large', { detail: `the row of index ${index} is larger than a row of an export may be` })
  return {
    row: { entry, index, opened },
    line,
    leafHash: hashLeaf(Buffer.from(text)),
    withheld,
  }
}

/** The rows of a stored part, as they were written. Fault: object_mismatch. */
export function* reread(part: Buffer, asking: Asking): Generator<Told> {
  for (let start = 0; start < part.length; ) {
    const end = part.indexOf(0x0a, start)
    const line = part.toString('utf8', start, end < 0 ? part.length : end)
    const row: unknown = JSON.parse(line)
    if (end < 0 || !shapes.row.Check(row))
      throw new Fault('object_mismatch', { detail: 'a part of an export is damaged' })
    const leafHash = hashLeaf(Buffer.from(canonical(row.entry)))
    yield { row, line: `${line}\n`, leafHash, withheld: withholds(asking, row.entry, row.index) }
    start = end + 1
  }
}

/** Whether its entry matches, and the row stays closed nevertheless. */
function withholds({ query, restricted }: Asking, entry: Entry, index: number): boolean {
  return matchesInClear(query, entry) && (entry.kind === 'restricted' || restricted.has(index))
}

function opens(asking: Asking, entry: Entry, index: number, subjectId: string): boolean {
  const { query } = asking
  return (
    matchesInClear(query, entry) &&
    (query.subject === null || query.subject === subjectId) &&
    !withholds(asking, entry, index)
  )
}

export function openedOf(move: LeafRow): Opened {
  const facts: Json = move.facts
  return {
    facts,
    from: move.from_state,
    id: move.subject_id,
    kind: move.kind,
    salt: move.leaf_salt === null ? null : Buffer.from(move.leaf_salt).toString('hex'),
    subject: move.subject,
    to: move.to_state,
  }
}

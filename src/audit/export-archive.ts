// The archive of an export that is made, put together as it is read: the parts lie in quarantine, the small files in the records, and
// each of its bytes follows from them. So any stretch of it can be read, and is the same each time.
import type { Sql } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { ObjectStore } from '../kernel/object-store.ts'
import { archiveBytes, END_BYTES, paddingOf, tarHeader } from './archive.ts'
import type { FileName } from './export-format.ts'
import type { ExportRow } from './export-records.ts'

export type Piece = { readonly size: number; readonly read: () => Promise<Buffer> }
export type Whole = { readonly name: FileName; readonly pieces: readonly Piece[] }

type Placed = Pick<ExportRow, 'id' | 'attempt'>
type PartKind = 'rows' | 'csv' | 'parquet'

export function folderOf({ id, attempt }: Placed): string {
  return `audit/${id}/${attempt}`
}

export function partKey(placed: Placed, kind: PartKind, place: number): string {
  return `${folderOf(placed)}/${kind}-${String(place).padStart(6, '0')}`
}

/** The notes of the tree's checkpoint and of the newest before the range; those never change. */
export async function notesOf(sql: Sql, { first, size }: { first: number; size: number }): Promise<Note[]> {
  const checkpoints = sql.selectFrom('darkroom.log_checkpoint').select(['size', 'note'])
  const [end, start] = [
    await checkpoints.where('size', '=', String(size)).executeTakeFirst(),
    await checkpoints.where('size', '<=', String(first)).orderBy('size', 'desc').limit(1).executeTakeFirst(),
  ]
  if (end === undefined)
    throw new Fault('log_inconsistent', { detail: `there is no checkpoint of the tree of ${size} leaves` })
  return [
    { name: 'checkpoint.note', size: Number(end.size), text: end.note },
    ...(start === undefined ? [] : [{ name: 'start.note' as const, size: Number(start.size), text: start.note }]),
  ]
}
export type Note = { name: 'checkpoint.note' | 'start.note'; size: number; text: string }

export type Made = Placed &
  Pick<ExportRow, 'csv' | 'parquet' | 'parts' | 'parquet_parts'> & {
    notes: readonly Note[]
    proofs: string
  }

/** The files of the archive but the manifest and its note, in order. */
export function filesOf(store: Pick<ObjectStore, 'get'>, made: Made): Whole[] {
  const { csv, parquet, parts, parquet_parts, notes, proofs } = made
  const stored = (kind: PartKind, sizes: number[]): Piece[] =>
    sizes.map((size, place) => ({ size, read: () => readPart(store, partKey(made, kind, place), size) }))
  return [
    ...notes.map(({ name, text }) => ({ name, pieces: [pieceOf(text)] })),
    { name: 'proofs.json', pieces: [pieceOf(proofs)] },
    {
      name: 'rows.jsonl',
      pieces: stored(
        'rows',
        parts.map(({ sizeBytes }) => sizeBytes),
      ),
    },
    ...(csv
      ? [
          {
            name: 'rows.csv' as const,
            pieces: stored(
              'csv',
              parts.map(({ csvBytes }) => csvBytes),
            ),
          },
        ]
      : []),
    ...(parquet ? [{ name: 'rows.parquet' as const, pieces: stored('parquet', parquet_parts) }] : []),
  ]
}

/** The archive's pieces, one after the other, and its size. */
export function archiveOf(files: readonly Whole[]): { pieces: Piece[]; sizeBytes: number } {
  const sizes = files.map(({ pieces }) => pieces.reduce((sum, { size }) => sum + size, 0))
  const pieces = files.flatMap(({ name, pieces }, i): Piece[] => {
    const size = sizes[i] ?? 0
    return [pieceOf(tarHeader(name, size)), ...pieces, pieceOf(Buffer.alloc(paddingOf(size)))]
  })
  return { pieces: [...pieces, pieceOf(Buffer.alloc(END_BYTES))], sizeBytes: archiveBytes(sizes) }
}

/** Bytes [start, end) of the pieces. Faults: object_missing, object_mismatch, object_store_failed. */
export async function* readPieces(pieces: readonly Piece[], start: number, end: number): AsyncGenerator<Buffer> {
  let at = 0
  for (const { size, read } of pieces) {
    const [from, to] = [Math.max(start - at, 0), Math.min(end - at, size)]
    if (from < to) yield (await read()).subarray(from, to)
    at += size
    if (at >= end) return
  }
}

export function pieceOf(content: string | Buffer): Piece {
  const bytes = Buffer.from(content)
  return { size: bytes.length, read: async () => bytes }
}

async function readPart(store: Pick<ObjectStore, 'get'>, key: string, size: number): Promise<Buffer> {
  const { bytes } = await store.get(key)
  if (bytes.length !== size) throw new Fault('object_mismatch', { facts: { key } })
  return bytes
}

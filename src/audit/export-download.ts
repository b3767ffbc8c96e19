// The archive of an export for whoever may have it. Each time that is a note in the log.
import { note } from '../advance.ts'
import type { Json } from '../kernel/canonical.ts'
import type { Sql, Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { ObjectStore } from '../kernel/object-store.ts'
import { lockOperator } from '../tenant/administered.ts'
import { archiveOf, filesOf, notesOf, type Piece, pieceOf } from './export-archive.ts'
import { getExport } from './export-records.ts'

export type Archive = { readonly pieces: readonly Piece[]; readonly sizeBytes: number; readonly sha256: string }

/** Faults: not_found, conflict (it is not made yet, or failed). */
export async function openArchive(sql: Sql, store: Pick<ObjectStore, 'get'>, id: string): Promise<Archive> {
  const row = await getExport(sql, id)
  const { manifest, note, proofs, sha256, range_first: first, tree_size: size } = row
  if (manifest === null || note === null || proofs === null || sha256 === null)
    throw new Fault('conflict', { detail: `this export is ${row.state}: there is no archive of it` })
  const notes = await notesOf(sql, { first: Number(first), size: Number(size) })
  const archive = archiveOf([
    { name: 'manifest.json', pieces: [pieceOf(manifest)] },
    { name: 'manifest.note', pieces: [pieceOf(note)] },
    ...filesOf(store, { ...row, notes, proofs }),
  ])
  return { ...archive, sha256 }
}

/** Somebody has it, or a part of it, from now on. */
export async function noteDownload(
  tx: Tx,
  id: string,
  { start, end }: { start: number; end: number },
  by: Json,
): Promise<void> {
  await note(tx, await lockOperator(tx), 'audit.downloaded', id, { start, end, by })
}

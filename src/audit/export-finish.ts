// The end of an export: its manifest, signed by the log's key over what was read back from the store, and the row and the note in the log
// that say so, in one transaction.
import { createHash } from 'node:crypto'
import { sql as raw } from 'kysely'
import { note } from '../advance.ts'
import { asJson, canonical, sha256 } from '../kernel/canonical.ts'
import { Fault } from '../kernel/fault.ts'
import type { ExportPart } from '../kernel/log-tables.ts'
import { SYSTEM } from '../kernel/version.ts'
import { lockOperator } from '../tenant/administered.ts'
import { openCheckpoint } from './checkpoint.ts'
import { archiveOf, filesOf, type Note, type Piece, pieceOf } from './export-archive.ts'
import { type ArchivedFile, FORMAT, LIMITS, type Manifest, noteTextOf, UNPROVEN } from './export-format.ts'
import { restrictedIn } from './export-range.ts'
import { reconcileExport } from './export-reconcile.ts'
import { nowOf, record } from './export-records.ts'
import type { Tally } from './export-tally.ts'
import { type ExportTools, goOn, type Making } from './export-tools.ts'
import { originOf } from './log.ts'
import { signerOf, verifierKeyOf, verifierOf } from './log-keys.ts'
import { readLogState } from './log-records.ts'
import { signNote } from './note.ts'

export type Written = {
  readonly tally: Tally
  readonly notes: readonly Note[]
  readonly proofs: string
  readonly parts: ExportPart[]
  readonly parquet: number[]
}

/** False where a case became a restricted one meanwhile. Faults: log_inconsistent (the rows do not lead to the signed root), lease_lost. */
export async function finishExport(tools: ExportTools, making: Making, written: Written): Promise<boolean> {
  const { database, transparency } = tools
  const { row, range, query } = making
  const { tally, notes, proofs, parts, parquet } = written
  const origin = originOf((await readLogState(database.sql)).origin, transparency.origin)
  checkRoot(written, making, { name: origin, publicKey: transparency.key.publicKey })
  const files = filesOf(tools.quarantine, { ...row, parts, parquet_parts: parquet, notes, proofs })
  const archived: ArchivedFile[] = []
  for (const { name, pieces } of files) archived.push({ name, ...(await digestOf(tools, making, pieces)) })
  const { reconciliation, madeAt } = await database.transact(async (tx) => ({
    reconciliation: await reconcileExport(tx, { from: row.period_from, to: row.period_to }, range, tally),
    madeAt: await nowOf(tx),
  }))
  const manifest = canonical({
    format: FORMAT,
    id: row.id,
    log: { origin, key: verifierKeyOf(transparency.key, origin) },
    query,
    made_at: madeAt.toISOString(),
    software: `${SYSTEM.name} ${SYSTEM.version}`,
    range: { ...range },
    counts: tally.counts(),
    completeness: query.subject === null ? { proven: true, reason: null } : { proven: false, reason: UNPROVEN },
    withheld: [...tally.withheld],
    gaps: [],
    reconciliation,
    files: archived,
  } satisfies Manifest)
  if (Buffer.byteLength(manifest) > LIMITS.manifestBytes)
    throw new Fault('too_large', {
      detail: 'more rows are withheld than a manifest can tell: ask for a shorter period',
    })
  const signed = await signNote(noteTextOf(sha256(manifest)), [signerOf(transparency.key, origin)])
  const { pieces, sizeBytes } = archiveOf([
    { name: 'manifest.json', pieces: [pieceOf(manifest)] },
    { name: 'manifest.note', pieces: [pieceOf(signed)] },
    ...files,
  ])
  const digest = await digestOf(tools, making, pieces)
  return database.transact(async (tx) => {
    const now = await restrictedIn(tx, range)
    if (now.length !== making.restricted.size || now.some((index) => !making.restricted.has(index))) return false
    const { kinds: _, ...told } = tally.counts()
    const counts = { ...told, withheld: tally.withheld.length }
    const operator = await lockOperator(tx)
    await record(tx, row, 0, {
      state: 'done',
      failure: null,
      parquet_parts: JSON.stringify(parquet),
      counts: JSON.stringify(counts),
      manifest,
      note: signed,
      proofs,
      size_bytes: sizeBytes,
      sha256: digest.sha256,
      done_at: raw<Date>`darkroom.now()`,
    })
    await note(tx, operator, 'audit.exported', row.id, {
      query: asJson(query),
      range: asJson(range),
      counts,
      sha256: digest.sha256,
      size_bytes: sizeBytes,
      by: row.requested_by,
    })
    return true
  })
}

/** What is to be signed leads to what the log signed. */
function checkRoot({ tally, notes }: Written, { range }: Making, key: { name: string; publicKey: Buffer }): void {
  const [checkpoint] = notes
  if (checkpoint === undefined) throw new TypeError('an export has the checkpoint of its tree')
  const { root } = openCheckpoint(Buffer.from(checkpoint.text), {
    origin: key.name,
    logKeys: [verifierOf(key, key.name)],
  })
  if (tally.root()?.equals(root) !== true)
    throw new Fault('log_inconsistent', {
      detail: `moves of the range [${range.first}, ${range.end}) are not what was signed; nothing is exported of them`,
    })
}

/** Reads pieces as they are stored. The export is held after each: a small one may have taken as long as a large one. */
async function digestOf(
  tools: ExportTools,
  { row }: Making,
  pieces: readonly Piece[],
): Promise<Pick<ArchivedFile, 'size' | 'sha256'>> {
  const hash = createHash('sha256')
  let size = 0
  for (const piece of pieces) {
    const bytes = await piece.read()
    hash.update(bytes)
    size += bytes.length
    await record(tools.database.sql, row, tools.leaseMs)
    goOn(tools)
  }
  return { size, sha256: hash.digest('hex') }
}

// Makes exports, one at a time, under a lease with a fence: waits until the log has every move of the period, writes the rows in parts, and
// at the end, in one transaction, signs nothing but what it has read back. Parts lie under deterministic keys and are written once, so
// that a worker that was killed, or two at once, end in the same archive: who takes an export up goes on after the last part.
import { canonical } from '../kernel/canonical.ts'
import { isFault } from '../kernel/fault.ts'
import { folderOf, notesOf } from './export-archive.ts'
import { finishExport } from './export-finish.ts'
import type { Query } from './export-format.ts'
import { writeParquet, writeRows } from './export-parts.ts'
import { findRange, type Range, restrictedIn } from './export-range.ts'
import {
  claimExport,
  type ExportRow,
  forgetExport,
  getExport,
  isRemoved,
  pseudonymOf,
  record,
} from './export-records.ts'
import { openTally } from './export-tally.ts'
import type { ExportTools, Making } from './export-tools.ts'
import { consistencyProof, rangeProof } from './merkle.ts'
import { nodesOf } from './tree-store.ts'

export type Pass = 'idle' | 'waits' | 'made' | 'begun_anew' | 'overtaken' | 'stopped' | 'removed' | 'failed'

/** While the log has not come so far, and after a failure. */
const AGAIN_MS = 1000
const MOST_FAILURES = 5
/** Trying again would end the same. */
const HOPELESS: ReadonlySet<string> = new Set(['log_inconsistent', 'too_large'])
/** Its key may order another. */
const GIVEN_UP = { state: 'failed', idempotency_key: null, order_digest: null } as const

/** One export taken up, or none. It throws nothing but what keeps the records from being reached. */
export async function runExport(tools: ExportTools): Promise<Pass> {
  const { sql } = tools.database
  const row = await claimExport(sql, tools.leaseMs)
  if (row === null) return 'idle'
  try {
    if (row.state === 'removing') {
      await tools.quarantine.removeUnder(`audit/${row.id}`)
      await forgetExport(sql, row)
      return 'removed'
    }
    return await makeExport(tools, row)
  } catch (error) {
    return fail(tools, row, error)
  }
}

async function makeExport(tools: ExportTools, row: ExportRow): Promise<Pass> {
  const { database, quarantine, transparency, log } = tools
  const range = rangeOf(row) ?? (await planRange(tools, row))
  if (range === null) {
    await record(database.sql, row, AGAIN_MS)
    return 'waits'
  }
  const making: Making = {
    row,
    query: await queryOf(tools, row),
    range,
    restricted: new Set(await restrictedIn(database.sql, range)),
  }
  const notes = await notesOf(database.sql, range)
  const node = nodesOf(transparency.store, range.size)
  const proof = await rangeProof(range.first, range.end, range.size, node)
  const start = notes.find(({ name }) => name === 'start.note')
  const consistency = start === undefined ? [] : await consistencyProof(start.size, range.size, node)
  const tally = openTally(making.query, range, proof)
  const rows = await writeRows(tools, making, tally)
  const parquet = rows === null || !row.parquet ? [] : await writeParquet(tools, making, rows.parts)
  const encode = (hashes: Buffer[]) => hashes.map((hash) => hash.toString('base64'))
  const proofs = canonical({ range: encode(proof), consistency: encode(consistency) })
  const done =
    rows !== null && parquet !== null && (await finishExport(tools, making, { tally, notes, proofs, ...rows, parquet }))
  if (done) {
    log.info({ export: row.id }, 'an export of the log is ready')
    return 'made'
  }
  // A case became a restricted one meanwhile: what was written may open its rows.
  await record(database.sql, row, 0, { attempt: row.attempt + 1, parts: '[]', parquet_parts: '[]', rows_done: 0 })
  await quarantine.removeUnder(folderOf(row))
  return 'begun_anew'
}

function rangeOf({ range_first: first, range_end: end, tree_size: size }: ExportRow): Range | null {
  return first === null || end === null || size === null
    ? null
    : { first: Number(first), end: Number(end), size: Number(size) }
}

async function planRange({ database, leaseMs }: ExportTools, row: ExportRow): Promise<Range | null> {
  const range = await findRange(database, { from: row.period_from, to: row.period_to })
  if (range === null) return null
  const { first, end, size } = range
  await record(database.sql, row, leaseMs, { state: 'running', range_first: first, range_end: end, tree_size: size })
  return range
}

async function queryOf({ database }: ExportTools, row: ExportRow): Promise<Query> {
  const tenant = row.tenant_id === null ? null : await pseudonymOf(database.sql, row.tenant_id)
  if (row.tenant_id !== null && tenant === null) throw new TypeError('a tenant is never taken away')
  return {
    from: row.period_from.toISOString(),
    to: row.period_to.toISOString(),
    timezone: 'UTC',
    tenant,
    kind: row.kind,
    subject: row.subject,
  }
}

async function fail(tools: ExportTools, row: ExportRow, error: unknown): Promise<Pass> {
  try {
    return await recordFailure(tools, row, error)
  } catch (lost) {
    // Not found: it was taken away between the failure and this.
    if (isFault(lost, 'lease_lost') || isFault(lost, 'not_found')) return 'overtaken'
    throw lost
  }
}

async function recordFailure(
  { database, quarantine, log }: ExportTools,
  row: ExportRow,
  error: unknown,
): Promise<Pass> {
  const { sql } = database
  if (isFault(error, 'lease_lost')) {
    if (await isRemoved(sql, row.id)) await quarantine.removeUnder(`audit/${row.id}`)
    return 'overtaken'
  }
  if (isFault(error, 'cancelled')) {
    await record(sql, row, 0)
    return 'stopped'
  }
  const failure = isFault(error) ? error.code : 'internal'
  const before = row.state === 'removing' ? row : await getExport(sql, row.id)
  const failures = before.failures + 1
  const given = row.state !== 'removing' && (failures >= MOST_FAILURES || HOPELESS.has(failure))
  log.error({ error, export: row.id, failures, given_up: given }, 'an export of the log failed')
  if (row.state !== 'removing')
    await record(sql, row, given ? 0 : AGAIN_MS * 2 ** failures, { failures, failure, ...(given ? GIVEN_UP : {}) })
  return 'failed'
}

// The rows of exports: ordered by a caller, taken by one worker at a time. A worker holds an export until `due_at` and by its fence;
// whoever was overtaken, or whose export was taken away, gets the fault `lease_lost` and has written nothing.
import { sql as raw, type Selectable, type UpdateObject } from 'kysely'
import { note } from '../advance.ts'
import type { Json } from '../kernel/canonical.ts'
import type { Sql, Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { Idempotency } from '../kernel/idempotency.ts'
import { newId } from '../kernel/ids.ts'
import type { AuditExportTable, ExportPart } from '../kernel/log-tables.ts'
import type { Tables } from '../kernel/tables.ts'
import { lockOperator, type Page, pageOf, wrongCursor } from '../tenant/administered.ts'
import { kindChoices } from './export-choices.ts'
import { requireSubject } from './export-subjects.ts'

export type ExportRow = Selectable<AuditExportTable>

export type Asked = {
  readonly from: Date
  readonly to: Date
  /** A tenant's id. */
  readonly tenant: string | null
  readonly kind: string | null
  readonly subject: string | null
  readonly csv: boolean
  readonly parquet: boolean
}

const BRIEF = [
  'id',
  'state',
  'requested_by',
  'period_from',
  'period_to',
  'tenant_id',
  'kind',
  'subject',
  'csv',
  'parquet',
  'idempotency_key',
  'order_digest',
  'created_at',
  'fence',
  'due_at',
  'failures',
  'failure',
  'attempt',
  'range_first',
  'range_end',
  'tree_size',
  'rows_done',
  'counts',
  'size_bytes',
  'sha256',
  'done_at',
] as const

type Change = Omit<UpdateObject<Tables, 'darkroom.audit_export'>, 'id' | 'fence'>

/** The export; the earlier one where the key was used. Faults: invalid_request (as checkAsked), conflict (another order). */
export async function orderExport(
  tx: Tx,
  by: Json,
  asked: Asked,
  idempotency: Idempotency | null,
): Promise<{ id: string; replayed: boolean }> {
  // Orders come one after the other, so that a key makes one export.
  await lockOperator(tx)
  const earlier = idempotency === null ? null : await findOrdered(tx, idempotency)
  if (earlier !== null) return { id: earlier, replayed: true }
  await checkAsked(tx, asked)
  const id = newId('exp')
  await tx
    .insertInto('darkroom.audit_export')
    .values({
      id,
      requested_by: JSON.stringify(by),
      period_from: asked.from,
      period_to: asked.to,
      tenant_id: asked.tenant,
      kind: asked.kind,
      subject: asked.subject,
      csv: asked.csv,
      parquet: asked.parquet,
      idempotency_key: idempotency?.key ?? null,
      order_digest: idempotency?.orderDigest ?? null,
    })
    .execute()
  return { id, replayed: false }
}

/** Fault: invalid_request (no such tenant or kind, a period that is not over, a subject that rows are not about). */
export async function checkAsked(
  sql: Sql | Tx,
  { to, tenant, kind, subject }: Pick<Asked, 'to' | 'tenant' | 'kind' | 'subject'>,
): Promise<void> {
  const { rows } = await raw<{ future: boolean }>`SELECT ${to}::timestamptz > darkroom.now() AS future`.execute(sql)
  if (rows[0]?.future !== false)
    throw new Fault('invalid_request', { field: 'to', detail: 'to is in the future: the log is not there yet' })
  if (tenant !== null && (await pseudonymOf(sql, tenant)) === null)
    throw new Fault('invalid_request', { field: 'tenant', detail: 'tenant is the id of no tenant' })
  if (kind !== null && !kindChoices().some((one) => one.kind === kind))
    throw new Fault('invalid_request', { field: 'kind', detail: 'kind is none that the log tells by its name' })
  if (subject !== null) await requireSubject(sql, subject)
}

async function findOrdered(tx: Tx, { key, orderDigest }: Idempotency): Promise<string | null> {
  const earlier = await tx
    .selectFrom('darkroom.audit_export')
    .select(['id', 'order_digest'])
    .where('idempotency_key', '=', key)
    .executeTakeFirst()
  if (earlier === undefined) return null
  if (earlier.order_digest === orderDigest) return earlier.id
  throw new Fault('conflict', {
    field: 'idempotency-key',
    detail: 'this key was used for another export; take a new key',
  })
}

/** Fault: not_found. */
export async function getExport(sql: Sql | Tx, id: string): Promise<ExportRow> {
  return (await shown(sql).selectAll().where('id', '=', id).executeTakeFirst()) ?? missing()
}

/** Without what is as large as the export. */
export type ExportBrief = Omit<ExportRow, 'parts' | 'parquet_parts' | 'manifest' | 'note' | 'proofs'>

/** For whoever asks again and again how far it is. Fault: not_found. */
export async function getBrief(sql: Sql, id: string): Promise<ExportBrief> {
  return (await shown(sql).select(BRIEF).where('id', '=', id).executeTakeFirst()) ?? missing()
}

function shown(sql: Sql | Tx) {
  return sql.selectFrom('darkroom.audit_export').where('state', '<>', 'removing')
}

function missing(): never {
  throw new Fault('not_found', { detail: 'there is no such export' })
}

/** Newest first. Fault: invalid_request (field after). */
export async function listExports(sql: Sql, page: Page): Promise<{ rows: ExportBrief[]; hasMore: boolean }> {
  const all = shown(sql).select(BRIEF)
  if (page.after !== null && (await all.where('id', '=', page.after).executeTakeFirst()) === undefined)
    throw wrongCursor()
  const asked = page.after === null ? all : all.where('id', '<', page.after)
  return pageOf(
    await asked
      .orderBy('id', 'desc')
      .limit(page.limit + 1)
      .execute(),
    page,
  )
}

/** From now on nobody sees it, and a worker removes its objects. It is in the log who took it away. Fault: not_found. */
export async function removeExport(tx: Tx, by: Json, id: string): Promise<void> {
  const operator = await lockOperator(tx)
  const { numUpdatedRows } = await tx
    .updateTable('darkroom.audit_export')
    .set({ state: 'removing', fence: raw<string>`fence + 1`, idempotency_key: null, order_digest: null })
    .where('id', '=', id)
    .where('state', '<>', 'removing')
    .executeTakeFirst()
  if (numUpdatedRows === 0n) missing()
  await note(tx, operator, 'audit.removed', id, { by })
}

/** Takes what is due longest, to be removed or to be made; null when nothing is. */
export async function claimExport(sql: Sql, leaseMs: number): Promise<ExportRow | null> {
  const { rows } = await raw<ExportRow>`
    UPDATE darkroom.audit_export
       SET fence = fence + 1, due_at = darkroom.now() + ${leaseMs} * interval '1 millisecond'
     WHERE id = (SELECT id FROM darkroom.audit_export
                  WHERE state IN ('waiting', 'running', 'removing') AND due_at <= darkroom.now()
                  ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING *`.execute(sql)
  return rows[0] ?? null
}

type Held = Pick<ExportRow, 'id' | 'fence'>

/** Writes what a worker has done, under its fence, and holds the export for as long again. Fault: lease_lost. */
export async function record(sql: Sql | Tx, { id, fence }: Held, leaseMs: number, change: Change = {}): Promise<void> {
  const { numUpdatedRows } = await sql
    .updateTable('darkroom.audit_export')
    .set({ ...change, due_at: raw<Date>`darkroom.now() + ${leaseMs} * interval '1 millisecond'` })
    .where('id', '=', id)
    .where('fence', '=', fence)
    .where('state', 'in', ['waiting', 'running'])
    .executeTakeFirst()
  if (numUpdatedRows !== 1n) throw new Fault('lease_lost', { facts: { export: id } })
}

/** A part is stored, so that what failed before is over. Fault: lease_lost. */
export async function recordPart(sql: Sql, held: Held, leaseMs: number, part: ExportPart): Promise<void> {
  await record(sql, held, leaseMs, {
    parts: raw<string>`parts || ${JSON.stringify([part])}::jsonb`,
    rows_done: raw<string>`rows_done + ${part.rows}::bigint`,
    failures: 0,
    failure: null,
  })
}

/** The row of an export whose objects are gone. */
export async function forgetExport(sql: Sql, { id, fence }: Held): Promise<void> {
  await sql
    .deleteFrom('darkroom.audit_export')
    .where('id', '=', id)
    .where('fence', '=', fence)
    .where('state', '=', 'removing')
    .execute()
}

/** Whether it was taken away while a worker was at it. */
export async function isRemoved(sql: Sql, id: string): Promise<boolean> {
  const row = await sql.selectFrom('darkroom.audit_export').select('state').where('id', '=', id).executeTakeFirst()
  return row === undefined || row.state === 'removing'
}

/** What the log calls a tenant; null where there is none. */
export async function pseudonymOf(sql: Sql | Tx, tenantId: string): Promise<string | null> {
  const row = await sql.selectFrom('darkroom.tenant').select('pseudonym').where('id', '=', tenantId).executeTakeFirst()
  return row?.pseudonym ?? null
}

/** The records' time. */
export async function nowOf(sql: Sql | Tx): Promise<Date> {
  const { rows } = await raw<{ now: Date }>`SELECT darkroom.now() AS now`.execute(sql)
  const [row] = rows
  if (row === undefined) throw new TypeError('a select without a table has one row')
  return row.now
}

// What work costs its tenant, written in the transaction of the move that settles it, which is why a request has exactly one charge:
// `advance` calls `account` after each move. Refused, failed and withheld work costs nothing, and
// so does what an appeal admitted. Device time is metered by the
// generate stage as it goes. src/tenant/quota.ts reads what is counted here.
import { sql as raw } from 'kysely'
import { type ImageState, isTerminal, type RequestState } from '../journey.ts'
import type { Sql, Tx } from './database.ts'

type Moved = { id: string; tenantId: string } & (
  | { subject: 'request'; from: RequestState; to: RequestState }
  | { subject: 'image'; from: ImageState; to: ImageState }
)

/** Days are UTC by the records' own clock. */
export const TODAY = raw<string>`(darkroom.now() AT TIME ZONE 'UTC')::date`

/** Books a move. The tenant's row is locked by now; the rows of usage come after it. */
export async function account(tx: Tx, move: Moved): Promise<void> {
  const { id, tenantId } = move
  if (move.subject === 'request' && isTerminal('request', move.to)) await chargeRequest(tx, id, tenantId, move.to)
  if (move.subject === 'image' && move.to === 'published') await store(tx, tenantId, [id], 1)
  if (move.subject === 'image' && move.from === 'published') await forgetStored(tx, tenantId, [id])
}

/** Takes the files of images off what the tenant stores. Call it when they are erased without a move; twice takes them off once. */
export async function forgetStored(tx: Tx, tenantId: string, imageIds: readonly string[]): Promise<void> {
  if (imageIds.length === 0) return
  await store(tx, tenantId, imageIds, -1)
  await tx.updateTable('darkroom.image').set({ size_bytes: null }).where('id', 'in', imageIds).execute()
}

/** Adds measured device time to a request and to what the dispatcher corrects. In the transaction that keeps what it made. */
export async function meterDevice(tx: Tx, requestId: string, taskId: string, ms: number): Promise<void> {
  await raw`UPDATE darkroom.request SET gpu_ms = gpu_ms + ${ms} WHERE id = ${requestId}`.execute(tx)
  await meterTurn(tx, taskId, ms)
}

/** Device time that made nothing: the tenant's share pays for it, its bill does not. `finished`: the whole task was rendered. */
export async function meterTurn(sql: Sql, taskId: string, ms: number, finished = false): Promise<void> {
  await raw`
    UPDATE darkroom.dispatched SET gpu_ms = gpu_ms + ${ms}, finished = finished OR ${finished}
     WHERE task_id = ${taskId}`.execute(sql)
}

/** Images that reached the tenant, and the device time of that share of the request. A second charge violates the primary key. */
async function chargeRequest(tx: Tx, requestId: string, tenantId: string, to: string): Promise<void> {
  await raw`
    WITH made AS (
      SELECT request.n, request.gpu_ms, (
        SELECT count(*)::integer FROM darkroom.image
         WHERE request_id = request.id AND published_at IS NOT NULL AND request.sandbox IS NULL
           AND request.appeal_id IS NULL) AS images,
        request.appeal_id IS NOT NULL AS free
        FROM darkroom.request WHERE id = ${requestId}),
    charged AS (
      INSERT INTO darkroom.charge (request_id, tenant_id, images, gpu_ms, reason, at)
      SELECT ${requestId}, ${tenantId}, images, round(gpu_ms * images / n)::bigint,
             CASE WHEN ${to} <> 'done' THEN ${to} WHEN free THEN 'appeal' WHEN images > 0 THEN 'published' ELSE 'withheld' END, darkroom.now()
        FROM made
      RETURNING images, gpu_ms)
    INSERT INTO darkroom.usage AS usage (tenant_id, day, images, gpu_ms, refusals, failures)
    SELECT ${tenantId}, ${TODAY}, images, gpu_ms, ${to === 'refused' ? 1 : 0}::bigint, ${to === 'failed' ? 1 : 0}::bigint
      FROM charged
    ON CONFLICT (tenant_id, day) DO UPDATE
      SET images = usage.images + EXCLUDED.images, gpu_ms = usage.gpu_ms + EXCLUDED.gpu_ms,
          refusals = usage.refusals + EXCLUDED.refusals, failures = usage.failures + EXCLUDED.failures`.execute(tx)
}

async function store(tx: Tx, tenantId: string, imageIds: readonly string[], sign: 1 | -1): Promise<void> {
  await raw`
    INSERT INTO darkroom.usage AS usage (tenant_id, day, stored_bytes)
    SELECT ${tenantId}, ${TODAY}, ${sign}::integer * sum(size_bytes) FROM darkroom.image
     WHERE id = ANY (${imageIds}) AND size_bytes IS NOT NULL HAVING count(*) > 0
    ON CONFLICT (tenant_id, day) DO UPDATE SET stored_bytes = usage.stored_bytes + EXCLUDED.stored_bytes`.execute(tx)
}

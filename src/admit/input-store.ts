// The inputs of an edit in quarantine and in the records. Their keys are written down before the objects, the objects before the
// transaction that admits the request: whatever ends an admission, nothing is left that nobody knows of. Pixels are stored clean;
// the file as it came stays only where its manifest can be referred to by what is made of it.
import { sql as raw } from 'kysely'
import type { Facts } from '../advance.ts'
import { asJson, type Json, saltedDigest } from '../kernel/canonical.ts'
import type { Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { Ground } from '../kernel/ground.ts'
import type { FoundMarks, InputTools, PreparedEdit } from './inputs.ts'

/** No admission takes as long. */
const LEFT_SECONDS = 3600
const SWEEP = 100

export type StoredInput = {
  kind: 'image' | 'mask'
  key: string
  originalKey: string | null
  bytes: Buffer
  provenance: Json | null
}
export type StoredEdit = Pick<PreparedEdit, 'operation' | 'strength' | 'size'> & { inputs: readonly StoredInput[] }

/** Stores the inputs, if there are any, then admits; what an admission that fails leaves is removed. Faults: object_store_failed, and its own. */
export async function withStoredEdit<T>(
  ground: Ground,
  requestId: string,
  prepared: PreparedEdit | null,
  tools: Pick<InputTools, 'findMarks'> | null,
  admit: (stored: StoredEdit | null) => Promise<T>,
): Promise<T> {
  if (prepared === null || tools === null) return admit(null)
  const { image, mask } = prepared
  const marks = await tools.findMarks(image.source.bytes)
  const adoptable = marks.manifest.found && !marks.manifest.problems.includes('manifest.unreadable')
  const originalKey = adoptable ? `${requestId}/original-0` : null
  const inputs: StoredInput[] = [
    { kind: 'image', key: `${requestId}/input-0`, originalKey, bytes: image.png, provenance: provenanceOf(marks) },
  ]
  if (mask !== null)
    inputs.push({ kind: 'mask', key: `${requestId}/mask`, originalKey: null, bytes: mask, provenance: null })
  const keys = inputs.flatMap(({ key, originalKey: original }) => (original === null ? [key] : [key, original]))
  const { sql } = ground.database
  await sql.insertInto('darkroom.input_intent').values({ request_id: requestId, keys }).execute()
  try {
    for (const { key, bytes } of inputs) await ground.quarantine.putIfAbsent(key, { bytes, contentType: 'image/png' })
    if (originalKey !== null) {
      const { bytes, mimeType } = image.source
      await ground.quarantine.putIfAbsent(originalKey, { bytes, contentType: mimeType })
    }
    return await admit({ ...prepared, inputs })
  } catch (error) {
    await giveUp(ground, { request_id: requestId, keys }).catch((cause: unknown) =>
      ground.log.warn({ error: cause, requestId }, 'inputs of an order that was not admitted are left to the janitor'),
    )
    throw error
  }
}

/** Writes the rows in the admitting transaction; the intent goes with it. */
export async function insertInputs(tx: Tx, requestId: string, salt: Uint8Array, edit: StoredEdit): Promise<void> {
  await tx
    .insertInto('darkroom.input')
    .values(
      edit.inputs.map(({ kind, key, originalKey, bytes, provenance }) => ({
        request_id: requestId,
        kind,
        position: 0,
        object_key: key,
        original_key: originalKey,
        digest: saltedDigest(salt, bytes),
        ...edit.size,
        provenance: provenance === null ? null : JSON.stringify(provenance),
      })),
    )
    .execute()
  const { numDeletedRows } = await tx
    .deleteFrom('darkroom.input_intent')
    .where('request_id', '=', requestId)
    .where('created_at', '>=', leftSince())
    .executeTakeFirst()
  if (numDeletedRows !== 1n)
    throw new Fault('conflict', { detail: 'the inputs were given up meanwhile; send them again' })
}

/** What the log says of the inputs: salted digests, nothing else of the pixels. */
export function inputFacts(salt: Uint8Array, edit: StoredEdit | null): Facts {
  if (edit === null) return {}
  return {
    operation: edit.operation,
    strength: edit.strength,
    inputs: edit.inputs.map(({ kind, bytes }) => ({ kind, digest: saltedDigest(salt, bytes) })),
  }
}

/** Removes what orders that were never admitted have left. Returns how many of them. */
export async function sweepInputs(ground: Ground): Promise<number> {
  const left = await ground.database.sql
    .selectFrom('darkroom.input_intent')
    .select(['request_id', 'keys'])
    .where('created_at', '<', leftSince())
    .limit(SWEEP)
    .execute()
  for (const intent of left) await removeIntent(ground, intent)
  return left.length
}

/**
 * An admission that failed may have been written all the same: a connection that is lost at its commit says neither. So the intent
 * is made too old to be admitted first, and the inputs go only where it was still there to be made so.
 */
async function giveUp(ground: Ground, intent: { request_id: string; keys: string[] }): Promise<void> {
  const { numUpdatedRows } = await ground.database.sql
    .updateTable('darkroom.input_intent')
    .set({ created_at: raw<Date>`'-infinity'::timestamptz` })
    .where('request_id', '=', intent.request_id)
    .executeTakeFirst()
  if (numUpdatedRows === 1n) await removeIntent(ground, intent)
}

/** What is older was left: it is removed, and admitted no more. */
function leftSince() {
  return raw<Date>`darkroom.now() - ${LEFT_SECONDS} * interval '1 second'`
}

async function removeIntent(ground: Ground, { request_id, keys }: { request_id: string; keys: string[] }) {
  for (const key of keys) await ground.quarantine.remove(key)
  await ground.database.sql.deleteFrom('darkroom.input_intent').where('request_id', '=', request_id).execute()
}

/** System provenance only: who signed a caller's file is nobody's business here. */
function provenanceOf({ verdict, manifest, watermark, record }: FoundMarks): Json {
  return asJson({
    verdict,
    manifest: { found: manifest.found, state: manifest.state },
    watermark: { found: watermark.found, confidence: watermark.confidence, read: watermark.read },
    image_id: record?.image_id ?? null,
  })
}

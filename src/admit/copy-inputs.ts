// The inputs of an edit, stored once more for a request that is admitted again: each request owns its objects, so that erasing one
// leaves the other whole. Keys are written down before the objects, as at any admission (input-store.ts).
import { Fault } from '../kernel/fault.ts'
import type { Ground } from '../kernel/ground.ts'
import type { Operation } from '../kernel/model.ts'
import type { StoredEdit, StoredInput } from './input-store.ts'

type Order = { id: string; operation: Operation; strength: number | null; width: number; height: number }

/** Null for what starts from noise alone. Faults: gone (the inputs were erased), object_missing, object_store_failed. */
export async function copyInputs(ground: Ground, order: Order, requestId: string): Promise<StoredEdit | null> {
  const { operation, strength } = order
  if (operation === 'generate') return null
  const { sql } = ground.database
  const rows = await sql
    .selectFrom('darkroom.input')
    .select(['kind', 'object_key', 'original_key', 'provenance'])
    .where('request_id', '=', order.id)
    .orderBy('position')
    .execute()
  if (strength === null || !rows.some(({ kind }) => kind === 'image'))
    throw new Fault('gone', { detail: 'the inputs of the request were erased meanwhile' })
  const moved = (key: string) => `${requestId}/${key.split('/').slice(1).join('/')}`
  const keys = rows.flatMap((row) => [row.object_key, ...(row.original_key === null ? [] : [row.original_key])])
  await sql
    .insertInto('darkroom.input_intent')
    .values({ request_id: requestId, keys: keys.map(moved) })
    .execute()
  const inputs: StoredInput[] = []
  for (const { kind, object_key, original_key, provenance } of rows) {
    const { bytes } = await copy(ground, object_key, moved(object_key))
    if (original_key !== null) await copy(ground, original_key, moved(original_key))
    const originalKey = original_key === null ? null : moved(original_key)
    inputs.push({ kind, key: moved(object_key), originalKey, bytes, provenance })
  }
  return { operation, strength, size: { width: order.width, height: order.height }, inputs }
}

async function copy({ quarantine }: Ground, from: string, to: string) {
  const object = await quarantine.get(from)
  await quarantine.putIfAbsent(to, object)
  return object
}

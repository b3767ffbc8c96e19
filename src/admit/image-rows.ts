// The rows of a request's images, planned from its admission on: a seed for each, and a mark id that no other image has.
import { randomBytes } from 'node:crypto'
import type { Insertable } from 'kysely'
import type { Birth } from '../advance.ts'
import type { Tx } from '../kernel/database.ts'
import { newId } from '../kernel/ids.ts'
import type { ImageTable } from '../kernel/tables.ts'
import { type Recipe, SEEDS } from './order.ts'

const SALT_BYTES = 16

/** Writes them; answers their births. */
export async function insertImages(
  tx: Tx,
  { markIdBits }: { readonly markIdBits: number },
  tenantId: string,
  requestId: string,
  { n, seed }: Pick<Recipe, 'n' | 'seed'>,
): Promise<Birth[]> {
  const rows = Array.from({ length: n }, (_, position) => ({
    id: newId('img'),
    request_id: requestId,
    tenant_id: tenantId,
    position,
    state: 'planned' as const,
    salt: randomBytes(SALT_BYTES),
    seed: (seed + position) % SEEDS,
  }))
  await insertWithMarkIds(tx, rows, markIdBits)
  return rows.map(({ id, position, seed: own }) => ({
    subject: 'image',
    id,
    facts: { request: requestId, position, seed: own },
  }))
}

type PlannedImage = Omit<Insertable<ImageTable>, 'mark_id'>

/** A mark id leads back to its image, so no two images share one: a number that is taken is drawn again. */
async function insertWithMarkIds(tx: Tx, rows: readonly PlannedImage[], bits: number): Promise<void> {
  let missing = rows
  while (missing.length > 0) {
    const inserted = await tx
      .insertInto('darkroom.image')
      .values(missing.map((row) => ({ ...row, mark_id: randomMarkId(bits) })))
      .onConflict((conflict) => conflict.column('mark_id').doNothing())
      .returning('id')
      .execute()
    const there = new Set(inserted.map(({ id }) => id))
    missing = missing.filter(({ id }) => !there.has(id))
  }
}

function randomMarkId(bits: number): bigint {
  return BigInt(`0x${randomBytes(8).toString('hex')}`) >> BigInt(64 - bits)
}

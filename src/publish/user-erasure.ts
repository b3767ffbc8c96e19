// Erasure of everything of one user of a tenant. Asking writes a row under the tenant's lock, which parts what was ordered before from
// what comes after; then generation by generation is erased as its owner would (erase.ts), legal holds and preserved cases included, and
// counted in the same transaction. The last step says so in the chain, with counts and a digest that nothing opens, and the row goes.
// Whoever comes next goes on where another stopped: the asker again, or the janitor.
import { randomBytes } from 'node:crypto'
import { sql as raw, type Selectable } from 'kysely'
import { note } from '../advance.ts'
import { saltedDigest } from '../kernel/canonical.ts'
import type { Sql, Tx } from '../kernel/database.ts'
import type { Ground } from '../kernel/ground.ts'
import { newId } from '../kernel/ids.ts'
import type { UserErasureTable } from '../kernel/removal-tables.ts'
import { actorOf, type Doer } from '../tenant/actor.ts'
import { eraseGeneration, type OnErased } from './erase.ts'

/** Of generations: while the asker waits, and in a pass of the janitor. */
const AT_ONCE = 20
const IN_A_PASS = 200
const ROWS_AT_ONCE = 5
/** After a pass that erased nothing, the longer the more there were. */
const RETRY_SECONDS = 15
/** Whoever took it is dead by then. */
const CLAIM_SECONDS = 300
const SALT_BYTES = 16

type UserErasure = Selectable<UserErasureTable>

/** Erases in place what one call may; answers when the rest was asked for, null once nothing is left. Again is no error. */
export async function eraseUser(
  ground: Ground,
  doer: Doer,
  userDigest: string,
  onErased: OnErased,
  atOnce = AT_ONCE,
): Promise<Date | null> {
  const erasure = await ground.database.transact((tx) => recordAsked(tx, doer, userDigest))
  if (erasure === null) return null
  return (await goOn(ground, erasure, onErased, atOnce)) ? null : erasure.asked_at
}

/** One pass over what is due; returns how many are complete. The janitor calls it. */
export async function finishUserErasures(ground: Ground, onErased: OnErased): Promise<number> {
  const { rows } = await raw<UserErasure>`
    UPDATE darkroom.user_erasure
       SET passes = passes + 1, due_at = darkroom.now() + ${CLAIM_SECONDS} * interval '1 second'
     WHERE id IN (SELECT id FROM darkroom.user_erasure WHERE due_at <= darkroom.now()
                   ORDER BY due_at LIMIT ${ROWS_AT_ONCE} FOR UPDATE SKIP LOCKED)
    RETURNING *`.execute(ground.database.sql)
  let finished = 0
  for (const erasure of rows) if (await goOn(ground, erasure, onErased, IN_A_PASS)) finished++
  return finished
}

/** Since when an erasure of the user is under way; null: none is. */
export async function erasingSince(sql: Sql, userDigest: string): Promise<Date | null> {
  const row = await sql
    .selectFrom('darkroom.user_erasure')
    .select('asked_at')
    .where('user_digest', '=', userDigest)
    .executeTakeFirst()
  return row?.asked_at ?? null
}

/** Null: there is nothing of the user, and nothing to say. */
async function recordAsked(tx: Tx, doer: Doer, userDigest: string): Promise<UserErasure | null> {
  const { tenantId, keyId, personId } = doer
  const asked = { key_id: keyId, person_id: personId }
  const { id } = await tx
    .insertInto('darkroom.user_erasure')
    .values({
      id: newId('ers'),
      tenant_id: tenantId,
      user_digest: userDigest,
      salt: randomBytes(SALT_BYTES),
      ...asked,
    })
    .onConflict((on) => on.column('user_digest').doUpdateSet(asked))
    .returning('id')
    .executeTakeFirstOrThrow()
  // Admissions hold this lock from their first statement on: what one of them orders is wholly before `asked_at`, or after it.
  await tx.selectFrom('darkroom.tenant').select('id').where('id', '=', tenantId).forNoKeyUpdate().execute()
  const erasure = await tx
    .updateTable('darkroom.user_erasure')
    .set({
      asked_at: raw<Date>`darkroom.now()`,
      due_at: raw<Date>`darkroom.now() + ${CLAIM_SECONDS} * interval '1 second'`,
    })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
  if (erasure.generations > 0 || (await findNext(tx, erasure)) !== null) return erasure
  await tx.deleteFrom('darkroom.user_erasure').where('id', '=', id).execute()
  return null
}

/** Whether it is complete. A generation that cannot be erased keeps no other waiting; it is tried again by the next pass. */
async function goOn(ground: Ground, erasure: UserErasure, onErased: OnErased, atOnce: number): Promise<boolean> {
  const { sql, transact } = ground.database
  const doer = { tenantId: erasure.tenant_id, keyId: erasure.key_id, personId: erasure.person_id }
  const counted: OnErased = async (tx, requestId) => {
    // First: what else ends may append leaves, and the tenant is locked last.
    await count(tx, erasure.id, requestId)
    await onErased(tx, requestId)
  }
  let [after, erased] = ['', 0]
  for (let left = atOnce; left > 0; left--) {
    const requestId = await findNext(sql, erasure, after)
    if (requestId === null) break
    after = requestId
    try {
      await eraseGeneration(ground, doer, requestId, counted)
      erased++
    } catch (error) {
      ground.log.warn({ error, requestId }, 'a generation of a user who is erased could not be; it is tried again')
    }
  }
  return transact((tx) => close(tx, erasure.id, erased > 0))
}

async function count(tx: Tx, id: string, requestId: string): Promise<void> {
  await tx
    .updateTable('darkroom.user_erasure')
    .set(({ eb, selectFrom }) => ({
      generations: eb('generations', '+', 1),
      images: eb(
        'images',
        '+',
        selectFrom('darkroom.image')
          .select(({ fn }) => fn.countAll<number>().as('count'))
          .where('request_id', '=', requestId),
      ),
    }))
    .where('id', '=', id)
    .execute()
}

/** The last step, where nothing is left; else when the next pass is. Somebody else may have taken it. */
async function close(tx: Tx, id: string, goesOn: boolean): Promise<boolean> {
  const erasure = await tx
    .selectFrom('darkroom.user_erasure')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()
  if (erasure === undefined) return true
  if ((await findNext(tx, erasure)) !== null) {
    const waitSeconds = goesOn ? 0 : Math.min(Math.max(erasure.passes, 1), 40) * RETRY_SECONDS
    await tx
      .updateTable('darkroom.user_erasure')
      .set({
        due_at: raw<Date>`darkroom.now() + ${waitSeconds} * interval '1 second'`,
        ...(goesOn ? { passes: 0 } : {}),
      })
      .where('id', '=', id)
      .execute()
    return false
  }
  const { tenant_id: tenantId, key_id: keyId, person_id: personId, generations, images, salt } = erasure
  await tx.deleteFrom('darkroom.user_erasure').where('id', '=', id).execute()
  await note(tx, tenantId, 'user.erased', id, {
    user: saltedDigest(salt, erasure.user_digest),
    generations,
    images,
    by: actorOf({ tenantId, keyId, personId }),
  })
  return true
}

/** Of what was ordered for the user up to then, or admitted anew by an appeal of such an order, the next that is not erased. */
async function findNext(
  sql: Sql | Tx,
  { tenant_id: tenantId, user_digest: userDigest, asked_at: askedAt }: UserErasure,
  after = '',
): Promise<string | null> {
  const { rows } = await raw<{ id: string }>`
    SELECT request.id FROM darkroom.request AS request
     WHERE request.user_digest = ${userDigest} AND request.tenant_id = ${tenantId}
       AND request.erased_at IS NULL AND request.id > ${after}
       AND (request.created_at <= ${askedAt} OR EXISTS (
              SELECT FROM darkroom.appeal JOIN darkroom.request AS refused ON refused.id = appeal.request_id
               WHERE appeal.id = request.appeal_id AND refused.created_at <= ${askedAt}))
     ORDER BY request.id LIMIT 1`.execute(sql)
  return rows[0]?.id ?? null
}

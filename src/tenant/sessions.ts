// Sessions of the pages: a random token, of which only the hash is stored, for a key or for a person who signed in without one.
// A session ends when it is ended, when its time is over, when nobody used it for a while, and with its key or person.
import { createHash, randomBytes } from 'node:crypto'
import { sql as raw } from 'kysely'
import { note } from '../advance.ts'
import type { Sql, Tx } from '../kernel/database.ts'
import type { Ground } from '../kernel/ground.ts'
import { authenticate, type Caller, callerByKey, callerByPerson } from './caller.ts'

const TOKEN_BYTES = 32
const SEEN_NOTED_EVERY_MS = 60_000

/** Exchanges a key for a session's token, which the cookie carries. Faults: unauthenticated, tenant_suspended. */
export async function openSession(ground: Ground, bearer: string): Promise<{ token: string; caller: Caller }> {
  const caller = await authenticate(ground, bearer)
  return { token: await insertSession(ground, ground.database.sql, { key_id: caller.keyId }), caller }
}

/** A session of a person whom somebody else vouched for; noted in the log of the person's tenant. */
export async function openPersonSession(
  ground: Ground,
  tx: Tx,
  person: { id: string; tenantId: string; roles: readonly string[] },
): Promise<string> {
  const token = await insertSession(ground, tx, { person_id: person.id })
  await note(tx, person.tenantId, 'session.opened', person.id, { by: { oidc: true }, roles: [...person.roles] })
  return token
}

/** The caller of a session, or null when it ended, ran out or never was; it is in use. Fault: tenant_suspended. */
export async function callerOfSession(ground: Ground, token: string): Promise<Caller | null> {
  const row = await readSession(ground, token)
  if (row === null) return null
  if (row.now.getTime() - row.last_seen_at.getTime() >= SEEN_NOTED_EVERY_MS)
    await ground.database.sql
      .updateTable('darkroom.session')
      .set({ last_seen_at: raw<Date>`darkroom.now()` })
      .where('hash', '=', hashOf(token))
      .execute()
  return ownerOf(ground, row)
}

/** The same for what a page does while nobody need be there: it keeps no idle session alive. Fault: tenant_suspended. */
export async function callerOfUnattended(ground: Ground, token: string): Promise<Caller | null> {
  const row = await readSession(ground, token)
  return row === null ? null : ownerOf(ground, row)
}

type SessionRow = { key_id: string | null; person_id: string | null; last_seen_at: Date; now: Date }

async function readSession(ground: Ground, token: string): Promise<SessionRow | null> {
  if (!/^[\w-]{43}$/.test(token)) return null
  const row = await ground.database.sql
    .selectFrom('darkroom.session')
    .select(['key_id', 'person_id', 'last_seen_at'])
    .select(raw<Date>`darkroom.now()`.as('now'))
    .where('hash', '=', hashOf(token))
    .where('expires_at', '>', raw<Date>`darkroom.now()`)
    .where('last_seen_at', '>', idleSince(ground))
    .executeTakeFirst()
  return row ?? null
}

async function ownerOf(ground: Ground, row: SessionRow): Promise<Caller | null> {
  if (row.key_id !== null) return callerByKey(ground, { id: row.key_id })
  return row.person_id === null ? null : callerByPerson(ground, row.person_id)
}

export async function endSession(ground: Ground, token: string): Promise<void> {
  await ground.database.sql.deleteFrom('darkroom.session').where('hash', '=', hashOf(token)).execute()
}

/** Ends every session of a person: those without a key and those of the person's keys. */
export async function endSessionsOf(tx: Tx, personId: string): Promise<void> {
  await tx
    .deleteFrom('darkroom.session')
    .where(({ eb, or, selectFrom }) =>
      or([
        eb('person_id', '=', personId),
        eb('key_id', 'in', selectFrom('darkroom.api_key').select('id').where('person_id', '=', personId)),
      ]),
    )
    .execute()
}

async function insertSession(
  ground: Ground,
  sql: Sql | Tx,
  owner: { key_id: string | null } | { person_id: string },
): Promise<string> {
  const token = randomBytes(TOKEN_BYTES).toString('base64url')
  await sql
    .deleteFrom('darkroom.session')
    .where(({ eb, or }) =>
      or([eb('expires_at', '<=', raw<Date>`darkroom.now()`), eb('last_seen_at', '<=', idleSince(ground))]),
    )
    .execute()
  await sql
    .insertInto('darkroom.session')
    .values({
      hash: hashOf(token),
      ...owner,
      last_seen_at: raw<Date>`darkroom.now()`,
      expires_at: raw<Date>`darkroom.now() + ${ground.config.sessionTtlSeconds} * interval '1 second'`,
    })
    .execute()
  return token
}

function idleSince(ground: Ground) {
  return raw<Date>`darkroom.now() - ${ground.config.sessionIdleSeconds} * interval '1 second'`
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

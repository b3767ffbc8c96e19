// Who is calling: a key or a session's token becomes a Caller, or nobody. A revoked key is nobody, and so is its session.
// A key's last use is written at most once a minute.
import { createHash, randomBytes } from 'node:crypto'
import { sql as raw, type SelectQueryBuilder } from 'kysely'
import { Fault } from '../kernel/fault.ts'
import type { Ground } from '../kernel/ground.ts'
import type { Tables } from '../kernel/tables.ts'
import { parseKey } from './key.ts'
import { isRole, type Role } from './roles.ts'

export type Caller = {
  readonly tenantId: string
  readonly tenantName: string
  readonly keyId: string
  readonly personId: string | null
  readonly roles: readonly Role[]
}

const USE_NOTED_EVERY_MS = 60_000
const TOKEN_BYTES = 32

/** The caller that a bearer key names. Fault: unauthenticated. */
export async function authenticate(ground: Ground, bearer: string): Promise<Caller> {
  const key = parseKey(bearer)
  if (key === null) throw new Fault('unauthenticated', { detail: 'this is not an API key of this service' })
  const found = await callerWhere(ground, (query) => query.where('key.hash', '=', key.hash))
  if (found === null) throw new Fault('unauthenticated', { detail: 'the API key is unknown or was revoked' })
  return found
}

/** Exchanges a key for a session's token, which the cookie carries. Fault: unauthenticated. */
export async function openSession(ground: Ground, bearer: string): Promise<{ token: string; caller: Caller }> {
  const caller = await authenticate(ground, bearer)
  const token = randomBytes(TOKEN_BYTES).toString('base64url')
  const { sql } = ground.database
  await sql.deleteFrom('darkroom.session').where('expires_at', '<=', raw<Date>`darkroom.now()`).execute()
  await sql
    .insertInto('darkroom.session')
    .values({
      hash: hashOf(token),
      key_id: caller.keyId,
      expires_at: raw<Date>`darkroom.now() + ${ground.config.sessionTtlSeconds} * interval '1 second'`,
    })
    .execute()
  return { token, caller }
}

/** The caller of a session, or null when it ended, ran out or never was. */
export async function callerOfSession(ground: Ground, token: string): Promise<Caller | null> {
  if (!/^[\w-]{43}$/.test(token)) return null
  return callerWhere(ground, (query) =>
    query.where(({ exists, selectFrom }) =>
      exists(
        selectFrom('darkroom.session as session')
          .select('session.hash')
          .whereRef('session.key_id', '=', 'key.id')
          .where('session.hash', '=', hashOf(token))
          .where('session.expires_at', '>', raw<Date>`darkroom.now()`),
      ),
    ),
  )
}

export async function endSession(ground: Ground, token: string): Promise<void> {
  await ground.database.sql.deleteFrom('darkroom.session').where('hash', '=', hashOf(token)).execute()
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

type KeyQuery = SelectQueryBuilder<
  Tables & { key: Tables['darkroom.api_key']; tenant: Tables['darkroom.tenant'] },
  'key' | 'tenant',
  object
>

async function callerWhere(ground: Ground, narrow: (query: KeyQuery) => KeyQuery): Promise<Caller | null> {
  const row = await narrow(
    ground.database.sql
      .selectFrom('darkroom.api_key as key')
      .innerJoin('darkroom.tenant as tenant', 'tenant.id', 'key.tenant_id')
      .where('key.revoked_at', 'is', null),
  )
    .select(['key.id', 'key.tenant_id', 'key.person_id', 'key.roles', 'key.last_used_at', 'tenant.name'])
    .select(raw<Date>`darkroom.now()`.as('now'))
    .executeTakeFirst()
  if (row === undefined) return null
  if (row.last_used_at === null || row.now.getTime() - row.last_used_at.getTime() >= USE_NOTED_EVERY_MS)
    await ground.database.sql
      .updateTable('darkroom.api_key')
      .set({ last_used_at: raw<Date>`darkroom.now()` })
      .where('id', '=', row.id)
      .execute()
  return {
    tenantId: row.tenant_id,
    tenantName: row.name,
    keyId: row.id,
    personId: row.person_id,
    roles: row.roles.filter(isRole),
  }
}

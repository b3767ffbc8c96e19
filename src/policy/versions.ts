// Which version of a policy was in force, and when. Serving and judging processes say at their start what they run with; what differs
// from the last is a new version in force, and a note in the operator's log. Where processes run different files, the one that started
// last is recorded: each decision carries the digest that it was made by all the same.
import { sql as raw } from 'kysely'
import { note } from '../advance.ts'
import type { Sql, Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { Ground } from '../kernel/ground.ts'
import { lockOperator } from '../tenant/administered.ts'
import type { ModerationPolicy } from './policy.ts'

const COLUMNS = ['number', 'id', 'version', 'digest', 'live_from', 'live_until', 'program'] as const

export type PolicyVersion = {
  /** Of the entry; later ones are greater. */
  number: string
  id: string
  version: string
  digest: string
  live_from: Date
  live_until: Date | null
  /** The version of the program that put it in force. */
  program: string
}

/** Records that this process runs with `policy`, unless that is in force already. */
export async function putInForce({ database, log }: Ground, policy: ModerationPolicy, program: string): Promise<void> {
  if ((await liveDigest(database.sql, policy.id)) === policy.digest) return
  const operator = await database.sql
    .selectFrom('darkroom.tenant')
    .select('id')
    .where('operator', '=', true)
    .executeTakeFirst()
  if (operator === undefined) {
    log.warn({ policy: policy.digest }, 'the records have no operator yet, whose log says which policy is in force')
    return
  }
  await database.transact(async (tx) => {
    const operatorId = await lockOperator(tx)
    const previous = await liveDigest(tx, policy.id)
    if (previous === policy.digest) return
    const now = await readNow(tx)
    await tx
      .updateTable('darkroom.policy_version')
      .set({ live_until: now })
      .where('id', '=', policy.id)
      .where('live_until', 'is', null)
      .execute()
    const { id, version, digest, text: document } = policy
    await tx
      .insertInto('darkroom.policy_version')
      .values({ id, version, digest, document, live_from: now, program })
      .execute()
    await note(tx, operatorId, 'policy.live', id, { digest, version, previous, by: { program } })
  })
}

/** The version of a policy that was in force at a time; null: none yet. */
export async function inForce(sql: Sql, id: string, at: Date): Promise<PolicyVersion | null> {
  const [row] = (await listVersions(sql, { id, at }, { limit: 1, after: null })).rows
  return row ?? null
}

/** Newest first; with `at`, those in force then. `after`: the number of the last one of the page before. */
export async function listVersions(
  sql: Sql,
  { id, at }: { id: string | null; at: Date | null },
  { limit, after }: { limit: number; after: string | null },
): Promise<{ rows: PolicyVersion[]; hasMore: boolean }> {
  let query = sql.selectFrom('darkroom.policy_version').select(COLUMNS).orderBy('number', 'desc')
  if (id !== null) query = query.where('id', '=', id)
  if (at !== null)
    query = query
      .where('live_from', '<=', at)
      .where(({ eb, or }) => or([eb('live_until', 'is', null), eb('live_until', '>', at)]))
  if (after !== null) query = query.where('number', '<', after)
  const rows = await query.limit(limit + 1).execute()
  return { rows: rows.slice(0, limit), hasMore: rows.length > limit }
}

/** A version as it last went live, with the file's text. Fault: not_found. */
export async function getVersion(sql: Sql, digest: string): Promise<PolicyVersion & { document: string }> {
  const row = await sql
    .selectFrom('darkroom.policy_version')
    .select([...COLUMNS, 'document'])
    .where('digest', '=', digest)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (row === undefined) throw new Fault('not_found', { detail: 'there is no such thing' })
  return row
}

async function liveDigest(sql: Sql | Tx, id: string): Promise<string | null> {
  const row = await sql
    .selectFrom('darkroom.policy_version')
    .select('digest')
    .where('id', '=', id)
    .where('live_until', 'is', null)
    .executeTakeFirst()
  return row?.digest ?? null
}

/** To the millisecond, so that a version ends and the next begins at the very time that both are told by. */
async function readNow(tx: Tx): Promise<Date> {
  const { rows } = await raw<{ now: Date }>`SELECT date_trunc('milliseconds', darkroom.now()) AS now`.execute(tx)
  const now = rows[0]?.now
  if (now === undefined) throw new Fault('database_failed', { detail: 'the database does not tell the time' })
  return now
}

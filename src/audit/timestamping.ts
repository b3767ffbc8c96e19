// The checkpoint that is served, dated by an authority on time (RFC 3161): a newer one so long after the last that was. An authority
// that is away is asked again a minute later and stops nothing; readers see which checkpoints were dated.
import { randomBytes } from 'node:crypto'
import { sql as raw } from 'kysely'
import type { Sql } from '../kernel/database.ts'
import type { Log } from '../kernel/log.ts'
import { checkpointStampResults } from '../kernel/meters.ts'
import { signedText } from './checkpoint.ts'
import { servedCheckpoint } from './publication.ts'
import { askTimestamp, type Timestamped } from './timestamp.ts'

export type TimestampingTools = {
  readonly sql: Sql
  readonly log: Pick<Log, 'info' | 'warn'>
  readonly url: string
  readonly timeoutMs: number
  /** From one dated checkpoint to the next. */
  readonly minutes: number
  readonly stopping: AbortSignal
}

const AGAIN_MINUTES = 1
const NONCE_BYTES = 8

/** Null: it is not due, or what is served is dated. Fault: database_failed. Rejects too when the process stops. */
export async function runTimestamping(tools: TimestampingTools): Promise<Timestamped['result'] | null> {
  const { sql, log, url, minutes } = tools
  const turn = await takeTurn(sql)
  if (turn === null) return null
  const served = await servedCheckpoint(sql)
  if (served === null || (await timestampOf(sql, served.size)) !== null) return null
  const answer = await askTimestamp(url, signedText(served.note), randomBytes(NONCE_BYTES), tools)
  checkpointStampResults.inc({ result: answer.result })
  if (answer.result === 'stamped') {
    await keep(sql, served.size, answer.token, minutes)
    if (turn.failure !== null) log.info({ size: served.size }, 'checkpoints of the log are dated again')
  } else if (turn.failure !== answer.result) {
    await endTurn(sql, AGAIN_MINUTES, answer.result)
    log.warn({ problem: answer.result, detail: answer.detail }, 'a checkpoint of the log could not be dated')
  }
  return answer.result
}

/** The token of the checkpoint of that size; null where there is none. */
export async function timestampOf(sql: Sql, size: number): Promise<Buffer | null> {
  const row = await sql
    .selectFrom('darkroom.log_checkpoint')
    .select('timestamp_token')
    .where('size', '=', String(size))
    .executeTakeFirst()
  return row === undefined || row.timestamp_token === null ? null : Buffer.from(row.timestamp_token)
}

/** Until it ends otherwise, the next turn is a minute away. */
async function takeTurn(sql: Sql): Promise<{ failure: string | null } | null> {
  const row = await sql
    .updateTable('darkroom.log_publication')
    .set({ timestamp_due_at: inMinutes(AGAIN_MINUTES) })
    .where('timestamp_due_at', '<=', raw<Date>`darkroom.now()`)
    .returning('timestamp_failure')
    .executeTakeFirst()
  return row === undefined ? null : { failure: row.timestamp_failure }
}

async function endTurn(sql: Sql, minutes: number, failure: string | null): Promise<void> {
  await sql
    .updateTable('darkroom.log_publication')
    .set({ timestamp_due_at: inMinutes(minutes), timestamp_failure: failure })
    .execute()
}

/** The first token of a checkpoint stays. */
async function keep(sql: Sql, size: number, token: Buffer, minutes: number): Promise<void> {
  await sql
    .updateTable('darkroom.log_checkpoint')
    .set({ timestamp_token: token })
    .where('size', '=', String(size))
    .where('timestamp_token', 'is', null)
    .execute()
  await endTurn(sql, minutes, null)
}

function inMinutes(minutes: number) {
  return raw<Date>`darkroom.now() + ${minutes} * interval '1 minute'`
}

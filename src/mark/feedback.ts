// What people say of an answer of the public check: whether it was right, and a few words; never a picture, and nothing of who said it.
// It is erased after a configured time.
import { sql as raw } from 'kysely'
import type { Sql } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { Ground } from '../kernel/ground.ts'
import type { Verdict } from './verdict.ts'

export type Feedback = { agrees: boolean; verdict: Verdict; text: string | null }
export type KeptFeedback = Feedback & { created_at: Date }
export type FeedbackCount = { verdict: Verdict; agrees: boolean; count: number }

/** The most that its text may have. */
export const FEEDBACK_CHARACTERS = 2000

/** Fault: invalid_request (field 'text'), of which nothing is kept. */
export async function keepFeedback(sql: Sql, { agrees, verdict, text }: Feedback): Promise<void> {
  const refuse = (detail: string) => new Fault('invalid_request', { field: 'text', detail })
  if (text !== null && [...text].length > FEEDBACK_CHARACTERS)
    throw refuse(`text may have ${FEEDBACK_CHARACTERS} characters at most`)
  if (text?.includes('\0')) throw refuse('text has a character that is not text (U+0000)')
  await raw`
    INSERT INTO darkroom.provenance_feedback (agrees, verdict, text) VALUES (${agrees}, ${verdict}, ${text})`.execute(
    sql,
  )
}

/** What is kept: counted by verdict, and the newest. */
export async function readFeedback(
  sql: Sql,
  limit: number,
): Promise<{ counts: FeedbackCount[]; newest: KeptFeedback[] }> {
  const counts = await raw<FeedbackCount>`
    SELECT verdict, agrees, count(*)::int AS count
      FROM darkroom.provenance_feedback GROUP BY verdict, agrees ORDER BY verdict, agrees`.execute(sql)
  const newest = await raw<KeptFeedback>`
    SELECT agrees, verdict, text, created_at
      FROM darkroom.provenance_feedback ORDER BY id DESC LIMIT ${limit}`.execute(sql)
  return { counts: counts.rows, newest: newest.rows }
}

/** Erases what is older than the configured days; returns how much that was. */
export async function forgetFeedback({ config, database }: Ground): Promise<number> {
  const { numAffectedRows = 0n } = await raw`
    DELETE FROM darkroom.provenance_feedback
     WHERE created_at < (SELECT darkroom.now()) - ${config.provenance.feedbackDays} * interval '1 day'`.execute(
    database.sql,
  )
  return Number(numAffectedRows)
}

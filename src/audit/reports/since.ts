// Since when things are counted by day: what was before is not measured, and is not said to be nothing.
import { sql as raw } from 'kysely'
import type { Tx } from '../../kernel/database.ts'
import type { Period } from '../../statement/period.ts'

/** Why counts by day do not cover the period; null: they do, or there was nothing to count before. */
export async function unmeasuredSince(tx: Tx, { from }: Period): Promise<string | null> {
  const { rows } = await raw<{ since: Date; earlier: boolean }>`
    SELECT since, EXISTS (SELECT FROM darkroom.move WHERE at >= ${from} AND at < since) AS earlier
      FROM darkroom.day_count`.execute(tx)
  const [counting] = rows
  if (counting === undefined) throw new TypeError('the records say since when they count')
  if (!counting.earlier) return null
  const since = counting.since.toISOString().slice(0, 16).replace('T', ' ')
  return `This is counted since ${since} UTC alone, and the period has moves from before.`
}

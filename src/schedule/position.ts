// Where a waiting request is in the fair order, and when it will be drawn. One look at the whole line serves everybody who asks for a
// while; a look that took long serves longer, so that a long line is not looked at all the time. The order is the
// dispatcher's own (fair-queue.ts): smallest start tag first, and what it has already handed out before everything.
import { sql as raw } from 'kysely'
import type { Sql } from '../kernel/database.ts'
import { type Pace, paceOf, secondsFor } from './backlog.ts'

export type Place = {
  /** Requests of all tenants that are drawn before it. */
  position: number
  /** Those of them that are this tenant's own. */
  ahead: number
  /** Until it is drawn, at the pace that the devices were measured at; null until one was. */
  etaSeconds: number | null
}

export type Line = (requestId: string) => Promise<Place | null>

type Look = { places: ReadonlyMap<string, Place>; at: number; goodForMs: number }

/** Looking may take this share of the time. */
const SHARE = 1 / 20
const LONGEST_LINE = 10_000

/** Answers places; null for who does not wait, is too far back to be counted, or came since the last look at a long line. */
export function openLine(sql: Sql, pool = 'default'): Line {
  let look: Look = { places: new Map(), at: Number.NEGATIVE_INFINITY, goodForMs: 0 }
  let looking: Promise<void> | null = null

  const lookAgain = async () => {
    const began = performance.now()
    const places = await readLine(sql, pool, await paceOf(sql, pool))
    const done = performance.now()
    look = { places, at: done, goodForMs: (done - began) / SHARE }
  }
  return async (requestId) => {
    if (performance.now() - look.at > look.goodForMs) {
      // Who came while somebody looked may have been missed.
      if (looking !== null) await looking
      looking ??= lookAgain().finally(() => {
        looking = null
      })
      await looking
    }
    return look.places.get(requestId) ?? null
  }
}

async function readLine(sql: Sql, pool: string, { devices, msPerCost }: Pace): Promise<Map<string, Place>> {
  const { rows } = await raw<{ subject_id: string; position: string; ahead: string; work: number }>`
    WITH waiting AS (
      SELECT task.subject_id, task.id, task.tenant_id, task.cost,
             CASE WHEN task.dispatched_at IS NOT NULL THEN '-infinity'::float8
                  ELSE greatest(coalesce(dispatcher.virtual_time, 0), coalesce(share.finish_tag, 0))
                       + coalesce(sum(CASE WHEN task.dispatched_at IS NULL THEN task.cost / tenant.weight ELSE 0 END)
                           OVER (PARTITION BY task.tenant_id ORDER BY task.id
                                 ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) END AS start
        FROM darkroom.task AS task
        JOIN darkroom.tenant AS tenant ON tenant.id = task.tenant_id
        LEFT JOIN darkroom.dispatcher AS dispatcher ON dispatcher.pool = ${pool}
        LEFT JOIN darkroom.fair_share AS share ON share.pool = ${pool} AND share.tenant_id = task.tenant_id
       WHERE task.stage = 'generate' AND task.runnable_at <= (SELECT darkroom.now())
         AND (task.lease_until IS NULL OR task.lease_until <= (SELECT darkroom.now())))
    SELECT subject_id, row_number() OVER (ORDER BY start, id) - 1 AS position,
           row_number() OVER (PARTITION BY tenant_id ORDER BY start, id) - 1 AS ahead,
           sum(cost) OVER (ORDER BY start, id) AS work
      FROM waiting ORDER BY start, id LIMIT ${LONGEST_LINE}`.execute(sql)
  return new Map(
    rows.map((row) => [
      row.subject_id,
      {
        position: Number(row.position),
        ahead: Number(row.ahead),
        etaSeconds: msPerCost === null ? null : Math.ceil(secondsFor(row.work, { devices, msPerCost })),
      },
    ]),
  )
}

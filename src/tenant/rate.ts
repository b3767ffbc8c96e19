// The pace of a tenant's requests: GCRA (ITU-T I.371), one row a bucket and one statement a request, so that every process counts
// the same. A request on pace moves the theoretical arrival time on by one interval; one too early writes nothing.
import { sql as raw } from 'kysely'
import type { Sql } from '../kernel/database.ts'
import type { Pace } from '../policy/quotas.ts'

export type Paced = {
  allowed: boolean
  /** Requests that would pass at once. */
  remaining: number
  /** Until the bucket is full again. */
  resetMs: number
  /** Until the next request passes; 0 when one would now. */
  retryMs: number
}

const MINUTE_MS = 60_000

/**
 * Takes one request out of the tenant's bucket if it is on pace. A bucket that is fuller than full by more than requests that race
 * could make it was filled under a clock that has gone back since, or a larger burst, and starts afresh.
 */
export async function takeTurn(sql: Sql, tenantId: string, bucket: string, pace: Pace): Promise<Paced> {
  const interval = raw<string>`${MINUTE_MS / pace.per_minute}::double precision * interval '1 millisecond'`
  const tolerance = raw<string>`${(MINUTE_MS / pace.per_minute) * pace.burst}::double precision * interval '1 millisecond'`
  const impossible = raw<string>`${tolerance} + interval '1 minute'`
  const { rows } = await raw<{ tat_ms: number | null; allowed: boolean }>`
    WITH asked AS MATERIALIZED (SELECT darkroom.now() AS now),
    taken AS (
      INSERT INTO darkroom.rate AS kept (tenant_id, bucket, tat)
      SELECT ${tenantId}, ${bucket}, asked.now + ${interval} FROM asked
      ON CONFLICT (tenant_id, bucket) DO UPDATE
        SET tat = CASE WHEN kept.tat > EXCLUDED.tat - ${interval} + ${impossible} THEN EXCLUDED.tat
                       ELSE greatest(kept.tat, EXCLUDED.tat - ${interval}) + ${interval} END
        WHERE greatest(kept.tat, EXCLUDED.tat - ${interval}) + ${interval} <= EXCLUDED.tat - ${interval} + ${tolerance}
           OR kept.tat > EXCLUDED.tat - ${interval} + ${impossible}
      RETURNING tat)
    SELECT (extract(epoch FROM coalesce(taken.tat, kept.tat) - asked.now) * 1000)::double precision AS tat_ms,
           taken.tat IS NOT NULL AS allowed
      FROM asked LEFT JOIN taken ON true
      LEFT JOIN darkroom.rate AS kept ON kept.tenant_id = ${tenantId} AND kept.bucket = ${bucket}`.execute(sql)
  const row = rows[0]
  // A row that another process has just made is not seen here yet; if it refuses, its bucket is empty.
  return pacedBy(pace, row?.allowed ?? false, row?.tat_ms ?? (MINUTE_MS / pace.per_minute) * pace.burst)
}

/** What a theoretical arrival time, so many milliseconds from now, means for who asks next. */
export function pacedBy({ per_minute, burst }: Pace, allowed: boolean, tatMs: number): Paced {
  const interval = MINUTE_MS / per_minute
  const ahead = Math.max(0, tatMs)
  // Times are kept in microseconds: what is a thousandth short of a whole turn is one.
  const free = Math.min(burst, Math.max(0, Math.floor(burst - ahead / interval + 1e-3)))
  if (free === 0)
    return { allowed, remaining: 0, resetMs: ahead, retryMs: Math.max(1, ahead + interval - burst * interval) }
  // Refused although there seems to be room: others took it at this very moment, and one place comes free within an interval.
  if (!allowed) return { allowed, remaining: 0, resetMs: burst * interval, retryMs: interval }
  return { allowed, remaining: free, resetMs: ahead, retryMs: 0 }
}

/** The same for strangers: in this process only, by any text, forgetting who was quiet longest. `nowMs` only grows. */
export function openTurnstiles(pace: Pace, capacity: number, nowMs: () => number = () => performance.now()) {
  const arrivals = new Map<string, number>()
  const look = (key: string): { tatMs: number; fits: boolean } => {
    const interval = MINUTE_MS / pace.per_minute
    const ahead = Math.max(0, (arrivals.get(key) ?? 0) - nowMs())
    return { tatMs: ahead, fits: ahead + interval <= interval * pace.burst + 1e-6 }
  }
  return {
    get size() {
      return arrivals.size
    },
    /** What a request of this key would meet now; takes nothing. */
    peek: (key: string): Paced => {
      const { tatMs, fits } = look(key)
      return pacedBy(pace, fits, tatMs)
    },
    take: (key: string): Paced => {
      const { tatMs, fits } = look(key)
      if (!fits) return pacedBy(pace, false, tatMs)
      const next = tatMs + MINUTE_MS / pace.per_minute
      arrivals.delete(key)
      arrivals.set(key, nowMs() + next)
      const oldest = arrivals.size > capacity ? arrivals.keys().next().value : undefined
      if (oldest !== undefined) arrivals.delete(oldest)
      return pacedBy(pace, true, next)
    },
  }
}

// How the desk is loaded, for leads: how long what waits has waited and when it is due, how much came and was decided hour by hour, and
// whose hands are full. It says nothing of how fast anybody is. What is restricted counts only for those who may see it.
import { sql as raw } from 'kysely'
import type { Sql } from '../kernel/database.ts'
import { LANE, LANES, type Lane } from './lane.ts'
import { seesRestricted } from './queue.ts'
import { ELIGIBLE, type Reviewer } from './reviewer.ts'
import { IS_SKIPPED } from './skips.ts'
import { SOMEBODY } from './watch.ts'

/** Where one bucket of ages ends and the next begins. */
export const AGE_HOURS = [1, 4, 12, 24, 48, 96] as const
export const HOURS = 48
/** Of so many at the front of the queue it is found out who may have them. */
export const LOOKED_AT = 200

export type AgeBucket = { from_hours: number; to_hours: number | null; count: number }
export type LaneDue = { lane: Lane; late: number; within_4h: number; within_24h: number; later: number }
export type HourOfQueue = { at: Date; came: number; decided: number }
export type PersonLoad = {
  person_id: string
  name: string
  lead: boolean
  away_until: Date | null
  /** Claims that run. */
  holding: number
  /** Kept for them. */
  reserved: number
  /** Of the front of the queue, what is free, they may have and are not spared for now. */
  could_have: number
}
export type ReviewLoad = {
  at: Date
  ages: { lane: Lane; buckets: AgeBucket[] }[]
  due: LaneDue[]
  hours: HourOfQueue[]
  people: PersonLoad[]
  nobody: number
}

export async function readLoad(sql: Sql, reviewer: Reviewer): Promise<ReviewLoad> {
  const sees = await seesRestricted(sql, reviewer)
  const { rows } = await raw<{ now: Date }>`SELECT darkroom.now() AS now`.execute(sql)
  const [clock] = rows
  if (clock === undefined) throw new TypeError('the clock says nothing')
  return {
    at: clock.now,
    ages: await readAges(sql, sees),
    due: await readDue(sql, sees),
    hours: await readHours(sql, sees),
    people: await readPeople(sql, sees),
    nobody: await countNobodys(sql, sees),
  }
}

async function readAges(sql: Sql, sees: boolean): Promise<ReviewLoad['ages']> {
  const { rows } = await raw<{ lane: Lane; bucket: number; count: string }>`
    SELECT ${LANE} AS lane, count(*) AS count,
           width_bucket(extract(epoch FROM (SELECT darkroom.now()) - item.created_at)::float8 / 3600, ${[...AGE_HOURS]}::float8[]) AS bucket
      FROM darkroom.review_item AS item
     WHERE item.state <> 'closed' AND (${sees} OR NOT item.restricted) GROUP BY 1, 3`.execute(sql)
  return LANES.map((lane) => ({
    lane,
    buckets: [0, ...AGE_HOURS].map((from_hours, bucket) => ({
      from_hours,
      to_hours: AGE_HOURS[bucket] ?? null,
      count: Number(rows.find((row) => row.lane === lane && row.bucket === bucket)?.count ?? 0),
    })),
  }))
}

async function readDue(sql: Sql, sees: boolean): Promise<LaneDue[]> {
  const { rows } = await raw<{ lane: Lane } & Record<keyof Omit<LaneDue, 'lane'>, string>>`
    SELECT lane, count(*) FILTER (WHERE hours <= 0) AS late, count(*) FILTER (WHERE hours > 0 AND hours <= 4) AS within_4h,
           count(*) FILTER (WHERE hours > 4 AND hours <= 24) AS within_24h, count(*) FILTER (WHERE hours > 24) AS later
      FROM (SELECT ${LANE} AS lane, extract(epoch FROM item.deadline_at - (SELECT darkroom.now())) / 3600 AS hours
              FROM darkroom.review_item AS item
             WHERE item.state <> 'closed' AND (${sees} OR NOT item.restricted)) AS item
     GROUP BY lane`.execute(sql)
  return LANES.map((lane) => {
    const { late = '0', within_4h = '0', within_24h = '0', later = '0' } = rows.find((row) => row.lane === lane) ?? {}
    return {
      ...{ lane, late: Number(late), later: Number(later) },
      ...{ within_4h: Number(within_4h), within_24h: Number(within_24h) },
    }
  })
}

/** The hours up to the one that runs, each with what came and what people decided in it. */
async function readHours(sql: Sql, sees: boolean): Promise<HourOfQueue[]> {
  const { rows } = await raw<{ at: Date; came: string; decided: string }>`
    WITH hour AS (
      SELECT generate_series(date_trunc('hour', darkroom.now(), 'UTC') - ${HOURS - 1} * interval '1 hour',
                             date_trunc('hour', darkroom.now(), 'UTC'), interval '1 hour') AS at),
    first AS (SELECT min(at) AS at FROM hour),
    came AS (
      SELECT date_trunc('hour', item.created_at, 'UTC') AS at, count(*) AS count FROM darkroom.review_item AS item
       WHERE item.created_at >= (SELECT at FROM first) AND (${sees} OR NOT item.restricted) GROUP BY 1),
    decided AS (
      SELECT date_trunc('hour', item.closed_at, 'UTC') AS at, count(*) AS count FROM darkroom.review_item AS item
       WHERE item.state = 'closed' AND item.closed_at >= (SELECT at FROM first) AND item.verdicts > 0
         AND (${sees} OR NOT item.restricted) GROUP BY 1)
    SELECT hour.at, coalesce(came.count, 0) AS came, coalesce(decided.count, 0) AS decided
      FROM hour LEFT JOIN came USING (at) LEFT JOIN decided USING (at) ORDER BY hour.at`.execute(sql)
  return rows.map(({ at, came, decided }) => ({ at, came: Number(came), decided: Number(decided) }))
}

async function readPeople(sql: Sql, sees: boolean): Promise<PersonLoad[]> {
  const { rows } = await raw<
    Omit<PersonLoad, 'holding' | 'reserved' | 'could_have'> & Record<'holding' | 'reserved' | 'could_have', string>
  >`
    WITH front AS MATERIALIZED (
      SELECT * FROM darkroom.review_item AS item
       WHERE item.state = 'open' AND (${sees} OR NOT item.restricted)
         AND (item.lease_until IS NULL OR item.lease_until <= (SELECT darkroom.now()))
       ORDER BY item.rank_at, item.id LIMIT ${LOOKED_AT}),
    holding AS (
      SELECT item.lease_person AS person_id, count(*) AS count FROM darkroom.review_item AS item
       WHERE item.state = 'open' AND item.lease_until > (SELECT darkroom.now()) AND (${sees} OR NOT item.restricted) GROUP BY 1),
    reserved AS (
      SELECT item.reserved_for AS person_id, count(*) AS count FROM darkroom.review_item AS item
       WHERE item.state = 'open' AND item.reserved_until > (SELECT darkroom.now()) AND (${sees} OR NOT item.restricted) GROUP BY 1)
    SELECT who.person_id, person.name, who.lead, who.away_until,
           coalesce(holding.count, 0) AS holding, coalesce(reserved.count, 0) AS reserved,
           (SELECT count(*) FROM front AS item
             WHERE (item.reserved_for IS NULL OR item.reserved_for = who.person_id OR item.reserved_until <= (SELECT darkroom.now()))
               AND NOT ${IS_SKIPPED} AND ${ELIGIBLE}) AS could_have
      FROM darkroom.active_reviewer AS who
      JOIN darkroom.person ON person.id = who.person_id
      JOIN darkroom.tenant ON tenant.id = who.tenant_id AND tenant.operator
      LEFT JOIN holding ON holding.person_id = who.person_id
      LEFT JOIN reserved ON reserved.person_id = who.person_id
     ORDER BY person.name, who.person_id`.execute(sql)
  return rows.map(({ holding, reserved, could_have, ...row }) => ({
    ...row,
    ...{ holding: Number(holding), reserved: Number(reserved), could_have: Number(could_have) },
  }))
}

/** Open, and nobody who is there may have it: set aside already, or about to be. */
async function countNobodys(sql: Sql, sees: boolean): Promise<number> {
  const { rows } = await raw<{ count: string }>`
    SELECT count(*) AS count FROM (
      SELECT item.id FROM darkroom.review_item AS item
       WHERE item.state = 'awaiting_reviewer' AND (${sees} OR NOT item.restricted)
       UNION ALL
      SELECT item.id
        FROM (SELECT * FROM darkroom.review_item AS item
               WHERE item.state = 'open' AND (${sees} OR NOT item.restricted)
                 AND (item.lease_until IS NULL OR item.lease_until <= (SELECT darkroom.now()))
               ORDER BY rank_at, id LIMIT ${LOOKED_AT}) AS item
       WHERE NOT ${SOMEBODY}) AS nobodys`.execute(sql)
  return Number(rows[0]?.count ?? 0)
}

/** For whom each of these items can be kept, by their ids: who may have it, is not away and is not spared it for now. What is nobody's is missing. */
export async function whoMay(sql: Sql, itemIds: readonly string[]): Promise<Map<string, readonly string[]>> {
  const { rows } = await raw<{ id: string; people: string[] }>`
    SELECT item.id, array_agg(who.person_id) AS people
      FROM darkroom.review_item AS item JOIN darkroom.active_reviewer AS who
        ON (who.away_until IS NULL OR who.away_until <= (SELECT darkroom.now())) AND NOT ${IS_SKIPPED} AND ${ELIGIBLE}
     WHERE item.id = ANY (${[...itemIds]}) GROUP BY item.id`.execute(sql)
  return new Map(rows.map(({ id, people }) => [id, people]))
}

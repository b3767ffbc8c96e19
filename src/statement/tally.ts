// How often a tenant's requests and pictures were restricted, week by week, and what appeals made of it: counts of the statements of a
// period, each with its own appeal. Rehearsals in the sandbox restrict nobody and are not counted.
import { sql as raw } from 'kysely'
import type { Sql } from '../kernel/database.ts'

export type Tally = {
  /** Mondays, as ISO dates in UTC, oldest first; a week without any is there with zero. */
  readonly weeks: readonly { readonly monday: string; readonly statements: number }[]
  /** Statements that an appeal was open to, and how many of them were appealed. */
  readonly open: number
  readonly appealed: number
  /** Appeals that were decided on the merits, and how many of them reversed the decision as a whole. */
  readonly decided: number
  readonly reversed: number
}

type Row = { monday: string; statements: number; open: number; appealed: number; decided: number; reversed: number }

/** Of the last twelve weeks, this one included. */
export async function tallyOf(sql: Sql, tenantId: string): Promise<Tally> {
  const { rows } = await raw<Row>`
    WITH week AS (
      SELECT monday FROM generate_series(date_trunc('week', darkroom.now() AT TIME ZONE 'UTC') - interval '11 weeks',
                                         date_trunc('week', darkroom.now() AT TIME ZONE 'UTC'), interval '1 week') AS monday),
    one AS (
      SELECT date_trunc('week', statement.created_at AT TIME ZONE 'UTC') AS monday,
             statement.record -> 'redress' ->> 'kind' = 'full' AS open, appeal.state
        FROM darkroom.statement AS statement
        LEFT JOIN darkroom.appeal AS appeal ON appeal.statement_id = statement.id
        LEFT JOIN darkroom.image AS image ON image.id = statement.subject_id
        LEFT JOIN darkroom.request AS request ON request.id = coalesce(image.request_id, statement.subject_id)
       WHERE statement.tenant_id = ${tenantId} AND request.sandbox IS NULL
         AND statement.created_at >= (SELECT min(monday) FROM week) AT TIME ZONE 'UTC')
    SELECT to_char(week.monday, 'YYYY-MM-DD') AS monday, count(one.monday)::integer AS statements,
           (count(*) FILTER (WHERE one.open))::integer AS open,
           (count(*) FILTER (WHERE one.open AND one.state IS NOT NULL))::integer AS appealed,
           (count(*) FILTER (WHERE one.state IN ('upheld', 'overturned', 'partial')))::integer AS decided,
           (count(*) FILTER (WHERE one.state = 'overturned'))::integer AS reversed
      FROM week LEFT JOIN one ON one.monday = week.monday
     GROUP BY week.monday ORDER BY week.monday`.execute(sql)
  const sum = (of: 'open' | 'appealed' | 'decided' | 'reversed') => rows.reduce((total, row) => total + row[of], 0)
  return {
    weeks: rows.map(({ monday, statements }) => ({ monday, statements })),
    open: sum('open'),
    appealed: sum('appealed'),
    decided: sum('decided'),
    reversed: sum('reversed'),
  }
}

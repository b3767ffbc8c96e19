// Counts by day (UTC) of what is not kept otherwise: answers of the public check, looks of the recheck. Nothing of a picture or of who
// asked is in them. src/audit/reports/ tells them.
import { sql as raw } from 'kysely'
import type { Sql, Tx } from '../kernel/database.ts'
import type { RecheckResult } from '../kernel/meters.ts'
import type { Verdict } from './verdict.ts'

export type Surface = 'page' | 'api' | 'soft_binding'
export type Given = 'file' | 'address'

const TODAY = raw`(darkroom.now() AT TIME ZONE 'UTC')::date`

export async function countCheck(
  sql: Sql,
  answer: { surface: Surface; given: Given; verdict: Verdict },
): Promise<void> {
  const { surface, given, verdict } = answer
  await raw`
    INSERT INTO darkroom.public_check_day AS counted (day, surface, given, verdict, count)
    VALUES (${TODAY}, ${surface}, ${given}, ${verdict}, 1)
    ON CONFLICT (day, surface, given, verdict) DO UPDATE SET count = counted.count + 1`.execute(sql)
}

/** What says nothing of a picture is not counted. */
export async function countRecheck(sql: Sql | Tx, result: RecheckResult): Promise<void> {
  switch (result) {
    case 'ok':
    case 'lapsed':
    case 'mismatch':
    case 'missing':
    case 'log_mismatch':
      await raw`
        INSERT INTO darkroom.recheck_day AS counted (day, result, count) VALUES (${TODAY}, ${result}, 1)
        ON CONFLICT (day, result) DO UPDATE SET count = counted.count + 1`.execute(sql)
      return
    case 'moved_on':
    case 'log_waits':
    case 'log_unreachable':
    case 'unreachable':
      return
    default:
      result satisfies never
  }
}

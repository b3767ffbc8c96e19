// Whether anything at all was recorded: a digest of every table of the service.

import { sql as raw } from 'kysely'
import type { Sql } from '../../src/kernel/database.ts'

/** By table; but not when sessions and keys were last used. */
export async function digestsOf(sql: Sql): Promise<Record<string, string | undefined>> {
  const { rows } = await raw<{ name: string }>`
    SELECT table_name AS name FROM information_schema.tables
     WHERE table_schema = 'darkroom' AND table_type = 'BASE TABLE' ORDER BY 1`.execute(sql)
  const found: Record<string, string | undefined> = {}
  for (const { name } of rows) {
    const kept = await raw<{ digest: string }>`
      SELECT md5(coalesce(string_agg(kept::text, '|' ORDER BY kept::text), '')) AS digest
        FROM (SELECT to_jsonb(this_row) - 'last_seen_at' - 'last_used_at' AS kept
                FROM ${raw.table(`darkroom.${name}`)} AS this_row) AS every`.execute(sql)
    found[name] = kept.rows[0]?.digest
  }
  return found
}

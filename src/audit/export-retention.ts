// How long exports are kept: what was made, or given up, is taken away by itself after its time, as if somebody had done so; the log
// says that the janitor did. While an export is worked on it has no end.
import { sql as raw } from 'kysely'
import type { Database } from '../kernel/database.ts'
import { lockOperator } from '../tenant/administered.ts'
import { type ExportBrief, removeExport } from './export-records.ts'

const AT_ONCE = 100
const DAY_MS = 86_400_000
const BY = { program: 'janitor' }

/** Null: until somebody takes it away, or for as long as it is worked on. `days`: 0 for ever. */
export function keptUntil({ state, due_at }: Pick<ExportBrief, 'state' | 'due_at'>, days: number): Date | null {
  // What is over is due at nothing: the time on its row is that of its end.
  const isOver = state === 'done' || state === 'failed'
  return isOver && days > 0 ? new Date(due_at.getTime() + days * DAY_MS) : null
}

/** Takes away what was kept for so many days; answers how many. */
export async function endExports({ transact }: Pick<Database, 'transact'>, days: number): Promise<number> {
  if (days === 0) return 0
  return transact(async (tx) => {
    // First, so that nobody else takes one of them away meanwhile.
    await lockOperator(tx)
    const over = await tx
      .selectFrom('darkroom.audit_export')
      .select('id')
      .where('state', 'in', ['done', 'failed'])
      .where('due_at', '<=', raw<Date>`darkroom.now() - ${days} * interval '24 hours'`)
      .orderBy('due_at')
      .limit(AT_ONCE)
      .execute()
    for (const { id } of over) await removeExport(tx, BY, id)
    return over.length
  })
}

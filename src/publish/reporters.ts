// Who reported a picture and asks what is stored about them: their open reports, found by the address that they left. What was decided
// has neither text nor address any more. A report that only a restricted team decides is neither shown nor erased here, and the answers
// do not tell whether there is one.
import { sql as raw } from 'kysely'
import { note } from '../advance.ts'
import type { Database, Sql } from '../kernel/database.ts'
import type { ModerationPolicy } from '../policy/policy.ts'
import { actorOf, type Doer } from '../tenant/actor.ts'
import { restrictedCategories } from './reports.ts'

const AT_MOST = 500

export type OpenReport = { id: string; image_id: string; category: string; text: string | null; created_at: Date }

/** The oldest of them, however the address is spelled in capitals. */
export async function findReports(sql: Sql, policy: ModerationPolicy, email: string): Promise<OpenReport[]> {
  const { rows } = await raw<OpenReport>`
    SELECT id, image_id, category, text, created_at FROM darkroom.report
     WHERE lower(email) = lower(${email}) AND state = 'open' AND category <> ALL (${restrictedCategories(policy)}::text[])
     ORDER BY id LIMIT ${AT_MOST}`.execute(sql)
  return rows
}

/** Erases address and text of each; the reports themselves stay open, and are decided. Each is one note in the picture's tenant's log. */
export async function eraseReporter(
  { sql, transact }: Database,
  policy: ModerationPolicy,
  doer: Doer,
  email: string,
): Promise<void> {
  for (;;) {
    const found = await findReports(sql, policy, email)
    for (const { id } of found)
      await transact(async (tx) => {
        const erased = await tx
          .updateTable('darkroom.report')
          .set({ text: null, email: null })
          .where('id', '=', id)
          .where('email', 'is not', null)
          .returning('tenant_id')
          .executeTakeFirst()
        if (erased !== undefined) await note(tx, erased.tenant_id, 'report.erased', id, { by: actorOf(doer) })
      })
    if (found.length < AT_MOST) return
  }
}

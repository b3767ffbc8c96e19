// What an export can be asked of by its subject. What was asked stands in the log in clear and for good, so that nothing is taken that a
// person might have typed about somebody: ids, names of the deployment's secrets, and ids of policies that were in force.
import type { Sql, Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import { isId } from '../kernel/ids.ts'
import { SECRET_NAMES } from '../tenant/fingerprints.ts'

/** Fault: invalid_request (field subject), which does not repeat it. */
export async function requireSubject(sql: Sql | Tx, subject: string): Promise<void> {
  if (isId(subject) || SECRET_NAMES.some((name) => name === subject) || (await isPolicy(sql, subject))) return
  throw new Fault('invalid_request', {
    field: 'subject',
    detail:
      'subject is no id, such as img_ and 26 letters and digits, nor the name of a policy or a secret of this service',
  })
}

/** Whether any row of the log is about it. */
export async function isInLog(sql: Sql | Tx, subject: string): Promise<boolean> {
  const row = await sql.selectFrom('darkroom.move').select('id').where('subject_id', '=', subject).limit(1).execute()
  return row.length > 0
}

async function isPolicy(sql: Sql | Tx, id: string): Promise<boolean> {
  const rows = await sql.selectFrom('darkroom.policy_version').select('id').where('id', '=', id).limit(1).execute()
  return rows.length > 0
}

// The statement of reasons of a picture that is no longer published: of its owner, who took it back, or of people who found that a clause
// applies after somebody told of it.
import { sql as raw } from 'kysely'
import type { Statement } from '../advance.ts'
import { asJson, type Json } from '../kernel/canonical.ts'
import type { Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import { newId } from '../kernel/ids.ts'
import type { ModerationPolicy } from '../policy/policy.ts'
import { stateDenial } from '../review/reasons.ts'
import type { Ruling } from '../review/ruling.ts'
import { writeOwnerStatement } from '../statement/owner.ts'

export type WithdrawalReason =
  | { readonly by: 'owner' }
  | {
      readonly by: 'people'
      readonly ruling: Ruling
      /** Nobody outside told of it where an audit found it. */
      readonly source: 'notice' | 'own_initiative'
      readonly appealWindowDays: number
    }

/** Faults: statement_incomplete, policy_invalid; nothing is withdrawn then. */
export async function stateWithdrawal(
  tx: Tx,
  policy: ModerationPolicy,
  image: { id: string; createdAt: Date; verdict: Json | null },
  reason: WithdrawalReason,
): Promise<Statement> {
  if (reason.by === 'people') {
    const { ruling, source, appealWindowDays } = reason
    return stateDenial(tx, policy, {
      subject: { kind: 'image', id: image.id },
      stage: 'output',
      restriction: 'image_withdrawn',
      source,
      ruling,
      verdict: image.verdict,
      contentDate: image.createdAt,
      appealWindowDays,
    })
  }
  const { rows } = await raw<{ now: Date }>`SELECT darkroom.now() AS now`.execute(tx)
  const decidedAt = rows[0]?.now
  if (decidedAt === undefined) throw new Fault('database_failed', { detail: 'the database does not tell the time' })
  const id = newId('sor')
  const record = writeOwnerStatement({ id, policy, imageId: image.id, decidedAt, contentDate: image.createdAt })
  // There is nothing to appeal.
  return { id, appealUntil: decidedAt, record: asJson(record) }
}

// A refusal at admission, of a prompt or of a picture handed in with it: its statement of reasons and what the log says of it.
// No refusal without its statement, in one transaction with the move (admit.ts). Its words are statement/statement.ts's.
import { sql as raw } from 'kysely'
import type { Facts, Statement } from '../advance.ts'
import { asJson } from '../kernel/canonical.ts'
import type { Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import { newId } from '../kernel/ids.ts'
import { type ModerationPolicy, policyFacts } from '../policy/policy.ts'
import { writeStatement } from '../statement/statement.ts'
import type { UploadRefusal } from './inputs.ts'
import type { Refusal } from './screen.ts'

const DAY_MS = 86_400_000

/** Fault: statement_incomplete, and nothing is refused. */
export async function stateRefusal(
  tx: Tx,
  policy: ModerationPolicy,
  appealWindowDays: number,
  requestId: string,
  refusal: Refusal | UploadRefusal,
): Promise<Statement> {
  const { rows } = await raw<{ now: Date }>`SELECT darkroom.now() AS now`.execute(tx)
  const decidedAt = rows[0]?.now
  if (decidedAt === undefined) throw new Fault('database_failed', { detail: 'the database does not tell the time' })
  const id = newId('sor')
  const appealUntil = new Date(decidedAt.getTime() + appealWindowDays * DAY_MS)
  const statement = writeStatement({
    id,
    policy,
    stage: 'input',
    inputKind: 'input' in refusal ? refusal.input : 'prompt',
    subject: { kind: 'request', id: requestId },
    decision: refusal,
    detection: 'automated',
    decidedBy: 'automated',
    classifiers: 'input' in refusal ? refusal.classifiers : [],
    decidedAt,
    appealUntil,
  })
  return { id, appealUntil, record: asJson(statement) }
}

export function refusalFacts(refusal: Refusal | UploadRefusal): Facts {
  const { clause, category, categories, band, policy } = refusal
  const common = { ...policyFacts(policy), clause, category, categories: [...categories], band }
  if ('input' in refusal) {
    const { input, reason, classifiers } = refusal
    return { ...common, input, reason, classifiers: classifiers.map((one) => ({ ...one })) }
  }
  const { lists, phrases, languages, contexts, purpose, escalate } = refusal.facts
  return {
    ...common,
    clauses: [...refusal.clauses],
    matched: { lists: [...lists], phrases, languages: [...languages], contexts: [...contexts], purpose, escalate },
  }
}

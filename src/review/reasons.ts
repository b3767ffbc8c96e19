// A person's denial as a statement of reasons: the clause that the verdicts cite, with the findings that they chose. What software
// had found before stays told apart: it detected, people decided.
import { sql as raw } from 'kysely'
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import type { Statement } from '../advance.ts'
import { asJson, type Json } from '../kernel/canonical.ts'
import type { Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import { newId } from '../kernel/ids.ts'
import { type ModerationPolicy, policyRef } from '../policy/policy.ts'
import {
  type Band,
  type StatementInput,
  type Statement as StatementRecord,
  writeStatement,
} from '../statement/statement.ts'
import type { Ruling } from './ruling.ts'

const DAY_MS = 86_400_000

const Recorded = Compile(
  Type.Object({
    category: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    band: Type.Optional(Type.Enum(['low', 'borderline', 'elevated', 'high', 'unscored'])),
    classifiers: Type.Optional(
      Type.Array(Type.Object({ id: Type.String(), version: Type.String(), digest: Type.String() })),
    ),
  }),
)

export type Denial = {
  subject: StatementInput['subject']
  stage: StatementInput['stage']
  inputKind?: NonNullable<StatementInput['inputKind']>
  ruling: Ruling
  /** What software said of the picture, as its row keeps it; null where there is no such record. */
  verdict: Json | null
  restriction?: NonNullable<StatementInput['restriction']>
  source?: NonNullable<StatementInput['source']>
  contentDate: Date | null
  /** Null: the appeal that led to this was the one there is. */
  appealWindowDays: number | null
}

/** Faults: statement_incomplete (then nothing is denied), policy_invalid (the clause is gone from the policy). */
export async function stateDenial(tx: Tx, policy: ModerationPolicy, denial: Denial): Promise<Statement> {
  const { rows } = await raw<{ now: Date }>`SELECT darkroom.now() AS now`.execute(tx)
  const decidedAt = rows[0]?.now
  if (decidedAt === undefined) throw new Fault('database_failed', { detail: 'the database does not tell the time' })
  const id = newId('sor')
  const record = writeDenial(policy, denial, { id, decidedAt })
  const appealUntil = appealUntilOf(denial, decidedAt)
  return { id, appealUntil: appealUntil ?? decidedAt, record: asJson(record), decidedBy: denial.ruling.reviewers }
}

export type WordedDenial = Omit<Denial, 'ruling'> & { ruling: Pick<Ruling, 'clause' | 'findings'> }

/** The record alone, as it is stored and read. Pure. Faults: as stateDenial. */
export function writeDenial(
  policy: ModerationPolicy,
  denial: WordedDenial,
  { id, decidedAt }: { id: string; decidedAt: Date },
): StatementRecord {
  const { ruling, verdict, appealWindowDays: _window, ...stated } = denial
  const clause = ruling.clause === null ? undefined : policy.clauses.get(ruling.clause)
  if (clause === undefined)
    throw new Fault('policy_invalid', { detail: 'the clause of a verdict is gone from the policy' })
  const said = verdict !== null && Recorded.Check(verdict) ? verdict : {}
  const band = said.category === clause.category ? (said.band ?? 'unscored') : 'unscored'
  const classifiers = said.classifiers ?? []
  return writeStatement({
    ...stated,
    id,
    policy,
    decision: {
      clause: clause.id,
      category: clause.category,
      categories: [clause.category],
      band: bandOf(stated, band),
      policy: policyRef(policy),
    },
    findings: ruling.findings,
    detection: stated.source === 'notice' ? 'notice' : classifiers.length > 0 ? 'automated' : 'manual',
    decidedBy: 'person',
    classifiers,
    decidedAt,
    appealUntil: appealUntilOf(denial, decidedAt),
  })
}

function appealUntilOf({ appealWindowDays }: Pick<Denial, 'appealWindowDays'>, decidedAt: Date): Date | null {
  return appealWindowDays === null ? null : new Date(decidedAt.getTime() + appealWindowDays * DAY_MS)
}

/** A prompt has no score. */
function bandOf({ stage, inputKind }: Pick<Denial, 'stage' | 'inputKind'>, band: Band): Band {
  return stage === 'input' && inputKind !== 'image' ? 'unscored' : band
}

// What a ruling on an appeal does. Overturned: a denied picture is released as it was drawn, marked; a withdrawn one is published
// again; a refused request is admitted anew without the contested clause. Upheld: the restriction stands. Another clause found: it
// stands for that reason, under a statement of its own. Each end carries a reasoned answer, in the same transaction.
import { sql as raw } from 'kysely'
import { advance, restate } from '../advance.ts'
import { asJson } from '../kernel/canonical.ts'
import type { Tx } from '../kernel/database.ts'
import { Fault, isFault } from '../kernel/fault.ts'
import type { Ground } from '../kernel/ground.ts'
import type { Due } from '../kernel/tasks.ts'
import type { Clause, ModerationPolicy } from '../policy/policy.ts'
import type { Answered } from '../policy/review-rules.ts'
import type { ItemRow, ReviewTools } from '../review/item.ts'
import { stateDenial } from '../review/reasons.ts'
import type { Ruling } from '../review/ruling.ts'
import type { Effect } from '../review/settle.ts'
import { OWN } from '../statement/own-words.ts'
import { answerOf, type Decided } from './answer.ts'
import { type Contested, readContested } from './contested.ts'
import { endAppeal } from './end.ts'

/** Admits a refused request again; admit/readmit.ts is it. */
export type Readmit = (refused: {
  requestId: string
  clause: string
  category: string
  categories: readonly string[]
  inputKind: 'prompt' | 'image'
  purpose: string | null
}) => Promise<{
  requestId: string
  state: 'queued' | 'refused'
  write: (tx: Tx, appealId: string) => Promise<Due[]>
}>

type Readmitted = Awaited<ReturnType<Readmit>>

export type AppealTools = { readonly review: ReviewTools; readonly readmit: Readmit }

export function appealEffect(ground: Ground, tools: AppealTools): Effect {
  return async (item, ruling) => {
    const { tenant_id: tenantId, appeal_id: appealId } = item
    if (appealId === null) throw new TypeError('an item of an appeal names it')
    const appeal = await ground.database.sql
      .selectFrom('darkroom.appeal')
      .select(['statement_id', 'purpose'])
      .where('id', '=', appealId)
      .executeTakeFirstOrThrow()
    const contested = await readContested(ground.database.sql, tenantId, appeal.statement_id)
    const readmitted =
      ruling.outcome === 'allow' && contested.imageId === null
        ? await orNothing(() => tools.readmit({ ...contested, purpose: appeal.purpose }))
        : null
    return async (tx) => {
      const now = await readContested(tx, tenantId, appeal.statement_id)
      return apply(tx, tools, item, { ruling, contested: now, readmitted, purpose: appeal.purpose })
    }
  }
}

/**
 * How a ruling ends the appeal against `contested` as that stands now, and the ruling as the answer tells it. A request that is admitted
 * anew is screened by the other rules: where one of them refuses it, `overturned` becomes `partial`. Pure.
 */
export function outcomeOf(
  ruling: Ruling,
  { erased, stands, clause }: Pick<Contested, 'erased' | 'stands' | 'clause'>,
): { outcome: Answered; told: Ruling } {
  if (erased || !stands) return { outcome: 'omitted', told: { ...ruling, reason: 'content_erased' } }
  switch (ruling.outcome) {
    case 'omit':
      return { outcome: 'omitted', told: ruling }
    case 'allow':
      return { outcome: 'overturned', told: ruling }
    case 'deny':
      return { outcome: ruling.clause === clause ? 'upheld' : 'partial', told: ruling }
    default:
      return ruling.outcome satisfies never
  }
}

/** Whoever finds the content erased omits the appeal in its transaction. */
async function orNothing<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    if (isFault(error, 'gone')) return null
    throw error
  }
}

type Ruled = { ruling: Ruling; contested: Contested }

async function apply(
  tx: Tx,
  tools: AppealTools,
  item: ItemRow,
  { ruling, contested, readmitted, purpose }: Ruled & { readmitted: Readmitted | null; purpose: string | null },
): Promise<Due[]> {
  const { policy } = tools.review
  const { outcome, told } = outcomeOf(ruling, contested)
  switch (outcome) {
    case 'omitted':
      return close(tx, tools, item, outcome, { ruling: told, contested })
    case 'upheld': {
      const facts = factsOf(policy, ruling, contested, purpose)
      return close(tx, tools, item, outcome, { ruling, contested, facts })
    }
    case 'partial': {
      const facts = factsOf(policy, ruling, contested, purpose)
      const newStatementId = await denyAnew(tx, tools, item, { ruling, contested })
      return close(tx, tools, item, outcome, { ruling, contested, facts, newClause: ruling.clause, newStatementId })
    }
    case 'overturned': {
      if (contested.imageId !== null) {
        const due = await release(tx, item, contested.imageId)
        return [...due, ...(await close(tx, tools, item, outcome, { ruling, contested }))]
      }
      if (readmitted === null)
        throw new Fault('conflict', { retry: 'now', detail: 'the request is to be screened again' })
      const due = await readmitted.write(tx, appealOf(item))
      const result = { resultRequestId: readmitted.requestId }
      if (readmitted.state === 'queued')
        return [...due, ...(await close(tx, tools, item, outcome, { ruling, contested, ...result }))]
      const refusal = await tx
        .selectFrom('darkroom.statement')
        .select(['id', raw<string>`record->>'clause'`.as('clause'), raw<string>`record->>'facts'`.as('facts')])
        .where('subject_id', '=', readmitted.requestId)
        .executeTakeFirstOrThrow()
      const { id: newStatementId, clause: newClause, facts } = refusal
      const anew = { facts, newClause, refusedAnew: true, newStatementId }
      return close(tx, tools, item, 'partial', { ruling, contested, ...anew, ...result })
    }
    default:
      return outcome satisfies never
  }
}

/**
 * Of a picture what the reviewers chose from the clause's findings; of a text the clause's own explanation, unless that goes by what
 * the text is for and the appeal declared a `purpose`: the reviewers knew it, and an explanation that denies it would be untrue.
 */
export function factsOf(
  policy: ModerationPolicy,
  ruling: Ruling,
  contested: Contested,
  purpose: string | null,
): string {
  const clause = ruling.clause === null ? undefined : policy.clauses.get(ruling.clause)
  if (!clause?.statement)
    throw new Fault('policy_invalid', { detail: 'the clause of a verdict is gone from the policy' })
  const { facts, explanation } = clause.statement
  if (contested.inputKind === 'prompt' && purpose !== null && heedsPurpose(clause)) return OWN.purposeHeeded
  if (contested.inputKind === 'prompt' || facts.review === null) return explanation
  const name = policy.categories.find(({ id }) => id === clause.category)?.name
  const places: Readonly<Record<string, string | undefined>> = { ...ruling.findings, clause: clause.id, category: name }
  return facts.review.parts
    .map((part) => {
      if (typeof part === 'string') return part
      const found = places[part.place]
      if (!found) throw new Fault('statement_incomplete', { field: part.place })
      return found
    })
    .join('')
}

function heedsPurpose({ input }: Clause): boolean {
  return /\b(prompt\.contexts|purpose)\b/.test(input?.when.source ?? '')
}

/** The very picture: nothing is drawn again. */
async function release(tx: Tx, item: ItemRow, imageId: string): Promise<Due[]> {
  const {
    id,
    tenant_id: tenantId,
    state,
    version,
  } = await tx
    .selectFrom('darkroom.image')
    .select(['id', 'tenant_id', 'state', 'version'])
    .where('id', '=', imageId)
    .forUpdate()
    .executeTakeFirstOrThrow()
  const appealId = appealOf(item)
  const facts = { review: item.id, decided_by: 'person' }
  const move = { subject: 'image', id, tenantId, version, facts, appealId } as const
  const task = { tenantId, subject: 'image', subjectId: id } as const
  if (state === 'denied')
    return advance(tx, { ...move, from: 'denied', to: 'cleared', tasks: [{ ...task, stage: 'mark' }] })
  return advance(tx, { ...move, from: 'withdrawn', to: 'marked', tasks: [{ ...task, stage: 'publish' }] })
}

async function denyAnew(tx: Tx, tools: AppealTools, item: ItemRow, { ruling, contested }: Ruled): Promise<string> {
  const { imageId, requestId, inputKind, stage, statementId } = contested
  const subject = imageId === null ? ('request' as const) : ('image' as const)
  const id = imageId ?? requestId
  const row = await tx
    .selectFrom(subject === 'image' ? 'darkroom.image' : 'darkroom.request')
    .select(['version', 'tenant_id', 'created_at'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  const verdict =
    imageId === null
      ? null
      : (await tx.selectFrom('darkroom.image').select('verdict').where('id', '=', imageId).executeTakeFirstOrThrow())
          .verdict
  const statement = await stateDenial(tx, tools.review.policy, {
    subject: { kind: subject, id },
    stage,
    inputKind,
    ruling,
    verdict,
    contentDate: row.created_at,
    // The one appeal there is has led to it.
    appealWindowDays: null,
  })
  await restate(
    tx,
    { subject, id, tenantId: row.tenant_id, version: row.version },
    { statement, replaces: statementId, appealId: appealOf(item), facts: { clause: ruling.clause, review: item.id } },
  )
  return statement.id
}

type Closing = Ruled & {
  facts?: string
  newClause?: string | null
  refusedAnew?: boolean
  newStatementId?: string
  resultRequestId?: string
}

/** The appeal's last move, with its answer. */
async function close(tx: Tx, tools: AppealTools, item: ItemRow, outcome: Answered, closing: Closing): Promise<Due[]> {
  const { ruling, contested, facts = null, refusedAnew = false, resultRequestId = null } = closing
  const { newClause = null, newStatementId = null } = closing
  const appeal = await tx
    .selectFrom('darkroom.appeal')
    .select(['id', 'tenant_id', 'state', 'version'])
    .select(raw<Date>`darkroom.now()`.as('now'))
    .where('id', '=', appealOf(item))
    .forUpdate()
    .executeTakeFirstOrThrow()
  const { policy, rules } = tools.review
  const decided: Decided = {
    ...{ outcome, ruling, clause: contested.clause, facts, newClause, refusedAnew, newStatementId },
    decidedAt: appeal.now,
  }
  const answer = JSON.stringify(asJson(answerOf(policy, rules, decided)))
  return endAppeal(tx, appeal, outcome, {
    set: { answer, decided_at: appeal.now, result_request_id: resultRequestId },
    facts: {
      review: item.id,
      clause: contested.clause,
      new_clause: newClause,
      reason: ruling.reason,
      people: [...ruling.reviewers],
      result: resultRequestId,
      new_statement: newStatementId,
      rules: rules.digest,
      policy: policy.digest,
    },
  })
}

function appealOf({ appeal_id: appealId }: ItemRow): string {
  if (appealId === null) throw new TypeError('an item of an appeal names it')
  return appealId
}

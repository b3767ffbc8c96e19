// What would be read if a verdict were the decision: the notice of the statement of reasons, or the answer to an appeal, made by the code
// that writes them, and nothing is stored. Before one's own verdict is stored it goes by the lane and by what is shown alone, so that
// no kind of second look is told from another; what is withheld stands as DOTS.
import { sql as raw } from 'kysely'
import type { Json } from '../kernel/canonical.ts'
import type { Sql } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { ReviewKind } from '../kernel/review-tables.ts'
import type { ReviewRules } from '../policy/review-rules.ts'
import type { Seen } from '../review/access.ts'
import { requireRight } from '../review/decide.ts'
import type { ReviewTools } from '../review/item.ts'
import { type Lane, laneOf } from '../review/lane.ts'
import { type WordedDenial, writeDenial } from '../review/reasons.ts'
import type { Reviewer } from '../review/reviewer.ts'
import { type Ruling, ruleOn, type VerdictRow } from '../review/ruling.ts'
import { standing } from '../review/settle.ts'
import { checkVerdict, type Verdict } from '../review/verdict.ts'
import { userNotice } from '../statement/outputs.ts'
import { answerOf } from './answer.ts'
import { readContested } from './contested.ts'
import { factsOf, outcomeOf } from './effect.ts'

export type Preview =
  | { kind: 'statement'; title: string; sentences: string[] }
  /**
   * `more`: people whose verdicts are still needed; the text is the answer if they find the same. None: `final`, but for a request that is
   * admitted anew: where another rule refuses it then, that is the answer.
   */
  | { kind: 'answer'; text: string; final: boolean; more: number }
  /** Nobody is written to; what follows, in one sentence. */
  | { kind: 'none'; sentences: string[] }

export type PreviewTools = { readonly review: ReviewTools; readonly appealWindowDays: number }

const DOTS = '…'
/** Where a record needs an id, and there is none or it is withheld. */
const NO_ID = 'none'

function dotted(id: string): string {
  return id === NO_ID ? DOTS : id
}

/** Faults: decision_incomplete (with its field), forbidden, conflict (it is closed), statement_incomplete. */
export async function previewVerdict(
  sql: Sql,
  tools: PreviewTools,
  reviewer: Reviewer,
  item: Seen,
  verdict: Verdict,
): Promise<Preview> {
  const { policy, rules } = tools.review
  requireRight(reviewer, verdict)
  if (item.state === 'closed') throw new Fault('conflict', { detail: 'this item is closed already' })
  const lane = laneOf(item)
  checkVerdict(policy, rules, item.judged ? item : { ...item, kind: ALIKE[lane] }, verdict)
  if (item.judged && item.kind === 'appeal') return answerIf(sql, tools.review, reviewer, item, verdict)
  if (verdict.outcome !== 'deny' || lane === 'restricted')
    return { kind: 'none', sentences: [FOLLOWS[lane][verdict.outcome]] }
  const { rows } = await raw<{ now: Date }>`SELECT darkroom.now() AS now`.execute(sql)
  const denial = await denialOf(sql, tools, item, verdict)
  const record = writeDenial(policy, denial, { id: NO_ID, decidedAt: rows[0]?.now ?? new Date() })
  const { subject } = record
  const { title, sentences } = userNotice({ ...record, id: DOTS, subject: { ...subject, id: dotted(subject.id) } })
  return { kind: 'statement', title, sentences: [...sentences] }
}

/** What is asked of a verdict, by its lane alone. */
const ALIKE: Readonly<Record<Lane, ReviewKind>> = {
  first_look: 'hold',
  second_look: 'appeal',
  report: 'report',
  restricted: 'report',
}

const FOLLOWS: Readonly<Record<Lane, Readonly<Record<Verdict['outcome'], string>>>> = {
  first_look: {
    allow: 'If this decides it, the picture is marked and released to whoever asked for it.',
    deny: 'If this decides it, the picture stays where it is.',
    omit: 'It is left undecided.',
  },
  second_look: {
    allow: 'If this decides it, what was restricted is released, and what was released stays so.',
    deny: 'If this decides it, what was restricted stays so.',
    omit: 'It is left undecided, and whoever asked is told why.',
  },
  report: {
    allow: 'If this decides it, the picture stays published.',
    deny: 'If this decides it, the picture is withdrawn.',
    omit: 'The report is left undecided, and the picture stays as it is.',
  },
  restricted: {
    allow:
      'If this decides it, nothing changes: what was refused stays refused, and what is published stays published.',
    deny: 'If this decides it, what is published is withdrawn and what was refused stays refused, with the short notice that a restricted rule has; what is to be reported is drafted, and people send it or do not.',
    omit: 'It is left undecided, and everything stays as it is.',
  },
}

/** Of the same form for every item of a lane whose content is of one kind, until one has judged. */
async function denialOf(
  sql: Sql,
  { appealWindowDays }: PreviewTools,
  item: Seen,
  { clause, findings }: Verdict,
): Promise<WordedDenial> {
  const isPrompt = item.image_id === null && !item.upload
  const stated = { ruling: { clause, findings }, contentDate: null, appealWindowDays }
  if (isPrompt)
    return { ...stated, subject: { kind: 'request', id: NO_ID }, stage: 'input', inputKind: 'prompt', verdict: null }
  return {
    ...stated,
    subject: { kind: 'image', id: item.judged ? (item.image_id ?? NO_ID) : NO_ID },
    stage: 'output',
    verdict: item.judged ? await verdictOf(sql, item) : FOUND_BY_SOFTWARE,
    ...(item.kind === 'report'
      ? { restriction: 'image_withdrawn', source: item.report_id === null ? 'own_initiative' : 'notice' }
      : {}),
  }
}

/** A picture that waits was seen by software first. */
const FOUND_BY_SOFTWARE: Json = { classifiers: [{ id: NO_ID, version: NO_ID, digest: NO_ID }] }

async function verdictOf(sql: Sql, { image_id: id }: Seen): Promise<Json | null> {
  if (id === null) return null
  const image = await sql.selectFrom('darkroom.image').select('verdict').where('id', '=', id).executeTakeFirstOrThrow()
  return image.verdict
}

/** The answer to an appeal by the verdicts that count by now and this one, and by as many more like it as it takes. */
async function answerIf(
  sql: Sql,
  { policy, rules }: ReviewTools,
  { personId }: Reviewer,
  item: Seen,
  verdict: Verdict,
): Promise<Preview> {
  if (item.appeal_id === null) throw new TypeError('an item of an appeal names it')
  const appeal = await sql
    .selectFrom('darkroom.appeal')
    .select(['statement_id', 'purpose', raw<Date>`darkroom.now()`.as('now')])
    .where('id', '=', item.appeal_id)
    .executeTakeFirstOrThrow()
  const contested = await readContested(sql, item.tenant_id, appeal.statement_id)
  const others = (await standing(sql, item.id)).filter((one) => one.person_id !== personId && one.counted_at !== null)
  const mine: VerdictRow = { ...verdict, id: item.id, person_id: personId, counted_at: null }
  const { ruling, more } = rulingIf(item, others, mine, rules)
  const { outcome, told } = outcomeOf(ruling, contested)
  const stands = outcome === 'upheld' || outcome === 'partial'
  const { text } = answerOf(policy, rules, {
    outcome,
    ruling: told,
    clause: contested.clause,
    facts: stands ? factsOf(policy, ruling, contested, appeal.purpose) : null,
    newClause: outcome === 'partial' ? ruling.clause : null,
    refusedAnew: false,
    newStatementId: null,
    decidedAt: appeal.now,
  })
  return { kind: 'answer', text, final: more === 0, more }
}

/** `more`: how many further verdicts like this one it takes. */
function rulingIf(
  item: Seen,
  others: readonly VerdictRow[],
  mine: VerdictRow,
  rules: ReviewRules,
): { ruling: Ruling; more: number } {
  const verdicts = [...others, mine]
  for (let more = 0; ; more++) {
    const ruled = ruleOn(item, verdicts, rules)
    if ('ruling' in ruled) return { ruling: ruled.ruling, more }
    verdicts.push(mine)
  }
}

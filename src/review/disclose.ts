// What is shown of an item once one's own verdict on it is stored, or once it is closed: what it was, what software found with the
// thresholds that it was measured by, what was decided before and why, what the appellant says, what others found, and what
// became of similar ones. Other reviewers have no names here; nothing is of another tenant's.
import { sql as raw } from 'kysely'
import Type from 'typebox'
import { Value } from 'typebox/value'
import type { Json } from '../kernel/canonical.ts'
import type { Sql } from '../kernel/database.ts'
import type { ReviewKind } from '../kernel/review-tables.ts'
import type { ModerationPolicy } from '../policy/policy.ts'
import type { Seen } from './access.ts'
import type { Content } from './content.ts'
import type { ReviewTools } from './item.ts'
import type { Reviewer } from './reviewer.ts'
import { type Routed, ruleThatRouted } from './routing-records.ts'

type Outcome = 'allow' | 'deny' | 'omit'
export type Score = {
  category: string
  category_name: string
  score: number
  /** From which a person looks, and from which software refuses; null: no score does. */
  hold: number | null
  deny: number | null
}
export type Disclosed = {
  kind: ReviewKind
  category: string | null
  category_name: string | null
  clause: string | null
  rule: string | null
  severity: number
  request_id: string
  image_id: string | null
  /** What software said of the picture, and by which policy; null where none did. */
  automated: { verdict: string; reason: string | null; policy: string | null; scores: Score[] } | null
  /** The decision that stands, or stood before: its statement of reasons. */
  earlier: { statement_id: string; record: Json; decided_by_people: boolean } | null
  appeal: { id: string; text: string | null; purpose: string | null; created_at: string; state: string } | null
  own: OwnVerdict | null
  others: { by: 'another reviewer'; outcome: Outcome; clause: string | null; reason: string | null }[]
  similar: {
    id: string
    kind: ReviewKind
    outcome: string
    clause: string | null
    reason: string | null
    closed_at: string
  }[]
  siblings: { position: number; state: string }[]
  ruling: { outcome: Outcome; clause: string | null; reason: string | null } | null
  /** Which rule sent it where it went; null: none did, or who asks is no lead. */
  routing: Routed | null
}
export type OwnVerdict = {
  id: string
  outcome: Outcome
  clause: string | null
  findings: Json
  reason: string | null
  note: string | null
  at: string
  effect_at: string | null
  undoable: boolean
}

const SIMILAR = 10

export async function disclose(
  sql: Sql,
  { policy }: ReviewTools,
  reviewer: Reviewer,
  item: Seen,
  content: Content,
): Promise<Disclosed> {
  const { own, others } = await verdictsOf(sql, reviewer, item)
  return {
    kind: item.kind,
    category: item.category,
    category_name: policy.categories.find(({ id }) => id === item.category)?.name ?? null,
    clause: item.clause,
    rule: item.clause === null ? null : (policy.clauses.get(item.clause)?.rule ?? null),
    severity: item.severity,
    request_id: item.request_id,
    image_id: item.image_id,
    automated: content.image === null ? null : await automatedOf(sql, policy, content.image.id),
    earlier: await earlierOf(sql, item),
    appeal: await appealOf(sql, item),
    own,
    others,
    similar: item.restricted ? [] : await similarTo(sql, item),
    siblings: item.restricted ? [] : await siblingsOf(sql, item),
    ruling: Value.Check(Ruling, item.ruling) ? item.ruling : null,
    routing: reviewer.lead ? await ruleThatRouted(sql, item) : null,
  }
}

const Text = Type.Union([Type.String(), Type.Null()])
const Ruling = Type.Object({
  outcome: Type.Union([Type.Literal('allow'), Type.Literal('deny'), Type.Literal('omit')]),
  clause: Text,
  reason: Text,
})
/** As moderation writes it down, as far as it is shown. */
const Verdict = Type.Object({
  verdict: Type.String(),
  reason: Type.Optional(Text),
  scores: Type.Optional(Type.Record(Type.String(), Type.Number())),
  policy: Type.Optional(Type.Object({ version: Type.String() })),
})

async function automatedOf(sql: Sql, policy: ModerationPolicy, imageId: string): Promise<Disclosed['automated']> {
  const { verdict } = await sql
    .selectFrom('darkroom.image')
    .select('verdict')
    .where('id', '=', imageId)
    .executeTakeFirstOrThrow()
  if (!Value.Check(Verdict, verdict)) return null
  const scores = policy.categories.flatMap(({ id, name, image }): Score[] => {
    const score = verdict.scores?.[id]
    if (score === undefined) return []
    const { hold = null, deny = null } = image?.thresholds ?? {}
    return [{ category: id, category_name: name, score, hold, deny }]
  })
  return { verdict: verdict.verdict, reason: verdict.reason ?? null, policy: verdict.policy?.version ?? null, scores }
}

/** Of an appeal the contested statement; else that of the picture, or of the request. */
async function earlierOf(sql: Sql, item: Seen): Promise<Disclosed['earlier']> {
  const { rows } = await raw<{ id: string; record: Json; people: boolean }>`
    SELECT statement.id, statement.record, statement.decided_by <> '{}' AS people
      FROM darkroom.review_item AS item
      JOIN darkroom.request ON request.id = item.request_id
      LEFT JOIN darkroom.image ON image.id = item.image_id
      LEFT JOIN darkroom.appeal ON appeal.id = item.appeal_id
      JOIN darkroom.statement
        ON statement.id = coalesce(appeal.statement_id, image.statement_id,
                                   CASE WHEN item.image_id IS NULL THEN request.statement_id END)
     WHERE item.id = ${item.id}`.execute(sql)
  const [row] = rows
  return row === undefined ? null : { statement_id: row.id, record: row.record, decided_by_people: row.people }
}

async function appealOf(sql: Sql, { appeal_id: id }: Seen): Promise<Disclosed['appeal']> {
  if (id === null) return null
  const row = await sql
    .selectFrom('darkroom.appeal')
    .select(['id', 'text', 'purpose', 'state', 'created_at'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  return { ...row, created_at: row.created_at.toISOString() }
}

/** One's own verdict that stands, and those of others that count: one that can still be taken back is nobody else's to know. */
async function verdictsOf(sql: Sql, { personId }: Reviewer, item: Seen): Promise<Pick<Disclosed, 'own' | 'others'>> {
  const rows = await sql
    .selectFrom('darkroom.review_verdict')
    .select(['id', 'person_id', 'outcome', 'clause', 'findings', 'reason', 'note', 'at', 'counted_at'])
    .where('item_id', '=', item.id)
    .where('undone_at', 'is', null)
    .orderBy('at')
    .orderBy('id')
    .execute()
  const mine = rows.find((row) => row.person_id === personId)
  const others = rows.filter((row) => row.person_id !== personId && row.counted_at !== null)
  return {
    own: mine === undefined ? null : ownVerdict(mine, item),
    others: others.map(({ outcome, clause, reason }) => ({ by: 'another reviewer' as const, outcome, clause, reason })),
  }
}

type Mine = Pick<OwnVerdict, 'id' | 'outcome' | 'clause' | 'findings' | 'reason' | 'note'> & {
  at: Date
  counted_at: Date | null
}

function ownVerdict({ id, outcome, clause, findings, reason, note, at, counted_at }: Mine, item: Seen): OwnVerdict {
  const effectAt = counted_at ?? item.effect_at
  return {
    ...{ id, outcome, clause, findings, reason, note, at: at.toISOString() },
    effect_at: effectAt?.toISOString() ?? null,
    undoable: item.undoable,
  }
}

async function similarTo(sql: Sql, { id, tenant_id, clause }: Seen): Promise<Disclosed['similar']> {
  if (clause === null) return []
  const rows = await sql
    .selectFrom('darkroom.review_item')
    .select(['id', 'kind', 'ruling', 'closed_at'])
    .where('state', '=', 'closed')
    .where('tenant_id', '=', tenant_id)
    .where('clause', '=', clause)
    .where('restricted', '=', false)
    .where('id', '<>', id)
    .orderBy('closed_at', 'desc')
    .limit(SIMILAR)
    .execute()
  return rows.flatMap(({ id: other, kind, ruling, closed_at }) =>
    closed_at !== null && Value.Check(Similar, ruling)
      ? [
          {
            ...{ id: other, kind, outcome: ruling.outcome, clause: ruling.clause ?? null, reason: ruling.reason },
            closed_at: closed_at.toISOString(),
          },
        ]
      : [],
  )
}

/** What the service closed by itself has no clause. */
const Similar = Type.Object({ outcome: Type.String(), clause: Type.Optional(Text), reason: Text })

async function siblingsOf(sql: Sql, { request_id, image_id }: Seen): Promise<Disclosed['siblings']> {
  return sql
    .selectFrom('darkroom.image')
    .select(['position', 'state'])
    .where('request_id', '=', request_id)
    .$if(image_id !== null, (query) => query.where('id', '<>', image_id ?? ''))
    .orderBy('position')
    .execute()
}

// What a person is shown of an item before their verdict on it is stored: the content, blurred, and what they may answer. Scores,
// category, clause, outcome, history, neighbours, names and which kind of second look it is are not here, whoever asks, and no
// field is there for some kinds alone. `disclosed` is what is added afterwards (disclose.ts).
import { sql as raw } from 'kysely'
import type { Sql } from '../kernel/database.ts'
import type { Seen } from './access.ts'
import { type Choices, choicesFor } from './choices.ts'
import { type Content, readContent } from './content.ts'
import { type Disclosed, disclose } from './disclose.ts'
import type { ReviewTools } from './item.ts'
import { type Lane, laneDeadline, laneOf } from './lane.ts'
import type { Reviewer } from './reviewer.ts'

export type ItemView = {
  id: string
  object: 'review_item'
  lane: Lane
  language: string | null
  waiting_since: string
  /** When the most urgent item of the lane that came then is due. */
  deadline_at: string
  subject: { kind: 'image' | 'prompt'; width: number | null; height: number | null }
  purpose: string | null
  prompt: { shown: boolean; text: string | null; negative: string | null }
  /** Where the blurred picture is; null: there is none, or it is withheld until it is asked for. */
  picture: string | null
  /** Whether there is a picture or mask that the request started from, which can be asked for. */
  has_input: boolean
  /** Whether the content is gone: then there is nothing left to look at. */
  erased: boolean
  report: { category: string; text: string | null } | null
  handover_note: string | null
  /** Identical held items that nobody has, which may be given the same verdict. */
  alike: string[]
  lease: { until: string } | null
  choices: Choices
  undo_seconds: number
  disclosed: Disclosed | null
}

const ALIKE = 100

export async function viewItem(sql: Sql, tools: ReviewTools, reviewer: Reviewer, item: Seen): Promise<ItemView> {
  const { policy, rules } = tools
  const content = await readContent(sql, item)
  const lane = laneOf(item)
  const revealed = await revealedTo(sql, reviewer, item)
  const isPicture = content.subject === 'image'
  return {
    id: item.id,
    object: 'review_item',
    lane,
    language: item.language,
    waiting_since: item.created_at.toISOString(),
    deadline_at: laneDeadline(rules, lane, item.created_at).toISOString(),
    subject: {
      kind: content.subject,
      width: isPicture ? content.width : null,
      height: isPicture ? content.height : null,
    },
    purpose: content.purpose,
    prompt: promptOf(content, showsPrompt(item, content, revealed)),
    picture: isPicture && !content.erased && showsPicture(item, revealed) ? picturePath(item.id) : null,
    has_input: content.inputKey !== null,
    erased: content.erased,
    report: lane === 'report' ? await reportOf(sql, item) : null,
    handover_note: item.handover_note,
    alike: item.held && lane === 'first_look' ? await alikeTo(sql, item) : [],
    lease: item.held && item.lease_until !== null ? { until: item.lease_until.toISOString() } : null,
    choices: choicesFor(policy, rules, item, reviewer.lead),
    undo_seconds: rules.undoMs / 1000,
    disclosed: isDisclosed(item) ? await disclose(sql, tools, reviewer, item, content) : null,
  }
}

/** Nothing is left to judge, or this person has judged. Even a lead judges first. */
function isDisclosed({ judged, state }: Seen): boolean {
  return judged || state === 'closed'
}

export function picturePath(itemId: string): string {
  return `/v1/review/items/${itemId}/picture`
}

export type What = 'picture' | 'prompt' | 'input'

/** What was revealed to this person of this item. */
export async function revealedTo(sql: Sql, { personId }: Reviewer, { id }: { id: string }): Promise<Set<What>> {
  const rows = await sql
    .selectFrom('darkroom.review_reveal')
    .select('what')
    .distinct()
    .where('item_id', '=', id)
    .where('person_id', '=', personId)
    .execute()
  return new Set(rows.map((row) => row.what))
}

/** Of what is restricted not even the blurred picture, before it is asked for. */
function showsPicture(item: Seen, revealed: ReadonlySet<What>): boolean {
  return laneOf(item) !== 'restricted' || revealed.has('picture')
}

/** A prompt that was refused is itself what is judged; another comes when it is asked for, or with one's own verdict. */
export function showsPrompt(item: Seen, { subject }: Content, revealed: ReadonlySet<What>): boolean {
  return revealed.has('prompt') || item.judged || (subject === 'prompt' && laneOf(item) !== 'restricted')
}

function promptOf({ prompt, negativePrompt }: Content, shown: boolean): ItemView['prompt'] {
  return shown ? { shown, text: prompt, negative: negativePrompt } : { shown, text: null, negative: null }
}

/** A report is what its item is about. */
async function reportOf(sql: Sql, { report_id: id }: Seen): Promise<ItemView['report']> {
  if (id === null) return null
  const row = await sql
    .selectFrom('darkroom.report')
    .select(['category', 'text'])
    .where('id', '=', id)
    .executeTakeFirst()
  return row ?? null
}

async function alikeTo(sql: Sql, item: Seen): Promise<string[]> {
  if (item.content_digest === null) return []
  const rows = await sql
    .selectFrom('darkroom.review_item')
    .select('id')
    .where('content_digest', '=', item.content_digest)
    .where('state', '=', 'open')
    .where('kind', '=', 'hold')
    .where('restricted', '=', false)
    .where('tenant_id', '=', item.tenant_id)
    .where('clause', 'is not distinct from', item.clause)
    .where('id', '<>', item.id)
    .where(raw<boolean>`(lease_until IS NULL OR lease_until <= (SELECT darkroom.now()))`)
    .orderBy('id')
    .limit(ALIKE)
    .execute()
  return rows.map((row) => row.id)
}

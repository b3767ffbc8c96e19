// Lets verdicts take effect once their undo time is over: a ruling closes the item with its effect, in one transaction; where more
// verdicts are needed the item goes back to the queue. This is also crash recovery: what is due is found again by its time. An
// effect that fails is tried again later, ever more rarely, and keeps nothing else waiting.
import { sql as raw } from 'kysely'
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import { note } from '../advance.ts'
import type { Sql, Tx } from '../kernel/database.ts'
import type { Ground } from '../kernel/ground.ts'
import { REVIEW_TOPIC, requestTopic } from '../kernel/ground.ts'
import { WEBHOOK_TOPIC } from '../kernel/outbox.ts'
import type { ReviewKind } from '../kernel/review-tables.ts'
import type { Due } from '../kernel/tasks.ts'
import { lockRequest } from '../outcome.ts'
import type { ItemRow, ReviewTools } from './item.ts'
import { type Ruled, type Ruling, ruleOn, type VerdictRow } from './ruling.ts'

/**
 * What a ruling does to its subject. It first does what no transaction may wait for, and answers what the transaction then does: under
 * the request's lock and the item's, and again from the start if that fails. It must find out for itself that its subject is gone.
 */
export type Effect = (item: ItemRow, ruling: Ruling) => Promise<(tx: Tx) => Promise<Due[]>>
export type Effects = Readonly<Record<ReviewKind, Effect>>

const AT_ONCE = 50
const LONGEST_WAIT_SECONDS = 3600

/** One pass over what is due; returns how many items it settled or gave back. */
export async function settleDue(ground: Ground, tools: ReviewTools, effects: Effects): Promise<number> {
  const due = await ground.database.sql
    .selectFrom('darkroom.review_item')
    .select('id')
    .where('state', '=', 'decided')
    .where('effect_at', '<=', raw<Date>`(SELECT darkroom.now())`)
    .orderBy('effect_at')
    .limit(AT_ONCE)
    .execute()
  let settled = 0
  for (const { id } of due) {
    try {
      if (await settleItem(ground, tools, effects, id)) settled++
    } catch (error) {
      ground.log.error({ error, item: id }, 'a verdict could not take effect; it is tried again')
      await postpone(ground.database.sql, id)
    }
  }
  return settled
}

async function settleItem(ground: Ground, tools: ReviewTools, effects: Effects, itemId: string): Promise<boolean> {
  const { sql } = ground.database
  const item = await readDue(sql, itemId)
  if (item === null) return false
  const verdicts = await standing(sql, itemId)
  const ruled = ruleOn(item, verdicts, tools.rules)
  const apply = 'ruling' in ruled ? await effects[item.kind](item, ruled.ruling) : null
  const done = await ground.database.transact(async (tx) => {
    await lockRequest(tx, item.request_id)
    const now = await readDue(tx, itemId, true)
    // Somebody settled it meanwhile, or it was closed or undone.
    if (now === null || now.fence !== item.fence) return null
    const uncounted = verdicts.filter((one) => one.counted_at === null)
    await closeOrReopen(tx, item, verdicts.length, ruled)
    await markCounted(tx, uncounted)
    const due = apply === null ? [] : await apply(tx)
    await noteVerdicts(tx, item, uncounted, ruled)
    return due
  })
  if (done === null) return false
  ground.bell.ring(done)
  ground.bell.tell(REVIEW_TOPIC, {})
  if (apply !== null) {
    ground.bell.tell(requestTopic(item.request_id), { review: item.id })
    ground.bell.tell(WEBHOOK_TOPIC, {})
  }
  return true
}

async function readDue(sql: Sql | Tx, itemId: string, lock = false): Promise<ItemRow | null> {
  const row = await sql
    .selectFrom('darkroom.review_item')
    .selectAll()
    .where('id', '=', itemId)
    .where('state', '=', 'decided')
    .where('effect_at', '<=', raw<Date>`(SELECT darkroom.now())`)
    .$if(lock, (query) => query.forUpdate())
    .executeTakeFirst()
  return row ?? null
}

const Findings = Compile(Type.Record(Type.String(), Type.String()))

/** The verdicts of an item that nobody took back, in the order in which they were given. */
export async function standing(sql: Sql | Tx, itemId: string): Promise<VerdictRow[]> {
  const rows = await sql
    .selectFrom('darkroom.review_verdict')
    .select(['id', 'person_id', 'outcome', 'clause', 'findings', 'reason', 'counted_at'])
    .where('item_id', '=', itemId)
    .where('undone_at', 'is', null)
    .orderBy('at')
    .orderBy('id')
    .execute()
  return rows.map((row) => ({ ...row, findings: Findings.Parse(row.findings) }))
}

async function closeOrReopen(tx: Tx, item: ItemRow, verdicts: number, ruled: Ruled): Promise<void> {
  const always = { verdicts, effect_at: null, effect_tries: 0, fence: raw<string>`fence + 1` }
  await tx
    .updateTable('darkroom.review_item')
    .set(
      'ruling' in ruled
        ? { ...always, state: 'closed', closed_at: raw<Date>`darkroom.now()`, ruling: JSON.stringify(ruled.ruling) }
        : { ...always, state: 'open', needs: ruled.needs },
    )
    .where('id', '=', item.id)
    .execute()
}

async function markCounted(tx: Tx, verdicts: readonly VerdictRow[]): Promise<void> {
  if (verdicts.length === 0) return
  await tx
    .updateTable('darkroom.review_verdict')
    .set({ counted_at: raw<Date>`darkroom.now()` })
    .where(
      'id',
      'in',
      verdicts.map((one) => one.id),
    )
    .execute()
}

/** Who decided what, for the log: ids and outcomes; a reviewer's note stays out of it. */
async function noteVerdicts(tx: Tx, item: ItemRow, verdicts: readonly VerdictRow[], ruled: Ruled): Promise<void> {
  for (const { id, person_id, outcome, clause, reason } of verdicts)
    await note(tx, item.tenant_id, 'review.verdict', item.id, {
      kind: item.kind,
      image: item.image_id,
      request: item.request_id,
      verdict: id,
      person: person_id,
      outcome,
      clause,
      reason,
    })
  if (!('ruling' in ruled)) return
  const { outcome, clause, reason, verdicts: counted } = ruled.ruling
  await note(tx, item.tenant_id, 'review.ruled', item.id, {
    kind: item.kind,
    image: item.image_id,
    request: item.request_id,
    outcome,
    clause,
    reason,
    verdicts: [...counted],
  })
}

async function postpone(sql: Sql, itemId: string): Promise<void> {
  await raw`
    UPDATE darkroom.review_item
       SET effect_tries = effect_tries + 1,
           effect_at = darkroom.now() + least(${LONGEST_WAIT_SECONDS}, 2 ^ least(effect_tries, 12)) * interval '1 second'
     WHERE id = ${itemId} AND state = 'decided'`.execute(sql)
}

// What the public says of a published picture. Whoever reports is answered alike whether or not there is such a picture, so nothing can
// be probed. A picture has one item in the queue however many report it; a graver report raises it, and a report of what only a
// restricted team may see has an item of its own. What the reporter wrote, and how to reach them, goes with the outcome.
import { setTimeout as sleep } from 'node:timers/promises'
import { sql as raw } from 'kysely'
import { note } from '../advance.ts'
import type { Tx } from '../kernel/database.ts'
import type { Ground } from '../kernel/ground.ts'
import { newId, type ReportId } from '../kernel/ids.ts'
import { lockRequest } from '../outcome.ts'
import type { ModerationPolicy } from '../policy/policy.ts'
import { addItem, type ReviewTools, raiseItem } from '../review/item.ts'

/** Beside the policy's categories. */
const OTHER_REPORTS = [
  { id: 'not_ours', name: 'It says that it was made here, and was not' },
  { id: 'other', name: 'Something else' },
]

/** More of one picture tell nobody anything new. */
const MOST_OPEN = 100
/** No answer comes sooner, so that its time tells nothing of what was found. */
const ANSWER_MS = 250

export type NewReport = {
  /** An image's id, or a link that has it in it. */
  image: string
  category: string
  text: string | null
  email: string | null
}
type Reported = { id: string; request_id: string; tenant_id: string }

/** What a report may be of. */
export function reportCategories(policy: ModerationPolicy): { id: string; name: string }[] {
  return [...policy.categories.map(({ id, name }) => ({ id, name })), ...OTHER_REPORTS]
}

/** Takes a report; its id tells nothing of whether there was anything to report. */
export async function fileReport(
  ground: Ground,
  tools: ReviewTools,
  report: NewReport,
  answerMs = ANSWER_MS,
): Promise<ReportId> {
  const id = newId('rep')
  const soonest = sleep(answerMs)
  const imageId = /img_[0-9a-z]{26}/.exec(report.image)?.[0] ?? newId('img')
  const { rows } = await raw<{ request_id: string }>`
    SELECT request_id FROM darkroom.image WHERE id = ${imageId}`.execute(ground.database.sql)
  await ground.database.transact(async (tx) => {
    await lockRequest(tx, rows[0]?.request_id ?? newId('req'))
    const image = await readReported(tx, imageId)
    if (image !== null) await store(tx, tools, image, { ...report, id })
  })
  await soonest
  return id
}

/** Null: nothing that anybody could see. */
async function readReported(tx: Tx, imageId: string): Promise<Reported | null> {
  const { rows } = await raw<Reported & { reports: string }>`
    SELECT image.id, image.request_id, image.tenant_id,
           (SELECT count(*) FROM darkroom.report WHERE image_id = image.id AND state = 'open') AS reports
      FROM darkroom.image AS image
     WHERE image.id = ${imageId} AND image.state = 'published' AND image.erased_at IS NULL`.execute(tx)
  const [image] = rows
  return image === undefined || Number(image.reports) >= MOST_OPEN ? null : image
}

async function store(tx: Tx, tools: ReviewTools, image: Reported, report: NewReport & { id: string }): Promise<void> {
  const { id, category, text, email } = report
  const { id: imageId, request_id: requestId, tenant_id: tenantId } = image
  await tx
    .insertInto('darkroom.report')
    .values({ id, tenant_id: tenantId, image_id: imageId, category, text, email })
    .execute()
  const named = tools.policy.categories.find((one) => one.id === category)
  const restricted = restrictedCategories(tools.policy).includes(category)
  const open = await tx
    .selectFrom('darkroom.review_item')
    .select('id')
    .where('image_id', '=', imageId)
    .where('kind', '=', 'report')
    .where('restricted', '=', restricted)
    .where('state', '<>', 'closed')
    .executeTakeFirst()
  if (open !== undefined) return raiseItem(tx, tools, open.id, named?.id ?? null)
  const item = { tenantId, requestId, imageId, reportId: id, category: named?.id ?? null, clause: null, restricted }
  const itemId = await addItem(tx, tools, { kind: 'report', ...item })
  await note(tx, tenantId, 'image.reported', imageId, { report: id, review: itemId, category })
}

/** Which open reports: those that a restricted team alone decides, or the others. */
export type Lane = { readonly restricted: boolean; readonly policy: ModerationPolicy }

/** Gives the open reports of these images their outcome; who reported and what they wrote is erased. */
export async function endReports(
  tx: Tx,
  imageIds: readonly string[],
  outcome: 'kept' | 'removed' | 'omitted',
  lane: Lane | null,
): Promise<void> {
  if (imageIds.length === 0) return
  const closed = lane === null ? [] : restrictedCategories(lane.policy)
  await tx
    .updateTable('darkroom.report')
    .set({ state: outcome, decided_at: raw<Date>`darkroom.now()`, text: null, email: null })
    .where('image_id', 'in', imageIds)
    .where('state', '=', 'open')
    .$if(lane !== null, (query) => query.where(isOf(closed), '=', lane?.restricted === true))
    .execute()
}

function isOf(categories: readonly string[]) {
  return raw<boolean>`category = ANY (${[...categories]}::text[])`
}

/** Categories of which a report is for a restricted team alone. */
export function restrictedCategories({ categories }: ModerationPolicy): string[] {
  const isRestricted = ({ clauses }: (typeof categories)[number]) =>
    clauses.some(({ statement }) => statement?.redress === 'restricted')
  return categories.filter(isRestricted).map(({ id }) => id)
}

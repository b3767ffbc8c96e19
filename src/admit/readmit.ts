// A refused request that an appeal overturned becomes a new request: the same order, screened again without the contested clause and
// no other. It skips nothing else, its pictures are judged like any, and it is never charged or counted against a quota. If another
// clause refuses it, that is a new refusal with a statement of its own.
import { randomBytes } from 'node:crypto'
import { sql as raw, type Selectable } from 'kysely'
import { advance, recordBirths } from '../advance.ts'
import { saltedDigest } from '../kernel/canonical.ts'
import type { Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { Ground } from '../kernel/ground.ts'
import { newId } from '../kernel/ids.ts'
import { samplingOf, storedSampling, syntaxOf } from '../kernel/sampling.ts'
import type { RequestTable } from '../kernel/tables.ts'
import type { Due } from '../kernel/tasks.ts'
import type { ModerationPolicy } from '../policy/policy.ts'
import { policyOf } from '../policy/settings.ts'
import type { ReviewTools } from '../review/item.ts'
import type { Admission } from './admit.ts'
import { copyInputs } from './copy-inputs.ts'
import { queueEscalation } from './escalation.ts'
import { insertImages } from './image-rows.ts'
import { inputFacts, insertInputs, type StoredEdit } from './input-store.ts'
import type { UploadRefusal } from './inputs.ts'
import { refusalFacts, stateRefusal } from './refusal.ts'
import { type Allowed, type Refusal, screenPrompt } from './screen.ts'

export type ReadmitTools = Pick<Admission, 'policy' | 'readWeighted' | 'markIdBits'> & { readonly review: ReviewTools }

export type Refused = {
  requestId: string
  /** The clause that the appeal lifts. */
  clause: string
  category: string
  /** Every category that the refusal found. */
  categories: readonly string[]
  inputKind: 'prompt' | 'image'
  /** What the appellant declared; null keeps what the order said. */
  purpose: string | null
}

export type Readmission = {
  readonly requestId: string
  readonly state: 'queued' | 'refused'
  /** Admits it, under the refused request's lock. */
  readonly write: (tx: Tx, appealId: string) => Promise<Due[]>
}

const SALT_BYTES = 16

/** Screens a refused order again and stores its inputs anew. Faults: gone (erased meanwhile), policy_invalid, object_store_failed. */
export async function prepareReadmission(ground: Ground, tools: ReadmitTools, refused: Refused): Promise<Readmission> {
  const order = await ground.database.sql
    .selectFrom('darkroom.request')
    .selectAll()
    .where('id', '=', refused.requestId)
    .executeTakeFirst()
  if (order === undefined || order.prompt === null || order.erased_at !== null)
    throw new Fault('gone', { detail: 'the request was erased meanwhile' })
  const { prompt } = order
  const purpose = refused.purpose ?? order.purpose
  const policy = await policyFor(ground, tools.policy, order.tenant_id)
  const screened = screenAgain(policy, tools, { ...order, prompt, purpose }, refused)
  const requestId = newId('req')
  const salt = randomBytes(SALT_BYTES)
  const stored = await copyInputs(ground, order, requestId)
  return {
    requestId,
    state: screened.verdict === 'allow' ? 'queued' : 'refused',
    write: (tx, appealId) =>
      write(tx, ground, tools, {
        order: { ...order, prompt, purpose },
        requestId,
        salt,
        stored,
        screened,
        appealId,
        refused,
      }),
  }
}

/** The policy as the tenant's own settings make it now. */
async function policyFor({ database }: Ground, policy: ModerationPolicy, tenantId: string): Promise<ModerationPolicy> {
  const tenant = await database.sql
    .selectFrom('darkroom.tenant')
    .select('policy')
    .where('id', '=', tenantId)
    .executeTakeFirstOrThrow()
  return policyOf(policy, tenant.policy)
}

type Order = Omit<Selectable<RequestTable>, 'prompt'> & { prompt: string }

function screenAgain(
  policy: ModerationPolicy,
  { readWeighted }: ReadmitTools,
  order: Order,
  refused: Refused,
): Allowed | Refusal | UploadRefusal {
  const screened = screenPrompt(policy, {
    prompt: order.prompt,
    ...(order.negative_prompt === null ? {} : { negativePrompt: order.negative_prompt }),
    ...(order.purpose === null ? {} : { purpose: order.purpose }),
    tenant: order.tenant_id,
    ...(syntaxOf(order.sampling) === 'plain' ? {} : { readWeighted }),
    skipClauses: [refused.clause],
  })
  if (screened.verdict !== 'allow' || refused.inputKind === 'prompt') return screened
  // Of an uploaded picture people judged what the clause says; what else software found in it stands.
  const others = refused.categories.filter((one) => one !== refused.category)
  const category = policy.categories.find(({ id, image }) => others.includes(id) && image !== null)
  if (category === undefined || category.image === null) return screened
  return {
    verdict: 'refuse',
    input: 'image',
    reason: 'rule',
    clause: category.image.clause,
    category: category.id,
    categories: others,
    band: 'unscored',
    classifiers: [],
    policy: screened.policy,
  }
}

type Entry = {
  order: Order
  requestId: string
  salt: Buffer
  stored: StoredEdit | null
  screened: Allowed | Refusal | UploadRefusal
  appealId: string
  refused: Refused
}

async function write(tx: Tx, { config }: Ground, tools: ReadmitTools, entry: Entry): Promise<Due[]> {
  const { order, requestId, salt, stored, screened, appealId, refused } = entry
  const { tenant_id: tenantId } = order
  await insertAgain(tx, tools.policy, entry)
  if (stored !== null) await insertInputs(tx, requestId, salt, stored)
  const images = await insertImages(tx, tools, tenantId, requestId, { n: order.n, seed: Number(order.seed) })
  const facts = {
    appeal: appealId,
    refused: refused.requestId,
    skipped: refused.clause,
    prompt: saltedDigest(salt, order.prompt),
    model: order.model,
    model_version: order.model_version,
    pack: order.pack_digest,
    n: order.n,
    seed: Number(order.seed),
    policy: tools.policy.digest,
    ...inputFacts(salt, stored),
  }
  const births = [{ subject: 'request' as const, id: requestId, facts }, ...images]
  const received = { subject: 'request', id: requestId, tenantId, from: 'received', version: 0 } as const
  if (screened.verdict === 'allow')
    return advance(tx, {
      ...received,
      to: 'queued',
      facts: { policy: screened.policy.digest, contexts: [...screened.contexts] },
      tasks: [{ tenantId, subject: 'request', subjectId: requestId, stage: 'generate', cost: order.cost }],
      births,
    })
  await recordBirths(tx, tenantId, births)
  for (const { id } of images)
    await advance(tx, { subject: 'image', id, tenantId, from: 'planned', version: 0, to: 'cancelled', facts: {} })
  const statement = await stateRefusal(tx, tools.policy, config.appealWindowDays, requestId, screened)
  const due = await advance(tx, { ...received, to: 'refused', facts: refusalFacts(screened), statement })
  await queueEscalation(tx, tools.review, { tenantId, requestId, prompt: order.prompt, refusal: screened })
  return due
}

/** The same order as it was, under a new id: what changes is named here. */
async function insertAgain(tx: Tx, policy: ModerationPolicy, entry: Entry): Promise<void> {
  const { order, requestId, salt, appealId, refused } = entry
  await tx
    .insertInto('darkroom.request')
    .values({
      ...order,
      id: requestId,
      state: 'received',
      version: 0,
      attempt: 0,
      failure: null,
      salt,
      sampling: storedSampling(samplingOf(order.sampling)),
      gpu_ms: 0,
      steps_done: 0,
      policy_digest: policy.digest,
      statement_id: null,
      idempotency_key: null,
      order_digest: null,
      appeal_id: appealId,
      skip_clauses: [...order.skip_clauses, refused.clause],
      // A rehearsal goes on as one.
      sandbox: order.sandbox === null ? null : 'published',
      created_at: raw<Date>`darkroom.now()`,
      updated_at: raw<Date>`darkroom.now()`,
    })
    .execute()
}

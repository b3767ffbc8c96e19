// Admission: an order becomes a request with all of its images' rows, in one transaction, queued or refused. A refusal is a value
// and comes with its statement of reasons; an error of any kind admits nothing. generate/generate.ts is next.
import { randomBytes } from 'node:crypto'
import { advance, type Birth, recordBirths } from '../advance.ts'
import { saltedDigest } from '../kernel/canonical.ts'
import type { Tx } from '../kernel/database.ts'
import { isFault } from '../kernel/fault.ts'
import { type Ground, requestTopic } from '../kernel/ground.ts'
import { type Idempotency, readIdempotency } from '../kernel/idempotency.ts'
import { newId } from '../kernel/ids.ts'
import type { ModelCard, ReadWeighted } from '../kernel/model.ts'
import { WEBHOOK_TOPIC } from '../kernel/outbox.ts'
import { storedSampling } from '../kernel/sampling.ts'
import { type Scenario, scenarioText } from '../kernel/sandbox.ts'
import type { Due } from '../kernel/tasks.ts'
import { type ModerationPolicy, policyFacts } from '../policy/policy.ts'
import type { Plans } from '../policy/quotas.ts'
import { policyOf } from '../policy/settings.ts'
import type { ReviewTools } from '../review/item.ts'
import type { Caller } from '../tenant/caller.ts'
import { holdQuota } from '../tenant/quota.ts'
import { countRefusals } from '../tenant/refusals.ts'
import { userDigestOf } from '../tenant/users.ts'
import { queueEscalation } from './escalation.ts'
import { findAdmitted, freeKey, isKeyTaken } from './idempotency.ts'
import { insertImages } from './image-rows.ts'
import { inputFacts, insertInputs, type StoredEdit, withStoredEdit } from './input-store.ts'
import { type Edit, type InputTools, operationOf, prepareEdit, screenInput } from './inputs.ts'
import { checkOrder, type GenerationOrder, type Recipe } from './order.ts'
import { requirePurpose } from './purpose.ts'
import { refusalFacts, stateRefusal } from './refusal.ts'
import { forcedRefusal, readScenario } from './sandbox.ts'
import { requireWeights, screenPrompt } from './screen.ts'
import type { Turns } from './turns.ts'

export type Admission = {
  readonly models: readonly ModelCard[]
  readonly policy: ModerationPolicy
  /** Who is called when a refusal calls a person. */
  readonly review: ReviewTools
  /** What tenants may have. */
  readonly plans: Plans
  /** Device work of an order, in the scheduler's unit. */
  readonly costOf: (order: { steps: number; width: number; height: number; n: number }) => number
  /** The words of a weighted prompt, for screening. */
  readonly readWeighted: ReadWeighted
  /** Payload bits of the watermark: mark ids are below 2 to this power. */
  readonly markIdBits: number
  /** One tenant's orders wait for each other here, not for each other's database connections. */
  readonly turns: Turns
  /** Keys the digest of what callers say of their users. */
  readonly userSecret: Uint8Array
}

export type Admitted = {
  requestId: string
  state: 'queued' | 'refused'
  /** The answer to an order that was admitted before, under the same key. */
  replayed: boolean
}

/** The pictures of an edit, and the other stages' work that admits them. */
export type GivenEdit = { edit: Edit; tools: InputTools }

type Entry = {
  id: string
  salt: Uint8Array
  recipe: Recipe
  idempotency: Idempotency | null
  scenario: Scenario | null
  stored: StoredEdit | null
}

const SALT_BYTES = 16

/**
 * With an idempotency key, an order that was admitted before is answered with its request.
 * Faults: invalid_request and model_unknown (with the field), conflict (the key was another order's), quota_exceeded, policy_invalid,
 * statement_incomplete, database_failed.
 */
export async function admitGeneration(
  ground: Ground,
  admission: Admission,
  caller: Caller,
  order: GenerationOrder,
  idempotencyKey: string | null = null,
  edit: GivenEdit | null = null,
): Promise<Admitted> {
  const idempotency = readIdempotency(idempotencyKey, order, caller.tenantId, admission.userSecret)
  if (idempotency === null) return admitNew(ground, admission, caller, order, null, edit)
  const find = () =>
    findAdmitted(ground.database.sql, caller.tenantId, idempotency, ground.config.native.idempotencyHours)
  const earlier = await find()
  if (earlier !== null) return earlier
  try {
    return await admitNew(ground, admission, caller, order, idempotency, edit)
  } catch (error) {
    // Who waited for the winner of a race may also find that it took what was left of a quota.
    const winner = isKeyTaken(error) || isFault(error, 'quota_exceeded') ? await find() : null
    if (winner === null) throw error
    return winner
  }
}

async function admitNew(
  ground: Ground,
  admission: Admission,
  caller: Caller,
  order: GenerationOrder,
  idempotency: Idempotency | null,
  edit: GivenEdit | null,
): Promise<Admitted> {
  const { config } = ground
  const policy = policyOf(admission.policy, caller.policy)
  const { defaultModel, limits, label } = config
  const checked = checkOrder(order, admission.models, defaultModel, limits, operationOf(edit), label.policy)
  const prepared = edit === null ? null : await prepareEdit(edit.edit, checked, order.size, limits)
  const recipe = prepared === null ? checked : { ...checked, size: prepared.size }
  requirePurpose(policy, caller.purposes, recipe.purpose)
  const scenario = await readScenario(ground.database.sql, caller.tenantId, recipe.prompt)
  const asked = {
    prompt: recipe.prompt,
    ...(recipe.negativePrompt === null ? {} : { negativePrompt: recipe.negativePrompt }),
    ...(recipe.purpose === null ? {} : { purpose: recipe.purpose }),
    tenant: caller.tenantId,
    ...(recipe.sampling.prompt_syntax === undefined ? {} : { readWeighted: admission.readWeighted }),
  }
  requireWeights(asked)
  const prompt = scenario?.kind === 'refused' ? forcedRefusal(policy) : screenPrompt(policy, asked)
  const upload =
    edit === null || prepared === null || prompt.verdict !== 'allow'
      ? null
      : await screenInput(prepared, recipe.card.id, edit.tools, { ...asked, contexts: prompt.contexts })
  const screened = upload ?? prompt
  const requestId = newId('req')
  const task = { tenantId: caller.tenantId, subject: 'request', subjectId: requestId, stage: 'generate' } as const
  const demand = {
    images: recipe.n,
    cost: admission.costOf({ ...recipe.size, n: recipe.n, steps: recipe.steps }),
    uploadBytes: uploadBytesOf(edit),
    refused: screened.verdict !== 'allow',
  }
  const write = async (tx: Tx, stored: StoredEdit | null): Promise<Due[]> => {
    if (idempotency !== null) await freeKey(tx, caller.tenantId, idempotency, config.native.idempotencyHours)
    await holdQuota(tx, admission.plans, caller.tenantId, demand, config.dispatch.msPerCost)
    const entry = { id: requestId, salt: randomBytes(SALT_BYTES), recipe, idempotency, scenario, stored }
    const { cost, birth } = await insertRequest(tx, { ...admission, policy }, caller, entry)
    const images = await insertImages(tx, admission, caller.tenantId, requestId, recipe)
    const births = [birth, ...images]
    const received = {
      subject: 'request',
      id: requestId,
      tenantId: caller.tenantId,
      from: 'received',
      version: 0,
    } as const
    if (screened.verdict === 'allow')
      return advance(tx, {
        ...received,
        to: 'queued',
        facts: {
          ...policyFacts(policy),
          contexts: [...screened.contexts],
          ...(screened.hold === null ? {} : { hold: screened.hold.clause }),
        },
        tasks: [{ ...task, cost }],
        births,
      })
    await recordBirths(tx, caller.tenantId, births)
    for (const { id } of images)
      await advance(tx, {
        subject: 'image',
        id,
        tenantId: caller.tenantId,
        from: 'planned',
        version: 0,
        to: 'cancelled',
        facts: {},
      })
    // What a scenario of the sandbox forces is no probe.
    if (scenario === null) await countRefusals(tx, admission.plans, caller, 1)
    const statement = await stateRefusal(tx, policy, config.appealWindowDays, requestId, screened)
    const due = await advance(tx, { ...received, to: 'refused', facts: refusalFacts(screened), statement })
    const { tenantId } = caller
    await queueEscalation(tx, admission.review, { tenantId, requestId, prompt: recipe.prompt, refusal: screened })
    return due
  }
  const due = await withStoredEdit(ground, requestId, prepared, edit?.tools ?? null, (stored) =>
    admission.turns(caller.tenantId, () => ground.database.transact((tx) => write(tx, stored))),
  )
  ground.bell.ring(due)
  const state = screened.verdict === 'allow' ? 'queued' : 'refused'
  ground.bell.tell(requestTopic(requestId), { state })
  if (state === 'refused') ground.bell.tell(WEBHOOK_TOPIC, {})
  return { requestId, state, replayed: false }
}

function uploadBytesOf(given: GivenEdit | null): number {
  if (given === null) return 0
  const { images, mask } = given.edit
  return [...images, ...(mask === null ? [] : [mask])].reduce((sum, { bytes }) => sum + bytes.length, 0)
}

async function insertRequest(
  tx: Tx,
  admission: Admission,
  caller: Caller,
  { id, salt, recipe, idempotency, scenario, stored }: Entry,
): Promise<{ cost: number; birth: Birth }> {
  const { card, size, n, steps } = recipe
  const cost = admission.costOf({ ...size, n, steps })
  await tx
    .insertInto('darkroom.request')
    .values({
      id,
      tenant_id: caller.tenantId,
      key_id: caller.keyId,
      person_id: caller.personId,
      state: 'received',
      salt,
      prompt: recipe.prompt,
      negative_prompt: recipe.negativePrompt,
      purpose: recipe.purpose,
      user_digest: recipe.user === null ? null : userDigestOf(admission.userSecret, caller.tenantId, recipe.user),
      model: card.id,
      model_version: card.version,
      pack_digest: card.digest,
      ...size,
      steps,
      guidance_scale: recipe.guidanceScale,
      scheduler: recipe.scheduler,
      sampling: storedSampling(recipe.sampling),
      quality: recipe.quality,
      output_format: recipe.outputFormat,
      output_compression: recipe.outputCompression,
      n,
      previews: recipe.previews,
      label: recipe.label,
      seed: recipe.seed,
      operation: stored?.operation ?? 'generate',
      strength: stored?.strength ?? null,
      cost,
      policy_digest: admission.policy.digest,
      idempotency_key: idempotency?.key ?? null,
      order_digest: idempotency?.orderDigest ?? null,
      sandbox: scenario === null ? null : scenarioText(scenario),
    })
    .execute()
  const facts = {
    key: caller.keyId,
    person: caller.personId,
    prompt: saltedDigest(salt, recipe.prompt),
    negative_prompt: recipe.negativePrompt === null ? null : saltedDigest(salt, recipe.negativePrompt),
    model: card.id,
    model_version: card.version,
    pack: card.digest,
    ...size,
    steps,
    n,
    seed: recipe.seed,
    ...(recipe.label ? { label: true } : {}),
    ...policyFacts(admission.policy),
    ...inputFacts(salt, stored),
    ...(scenario === null ? {} : { sandbox: scenarioText(scenario) }),
  }
  if (stored !== null) await insertInputs(tx, id, salt, stored)
  return { cost, birth: { subject: 'request', id, facts } }
}

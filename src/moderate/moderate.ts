// The moderate stage: classifies a generated picture with the classifiers that its model names, judges the scores by the policy,
// and clears, holds or denies it. No classifier, a failed score or an incomplete statement never clears anything. A classifier that
// is missing, or fails until nothing is left to try, costs the picture its verdict, not its life: it is held for a person.
import { sql as raw } from 'kysely'
import type { Facts, ImageMove, Statement } from '../advance.ts'
import type { Json } from '../kernel/canonical.ts'
import { Fault, isFault } from '../kernel/fault.ts'
import type { Ground } from '../kernel/ground.ts'
import { claimImage, type ImageWork } from '../kernel/image-work.ts'
import type { Classification, Classify, Picture, PromptSyntax } from '../kernel/model.ts'
import { readGenerated } from '../kernel/quarantine.ts'
import { syntaxOf } from '../kernel/sampling.ts'
import type { Claim } from '../kernel/tasks.ts'
import { finishStage } from '../outcome.ts'
import { auditItem } from '../review/audits.ts'
import { type HeldImage, queueHeld } from '../review/holds.ts'
import type { ReviewTools } from '../review/item.ts'

/** What the classifiers found: the highest calibrated score by category, and who said so. Null: nobody could say. */
export type Evidence = {
  categories: Record<string, number>
  classifiers: ClassifierRef[]
  /** Each classifier's own scores, and who was asked in vain. */
  opinions: Opinion[]
} | null

type Opinion = { id: string; categories: Record<string, number> } | Silent
/** Missing: not installed, or not what its manifest says. Failed: no usable answer. */
type Silent = { id: string; silent: 'missing' | 'failed' }

type ClassifierRef = { id: string; version: string; digest: string }

export type Judgement = {
  verdict: 'allow' | 'hold' | 'deny'
  /** What the record keeps of it: category, band, clause, scores, classifier and policy versions. */
  record: { [name: string]: Json }
  /** What the log says of it; nothing personal. */
  facts: Facts
  /** Writes the statement of a denial, or says why the image must be held instead. */
  state: (of: {
    imageId: string
    contentDate: Date | null
    decidedAt: Date
  }) => { statement: Statement } | { hold: 'statement_incomplete' }
}

/** What is known of the request besides its picture. */
export type Context = {
  tenantId: string
  /** The tenant's own settings of the policy; null: none. */
  settings: Json
  purpose: string | null
  prompt: string | null
  negativePrompt: string | null
  promptSyntax: PromptSyntax
  /** Clauses that an appeal lifted for this request. */
  skipClauses?: readonly string[]
  /** The scenario of a rehearsal, whose verdict is given. */
  sandbox?: string | null
}

/** The policy as this stage needs it. */
export type Judge = (evidence: Evidence, context: Context) => Judgement

export type Moderation = {
  /** The classifiers that are calibrated for a model's pictures. */
  classifiersOf: (model: string) => readonly string[]
  classify: Classify
  judge: Judge
  /** Who looks at what is held. */
  review: ReviewTools
  /** Whether a task that failed so is tried again; what is not, is for a person. */
  mayRetry: (claim: Claim, error: unknown) => boolean
}

export async function moderateStage(ground: Ground, moderation: Moderation, claim: Claim): Promise<void> {
  const image = await claimImage(ground, claim, 'generated')
  if (image === null) return
  const picture = await readGenerated(ground.quarantine, image.id, image.generated_digest)
  const { classify, classifiersOf, mayRetry } = moderation
  const isFinal = (error: unknown) => {
    const final = !mayRetry(claim, error)
    if (final) ground.log.error({ error, image: image.id }, 'a classifier did not answer; its image is held')
    return final
  }
  const evidence = image.sandbox === null ? await examine(classify, classifiersOf(image.model), picture, isFinal) : null
  await finish(ground, moderation, claim, image, evidence)
}

/** For a task that keeps ending the process that works on it: nobody is asked again, and a person decides. */
export async function holdUnexamined(ground: Ground, moderation: Moderation, claim: Claim): Promise<void> {
  const image = await claimImage(ground, claim, 'generated')
  if (image === null) return
  const silent = moderation.classifiersOf(image.model).map((id): Silent => ({ id, silent: 'failed' }))
  await finish(ground, moderation, claim, image, foldEvidence(silent))
}

async function finish(
  ground: Ground,
  { judge, review }: Moderation,
  claim: Claim,
  image: ImageWork,
  evidence: Evidence,
): Promise<void> {
  const judgement = judge(evidence, {
    tenantId: image.tenant_id,
    settings: image.policy_settings,
    purpose: image.purpose,
    prompt: image.prompt,
    negativePrompt: image.negative_prompt,
    promptSyntax: syntaxOf(image.sampling),
    skipClauses: image.skip_clauses,
    sandbox: image.sandbox,
  })
  const decided = decide(image, judgement, await now(ground))
  const set = { verdict: JSON.stringify(judgement.record) }
  await finishStage(ground, claim, image, { set, ...decided }, async (tx) => {
    const looked = heldImage(image, judgement)
    if (decided.to === 'held') return queueHeld(tx, review, looked)
    // A rehearsal's verdict was given, so it says nothing of software.
    if (image.sandbox !== null) return
    const outcome = decided.to === 'denied' ? 'blocked' : 'allowed'
    await auditItem(tx, review, { ...looked, imageId: image.id, outcome })
  })
}

function heldImage(image: ImageWork, { record: { category, clause } }: Judgement): HeldImage {
  const { id, tenant_id: tenantId, request_id: requestId, prompt, generated_digest: contentDigest } = image
  const text = (value: Json | undefined) => (typeof value === 'string' ? value : null)
  return { id, tenantId, requestId, category: text(category), clause: text(clause), prompt, contentDigest }
}

/** The records' own time: a window that begins now ends by the same clock. */
async function now({ database }: Ground): Promise<Date> {
  const { rows } = await raw<{ now: Date }>`SELECT darkroom.now() AS now`.execute(database.sql)
  const at = rows[0]?.now
  if (at === undefined) throw new Fault('database_failed', { detail: 'the database does not tell the time' })
  return at
}

function decide(
  image: ImageWork,
  judgement: Judgement,
  decidedAt: Date,
): Pick<ImageMove, 'to' | 'facts' | 'statement'> {
  switch (judgement.verdict) {
    case 'allow':
      return { to: 'cleared', facts: judgement.facts }
    case 'hold':
      return { to: 'held', facts: judgement.facts }
    case 'deny': {
      const stated = judgement.state({ imageId: image.id, contentDate: image.created_at, decidedAt })
      return 'hold' in stated
        ? { to: 'held', facts: { ...judgement.facts, fault: stated.hold } }
        : { to: 'denied', facts: judgement.facts, statement: stated.statement }
    }
    default:
      return judgement.verdict satisfies never
  }
}

/** Asks every classifier; a category's score is the highest that any gives. A fault that is not `isFinal` is thrown. */
export async function examine(
  classify: Classify,
  classifiers: readonly string[],
  picture: Picture,
  isFinal: (error: unknown) => boolean = () => false,
): Promise<Evidence> {
  if (classifiers.length === 0) return null
  const found: (Found | Silent)[] = []
  for (const id of classifiers) {
    try {
      found.push({ id, ...(await classify(id, picture)) })
    } catch (error) {
      if (!isFinal(error)) throw error
      found.push({ id, silent: isMissing(error) ? 'missing' : 'failed' })
    }
  }
  return foldEvidence(found)
}

function isMissing(error: unknown): boolean {
  return isFault(error, 'model_unknown') || isFault(error, 'pack_missing') || isFault(error, 'pack_corrupt')
}

/** What one classifier said, and which it was. */
export type Found = { id: string } & Classification

/** Of several classifiers' scores the highest by category. Null stays null: nobody could say. */
export function foldEvidence(found: readonly (Found | Silent)[] | null): Evidence {
  if (found === null || found.length === 0) return null
  const categories: Record<string, number> = {}
  const classifiers: ClassifierRef[] = []
  const opinions: Opinion[] = []
  for (const one of found) {
    if ('silent' in one) {
      opinions.push(one)
      continue
    }
    const { id, version, digest, categories: scores } = one
    for (const [category, score] of Object.entries(scores))
      categories[category] = Math.max(categories[category] ?? score, score)
    classifiers.push({ id, version, digest })
    opinions.push({ id, categories: scores })
  }
  return { categories, classifiers, opinions }
}

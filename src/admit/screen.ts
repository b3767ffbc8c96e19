// Prompt screening: a prompt is refused with the clause it breaks, or allowed, perhaps to be held for a person; it is never changed.
// An error is a Fault, so the request fails and nothing is generated. Pure and deterministic; time is linear in the text.
// A weighted prompt is read as it is written and in every way that its words may be read without the syntax; the gravest counts.
// Facts hold names of lists, numbers and languages, never a word of the prompt. moderate/verdict.ts judges the picture.
import { Fault } from '../kernel/fault.ts'
import type { ReadWeighted } from '../kernel/model.ts'
import type { PhraseHit } from '../policy/book.ts'
import {
  type Category,
  type Clause,
  contextKey,
  type InputFeatures,
  listKey,
  type ModerationPolicy,
  type PolicyRef,
  policyRef,
} from '../policy/policy.ts'
import type { Band } from '../statement/statement.ts'
import { normalise } from './normalise.ts'

export type ScreenedPrompt = {
  readonly prompt: string
  readonly negativePrompt?: string
  /** One of the policy's purposes; absent: none was declared. */
  readonly purpose?: string
  readonly tenant: string
  /** Given where the prompts are weighted. */
  readonly readWeighted?: ReadWeighted
  /** Clauses that an overturned decision lifts for this request alone. */
  readonly skipClauses?: readonly string[]
}

export type RefusalFacts = {
  readonly lists: readonly string[]
  readonly phrases: number
  readonly languages: readonly string[]
  readonly contexts: readonly string[]
  readonly purpose: string
  readonly escalate: boolean
}

/** `contexts` go to `judgeImage`, which may read a picture in the light of what was asked for, and so does `hold`. */
export type Allowed = {
  readonly verdict: 'allow'
  readonly contexts: readonly string[]
  /** A person judges the picture, by the gravest clause that asks for it; `categories` are all that ask. */
  readonly hold: { readonly clause: string; readonly category: string; readonly categories: readonly string[] } | null
  readonly policy: PolicyRef
}
export type Refusal = {
  readonly verdict: 'refuse'
  readonly clause: string
  readonly category: string
  /** Every category that refuses, gravest first. */
  readonly categories: readonly string[]
  /** The clause that each of them cites: who lifts one must know the others. */
  readonly clauses: readonly string[]
  readonly band: Band
  readonly facts: RefusalFacts
  readonly policy: PolicyRef
}

/** What the policy sees of a prompt: names of its lists and contexts, and what each list found. */
export type ReadPrompt = {
  readonly features: InputFeatures
  readonly found: ReadonlyMap<string, PhraseHit>
  readonly unwanted: ReadonlyMap<string, PhraseHit>
}

/** Fault: invalid_request, where a weight of `prompt` or `negative_prompt` is more than any model takes. */
export function requireWeights({ prompt, negativePrompt = '', readWeighted }: ScreenedPrompt): void {
  const heavy = (text: string) => readWeighted?.(text).tooHeavy === true
  const field = heavy(prompt) ? 'prompt' : heavy(negativePrompt) ? 'negative_prompt' : null
  if (field !== null) throw new Fault('invalid_request', { field, detail: `${field} has a weight beyond all bounds` })
}

/** As it is written, then without its syntax. Fault: invalid_request (an unknown purpose). */
function readEvery(policy: ModerationPolicy, asked: ScreenedPrompt): [ReadPrompt, ...ReadPrompt[]] {
  const { prompt, negativePrompt, readWeighted } = asked
  const written = readPrompt(policy, asked)
  if (readWeighted === undefined) return [written]
  const unwanted = negativePrompt === undefined ? [] : readWeighted(negativePrompt).texts
  return [
    written,
    ...readWeighted(prompt).texts.map((text, i) =>
      readPrompt(policy, { ...asked, prompt: text, negativePrompt: unwanted[i] ?? '' }),
    ),
  ]
}

/** Of the words as they are written. Fault: invalid_request (an unknown purpose). */
export function readPrompt(policy: ModerationPolicy, asked: ScreenedPrompt): ReadPrompt {
  const purpose = asked.purpose ?? 'none'
  if (purpose !== 'none' && !policy.purposes.includes(purpose))
    throw new Fault('invalid_request', { field: 'purpose', detail: `purpose is one of ${policy.purposes.join(', ')}` })
  const book = policy.phrases
  const found = book.find(normalise(asked.prompt, book))
  const unwanted = asked.negativePrompt ? book.find(normalise(asked.negativePrompt, book)) : NONE
  const lists = [...policy.listNames.keys()]
  const contexts = [...policy.contexts]
    .filter(([id, context]) => context.purposes.includes(purpose) || found.has(contextKey(id)))
    .map(([id]) => id)
  const features: InputFeatures = {
    prompt: { matches: lists.filter((id) => found.has(listKey(id))), contexts },
    negative: { matches: lists.filter((id) => unwanted.has(listKey(id))) },
    tenant: asked.tenant,
    purpose,
  }
  return { features, found, unwanted }
}

/** Fault: invalid_request (an unknown purpose), policy_invalid (a condition failed). */
export function screenPrompt(policy: ModerationPolicy, asked: ScreenedPrompt): Allowed | Refusal {
  const read = readEvery(policy, asked)
  // A context is what it is for in every reading, or it may be one that only the syntax makes.
  const [{ features }] = read
  const contexts = features.prompt.contexts.filter((id) =>
    read.every((one) => one.features.prompt.contexts.includes(id)),
  )
  const decided = policy.categories.flatMap((category) => {
    const clauses = read.map((one) => decisiveClause(category, one.features, asked.skipClauses ?? []))
    const clause = gravestOf(category, clauses)
    return clause === null ? [] : [clause]
  })
  const broken = decided.filter(({ input }) => input?.action !== 'hold')
  const gravest = broken[0]
  if (gravest === undefined) return { verdict: 'allow', contexts, hold: holdBy(decided), policy: policyRef(policy) }
  const cited = gravest.input?.when.lists ?? []
  const hits = cited.flatMap((id) => {
    const found = mostOf(read.map((one) => one.found.get(listKey(id))))
    return [...found, ...mostOf(read.map((one) => one.unwanted.get(listKey(id))))]
  })
  return {
    verdict: 'refuse',
    clause: gravest.id,
    category: gravest.category,
    categories: broken.map((clause) => clause.category),
    clauses: broken.map((clause) => clause.id),
    band: 'matched',
    facts: {
      lists: cited.filter((id) =>
        read.some(({ found, unwanted }) => found.has(listKey(id)) || unwanted.has(listKey(id))),
      ),
      phrases: hits.reduce((sum, hit) => sum + hit.phrases, 0),
      languages: [...new Set(hits.flatMap((hit) => hit.languages))].sort(),
      contexts,
      purpose: features.purpose,
      escalate: gravest.input?.action === 'escalate',
    },
    policy: policyRef(policy),
  }
}

const NONE: ReadonlyMap<string, PhraseHit> = new Map()

/** What the reading says that found most. */
function mostOf(hits: readonly (PhraseHit | undefined)[]): PhraseHit[] {
  return hits
    .filter((hit) => hit !== undefined)
    .sort((a, b) => b.phrases - a.phrases)
    .slice(0, 1)
}

function holdBy(clauses: readonly Clause[]): Allowed['hold'] {
  const gravest = clauses[0]
  if (gravest === undefined) return null
  return { clause: gravest.id, category: gravest.category, categories: clauses.map(({ category }) => category) }
}

const STRENGTH = { allow: 0, hold: 1, deny: 2, escalate: 2 } as const

/** The clause by which the category refuses or holds; null: by none. */
function decisiveClause(category: Category, features: InputFeatures, skip: readonly string[]): Clause | null {
  const clause = firstThatHolds(category, featuresFor(category, features, skip), skip)
  return strengthOf(clause) === STRENGTH.allow ? null : clause
}

/** Of what the readings of one prompt decide: the strongest, and of equals the one that the policy names first. */
function gravestOf({ clauses }: Category, decided: readonly (Clause | null)[]): Clause | null {
  const strongest = Math.max(...decided.map(strengthOf))
  return clauses.find((clause) => decided.includes(clause) && strengthOf(clause) === strongest) ?? null
}

/** What the category is read by. Where a tenant ignores contexts, they count only as far as they make the verdict stricter. */
export function featuresFor(category: Category, features: InputFeatures, skip: readonly string[] = []): InputFeatures {
  if (!category.ignoreContexts) return features
  const without = { ...features, prompt: { ...features.prompt, contexts: [] } }
  const strength = (read: InputFeatures) => strengthOf(firstThatHolds(category, read, skip))
  return strength(features) > strength(without) ? features : without
}

function strengthOf(clause: Clause | null): number {
  return STRENGTH[clause?.input?.action ?? 'allow']
}

function firstThatHolds(category: Category, features: InputFeatures, skip: readonly string[]): Clause | null {
  for (const clause of category.clauses) {
    if (clause.input === null || skip.includes(clause.id)) continue
    if (clause.input.when.evaluate(features)) return clause
  }
  return null
}

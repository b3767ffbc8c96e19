// What a policy makes of a prompt and of scores, told step by step: the lists and contexts that were found, each category's clauses in
// order, which condition held and by what, and the thresholds that counted. The verdicts are those of admit/screen.ts and
// moderate/verdict.ts; this only shows their way. policy-told.ts writes it for people.
import { readPrompt, type ScreenedPrompt, featuresFor as screenedBy, screenPrompt } from '../admit/screen.ts'
import { type ImageVerdict, judgeCategory, featuresFor as judgedBy, judgeImage } from '../moderate/verdict.ts'
import { type Atom, atomsOf, compares } from '../policy/formula.ts'
import {
  type Category,
  type Clause,
  listKey,
  type ModerationPolicy,
  type OutputFeatures,
  policyRef,
  type Stage,
} from '../policy/policy.ts'
import { bandsIn } from '../policy/thresholds.ts'

type Seen = { text: string; holds: boolean }
export type ExplainedClause = {
  id: string
  action: string
  when: string
  holds: boolean
  /** `decides`; `does not hold`; or which clause has decided before. */
  why: string
  /** The parts of the condition, and whether each is true. */
  because: Seen[]
}
export type Explanation = ReturnType<typeof explainPolicy>

type Facts = {
  matches: readonly string[]
  unwanted: readonly string[]
  contexts: readonly string[]
  purpose: string
  tenant: string
  scores: ReadonlyMap<string, number>
}

/** `scores` null: the prompt alone. Scores that every image carries and that are not given are taken as 0. */
export function explainPolicy(
  policy: ModerationPolicy,
  asked: ScreenedPrompt,
  scores: Readonly<Record<string, number>> | null,
) {
  const { features, found, unwanted } = readPrompt(policy, asked)
  const { matches, contexts } = features.prompt
  const { purpose, tenant } = features
  const facts: Facts = { matches, unwanted: features.negative.matches, contexts, purpose, tenant, scores: new Map() }
  const screened = screenPrompt(policy, asked)
  const list = (id: string, where: 'prompt' | 'negative') => {
    const hit = (where === 'prompt' ? found : unwanted).get(listKey(id))
    return {
      id,
      name: policy.listNames.get(id) ?? id,
      where,
      phrases: hit?.phrases ?? 0,
      languages: hit?.languages ?? [],
    }
  }
  return {
    policy: policyRef(policy),
    purpose,
    matched: [
      ...matches.map((id) => list(id, 'prompt')),
      ...features.negative.matches.map((id) => list(id, 'negative')),
    ],
    contexts: contexts.map((id) => {
      const declared = policy.contexts.get(id)?.purposes.includes(purpose) === true
      return { id, by: declared ? 'the declared purpose' : 'the words of the prompt' }
    }),
    input: {
      verdict: screened,
      categories: policy.categories.map((category) => {
        const read = screenedBy(category, features)
        const known = { ...facts, contexts: read.prompt.contexts }
        return {
          id: category.id,
          ignoresContexts: category.ignoreContexts,
          clauses: clausesOf(category, 'input', known, (clause) => clause.input?.when.evaluate(read) === true),
        }
      }),
    },
    output:
      scores === null
        ? null
        : explainPicture(policy, scores, facts, screened.verdict === 'allow' ? screened.hold : null),
  }
}

function explainPicture(
  policy: ModerationPolicy,
  given: Readonly<Record<string, number>>,
  asked: Facts,
  hold: Parameters<typeof judgeImage>[2]['hold'] | null,
) {
  const assumed = policy.categories.filter(({ id, image }) => image?.required === true && given[id] === undefined)
  const scores = { ...Object.fromEntries(assumed.map(({ id }) => [id, 0])), ...given }
  const facts = { ...asked, scores: new Map(Object.entries(scores)) }
  const { contexts, purpose, tenant } = facts
  const features: OutputFeatures = { prompt: { contexts }, scores: facts.scores, tenant, purpose }
  const classifiers = [{ id: 'given', version: '0', digest: '0'.repeat(64) }]
  const evidence = { categories: scores, classifiers, opinions: [{ id: 'given', categories: scores }] }
  const verdict: ImageVerdict = judgeImage(policy, evidence, { tenant, purpose, contexts, hold: hold ?? null })
  return {
    verdict: {
      verdict: verdict.verdict,
      reason: verdict.reason,
      category: verdict.category,
      clause: verdict.clause,
      categories: verdict.categories,
    },
    assumedZero: assumed.map(({ id }) => id),
    categories: policy.categories.flatMap((category) => {
      const score = facts.scores.get(category.id)
      if (score === undefined || category.image === null) return []
      const read = judgedBy(category, score, features)
      const known = { ...facts, contexts: read.prompt.contexts }
      const { context = null, thresholds } = bandsIn(category.image, known.contexts)
      const { verdict: own, reason, band, clause } = judgeCategory(category, score, features)
      return [
        {
          id: category.id,
          score,
          thresholds: { ...thresholds, context },
          ignoresContexts: category.ignoreContexts,
          verdict: own,
          reason,
          band,
          clause,
          clauses: clausesOf(category, 'output', known, (one) => one.output?.when.evaluate(read) === true),
        },
      ]
    }),
  }
}

function clausesOf(
  { clauses }: Category,
  stage: Stage,
  facts: Facts,
  evaluate: (clause: Clause) => boolean,
): ExplainedClause[] {
  let decided: string | null = null
  return clauses.flatMap((clause) => {
    const rule = clause[stage]
    if (rule === null) return []
    const holds = evaluate(clause)
    const why = decided !== null ? `${decided} has decided` : holds ? 'decides' : 'does not hold'
    if (holds) decided ??= clause.id
    const because = atomsOf(rule.when.formula).flatMap(({ atom, source }) => {
      const seen = isTrue(atom, facts)
      return seen === null ? [] : [{ text: source, holds: seen }]
    })
    return [{ id: clause.id, action: rule.action, when: rule.when.source, holds, why, because }]
  })
}

/** Null: not an atom that can be told apart. */
function isTrue(atom: Atom, facts: Facts): boolean | null {
  switch (atom.kind) {
    case 'flag': {
      const [list, name = ''] = atom.name.split(' ')
      if (list === 'prompt.matches') return facts.matches.includes(name)
      if (list === 'negative.matches') return facts.unwanted.includes(name)
      return list === 'prompt.contexts' ? facts.contexts.includes(name) : null
    }
    case 'text':
      return facts[atom.variable] === atom.value
    case 'score': {
      const score = facts.scores.get(atom.category)
      return score === undefined ? null : compares(score, atom.compare, atom.bound)
    }
    default:
      return atom satisfies never
  }
}

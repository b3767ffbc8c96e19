// What the policy says of text and pictures that nobody asks to draw, in the categories of OpenAI's moderation and our own.
// Text is screened as a prompt is, which finds or does not find: its scores are the two constants below, not probabilities. A picture's
// scores are its classifiers' calibrated probabilities, told by tenths. Pure; nothing of an input leaves but names and numbers.
import type { Category, ModerationPolicy } from '../policy/policy.ts'
import { screenPrompt } from './screen.ts'

/**
 * OpenAI's categories and ours. Null: the policy does not tell it apart from its parent, so it is never flagged and no input type
 * is said to apply. Categories of the policy that are not named here follow under their own names.
 */
const CATEGORIES: readonly (readonly [openai: string, ours: string | null])[] = [
  ['harassment', 'harassment'],
  ['harassment/threatening', null],
  ['hate', 'hate'],
  ['hate/threatening', null],
  ['illicit', 'illicit'],
  ['illicit/violent', null],
  ['self-harm', 'self-harm'],
  ['self-harm/instructions', null],
  ['self-harm/intent', null],
  ['sexual', 'sexual'],
  ['sexual/minors', 'sexual/minors'],
  ['violence', 'violence'],
  ['violence/graphic', 'violence/graphic'],
]

/** What a phrase rule's finding counts as: it is no probability. */
export const TEXT_SCORES = { found: 0.95, notFound: 0.05 } as const
const BANDS = 10

/** The middle of the tenth in which a score lies: what is told of scores is too coarse to search for a threshold with. */
export function bandOf(score: number): number {
  return (Math.min(BANDS - 1, Math.floor(score * BANDS)) + 0.5) / BANDS
}

export type InputType = 'text' | 'image'
type Finding = { flagged: boolean; score: number }
/** What was found in one part of an input, by the policy's categories; one that is missing was not judged. */
export type Findings = { type: InputType; byCategory: ReadonlyMap<string, Finding> }

export type Moderation = {
  flagged: boolean
  categories: Record<string, boolean>
  category_scores: Record<string, number>
  category_applied_input_types: Record<string, InputType[]>
}

/** Flags what would be refused, or held for a person once it was drawn. Faults: policy_invalid. */
export function findInText(policy: ModerationPolicy, text: string, tenant: string): Findings {
  const screened = screenPrompt(policy, { prompt: text, tenant })
  const found = screened.verdict === 'refuse' ? screened.categories : (screened.hold?.categories ?? [])
  const judged = policy.categories.filter(({ clauses }) => clauses.some(({ input }) => input !== null))
  const byCategory = judged.map(({ id }): [string, Finding] => {
    const flagged = found.includes(id)
    return [id, { flagged, score: flagged ? TEXT_SCORES.found : TEXT_SCORES.notFound }]
  })
  return { type: 'text', byCategory: new Map(byCategory) }
}

/** Flags what would not be released without a person: from the lower edge of a category's hold band. */
export function findInPicture(policy: ModerationPolicy, scores: Readonly<Record<string, number>>): Findings {
  const byCategory = policy.categories.flatMap(({ id, image }: Category): [string, Finding][] => {
    const score = scores[id]
    return image === null || score === undefined
      ? []
      : [[id, { flagged: score >= image.nearHoldFrom, score: bandOf(score) }]]
  })
  return { type: 'image', byCategory: new Map(byCategory) }
}

/** One result for all parts of an input: each category's highest score, and the types that it was judged for. */
export function moderationOf(policy: ModerationPolicy, parts: readonly Findings[]): Moderation {
  const known = new Set(CATEGORIES.map(([, ours]) => ours))
  const own = policy.categories.filter(({ id }) => !known.has(id)).map(({ id }) => [id, id] as const)
  const rows = [...CATEGORIES, ...own].map(([name, ours]) => {
    const judged = parts.flatMap(({ type, byCategory }) => {
      const finding = ours === null ? undefined : byCategory.get(ours)
      return finding === undefined ? [] : [{ type, ...finding }]
    })
    return {
      name,
      flagged: judged.some(({ flagged }) => flagged),
      score: Math.max(0, ...judged.map(({ score }) => score)),
      types: [...new Set(judged.map(({ type }) => type))],
    }
  })
  return {
    flagged: rows.some(({ flagged }) => flagged),
    categories: Object.fromEntries(rows.map(({ name, flagged }) => [name, flagged])),
    category_scores: Object.fromEntries(rows.map(({ name, score }) => [name, score])),
    category_applied_input_types: Object.fromEntries(rows.map(({ name, types }) => [name, types])),
  }
}

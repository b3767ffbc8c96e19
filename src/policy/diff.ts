// What changed from one version of a policy to another, by meaning: order of keys, comments and spelling of the file are no change.
// Lists and contexts change by phrases, clauses by what they say at each stage, thresholds by number. Pure.
import { canonical } from '../kernel/canonical.ts'
import type { CategoryDocument, ClauseDocument, ImageDocument, PolicyDocument } from './schema.ts'

/** `at`: the part of the policy, such as `violence/1 input.action`. `before` null: new; `after` null: gone. */
export type Change = { readonly at: string; readonly before: string | null; readonly after: string | null }

type Values = Readonly<Record<string, unknown>>

export function diffPolicies(before: PolicyDocument, after: PolicyDocument): Change[] {
  return [
    ...valuesOf('policy', metadataOf(before), metadataOf(after)),
    ...groupsOf(before.words ?? {}, after.words ?? {}),
    ...phrasesOf('unmistakable words', before.unmistakable ?? {}, after.unmistakable ?? {}),
    ...wordsOf('list', before.lists, after.lists),
    ...wordsOf('context', before.contexts, after.contexts),
    ...paired(before.categories, after.categories).flatMap(([id, one, other]) => categoryOf(id, one, other)),
  ]
}

function metadataOf(document: PolicyDocument): Values {
  const { lists: _, contexts: __, categories: ___, words: ____, unmistakable: _____, ...rest } = document
  return flat(rest)
}

type Words = Readonly<Record<string, { name: string; purposes?: string[]; phrases: Phrases; except?: Phrases }>>
type Phrases = Readonly<Record<string, readonly string[]>>

function wordsOf(kind: string, before: Words, after: Words): Change[] {
  return unionOf(before, after).flatMap((id) => {
    const [one, other] = [before[id], after[id]]
    const at = `${kind} ${id}`
    if (one === undefined || other === undefined) return [wholeOf(at, one?.name, other?.name)]
    return [
      ...valuesOf(at, { name: one.name, purposes: one.purposes }, { name: other.name, purposes: other.purposes }),
      ...phrasesOf(`${at} phrases`, one.phrases, other.phrases),
      ...phrasesOf(`${at} except`, one.except ?? {}, other.except ?? {}),
    ]
  })
}

type Groups = Readonly<Record<string, Phrases>>

function groupsOf(before: Groups, after: Groups): Change[] {
  return unionOf(before, after).flatMap((id) => phrasesOf(`words ${id}`, before[id] ?? {}, after[id] ?? {}))
}

function phrasesOf(at: string, before: Phrases, after: Phrases): Change[] {
  return unionOf(before, after).flatMap((language) => {
    const [one, other] = [before[language] ?? [], after[language] ?? []]
    const gone = one.filter((phrase) => !other.includes(phrase)).map((phrase) => change(at, language, phrase, null))
    const fresh = other.filter((phrase) => !one.includes(phrase)).map((phrase) => change(at, language, null, phrase))
    return [...gone, ...fresh]
  })
}

function change(at: string, part: string, before: string | null, after: string | null): Change {
  return { at: `${at} ${part}`, before, after }
}

function categoryOf(id: string, before: CategoryDocument | undefined, after: CategoryDocument | undefined): Change[] {
  if (before === undefined || after === undefined) return [wholeOf(`category ${id}`, before?.name, after?.name)]
  const order = ({ clauses }: CategoryDocument) => clauses.map((clause) => clause.id).join(', ')
  const kept = (one: CategoryDocument, other: CategoryDocument) =>
    one.clauses.filter((clause) => other.clauses.some((same) => same.id === clause.id)).map((clause) => clause.id)
  const reordered = canonical(kept(before, after)) !== canonical(kept(after, before))
  return [
    ...valuesOf(`category ${id}`, plainOf(before), plainOf(after)),
    ...valuesOf(`category ${id} image`, thresholdsOf(before.image), thresholdsOf(after.image)),
    // The first clause that holds decides.
    ...(reordered ? [{ at: `category ${id} order of clauses`, before: order(before), after: order(after) }] : []),
    ...paired(before.clauses, after.clauses).flatMap(([clause, one, other]) => clauseOf(clause, one, other)),
  ]
}

function plainOf({ name, severity, should_not, can }: CategoryDocument): Values {
  return { name, severity, should_not, can }
}

/** Contexts by name; their order is a value of its own, since the first that holds decides. */
function thresholdsOf(image: ImageDocument | undefined): Values {
  if (image === undefined) return {}
  const { contexts = [], ...rest } = image
  return {
    ...flat(rest),
    ...(contexts.length === 0 ? {} : { 'contexts in order': contexts.map(({ context }) => context) }),
    ...Object.fromEntries(
      contexts.flatMap(({ context, ...own }) =>
        Object.entries(own).map(([key, value]) => [`${context}.${key}`, value]),
      ),
    ),
  }
}

function clauseOf(id: string, before: ClauseDocument | undefined, after: ClauseDocument | undefined): Change[] {
  if (before === undefined || after === undefined) return [wholeOf(`clause ${id}`, before?.rule, after?.rule)]
  return valuesOf(`clause ${id}`, clauseValues(before), clauseValues(after))
}

function clauseValues({ input, output, ...rest }: ClauseDocument): Values {
  const tidy = (rule: { when: string; action: string } | undefined) =>
    rule === undefined ? undefined : { ...rule, when: rule.when.replace(/\s+/g, ' ').trim() }
  return flat({ ...rest, input: tidy(input), output: tidy(output) })
}

function valuesOf(at: string, before: Values, after: Values): Change[] {
  return unionOf(before, after).flatMap((key) => {
    const [one, other] = [textOf(before[key]), textOf(after[key])]
    return one === other ? [] : [{ at: `${at} ${key}`, before: one, after: other }]
  })
}

function wholeOf(at: string, before: string | undefined, after: string | undefined): Change {
  return { at, before: before ?? null, after: after ?? null }
}

/** A tree of maps as one map of dotted keys; lists stay whole. */
function flat(tree: object, prefix = ''): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(tree).flatMap(([key, value]: [string, unknown]): [string, unknown][] =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.entries(flat(value, `${prefix}${key}.`))
        : [[`${prefix}${key}`, value]],
    ),
  )
}

function textOf(value: unknown): string | null {
  if (value === undefined) return null
  return typeof value === 'string' ? value.trim() : JSON.stringify(value)
}

function unionOf(one: object, other: object): string[] {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])]
}

function paired<T extends { id: string }>(
  before: readonly T[],
  after: readonly T[],
): [string, T | undefined, T | undefined][] {
  const ids = new Set([...before, ...after].map(({ id }) => id))
  return [...ids].map((id) => [id, before.find((one) => one.id === id), after.find((one) => one.id === id)])
}

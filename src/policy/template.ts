// Templates of facts: fixed sentences with named places. What fills a place is a name, a number or a band of ours,
// never a user's words, so that a statement can be shown, stored and published without leaking personal content.
import type { ClauseStatement, Template } from './policy.ts'

/** What facts are stated of: a text, a picture, or what a person found in one. */
export type FactsKind = keyof ClauseStatement['facts']

/** The values that each kind can give. */
const PLACES = {
  input: ['category', 'clause', 'lists', 'phrases', 'languages'],
  output: ['category', 'clause', 'band', 'classifiers'],
  review: ['category', 'clause'],
} as const satisfies Record<FactsKind, readonly string[]>

/** Reads a template for `kind`, telling `report` of every place that neither the kind nor a finding can fill. */
export function readTemplate(
  text: string,
  kind: FactsKind,
  findings: readonly string[],
  report: (reason: string) => void,
): Template {
  const parts: (string | { place: string })[] = []
  const known: readonly string[] = kind === 'review' ? [...PLACES.review, ...findings] : PLACES[kind]
  for (const part of text.trim().split(/(\{[^{}]*\})/)) {
    if (part === '') continue
    if (part.startsWith('{') && part.endsWith('}')) {
      const place = part.slice(1, -1)
      if (!known.includes(place))
        report(`its statement could not be filled: {${place}} is unknown at ${kind} (known: ${known.join(', ')})`)
      parts.push({ place })
    } else {
      if (/[{}]/.test(part)) report('its statement could not be filled: a brace is not closed')
      parts.push(part)
    }
  }
  if (!parts.some((part) => typeof part === 'string' && part.trim() !== ''))
    report('its statement could not be filled: the facts are blank')
  return { text: text.trim(), parts }
}

/** Whether a reviewer's template fills this place by itself. */
export function isFixedPlace(place: string): boolean {
  return PLACES.review.some((one) => one === place)
}

// Templates of facts: fixed sentences with named places. What fills a place is a name, a number or a band of ours,
// never a user's words, so that a statement can be shown, stored and published without leaking personal content.
import type { Stage, Template } from './policy.ts'

/** The values that each stage can give. */
export const PLACES = {
  input: ['category', 'clause', 'lists', 'phrases', 'languages'],
  output: ['category', 'clause', 'band', 'classifiers'],
} as const satisfies Record<Stage, readonly string[]>

/** Reads a template for `stage`, telling `report` of every place that the stage cannot fill. */
export function readTemplate(text: string, stage: Stage, report: (reason: string) => void): Template {
  const parts: (string | { place: string })[] = []
  const known: readonly string[] = PLACES[stage]
  for (const part of text.trim().split(/(\{[^{}]*\})/)) {
    if (part === '') continue
    if (part.startsWith('{') && part.endsWith('}')) {
      const place = part.slice(1, -1)
      if (!known.includes(place))
        report(`its statement could not be filled: {${place}} is unknown at ${stage} (known: ${known.join(', ')})`)
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

// A routing rule as a sentence: what it is about, and what becomes of it.

import type { RoutingRule } from '../../../review/routing-rules.ts'
import { type Html, html } from '../../html.ts'

/** What an id of this list is called. */
export type NameOf = (list: 'kinds' | 'categories' | 'languages' | 'tenants' | 'people', id: string) => string
type Part = Html | string

export function sentenceOf({ when, then }: RoutingRule, nameOf: NameOf): Html {
  return html`<p class="sentence">${subjectOf(when, nameOf)} ${joined(effectsOf(then, nameOf), 'conjunction')}.</p>`
}

function subjectOf(when: RoutingRule['when'], nameOf: NameOf): Part[] {
  const { kinds, has_language: known } = when
  const some = (word: string, list: 'categories' | 'languages' | 'tenants') =>
    when[list] === undefined ? [] : [word, ...named(list, when[list], nameOf)]
  const severity = severityOf(when)
  return [
    ...(kinds === undefined
      ? ['all items']
      : joined(
          kinds.map((id) => bold(nameOf('kinds', id))),
          'conjunction',
        )),
    ...some(' of ', 'categories'),
    ...(severity === null ? [] : [' of severity ', bold(severity)]),
    ...some(' in ', 'languages'),
    ...(known === undefined ? [] : [' whose language is ', bold(known ? 'known' : 'not known')]),
    ...some(' from ', 'tenants'),
  ]
}

function effectsOf({ people, lead_only, verdicts, head_start_minutes: ahead }: RoutingRule['then'], nameOf: NameOf) {
  const effects: Html[] = []
  const whom = people === undefined ? null : named('people', people, nameOf)
  if (whom !== null) effects.push(html`go only to ${whom}${lead_only && html`, if they are ${bold('leads')}`}`)
  else if (lead_only) effects.push(html`go only to ${bold('leads')}`)
  if (verdicts !== undefined) effects.push(html`need at least ${bold(counted(verdicts, 'verdict'))}`)
  if (ahead !== undefined) effects.push(html`go ${bold(spanOf(ahead))} ahead`)
  return effects
}

function severityOf({ min_severity: min, max_severity: max }: RoutingRule['when']): string | null {
  if (min === undefined) return max === undefined ? null : `up to ${max}`
  return max === undefined ? `${min} and more` : `${min} to ${max}`
}

const bold = (text: string) => html`<b><bdi>${text}</bdi></b>`
export const counted = (count: number, one: string) => `${count} ${one}${count === 1 ? '' : 's'}`
const spanOf = (minutes: number) => (minutes % 60 === 0 ? counted(minutes / 60, 'hour') : counted(minutes, 'minute'))

function named(list: Parameters<NameOf>[0], ids: readonly string[], nameOf: NameOf): Part[] {
  return joined(
    ids.map((id) => bold(nameOf(list, id))),
    'disjunction',
  )
}

function joined(parts: readonly Html[], type: 'conjunction' | 'disjunction'): Part[] {
  const places = parts.map((_, index) => String(index))
  return new Intl.ListFormat('en', { type })
    .formatToParts(places)
    .map(({ type: kind, value }) => (kind === 'element' ? (parts[Number(value)] ?? '') : value))
}

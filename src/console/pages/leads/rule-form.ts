// The form of one routing rule: what can be chosen, and what was sent read back. A field that is left empty is not said.

import type { RoutingChoices } from '../../../review/routing-choices.ts'
import { MOST_HEAD_START_MINUTES, MOST_VERDICTS, type RoutingRule, RuleShape } from '../../../review/routing-rules.ts'
import { type Html, html } from '../../html.ts'
import type { NameOf } from './rule-sentence.ts'

type Choice = { readonly id: string; readonly name: string }
export type Lists = Readonly<Record<Parameters<NameOf>[0], readonly Choice[]>>

const KINDS: ReadonlyMap<string, string> = new Map([
  ['hold', 'held pictures'],
  ['appeal', 'appeals'],
  ['audit', 'audits'],
  ['report', 'reports'],
  ['escalation', 'escalations'],
])

/** Everything that can be chosen, and what the rules name beside it, by the names that people know. */
export function listsOf(choices: RoutingChoices, rules: readonly RoutingRule[]): Lists {
  const { kinds, categories, languages, tenants, people } = choices
  const spoken = new Intl.DisplayNames('en', { type: 'language' })
  const spokenIn = new Set([...languages, ...rules.flatMap(({ when }) => when.languages ?? [])])
  const known = new Map(categories.map((one) => [one.id, one.name]))
  const named = new Set([...known.keys(), ...rules.flatMap(({ when }) => when.categories ?? [])])
  return {
    kinds: kinds.map((id) => ({ id, name: KINDS.get(id) ?? id })),
    categories: [...named].map((id) => ({ id, name: known.get(id) ?? id })),
    languages: [...spokenIn]
      .map((id) => ({ id, name: spoken.of(id) ?? id }))
      .sort((a, b) => a.name.localeCompare(b.name)),
    tenants,
    people: people.map(({ id, name, reviews }) => ({ id, name: reviews ? name : `${name} (reviews no more)` })),
  }
}

export function namesOf(lists: Lists): NameOf {
  return (list, id) => lists[list].find((one) => one.id === id)?.name ?? id
}

/** What a form said: a rule, or why it is none and what of it can be shown again. */
export type Read = { readonly rule: RoutingRule } | { readonly said: Said; readonly wrong: string }
export type Said = { readonly name: string; readonly when: RoutingRule['when']; readonly then: RoutingRule['then'] }
// biome-ignore lint/suspicious/noThenProperty: the word of the rules.
export const BLANK: Said = { name: '', when: {}, then: {} }

export function readRule(fields: URLSearchParams): Read {
  const list = (name: string) => (fields.has(name) ? { [name]: fields.getAll(name) } : {})
  const number = (name: string) => (fields.get(name) ? { [name]: Number(fields.get(name)) } : {})
  const known = fields.get('has_language')
  const name = (fields.get('name') ?? '').trim()
  const when = {
    ...list('kinds'),
    ...list('categories'),
    ...number('min_severity'),
    ...number('max_severity'),
    ...list('languages'),
    ...list('tenants'),
    ...(known ? { has_language: known === 'yes' } : {}),
  }
  const effects = {
    ...list('people'),
    ...(fields.has('lead_only') ? { lead_only: true } : {}),
    ...number('verdicts'),
    ...number('head_start_minutes'),
  }
  // biome-ignore lint/suspicious/noThenProperty: the word of the rules.
  const rule = { name, when, then: effects }
  const shape = RuleShape.Check(rule) ? rule : null
  if (shape === null) {
    const conditions = Object.entries(when).map(([key, value]) => ['when', key, value] as const)
    const does = Object.entries(effects).map(([key, value]) => ['then', key, value] as const)
    return { said: asSaid(name, [...conditions, ...does]), wrong: flawIn(rule) }
  }
  if (Object.keys(when).length === 0) return { said: shape, wrong: 'It needs at least one condition.' }
  if (Object.keys(effects).length === 0) return { said: shape, wrong: 'It needs at least one effect.' }
  return { rule: shape }
}

/** What of a form that makes no rule can be shown again: its name, and each other part that holds by itself. */
function asSaid(name: string, parts: readonly (readonly ['when' | 'then', string, unknown])[]): Said {
  // biome-ignore lint/suspicious/noThenProperty: the word of the rules.
  let said: RoutingRule = { name: 'any', when: {}, then: {} }
  for (const [of, key, value] of parts) {
    const more = { ...said, [of]: { ...said[of], [key]: value } }
    if (RuleShape.Check(more)) said = more
  }
  return { ...said, name }
}

const FLAWS: Readonly<Record<string, string>> = {
  name: 'Its name has 1 to 80 characters, in one line.',
  min_severity: 'Severity is a whole number from 0 to 100.',
  max_severity: 'Severity is a whole number from 0 to 100.',
  verdicts: `It needs from 1 to ${MOST_VERDICTS} verdicts.`,
  head_start_minutes: `The head start is from 0 to ${MOST_HEAD_START_MINUTES} minutes.`,
}

/** The first part that does not hold, by what the form calls it. */
function flawIn(rule: unknown): string {
  const [first] = RuleShape.Errors(rule)
  const part = first?.instancePath.split('/').find((name) => name in FLAWS)
  return (part === undefined ? undefined : FLAWS[part]) ?? 'What was chosen makes no rule.'
}

/** `hidden`: what the form sends beside its fields; `place`: of the rule in the list. */
export function ruleForm(lists: Lists, said: Said, wrong: string | null, place: number, hidden: Html): Html {
  const { when, then } = said
  return html`<form class="editor panel stack" method="post" action="/review/routing" aria-label="Rule ${place + 1}">
${hidden}
<div class="field"><label for="rule-name">Name</label>
<input id="rule-name" name="name" value="${said.name}" required maxlength="80" autocomplete="off" dir="auto" autofocus></div>
<fieldset><legend>When all of this holds</legend>
${boxes('kinds', 'It is one of', lists.kinds, when.kinds)}
${boxes('categories', 'Category', lists.categories, when.categories)}
${boxes('languages', 'Language of the prompt', lists.languages, when.languages)}
<div class="fields">
<div class="field"><label for="has_language">Its language is known</label>
<select id="has_language" name="has_language">${[
    ['', 'either way', undefined],
    ['yes', 'yes', true],
    ['no', 'no', false],
  ].map(
    ([value, text, holds]) =>
      html`<option value="${value}"${when.has_language === holds && html` selected`}>${text}</option>`,
  )}</select></div>
${number('min_severity', 'Severity from', 0, 100, when.min_severity)}
${number('max_severity', 'Severity up to', 0, 100, when.max_severity)}
</div>
${boxes('tenants', 'Customer', lists.tenants, when.tenants)}
</fieldset>
<fieldset><legend>Then</legend>
${boxes('people', 'Only these may have it', lists.people, then.people)}
<label class="box"><input type="checkbox" name="lead_only"${then.lead_only === true && html` checked`}> Only leads may have it</label>
<div class="fields">
${number('verdicts', 'Verdicts, at least', 1, MOST_VERDICTS, then.verdicts)}
${number('head_start_minutes', 'Minutes ahead', 0, MOST_HEAD_START_MINUTES, then.head_start_minutes)}
</div>
</fieldset>
${wrong !== null && html`<p class="error" role="alert">${wrong}</p>`}
<div class="row">
<button class="primary" name="act" value="put.${place}">Done</button>
<button name="act" value="back.${place}" formnovalidate>Cancel</button>
</div>
</form>`
}

function boxes(list: string, name: string, choices: readonly Choice[], chosen: readonly string[] = []): Html | false {
  return (
    choices.length > 0 &&
    html`<div class="group" role="group" aria-labelledby="${list}-name">
<p id="${list}-name">${name}</p>
<div class="boxes">${choices.map(
      ({ id, name: text }) =>
        html`<label class="box"><input type="checkbox" name="${list}" value="${id}"${chosen.includes(id) && html` checked`}> <bdi>${text}</bdi></label>\n`,
    )}</div>
</div>`
  )
}

function number(name: string, label: string, min: number, max: number, value: number | undefined): Html {
  return html`<div class="field"><label for="${name}">${label}</label>
<input id="${name}" name="${name}" type="number" inputmode="numeric" min="${min}" max="${max}" value="${value}" autocomplete="off"></div>`
}

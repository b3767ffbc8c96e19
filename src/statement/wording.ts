// What a statement's sentences are filled with: names, numbers and bands of ours, or the phrases of the policy that a person chose.
// Nobody's own words come in, and a place that cannot be filled makes the statement incomplete.
import { Fault } from '../kernel/fault.ts'
import { OWN } from './own-words.ts'
import { EN } from './speech/en.ts'
import type { CitedClause, InputKind, StatementInput } from './statement.ts'

export type FactsTemplate = { readonly parts: readonly (string | { readonly place: string })[] }
type Cited = { inputKind: InputKind; clause: CitedClause; categoryName: string }
type Places = Readonly<Record<string, string | undefined>>

const LANGUAGES = new Intl.DisplayNames(['en'], { type: 'language' })

/** The facts relied on. Fault: statement_incomplete. */
export function factsOf(input: StatementInput, cited: Cited): string {
  const { inputKind, clause } = cited
  if (input.decidedBy === 'person' && inputKind === 'prompt') return OWN.personRead.replace('{clause}', clause.id)
  const review = input.decidedBy === 'person' ? (clause.statement?.facts.review ?? null) : null
  if (review !== null) return fill(review, { ...chosen(input, clause), ...placesOf(input, cited) })
  // A picture is described by its score wherever it came from.
  const stage = inputKind === 'image' ? 'output' : 'input'
  return fill(clause.statement?.facts[stage] ?? null, placesOf(input, cited))
}

/** Only phrases that the policy offers for their place, where it says which those are. */
function chosen({ findings = {} }: StatementInput, { statement }: CitedClause): Places {
  const offered = statement?.findings
  for (const [place, phrase] of Object.entries(findings))
    if (offered !== undefined && !offered.get(place)?.includes(phrase)) throw incomplete(`findings.${place}`)
  return findings
}

function placesOf({ policy, decision, classifiers, detection, decidedBy }: StatementInput, cited: Cited): Places {
  const { facts } = decision
  const named = classifiers.map(({ id, version }) => `${id} ${version}`).join(', ')
  return {
    category: cited.categoryName,
    clause: cited.clause.id,
    lists: facts?.lists.map((list) => required(policy.listNames.get(list), 'facts.lists')).join(', '),
    phrases: facts && EN.phrases(facts.phrases),
    languages: facts?.languages.map((language) => LANGUAGES.of(language) ?? language).join(', '),
    band: EN.bands[decision.band],
    classifiers: detection === 'automated' && decidedBy === 'automated' ? named : named || 'none',
  }
}

function fill(template: FactsTemplate | null, places: Places): string {
  if (template === null) throw incomplete('facts')
  const text = template.parts
    .map((p) => (typeof p === 'string' ? p : required(places[p.place], `facts.${p.place}`)))
    .join('')
  return required(text, 'facts')
}

export function required(value: string | null | undefined, field: string): string {
  if (value === null || value === undefined || value.trim() === '') throw incomplete(field)
  return value
}

export function instant(date: Date, field: string): string {
  if (Number.isNaN(date.getTime())) throw incomplete(field)
  return date.toISOString()
}

export function incomplete(field: string): Fault {
  return new Fault('statement_incomplete', { field, detail: `the statement of reasons lacks ${field}` })
}

// A statement of reasons (EU Digital Services Act, Article 17): one complete record, or a Fault and no refusal at all.
// It holds names, bands and versions, never a prompt, a pixel or a raw score, so every output can be made from it.
// outputs.ts makes the notice, the API's JSON and OpenAI's moderation_details. Pure; whoever decides stores it.
import { Fault } from '../kernel/fault.ts'

/** What is disclosed of a score. `matched`: a phrase rule; `borderline`: near a threshold; `unscored`: no score was usable. */
export type Band = 'matched' | 'low' | 'borderline' | 'elevated' | 'high' | 'unscored'
export type StatementStage = 'input' | 'output'
export type Detection = 'automated' | 'manual'
export type InputKind = 'prompt' | 'image'
export type Decider = 'automated' | 'person'

type Redress = { readonly appeal: string; readonly outOfCourt: string; readonly courts: string }
type FactsTemplate = { readonly parts: readonly (string | { readonly place: string })[] }
type CitedClause = {
  readonly id: string
  readonly category: string
  readonly rule: string
  readonly statement: {
    readonly ground: string
    readonly explanation: string
    readonly redress: 'full' | 'restricted'
    readonly facts: { readonly input: FactsTemplate | null; readonly output: FactsTemplate | null }
  } | null
}

/** What a statement needs of the policy in force. */
export type CitedPolicy = {
  readonly id: string
  readonly version: string
  readonly digest: string
  readonly effective: string
  readonly settings?: string
  readonly audience: string
  readonly territory: readonly string[]
  readonly scope: string
  readonly duration: { readonly input: string; readonly output: string }
  readonly redress: { readonly full: Redress; readonly restricted: string }
  readonly categories: readonly { readonly id: string; readonly name: string }[]
  readonly clauses: ReadonlyMap<string, CitedClause>
  readonly listNames: ReadonlyMap<string, string>
}

/** A refusal of `screenPrompt` or a deny of `judgeImage`, as far as a statement reads it. */
export type StatedDecision = {
  readonly clause: string | null
  readonly category: string | null
  readonly categories: readonly string[]
  readonly band: Band
  readonly policy: { readonly id: string; readonly version: string; readonly digest: string }
  /** Names and numbers of an input refusal. */
  readonly facts?: {
    readonly lists: readonly string[]
    readonly phrases: number
    readonly languages: readonly string[]
  }
}

export type StatementInput = {
  readonly id: string
  readonly policy: CitedPolicy
  readonly stage: StatementStage
  /** What was judged: a prompt or an uploaded picture at input, always an image at output. The prompt unless said. */
  readonly inputKind?: InputKind
  readonly subject: { readonly kind: 'request' | 'image'; readonly id: string }
  readonly decision: StatedDecision
  readonly detection: Detection
  readonly decidedBy: Decider
  readonly classifiers: readonly { readonly id: string; readonly version: string; readonly digest: string }[]
  readonly decidedAt: Date
  /** The last moment at which an appeal is taken. */
  readonly appealUntil: Date
}

/** JSON as it is: times are ISO 8601 in UTC. */
export type Statement = {
  readonly id: string
  readonly stage: StatementStage
  readonly inputKind: InputKind
  readonly subject: { readonly kind: 'request' | 'image'; readonly id: string }
  readonly decidedAt: string
  readonly category: string
  readonly categoryName: string
  readonly categories: readonly string[]
  readonly clause: string
  readonly rule: string
  readonly band: Band
  readonly restriction: 'request_refused' | 'image_withheld'
  readonly scope: string
  readonly duration: string
  readonly facts: string
  readonly ground: { readonly kind: 'policy'; readonly text: string; readonly explanation: string }
  readonly detection: Detection
  readonly decidedBy: Decider
  readonly policy: {
    readonly id: string
    readonly version: string
    readonly digest: string
    readonly effective: string
    /** SHA-256 of the settings of the tenant, where some applied. */
    readonly settings?: string
  }
  readonly classifiers: readonly { readonly id: string; readonly version: string; readonly digest: string }[]
  readonly audience: string
  readonly territory: readonly string[]
  readonly charged: false
  readonly redress:
    | ({ readonly kind: 'full'; readonly appealUntil: string } & Redress)
    | { readonly kind: 'restricted'; readonly text: string }
}

const BAND_NAMES: Readonly<Record<Band, string>> = {
  matched: 'matched',
  low: 'low',
  borderline: 'borderline',
  elevated: 'elevated',
  high: 'high',
  unscored: 'not scored',
}

/** The complete record. Fault: statement_incomplete, whose field names what is missing or does not fit. */
export function writeStatement(input: StatementInput): Statement {
  const { policy, stage, subject, decision } = input
  const inputKind = stage === 'output' ? 'image' : (input.inputKind ?? 'prompt')
  required(input.id, 'id')
  required(subject.id, 'subject.id')
  if (subject.kind !== (stage === 'input' ? 'request' : 'image')) throw incomplete('subject.kind')
  if (decision.policy.digest !== policy.digest) throw incomplete('policy')
  const clause = policy.clauses.get(required(decision.clause, 'clause')) ?? null
  if (clause === null) throw incomplete('clause')
  if (clause.category !== decision.category || !decision.categories.includes(clause.category))
    throw incomplete('category')
  if (clause.statement === null) throw incomplete('ground')
  const categoryName = policy.categories.find(({ id }) => id === clause.category)?.name
  if ((inputKind === 'prompt') !== (decision.band === 'matched')) throw incomplete('band')
  if (input.detection === 'automated' && inputKind === 'image' && input.classifiers.length === 0)
    throw incomplete('classifiers')
  for (const { id, version, digest } of input.classifiers)
    if (id === '' || version === '' || digest === '') throw incomplete('classifiers')
  const { ground, explanation, redress, facts } = clause.statement
  const places: Record<string, string | undefined> = {
    category: categoryName,
    clause: clause.id,
    lists: decision.facts?.lists.map((list) => required(policy.listNames.get(list), 'facts.lists')).join(', '),
    phrases: decision.facts && `${decision.facts.phrases} ${decision.facts.phrases === 1 ? 'phrase' : 'phrases'}`,
    languages: decision.facts?.languages.map((language) => LANGUAGES.of(language) ?? language).join(', '),
    band: BAND_NAMES[decision.band],
    classifiers: input.classifiers.map(({ id, version }) => `${id} ${version}`).join(', '),
  }
  if (input.detection === 'manual') places.classifiers = places.classifiers || 'none'
  return {
    id: input.id,
    stage,
    inputKind,
    subject: { kind: subject.kind, id: subject.id },
    decidedAt: instant(input.decidedAt, 'decidedAt'),
    category: clause.category,
    categoryName: required(categoryName, 'categoryName'),
    categories: [...decision.categories],
    clause: clause.id,
    rule: required(clause.rule, 'rule'),
    band: decision.band,
    restriction: stage === 'input' ? 'request_refused' : 'image_withheld',
    scope: required(policy.scope, 'scope'),
    duration: required(policy.duration[stage], 'duration'),
    // A picture is described by its score wherever it came from.
    facts: fill(facts[inputKind === 'image' ? 'output' : 'input'], places),
    ground: { kind: 'policy', text: required(ground, 'ground'), explanation: required(explanation, 'explanation') },
    detection: input.detection,
    decidedBy: input.decidedBy,
    policy: {
      id: required(policy.id, 'policy.id'),
      version: required(policy.version, 'policy.version'),
      digest: required(policy.digest, 'policy.digest'),
      effective: required(policy.effective, 'policy.effective'),
      ...(policy.settings === undefined ? {} : { settings: policy.settings }),
    },
    classifiers: input.classifiers.map(({ id, version, digest }) => ({ id, version, digest })),
    audience: required(policy.audience, 'audience'),
    territory: [...policy.territory],
    charged: false,
    redress: redressOf(policy, redress, input.decidedAt, input.appealUntil),
  }
}

const LANGUAGES = new Intl.DisplayNames(['en'], { type: 'language' })

function redressOf(policy: CitedPolicy, kind: 'full' | 'restricted', from: Date, until: Date): Statement['redress'] {
  if (kind === 'restricted') return { kind, text: required(policy.redress.restricted, 'redress.restricted') }
  if (!(until.getTime() > from.getTime())) throw incomplete('redress.appealUntil')
  const { appeal, outOfCourt, courts } = policy.redress.full
  return {
    kind,
    appealUntil: instant(until, 'redress.appealUntil'),
    appeal: required(appeal, 'redress.appeal'),
    outOfCourt: required(outOfCourt, 'redress.outOfCourt'),
    courts: required(courts, 'redress.courts'),
  }
}

function fill(template: FactsTemplate | null, places: Readonly<Record<string, string | undefined>>): string {
  if (template === null) throw incomplete('facts')
  const text = template.parts
    .map((p) => (typeof p === 'string' ? p : required(places[p.place], `facts.${p.place}`)))
    .join('')
  return required(text, 'facts')
}

function required(value: string | null | undefined, field: string): string {
  if (value === null || value === undefined || value.trim() === '') throw incomplete(field)
  return value
}

function instant(date: Date, field: string): string {
  if (Number.isNaN(date.getTime())) throw incomplete(field)
  return date.toISOString()
}

function incomplete(field: string): Fault {
  return new Fault('statement_incomplete', { field, detail: `the statement of reasons lacks ${field}` })
}

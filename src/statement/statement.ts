// A statement of reasons (EU Digital Services Act, Article 17): one complete record, or a Fault and no restriction at all.
// It holds names, bands and versions, never a prompt, a pixel or a raw score, so every output can be made from it: outputs.ts
// makes the notice and the API's JSON, transparency.ts the Transparency Database's payload. Pure; whoever decides stores it.
// What an owner takes back is stated by owner.ts. Records as they were written before a field existed: records.ts.
import { OWN } from './own-words.ts'
import { checkExport } from './transparency.ts'
import { type FactsTemplate, factsOf, incomplete, instant, required } from './wording.ts'

/** What is disclosed of a score. `matched`: a phrase rule; `borderline`: near a threshold; `unscored`: no score was usable. */
export type Band = 'matched' | 'low' | 'borderline' | 'elevated' | 'high' | 'unscored'
export type StatementStage = 'input' | 'output'
/** `notice`: somebody outside told of it. */
export type Detection = 'automated' | 'manual' | 'notice'
export type InputKind = 'prompt' | 'image'
export type Decider = 'automated' | 'person'
export type Restriction = 'request_refused' | 'image_withheld' | 'image_withdrawn'
export type Source = 'own_initiative' | 'notice' | 'owner'

type Redress = { readonly appeal: string; readonly outOfCourt: string; readonly courts: string }
export type CitedClause = {
  readonly id: string
  readonly category: string
  readonly rule: string
  readonly statement: {
    readonly ground: string
    readonly explanation: string
    readonly redress: 'full' | 'restricted'
    readonly facts: {
      readonly input: FactsTemplate | null
      readonly output: FactsTemplate | null
      /** Filled by what a person chose of `findings`; without it a person's decision is stated like software's. */
      readonly review?: FactsTemplate | null
    }
    /** The phrases that a person may choose, by place. */
    readonly findings?: ReadonlyMap<string, readonly string[]>
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

/** A refusal of `screenPrompt`, a deny of `judgeImage` or what a person found, as far as a statement reads it. */
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

type ClassifierRef = { readonly id: string; readonly version: string; readonly digest: string }

export type StatementInput = {
  readonly id: string
  readonly policy: CitedPolicy
  readonly stage: StatementStage
  /** What was judged: a prompt or an uploaded picture at input, always an image at output. The prompt unless said. */
  readonly inputKind?: InputKind
  readonly subject: { readonly kind: 'request' | 'image'; readonly id: string }
  /** `image_withdrawn` for a picture that was published; else what the stage says. */
  readonly restriction?: Restriction
  readonly decision: StatedDecision
  readonly detection: Detection
  readonly decidedBy: Decider
  /** Where the case came from, if detection alone does not tell: a person may look because somebody outside asked. */
  readonly source?: 'own_initiative' | 'notice'
  /** What a person chose, by place of the clause's review template. */
  readonly findings?: Readonly<Record<string, string>>
  /** What software had to do with it; none where it took no part. */
  readonly classifiers: readonly ClassifierRef[]
  /** When the content was made, where that is known. */
  readonly contentDate?: Date | null
  readonly decidedAt: Date
  /** The last moment at which an appeal is taken; null: the appeal that led to this was the one there is. */
  readonly appealUntil: Date | null
}

/** JSON as it is: times are ISO 8601 in UTC. */
export type Statement = {
  readonly id: string
  readonly stage: StatementStage
  readonly inputKind: InputKind
  readonly subject: { readonly kind: 'request' | 'image'; readonly id: string }
  readonly decidedAt: string
  readonly contentDate: string | null
  /** These five are null where an owner acted: nobody judged the content. */
  readonly category: string | null
  readonly categoryName: string | null
  readonly clause: string | null
  readonly rule: string | null
  readonly band: Band | null
  readonly categories: readonly string[]
  readonly restriction: Restriction
  readonly scope: string
  readonly duration: string
  readonly facts: string
  readonly ground: { readonly kind: 'policy' | 'owner'; readonly text: string; readonly explanation: string }
  readonly detection: Detection
  readonly decidedBy: Decider | 'owner'
  readonly source: Source
  readonly policy: {
    readonly id: string
    readonly version: string
    readonly digest: string
    readonly effective: string
    /** SHA-256 of the settings of the tenant, where some applied. */
    readonly settings?: string
  }
  readonly classifiers: readonly ClassifierRef[]
  readonly audience: string
  readonly territory: readonly string[]
  /** Only a picture that was published has been paid for. */
  readonly charged: boolean
  readonly redress:
    | ({ readonly kind: 'full'; readonly appealUntil: string } & Redress)
    | { readonly kind: 'final'; readonly text: string; readonly outOfCourt: string; readonly courts: string }
    | { readonly kind: 'restricted'; readonly text: string }
    | { readonly kind: 'none'; readonly text: string }
}

/** The complete record. Fault: statement_incomplete, whose field names what is missing or does not fit. */
export function writeStatement(input: StatementInput): Statement {
  const { policy, stage, subject, decision } = input
  const inputKind = stage === 'output' ? 'image' : (input.inputKind ?? 'prompt')
  const restriction = input.restriction ?? (stage === 'input' ? 'request_refused' : 'image_withheld')
  required(input.id, 'id')
  required(subject.id, 'subject.id')
  if (subject.kind !== (stage === 'input' ? 'request' : 'image')) throw incomplete('subject.kind')
  if ((restriction === 'request_refused') !== (stage === 'input')) throw incomplete('restriction')
  if (decision.policy.digest !== policy.digest) throw incomplete('policy')
  const clause = policy.clauses.get(required(decision.clause, 'clause')) ?? null
  if (clause === null) throw incomplete('clause')
  if (clause.category !== decision.category || !decision.categories.includes(clause.category))
    throw incomplete('category')
  if (clause.statement === null) throw incomplete('ground')
  checkMeans(input, inputKind)
  const categoryName = required(policy.categories.find(({ id }) => id === clause.category)?.name, 'categoryName')
  const { ground, explanation, redress } = clause.statement
  const statement: Statement = {
    id: input.id,
    stage,
    inputKind,
    subject: { kind: subject.kind, id: subject.id },
    decidedAt: instant(input.decidedAt, 'decidedAt'),
    contentDate: input.contentDate ? instant(input.contentDate, 'contentDate') : null,
    category: clause.category,
    categoryName,
    categories: [...decision.categories],
    clause: clause.id,
    rule: required(clause.rule, 'rule'),
    band: decision.band,
    restriction,
    scope: required(policy.scope, 'scope'),
    duration: durationOf(input, restriction),
    facts: factsOf(input, { inputKind, clause, categoryName }),
    ground: {
      kind: 'policy',
      text: required(ground, 'ground'),
      explanation: explanationOf(input, inputKind, explanation),
    },
    detection: input.detection,
    decidedBy: input.decidedBy,
    source: input.source ?? (input.detection === 'notice' ? 'notice' : 'own_initiative'),
    classifiers: input.classifiers.map(({ id, version, digest }) => ({ id, version, digest })),
    charged: restriction === 'image_withdrawn',
    ...circumstances(policy),
    redress: redressOf(policy, redress, input.decidedAt, input.appealUntil),
  }
  checkExport(statement)
  return statement
}

function durationOf({ policy, stage, appealUntil }: StatementInput, restriction: Restriction): string {
  if (appealUntil === null) return OWN.finalDuration
  return restriction === 'image_withdrawn' ? OWN.withdrawnDuration : required(policy.duration[stage], 'duration')
}

function explanationOf({ decidedBy }: StatementInput, inputKind: InputKind, explanation: string): string {
  return decidedBy === 'person' && inputKind === 'image' ? OWN.foundInPicture : required(explanation, 'explanation')
}

/** What every statement says of the policy and of whom it concerns. */
export function circumstances(policy: CitedPolicy) {
  return {
    policy: {
      id: required(policy.id, 'policy.id'),
      version: required(policy.version, 'policy.version'),
      digest: required(policy.digest, 'policy.digest'),
      effective: required(policy.effective, 'policy.effective'),
      ...(policy.settings === undefined ? {} : { settings: policy.settings }),
    },
    audience: required(policy.audience, 'audience'),
    territory: [...policy.territory],
  }
}

/** What found it and who decided must fit together: a prompt has no score, and software that saw a picture is named. */
function checkMeans({ decision, detection, decidedBy, classifiers }: StatementInput, inputKind: InputKind): void {
  const matched = decision.band === 'matched'
  if (decidedBy === 'automated' && detection !== 'automated') throw incomplete('detection')
  if (inputKind === 'image' ? matched : !matched && decidedBy === 'automated') throw incomplete('band')
  if (detection === 'automated' && decidedBy === 'automated' && inputKind === 'image' && classifiers.length === 0)
    throw incomplete('classifiers')
  for (const { id, version, digest } of classifiers)
    if (id === '' || version === '' || digest === '') throw incomplete('classifiers')
}

function redressOf(
  policy: CitedPolicy,
  kind: 'full' | 'restricted',
  from: Date,
  until: Date | null,
): Statement['redress'] {
  if (kind === 'restricted') return { kind, text: required(policy.redress.restricted, 'redress.restricted') }
  const { appeal } = policy.redress.full
  const elsewhere = {
    outOfCourt: required(policy.redress.full.outOfCourt, 'redress.outOfCourt'),
    courts: required(policy.redress.full.courts, 'redress.courts'),
  }
  if (until === null) return { kind: 'final', text: OWN.appealUsed, ...elsewhere }
  if (!(until.getTime() > from.getTime())) throw incomplete('redress.appealUntil')
  return {
    kind,
    appealUntil: instant(until, 'redress.appealUntil'),
    appeal: required(appeal, 'redress.appeal'),
    ...elsewhere,
  }
}

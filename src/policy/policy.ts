// What a moderation policy is once it has loaded: plain values, compiled conditions, one phrase book. Immutable.
// A rule is read per category, first match wins: an `allow` ends the category (its "can"), anything else applies.
// load.ts makes one from a file; admit/screen.ts and moderate/verdict.ts evaluate it.
import type { PhraseBook } from './book.ts'
import type { Formula } from './formula.ts'

export type Stage = 'input' | 'output'
/** `hold` refuses nothing: the picture that is drawn waits for a person. */
export type InputAction = 'allow' | 'hold' | 'deny' | 'escalate'
export type OutputAction = 'allow' | 'hold' | 'deny' | 'escalate'

/** What a condition at input can see. `matches` and `contexts` are names of lists and contexts, never words. */
export type InputFeatures = {
  prompt: { matches: readonly string[]; contexts: readonly string[] }
  negative: { matches: readonly string[] }
  tenant: string
  purpose: string
}

/** What a condition at output can see. */
export type OutputFeatures = {
  prompt: { contexts: readonly string[] }
  scores: ReadonlyMap<string, number>
  tenant: string
  purpose: string
}

/** `evaluate` throws Fault policy_invalid when the condition fails or is not a boolean: nothing may pass on an error. */
export type Condition<Features> = {
  readonly source: string
  /** The phrase lists the condition names, so that facts cite those and no others. */
  readonly lists: readonly string[]
  readonly formula: Formula
  readonly evaluate: (features: Features) => boolean
}
export type Rule<Action, Features> = { readonly action: Action; readonly when: Condition<Features> }

/** Text with named places, checked at load against the values its stage provides. */
export type Template = { readonly text: string; readonly parts: readonly (string | { readonly place: string })[] }

export type ClauseStatement = {
  readonly ground: string
  readonly explanation: string
  readonly redress: 'full' | 'restricted'
  /** `review`: what a person found, in places of `findings`. */
  readonly facts: {
    readonly input: Template | null
    readonly output: Template | null
    readonly review: Template | null
  }
  /** The phrases a reviewer chooses from, by the place that they fill. */
  readonly findings: ReadonlyMap<string, readonly string[]>
}

export type Clause = {
  readonly id: string
  readonly category: string
  readonly rule: string
  readonly input: Rule<InputAction, InputFeatures> | null
  readonly output: Rule<OutputAction, OutputFeatures> | null
  /** Null only for a clause that never refuses. */
  readonly statement: ClauseStatement | null
}

/** As the policy writes them. `deny` null: no score denies by itself. */
export type Thresholds = { readonly hold: number; readonly deny: number | null; readonly margin: number }

/**
 * Score bands of one category, each from its threshold inclusive. Within `margin` of a threshold a person judges:
 * clear < nearHoldFrom <= near hold < holdFrom <= hold < nearDenyFrom <= near deny < denyFrom <= deny.
 * The last two are null when no score denies by itself.
 */
export type Bands = {
  readonly nearHoldFrom: number
  readonly holdFrom: number
  readonly nearDenyFrom: number | null
  readonly denyFrom: number | null
}

export type ImageRule = Bands & {
  /** Two classifiers, of which one would allow, that differ by so much or more: a person judges. */
  readonly disagreeFrom: number
  readonly clause: string
  /** Whether an image without this score is held, whatever made it. */
  readonly required: boolean
  readonly thresholds: Thresholds
  /** In order: the first context that holds replaces the bands. */
  readonly contexts: readonly (Bands & { readonly context: string; readonly thresholds: Thresholds })[]
  /** How much looser than `thresholds` a tenant may set its own; a number that is not named is not loosened. */
  readonly loosest: { readonly hold?: number; readonly deny?: number }
}

export type Category = {
  readonly id: string
  readonly name: string
  readonly severity: number
  readonly shouldNot: readonly string[]
  readonly can: readonly string[]
  readonly image: ImageRule | null
  /** A tenant's: contexts may make this category stricter, never more lenient. */
  readonly ignoreContexts: boolean
  readonly clauses: readonly Clause[]
}

export type Redress = { readonly appeal: string; readonly outOfCourt: string; readonly courts: string }

/** `settings`: SHA-256 of the canonical JSON of the tenant's settings, where some applied. */
export type PolicyRef = {
  readonly id: string
  readonly version: string
  readonly digest: string
  readonly settings?: string
}

export type ModerationPolicy = PolicyRef & {
  /** The file as it was read, whose SHA-256 is the digest. */
  readonly text: string
  readonly effective: string
  readonly owner: string
  readonly audience: string
  readonly territory: readonly string[]
  readonly purposes: readonly string[]
  readonly scope: string
  readonly duration: { readonly input: string; readonly output: string }
  readonly redress: { readonly full: Redress; readonly restricted: string }
  /** Gravest first. */
  readonly categories: readonly Category[]
  readonly clauses: ReadonlyMap<string, Clause>
  readonly listNames: ReadonlyMap<string, string>
  readonly contexts: ReadonlyMap<string, { readonly purposes: readonly string[] }>
  readonly phrases: PhraseBook
}

/** The phrase book holds lists and contexts side by side; these keep their names apart. */
export const listKey = (name: string) => `list:${name}`
export const contextKey = (name: string) => `context:${name}`

export function policyRef(policy: PolicyRef): PolicyRef {
  const { id, version, digest, settings } = policy
  return settings === undefined ? { id, version, digest } : { id, version, digest, settings }
}

/** What the log says of the policy that decided. */
export function policyFacts({ digest, settings }: PolicyRef): { policy: string; settings?: string } {
  return settings === undefined ? { policy: digest } : { policy: digest, settings }
}

// The facts of a move that help whoever reads its history, each with its name in words, and who made it. Only what is named here is told,
// and only values that are no text: ids, digests, names of rules and versions, numbers. Pure.
import type { Json } from '../kernel/canonical.ts'
import { SchedulerOptions } from '../kernel/sampling.ts'
import { type Doer, kindOf } from './history-kinds.ts'

export type Fact = { readonly name: string; readonly value: string }

/** People by their ids, which are their pseudonyms in the log. */
export type By = {
  readonly who: Doer | 'bearer'
  readonly people: readonly string[]
  readonly key: string | null
  /** Digest of the policy by which software decided. */
  readonly policy: string | null
}

const SCHEDULER_OPTIONS = Object.fromEntries(
  Object.keys(SchedulerOptions.properties).map((name) => [
    `sampling.scheduler_options.${name}`,
    name.replaceAll('_', ' '),
  ]),
)

/** In the order in which they are told. A name is a path through the facts; of a list, each element's. */
const NAMES: Readonly<Record<string, string>> = {
  outcome: 'outcome',
  verdict: 'verdict',
  reason: 'reason',
  clause: 'clause',
  new_clause: 'new clause',
  software: 'software had said',
  software_clause: 'software’s clause',
  category: 'category',
  categories: 'categories',
  band: 'band',
  clauses: 'clauses',
  'matched.lists': 'phrase lists',
  'matched.phrases': 'phrases matched',
  'matched.languages': 'languages',
  contexts: 'contexts',
  purpose: 'declared purpose',
  hold: 'hold',
  input: 'input',
  classifiers: 'classifiers',
  fault: 'fault',
  report: 'report',
  review: 'review item',
  verdicts: 'verdicts',
  matched: 'as expected',
  probability: 'probability of being drawn',
  to: 'to',
  from: 'from',
  statement: 'statement',
  statement_digest: 'SHA-256 of the statement',
  contested: 'contested statement',
  new_statement: 'new statement',
  appeal: 'appeal',
  refused: 'refused request',
  skipped: 'clause lifted by the appeal',
  result: 'result',
  image: 'image',
  request: 'request',
  kind: 'kind of review',
  position: 'place among its images',
  attempt: 'attempt',
  model: 'model',
  model_version: 'model version',
  pack: 'SHA-256 of the model’s pack',
  operation: 'operation',
  strength: 'strength',
  size: 'size',
  width: 'width',
  height: 'height',
  steps: 'steps',
  scheduler: 'scheduler',
  guidance_scale: 'guidance scale',
  ...SCHEDULER_OPTIONS,
  'sampling.prompt_syntax': 'prompt syntax',
  'sampling.guidance_rescale': 'guidance rescale',
  'sampling.true_guidance_scale': 'true guidance scale',
  'sampling.timesteps': 'timesteps',
  'sampling.sigmas': 'sigmas',
  n: 'images',
  images: 'images',
  seed: 'seed',
  provider: 'run on',
  runtime: 'runtime',
  prompt: 'salted digest of the prompt',
  negative_prompt: 'salted digest of the negative prompt',
  inputs: 'inputs',
  text: 'salted digest of the text',
  digest: 'SHA-256 of the drawing',
  'record.digests.file': 'SHA-256 of the file',
  'record.digests.pixels': 'SHA-256 of the pixels',
  'record.validationState': 'manifest read back as',
  'record.watermark.confidence': 'agreement of the mark, read back',
  'record.watermark.epoch': 'key epoch of the mark',
  'record.watermark.psnrDb': 'PSNR of the mark, dB',
  'record.trustmark': 'second mark',
  manifest: 'manifest',
  file: 'SHA-256 of the file',
  'policy.digest': 'policy',
  'policy.version': 'policy version',
  policy: 'policy',
  settings: 'tenant’s settings',
  rules: 'rules',
  held: 'kept, since it must be',
  problems: 'problems',
  sandbox: 'rehearsal',
}

// No sentence: what somebody typed would be one.
const PLAIN = /^[\w.:/+@=-]{1,300}$/
const MOST_VALUES = 40

/** Of what was allowed since nothing was found: no rule was broken, and these are of the one that came nearest. */
const NEAREST: Readonly<Record<string, string>> = {
  clause: 'nearest rule',
  category: 'nearest category',
  band: 'its band',
}

export function factsOf(facts: Json, kind: string): Fact[] {
  const clear = kind === 'image.cleared' && within(facts, 'reason') === 'clear'
  return Object.entries(clear ? { ...NAMES, ...NEAREST } : NAMES).flatMap(([path, name]) => {
    const value = worded(path.split('.').reduce<Json | undefined>(within, facts))
    return value === null ? [] : [{ name, value }]
  })
}

function within(value: Json | undefined, name: string): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value[name] : undefined
}

function worded(value: Json | undefined): string | null {
  if (typeof value === 'number') return String(value)
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'string') return PLAIN.test(value) ? value : null
  if (!Array.isArray(value)) return null
  const all = value.slice(0, MOST_VALUES).flatMap((one) => worded(one) ?? named(one) ?? [])
  return all.length === 0 ? null : all.join(', ')
}

/** A classifier as `id version digest`, an input as `kind digest`. */
function named(value: Json): string | null {
  const parts = ['id', 'kind', 'version', 'digest'].flatMap((name) => worded(within(value, name)) ?? [])
  return parts.length === 0 ? null : parts.join(' ')
}

/** Who made a move: as its facts say, else as its kind is made. */
export function doerOf(kind: string, facts: Json): By {
  const of = (name: string) => within(facts, name)
  const policy = worded(within(of('policy'), 'digest')) ?? worded(of('policy'))
  const none = { people: [], key: null, policy: null } as const
  const by = of('by')
  const people = [by, of('person'), of('people')].flatMap(idsIn)
  if (typeof by === 'string') return { ...none, who: 'people', people }
  if (within(by, 'program') !== undefined) return { ...none, who: 'service' }
  if (within(by, 'bearer') === true) return { ...none, who: 'bearer' }
  const key = worded(within(by, 'key')) ?? worded(of('key'))
  const { by: usual } = kindOf(kind)
  // A picture's file has a key of another sort.
  if (usual === 'owner' || by !== undefined) return { ...none, ...ownerOf(usual, by, people, key) }
  switch (of('decided_by')) {
    case 'owner':
      return { ...none, who: 'owner' }
    case 'person':
      return { ...none, who: 'people', people }
    default:
      return {
        who: usual,
        people: usual === 'people' ? people : [],
        key: null,
        policy: usual === 'gate' ? policy : null,
      }
  }
}

function ownerOf(usual: Doer, by: Json | undefined, people: string[], key: string | null) {
  const person = idsIn(within(by, 'person'))
  const who: Doer = usual === 'operator' || usual === 'people' ? usual : 'owner'
  return { who, people: [...people, ...person], key }
}

function idsIn(value: Json | undefined): string[] {
  const ids = Array.isArray(value) ? value : [value]
  return ids.flatMap((id) => (typeof id === 'string' && PLAIN.test(id) ? [id] : []))
}

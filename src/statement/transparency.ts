// A statement as the DSA Transparency Database takes it: its `StatementStoreRequest`, made from the record alone, in version 2 of its
// schema (in force since 1 July 2025), transcribed on 29 November 2026 from the database's published API documentation.
// FOR A LAWYER TO CHECK before the first submission: which categories ours fall under, the visibility that each restriction has, and
// whether the operator is bound at all. Nothing here sends anything.
import Type, { type Static } from 'typebox'
import { Value } from 'typebox/value'
import type { Statement } from './statement.ts'
import { incomplete } from './wording.ts'

const CATEGORIES = [
  'STATEMENT_CATEGORY_ANIMAL_WELFARE',
  'STATEMENT_CATEGORY_CONSUMER_INFORMATION',
  'STATEMENT_CATEGORY_CYBER_VIOLENCE',
  'STATEMENT_CATEGORY_CYBER_VIOLENCE_AGAINST_WOMEN',
  'STATEMENT_CATEGORY_DATA_PROTECTION_AND_PRIVACY_VIOLATIONS',
  'STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH',
  'STATEMENT_CATEGORY_INTELLECTUAL_PROPERTY_INFRINGEMENTS',
  'STATEMENT_CATEGORY_NEGATIVE_EFFECTS_ON_CIVIC_DISCOURSE_OR_ELECTIONS',
  'STATEMENT_CATEGORY_NOT_SPECIFIED_NOTICE',
  'STATEMENT_CATEGORY_OTHER_VIOLATION_TC',
  'STATEMENT_CATEGORY_PROTECTION_OF_MINORS',
  'STATEMENT_CATEGORY_RISK_FOR_PUBLIC_SECURITY',
  'STATEMENT_CATEGORY_SCAMS_AND_FRAUD',
  'STATEMENT_CATEGORY_SELF_HARM',
  'STATEMENT_CATEGORY_UNSAFE_AND_PROHIBITED_PRODUCTS',
  'STATEMENT_CATEGORY_VIOLENCE',
] as const
type StatementCategory = (typeof CATEGORIES)[number]

/** By category of the policy. Version 2 knows no category of sexual content between adults: it is a violation of terms. */
const CATEGORY_OF: ReadonlyMap<string, StatementCategory> = new Map([
  ['sexual/minors', 'STATEMENT_CATEGORY_PROTECTION_OF_MINORS'],
  ['sexual', 'STATEMENT_CATEGORY_OTHER_VIOLATION_TC'],
  ['violence', 'STATEMENT_CATEGORY_VIOLENCE'],
  ['violence/graphic', 'STATEMENT_CATEGORY_VIOLENCE'],
  ['self-harm', 'STATEMENT_CATEGORY_SELF_HARM'],
  ['hate', 'STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH'],
  ['harassment', 'STATEMENT_CATEGORY_CYBER_VIOLENCE'],
  ['illicit', 'STATEMENT_CATEGORY_RISK_FOR_PUBLIC_SECURITY'],
  ['weapons', 'STATEMENT_CATEGORY_OTHER_VIOLATION_TC'],
] as const)
/** Every clause is part of the terms of service. */
const ANY_OTHER: StatementCategory = 'STATEMENT_CATEGORY_OTHER_VIOLATION_TC'

const EU = 'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK'.split(' ')
const EEA = [...EU, 'IS', 'LI', 'NO']
/** The database takes no others. */
const TERRITORY: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ['EU', EU],
  ['EEA', EEA],
  ...EEA.map((country): [string, string[]] => [country, [country]]),
])
/** What a policy's territory may name for its statements to be submitted. */
export const SUBMITTED_AREAS: readonly string[] = [...TERRITORY.keys()]

const Day = Type.String({ pattern: '^20\\d{2}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$' })
const strict = { additionalProperties: false } as const

const PayloadSchema = Type.Object(
  {
    puid: Type.String({ pattern: '^[a-zA-Z0-9_-]{1,500}$' }),
    decision_visibility: Type.Array(
      Type.Enum([
        'DECISION_VISIBILITY_CONTENT_REMOVED',
        'DECISION_VISIBILITY_CONTENT_DISABLED',
        'DECISION_VISIBILITY_OTHER',
      ]),
      { minItems: 1, maxItems: 1 },
    ),
    decision_visibility_other: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
    decision_ground: Type.Literal('DECISION_GROUND_INCOMPATIBLE_CONTENT'),
    incompatible_content_ground: Type.String({ minLength: 1, maxLength: 500 }),
    incompatible_content_explanation: Type.String({ minLength: 1, maxLength: 2000 }),
    content_type: Type.Array(Type.Enum(['CONTENT_TYPE_TEXT', 'CONTENT_TYPE_IMAGE', 'CONTENT_TYPE_SYNTHETIC_MEDIA']), {
      minItems: 1,
      uniqueItems: true,
    }),
    category: Type.Enum([...CATEGORIES]),
    territorial_scope: Type.Array(Type.Enum([...EEA]), { minItems: 1, uniqueItems: true }),
    content_date: Day,
    application_date: Day,
    decision_facts: Type.String({ minLength: 1, maxLength: 5000 }),
    source_type: Type.Enum(['SOURCE_VOLUNTARY', 'SOURCE_TYPE_OTHER_NOTIFICATION']),
    automated_detection: Type.Enum(['Yes', 'No']),
    automated_decision: Type.Enum([
      'AUTOMATED_DECISION_FULLY',
      'AUTOMATED_DECISION_PARTIALLY',
      'AUTOMATED_DECISION_NOT_AUTOMATED',
    ]),
  },
  strict,
)
export type Payload = Static<typeof PayloadSchema>

/** `draft`: made for a person of the restricted team, and never exported. */
export type Submission = { payload: Payload; draft: boolean }

/**
 * Null for what is nobody's restriction (its owner's own wish) and for what concerns no country of the EU or EEA.
 * Fault: statement_incomplete, whose field is the first that the database would refuse.
 */
export function submissionOf(statement: Statement): Submission | null {
  const territory = [...new Set(statement.territory.flatMap((area) => TERRITORY.get(area) ?? []))]
  if (statement.decidedBy === 'owner' || territory.length === 0) return null
  const payload: Payload = {
    puid: statement.id,
    ...visibilityOf(statement),
    decision_ground: 'DECISION_GROUND_INCOMPATIBLE_CONTENT',
    incompatible_content_ground: statement.ground.text,
    incompatible_content_explanation: statement.ground.explanation,
    content_type: contentOf(statement),
    category: CATEGORY_OF.get(statement.category ?? '') ?? ANY_OTHER,
    territorial_scope: territory,
    content_date: (statement.contentDate ?? statement.decidedAt).slice(0, 10),
    application_date: statement.decidedAt.slice(0, 10),
    decision_facts: statement.facts,
    source_type: statement.source === 'notice' ? 'SOURCE_TYPE_OTHER_NOTIFICATION' : 'SOURCE_VOLUNTARY',
    automated_detection: statement.detection === 'automated' ? 'Yes' : 'No',
    automated_decision: automationOf(statement),
  }
  if (!Value.Check(PayloadSchema, payload)) {
    const [wrong] = Value.Errors(PayloadSchema, payload)
    throw incomplete(`transparency${(wrong?.instancePath ?? '').replaceAll('/', '.')}`)
  }
  return { payload, draft: statement.redress.kind === 'restricted' }
}

/** A record that could not be submitted is not written. Fault: statement_incomplete. */
export function checkExport(statement: Statement): void {
  submissionOf(statement)
}

function visibilityOf({ restriction }: Statement): Pick<Payload, 'decision_visibility' | 'decision_visibility_other'> {
  switch (restriction) {
    case 'request_refused':
      return {
        decision_visibility: ['DECISION_VISIBILITY_OTHER'],
        decision_visibility_other: 'A request to generate an image was refused; nothing was generated.',
      }
    // Kept sealed while an appeal may release it.
    case 'image_withheld':
      return { decision_visibility: ['DECISION_VISIBILITY_CONTENT_DISABLED'] }
    case 'image_withdrawn':
      return { decision_visibility: ['DECISION_VISIBILITY_CONTENT_REMOVED'] }
    default:
      return restriction satisfies never
  }
}

/** What was judged: a prompt is text, an upload is a picture of whatever origin, and what was generated is synthetic. */
function contentOf({ stage, inputKind }: Statement): Payload['content_type'] {
  if (stage === 'output') return ['CONTENT_TYPE_IMAGE', 'CONTENT_TYPE_SYNTHETIC_MEDIA']
  return inputKind === 'prompt' ? ['CONTENT_TYPE_TEXT'] : ['CONTENT_TYPE_IMAGE']
}

/** Partly: software had held it back until a person decided. What people decide on an appeal or a report is theirs alone. */
function automationOf({ decidedBy, detection, redress }: Statement): Payload['automated_decision'] {
  if (decidedBy === 'automated') return 'AUTOMATED_DECISION_FULLY'
  if (detection === 'automated' && redress.kind !== 'final') return 'AUTOMATED_DECISION_PARTIALLY'
  return 'AUTOMATED_DECISION_NOT_AUTOMATED'
}

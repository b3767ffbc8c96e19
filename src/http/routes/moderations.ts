// POST /v1/moderations: what the policy says of text and pictures, in OpenAI's shape. Inputs are looked at and forgotten.
// A text, or each of a list of texts, has a result of its own; a list of typed parts is one input and has one result.
import { randomUUID } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { type Static, Type } from '@fastify/type-provider-typebox'
import { type Findings, findInPicture, findInText, type Moderation, moderationOf } from '../../admit/moderations.ts'
import { Fault } from '../../kernel/fault.ts'
import type { ModerationPolicy } from '../../policy/policy.ts'
import { policyOf } from '../../policy/settings.ts'
import { countRefusals } from '../../tenant/refusals.ts'
import { callerOf } from '../access.ts'
import type { App } from '../app.ts'
import { pictureInUrl } from '../data-url.ts'
import type { RouteDeps } from '../deps.ts'
import { openaiErrors } from '../openai-schemas.ts'
import { openShares } from '../shares.ts'
import { optional, strict } from '../validation.ts'

const MOST_INPUTS = 128
const MOST_PICTURES = 4
/** What a JSON body holds beside its pictures. */
const FRAME_BYTES = 65_536
/** Base64 makes four characters of three bytes. */
const BASE64 = 4 / 3
/** OpenAI's names for what we do: their clients send them. */
const ALIASES = ['omni-moderation-latest', 'omni-moderation-2024-09-26']
const TEXT_ALIASES = ['text-moderation-latest', 'text-moderation-stable']

const TextPart = Type.Object({ type: Type.Literal('text'), text: Type.String() }, strict)
const PicturePart = Type.Object(
  {
    type: Type.Literal('image_url'),
    image_url: Type.Object({ url: Type.String({ description: 'A data: URL; addresses are not fetched.' }) }, strict),
  },
  strict,
)
const Part = Type.Union([TextPart, PicturePart])
type Part = Static<typeof Part>

const NewModeration = Type.Object(
  {
    input: Type.Union([
      Type.String(),
      Type.Array(Type.String(), { minItems: 1, maxItems: MOST_INPUTS }),
      Type.Array(Part, { minItems: 1, maxItems: MOST_INPUTS }),
    ]),
    model: optional(
      Type.String({
        minLength: 1,
        maxLength: 200,
        description: 'OpenAI’s names, or a model whose classifiers look at the pictures; else the default model’s do.',
      }),
    ),
  },
  strict,
)

const Named = <T extends Parameters<typeof Type.Record>[1]>(value: T) => Type.Record(Type.String(), value)
const Moderations = Type.Object({
  id: Type.String(),
  model: Type.String({ description: 'The policy that judged, with its version.' }),
  results: Type.Array(
    Type.Object({
      flagged: Type.Boolean(),
      categories: Named(Type.Boolean()),
      category_scores: Named(Type.Number()),
      category_applied_input_types: Named(Type.Array(Type.Enum(['text', 'image']))),
    }),
  ),
})

export function moderationRoutes(app: App, { ground, admission, examineUpload }: RouteDeps): void {
  const { models } = admission
  const { limits, defaultModel } = ground.config
  const takePlace = openShares(limits.verificationsAtOnce)
  app.post(
    '/v1/moderations',
    {
      config: { access: ['client'], dialect: 'openai', limit: 'moderations' },
      bodyLimit: Math.max(limits.bodyBytes, Math.ceil(limits.uploadBytes * BASE64) + FRAME_BYTES),
      schema: {
        tags: ['openai'],
        summary: 'What the policy says of text and pictures',
        description:
          'Text is screened by rules that find or do not find: its scores are two constants. Pictures have their classifiers’ ' +
          'probabilities, told by tenths. A category to which no input type applies was not judged. Nothing of the input is kept.',
        body: NewModeration,
        response: { 200: Moderations, ...openaiErrors(400, 401, 403, 404, 413, 415, 429, 500, 503) },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request)
      const { tenantId, policy: settings } = caller
      const policy = policyOf(admission.policy, settings)
      const { input, model } = request.body
      const eye = eyeOf(model ?? null)
      const inputs = partsOf(input)
      for (const { parts, fields } of inputs) checkParts(parts, fields, eye === null ? (model ?? '') : null)
      // Each holds a decoded picture, so there is a bound.
      const pictures = inputs.some(({ parts }) => parts.some(({ type }) => type === 'image_url'))
      const leave = pictures ? takePlace(tenantId) : null
      try {
        const { results, flaggedTexts } = await judge(policy, inputs, tenantId, eye ?? defaultModel)
        await countRefusals(ground.database.sql, admission.plans, caller, flaggedTexts)
        return await reply.send({
          id: `modr-${randomUUID().replaceAll('-', '')}`,
          model: `darkroom-${policy.id}-${policy.version}`,
          results,
        })
      } finally {
        leave?.()
      }
    },
  )

  async function judge(policy: ModerationPolicy, inputs: readonly Input[], tenantId: string, eye: string) {
    const results: Moderation[] = []
    let flaggedTexts = 0
    for (const { parts, fields } of inputs) {
      const found: Findings[] = []
      for (const [at, part] of parts.entries()) {
        // A long text takes a while; whoever else waits comes between two of them.
        await setImmediate()
        found.push(
          part.type === 'text'
            ? findInText(policy, part.text, tenantId)
            : await look(policy, part.image_url.url, `${fields[at]}.image_url.url`, eye),
        )
      }
      flaggedTexts += found.filter(({ type, byCategory }) => type === 'text' && isFlagged(byCategory)).length
      results.push(moderationOf(policy, found))
    }
    return { results, flaggedTexts }
  }

  async function look(policy: ModerationPolicy, url: string, field: string, model: string): Promise<Findings> {
    const picture = await pictureInUrl(url, field, { maxBytes: limits.uploadBytes, maxPixels: limits.uploadPixels })
    const evidence = await examineUpload(picture, model)
    if (evidence === null)
      throw new Fault('invalid_request', { field, detail: `model ${model} names no classifier to look at pictures` })
    return findInPicture(policy, evidence.categories)
  }

  /** The model whose classifiers look at pictures; null: the caller chose one that reads text alone. Fault: model_unknown. */
  function eyeOf(model: string | null): string | null {
    if (model === null || ALIASES.includes(model)) return defaultModel
    if (TEXT_ALIASES.includes(model)) return null
    if (models.some(({ id }) => id === model)) return model
    throw new Fault('model_unknown', { field: 'model', detail: `there is no such model; ${ALIASES[0]} is the default` })
  }

  function checkParts(parts: readonly Part[], fields: readonly string[], textModel: string | null): void {
    const pictures = parts.filter(({ type }) => type === 'image_url').length
    if (pictures > 0 && textModel !== null) throw invalid('input', `${textModel} looks at text alone`)
    if (pictures > MOST_PICTURES) throw invalid('input', `an input has ${MOST_PICTURES} pictures at most`)
    for (const [at, part] of parts.entries())
      if (part.type === 'text') checkText(part.text, fields[at] ?? 'input', limits.promptCharacters)
  }
}

function isFlagged(byCategory: Findings['byCategory']): boolean {
  return [...byCategory.values()].some(({ flagged }) => flagged)
}

type Input = { parts: Part[]; fields: string[] }

function partsOf(input: Static<typeof NewModeration>['input']): Input[] {
  if (typeof input === 'string') return [{ parts: [{ type: 'text', text: input }], fields: ['input'] }]
  const texts = input.filter((one) => typeof one === 'string')
  if (texts.length > 0) return texts.map((text, at) => ({ parts: [{ type: 'text', text }], fields: [`input.${at}`] }))
  const parts = input.filter((one) => typeof one !== 'string')
  return [{ parts, fields: parts.map(({ type }, at) => (type === 'text' ? `input.${at}.text` : `input.${at}`)) }]
}

function checkText(text: string, field: string, limit: number): void {
  if (text.length > limit && [...text].length > limit) throw invalid(field, `${field} has over ${limit} characters`)
  if (!text.isWellFormed()) throw invalid(field, `${field} has half a surrogate pair, which is not text`)
}

function invalid(field: string, detail: string): Fault {
  return new Fault('invalid_request', { field, detail })
}

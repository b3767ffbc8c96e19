// What helps a reviewer judge: what would be read if a verdict were the decision, the prompt in a language that they read, and their own
// verdicts of before.
import { Type } from '@fastify/type-provider-typebox'
import { previewVerdict } from '../../appeal/preview.ts'
import { Fault } from '../../kernel/fault.ts'
import { seeItem } from '../../review/access.ts'
import { readContent } from '../../review/content.ts'
import { laneOf } from '../../review/lane.ts'
import { listMine } from '../../review/mine.ts'
import { reviewerOf } from '../../review/reviewer.ts'
import { openTranslator, type Translator } from '../../review/translate.ts'
import { revealedTo, showsPrompt } from '../../review/view.ts'
import { callerOf } from '../access.ts'
import { PageQuery, pageAsked } from '../admin-schemas.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import { verdictFields, verdictOf } from '../review-schemas.ts'
import { MinePage, PreviewSchema, TranslatedSchema } from '../review-shift-schemas.ts'
import { IdParams, problems } from '../schemas.ts'
import { strict } from '../validation.ts'

const { outcome, clause, findings, reason } = verdictFields

export function reviewAidRoutes(app: App, { ground, review }: RouteDeps): void {
  const config = { access: ['reviewer', 'lead'] } as const
  const tags = ['review']
  const { sql } = ground.database
  const { appealWindowDays } = ground.config
  const translator = openTranslator(ground.config.translation)

  app.post(
    '/v1/review/items/:id/preview',
    {
      config,
      schema: {
        tags,
        summary: 'What would be read if this were the decision',
        description: 'Stores nothing. What is missing or does not fit is told as by deciding.',
        params: IdParams,
        body: Type.Object({ outcome, clause, findings, reason }, strict),
        response: { 200: PreviewSchema, ...problems(400, 401, 403, 404, 409, 413, 415, 429, 503) },
      },
    },
    async (request) => {
      const reviewer = reviewerOf(callerOf(request))
      const item = await seeItem(sql, reviewer, request.params.id)
      return previewVerdict(sql, { review, appealWindowDays }, reviewer, item, verdictOf(request.body))
    },
  )

  app.post(
    '/v1/review/items/:id/translate',
    {
      config,
      schema: {
        tags,
        summary: 'The prompt in another language',
        description:
          'Of a prompt that you are shown; what is restricted is not sent elsewhere. 404: no translation is set up here.',
        params: IdParams,
        body: Type.Object({ to: Type.String({ minLength: 2, maxLength: 12 }) }, strict),
        response: { 200: TranslatedSchema, ...problems(400, 401, 403, 404, 409, 410, 413, 415, 429, 502, 503) },
      },
    },
    async (request) => {
      const reviewer = reviewerOf(callerOf(request))
      const { translate } = requireTranslator(translator, request.body.to)
      const item = await seeItem(sql, reviewer, request.params.id)
      if (laneOf(item) === 'restricted')
        throw new Fault('forbidden', { detail: 'what is restricted is not sent elsewhere' })
      const content = await readContent(sql, item)
      if (!showsPrompt(item, content, await revealedTo(sql, reviewer, item)))
        throw new Fault('forbidden', { detail: 'ask for the prompt first: POST .../reveal' })
      if (content.erased || content.prompt === null)
        throw new Fault('gone', { detail: 'this was erased; there is nothing left to translate' })
      const { to } = request.body
      const { from, text } = await translate(content.prompt, to)
      const negative = content.negativePrompt ? (await translate(content.negativePrompt, to)).text : null
      return { from, to, text, negative }
    },
  )

  app.get(
    '/v1/review/mine',
    {
      config,
      schema: {
        tags,
        summary: 'Your own verdicts',
        description: 'Newest first, without those that you took back.',
        querystring: PageQuery,
        response: { 200: MinePage, ...problems(400, 401, 403, 429, 503) },
      },
    },
    async (request) => {
      const reviewer = reviewerOf(callerOf(request))
      const { data, next } = await listMine(sql, review.policy, reviewer, pageAsked(request.query))
      return { object: 'list' as const, data, has_more: next !== null, next }
    },
  )
}

/** Faults: not_found (none is set up), invalid_request (field `to`). */
function requireTranslator(translator: Translator | null, to: string): Translator {
  if (translator === null) throw new Fault('not_found', { detail: 'no translation is set up here' })
  if (!translator.to.includes(to))
    throw new Fault('invalid_request', { field: 'to', detail: `choose one of: ${translator.to.join(', ')}` })
  return translator
}

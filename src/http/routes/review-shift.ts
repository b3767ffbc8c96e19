// A reviewer's own day: what is left of it, breaks, what they are spared, how they like to see pictures, and its end. Each act answers the
// day as it is then. Nobody else's is anybody's to see.
import { Type } from '@fastify/type-provider-typebox'
import { endShift, resumeWork, startBreak } from '../../review/breaks.ts'
import { type Reviewer, reviewerOf } from '../../review/reviewer.ts'
import { readShift, setPreferences } from '../../review/shift.ts'
import { chooseSkips } from '../../review/skips.ts'
import { openTranslator } from '../../review/translate.ts'
import { callerOf } from '../access.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import { NoteField } from '../review-schemas.ts'
import { PreferencesBody, ShiftSchema, shiftResource } from '../review-shift-schemas.ts'
import { problems } from '../schemas.ts'
import { optional, strict } from '../validation.ts'

const LONGEST_SKIP_HOURS = 720
const tags = ['review']

export function reviewShiftRoutes(app: App, { ground, review }: RouteDeps): void {
  const config = { access: ['reviewer', 'lead'] } as const
  const { database } = ground
  const { rules } = review
  const translator = openTranslator(ground.config.translation)
  const response = { 200: ShiftSchema, ...problems(400, 401, 403, 409, 413, 415, 429, 503) }
  const shiftOf = async (reviewer: Reviewer) =>
    shiftResource(await readShift(database.sql, review, reviewer), translator)

  app.get(
    '/v1/review/shift',
    {
      config,
      schema: { tags, summary: 'Your own day', response: { 200: ShiftSchema, ...problems(401, 403, 429, 503) } },
    },
    async (request) => shiftOf(reviewerOf(callerOf(request))),
  )

  app.post(
    '/v1/review/shift/break',
    {
      config,
      schema: {
        tags,
        summary: 'Begin a break',
        description: 'What you hold is given back, and nothing is handed out until it is over.',
        body: Type.Union([Type.Object({}, strict), Type.Null()]),
        response,
      },
    },
    async (request) => {
      const reviewer = reviewerOf(callerOf(request))
      await startBreak(database, rules, reviewer)
      return shiftOf(reviewer)
    },
  )

  app.post(
    '/v1/review/shift/resume',
    {
      config,
      schema: {
        tags,
        summary: 'End a break before its time',
        description: '409 `conflict`: this one is required.',
        body: Type.Union([Type.Object({}, strict), Type.Null()]),
        response,
      },
    },
    async (request) => {
      const reviewer = reviewerOf(callerOf(request))
      await resumeWork(database, rules, reviewer)
      return shiftOf(reviewer)
    },
  )

  app.post(
    '/v1/review/shift/end',
    {
      config,
      schema: {
        tags,
        summary: 'End your shift',
        description: 'What you hold is given back. The note is shown to colleagues for a while, and then erased.',
        body: Type.Union([Type.Object({ note: optional(NoteField) }, strict), Type.Null()]),
        response: {
          200: Type.Object({ released: Type.Integer({ minimum: 0 }) }),
          ...problems(400, 401, 403, 413, 415, 429, 503),
        },
      },
    },
    async (request) => {
      const note = request.body?.note ?? null
      return { released: await endShift(database, reviewerOf(callerOf(request)), note) }
    },
  )

  app.put(
    '/v1/review/shift/preferences',
    { config, schema: { tags, summary: 'Set how you like to see pictures', body: PreferencesBody, response } },
    async (request) => {
      const reviewer = reviewerOf(callerOf(request))
      await setPreferences(database.sql, reviewer, request.body)
      return shiftOf(reviewer)
    },
  )

  app.put(
    '/v1/review/shift/skips',
    {
      config,
      schema: {
        tags,
        summary: 'Choose categories to be given nothing of',
        description: 'In place of those that you chose before; what you passed stays. Nobody else is shown them.',
        body: Type.Object(
          {
            categories: Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { maxItems: 100, uniqueItems: true }),
            hours: Type.Integer({ minimum: 1, maximum: LONGEST_SKIP_HOURS }),
          },
          strict,
        ),
        response,
      },
    },
    async (request) => {
      const reviewer = reviewerOf(callerOf(request))
      const { categories, hours } = request.body
      await chooseSkips(database, review, reviewer, categories, hours)
      return shiftOf(reviewer)
    },
  )
}

// Routing rules: read, set and tried by leads. What rules may say is review/routing-rules.ts's; a field that is wrong is named as it is
// written in the body, such as `rules[2].when.categories[0]`.
import type { FastifySchemaValidationError } from 'fastify'
import { Fault } from '../../kernel/fault.ts'
import { reviewerOf } from '../../review/reviewer.ts'
import { routingChoices } from '../../review/routing-choices.ts'
import { listRoutings, routingInForce, setRouting } from '../../review/routing-records.ts'
import { tryRouting } from '../../review/routing-trial.ts'
import { wrongCursor } from '../../tenant/administered.ts'
import { callerOf } from '../access.ts'
import { PageQuery, pageAsked } from '../admin-schemas.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import {
  RoutingBody,
  RoutingInForceSchema,
  RoutingSchema,
  RoutingVersions,
  routingInForceResource,
  routingResource,
  TrialBody,
  TrialSchema,
  trialResource,
} from '../review-routing-schemas.ts'
import { problems } from '../schemas.ts'
import { validationFault } from '../validation.ts'

const HOURS = 24
/** Of a version: it fits the column. */
const CURSOR = /^\d{1,9}$/

export function reviewRoutingRoutes(app: App, { ground, review }: RouteDeps): void {
  const config = { access: ['lead'] } as const
  const tags = ['review']
  const { database } = ground
  const { sql } = database

  app.get(
    '/v1/review/routing',
    {
      config,
      schema: {
        tags,
        summary: 'The routing rules in force',
        response: { 200: RoutingInForceSchema, ...problems(401, 403, 429, 503) },
      },
    },
    async () => {
      const routing = await routingInForce(sql)
      return routingInForceResource(routing, await routingChoices(sql, review.policy, routing.rules))
    },
  )

  app.get(
    '/v1/review/routing/versions',
    {
      config,
      schema: {
        tags,
        summary: 'All versions of the routing rules, newest first',
        querystring: PageQuery,
        response: { 200: RoutingVersions, ...problems(400, 401, 403, 429, 503) },
      },
    },
    async ({ query }) => {
      const page = pageAsked(query)
      if (page.after !== null && !CURSOR.test(page.after)) throw wrongCursor()
      const { rows, hasMore } = await listRoutings(sql, page)
      const last = rows.at(-1)
      return {
        object: 'list' as const,
        data: rows.map(routingResource),
        has_more: hasMore,
        next: hasMore && last !== undefined ? String(last.version) : null,
      }
    },
  )

  app.put(
    '/v1/review/routing',
    {
      config,
      schemaErrorFormatter: inBrackets,
      schema: {
        tags,
        summary: 'Set the routing rules',
        description:
          'As a whole, on top of the version that they were made from. They count for what comes from then on.',
        body: RoutingBody,
        response: { 200: RoutingSchema, ...problems(400, 401, 403, 409, 413, 415, 429, 503) },
      },
    },
    async (request) => {
      await setRouting(database, review.policy, callerOf(request), request.body)
      return routingResource(await routingInForce(sql))
    },
  )

  app.post(
    '/v1/review/routing/dry-run',
    {
      config,
      schemaErrorFormatter: inBrackets,
      schema: {
        tags,
        summary: 'Try routing rules on what came lately',
        description: 'Compares them with the rules in force. Nothing is written.',
        body: TrialBody,
        response: { 200: TrialSchema, ...problems(400, 401, 403, 413, 415, 429, 503) },
      },
    },
    async (request) => {
      const { rules, hours = HOURS } = request.body
      return trialResource(await tryRouting(sql, review, reviewerOf(callerOf(request)), { rules, hours }))
    },
  )
}

/** `rules.2.when` as `rules[2].when`. */
function inBrackets(errors: FastifySchemaValidationError[], part: string): Fault {
  const fault = validationFault(errors, part)
  const written = (text: string) => text.replace(/\.(\d+)(?=\.|\s|$)/g, '[$1]')
  const field = fault.field === undefined ? {} : { field: written(fault.field) }
  return new Fault(fault.code, { ...field, facts: fault.facts, detail: written(fault.message) })
}

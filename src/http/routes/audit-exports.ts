// Exports of the log, for compliance: ordered, followed and taken away. audit-archives.ts hands out what was made. That one was made,
// downloaded or taken away, and by whom, is in the log.
import { Type } from '@fastify/type-provider-typebox'
import { getBrief, listExports, orderExport, removeExport } from '../../audit/export-records.ts'
import { actorOf } from '../../tenant/actor.ts'
import { callerOf } from '../access.ts'
import { listOf, listSchema, PageQuery, pageAsked } from '../admin-schemas.ts'
import type { App } from '../app.ts'
import { keyOfOrder, readOrder } from '../audit-export-order.ts'
import { ExportSchema, exportResource, NewExport } from '../audit-export-schemas.ts'
import type { RouteDeps } from '../deps.ts'
import { IdParams, problems } from '../schemas.ts'
import { archiveRoute } from './audit-archives.ts'

const config = { access: ['compliance', 'admin'] } as const
const tags = ['audit']

const OrderHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({ description: '1 to 255 visible ASCII characters; the same order under it is the same export.' }),
  ),
})

export function auditExportRoutes(app: App, deps: RouteDeps): void {
  orderRoute(app, deps)
  readingRoutes(app, deps)
  archiveRoute(app, deps)
  removalRoute(app, deps)
}

function orderRoute(app: App, { ground, admission }: RouteDeps): void {
  const { database } = ground
  const { exportDays, exportKeepDays } = ground.config.transparency
  app.post(
    '/v1/audit/exports',
    {
      config,
      schema: {
        tags,
        summary: 'Export a period of the log',
        description:
          'Made in the background once the log has every move of the period; ask the Location. The archive has every leaf of its range, opens those that match, and verifies without this service. What belongs to restricted cases is never opened. With an Idempotency-Key header the same order sent again is answered with the same export.',
        headers: OrderHeaders,
        body: NewExport,
        response: { 202: ExportSchema, ...problems(400, 401, 403, 409, 413, 415, 429, 503) },
      },
    },
    async (request, reply) => {
      const asked = readOrder(request.body, exportDays)
      const key = keyOfOrder(request.headers['idempotency-key'] ?? null, asked, admission.userSecret)
      const by = actorOf(callerOf(request))
      const { id, replayed } = await database.transact((tx) => orderExport(tx, by, asked, key))
      if (replayed) reply.header('idempotency-replayed', 'true')
      return reply
        .code(202)
        .header('location', `/v1/audit/exports/${id}`)
        .send(exportResource(await getBrief(database.sql, id), exportKeepDays))
    },
  )
}

function readingRoutes(app: App, { ground }: RouteDeps): void {
  const { sql } = ground.database
  const { exportKeepDays } = ground.config.transparency
  app.get(
    '/v1/audit/exports',
    {
      config,
      schema: {
        tags,
        summary: 'Exports of the log, newest first',
        querystring: PageQuery,
        response: { 200: listSchema(ExportSchema), ...problems(400, 401, 403, 429, 503) },
      },
    },
    async (request) => {
      const { rows, hasMore } = await listExports(sql, pageAsked(request.query))
      return listOf(
        rows.map((row) => exportResource(row, exportKeepDays)),
        hasMore,
      )
    },
  )

  app.get(
    '/v1/audit/exports/:id',
    {
      config,
      schema: {
        tags,
        summary: 'How far an export is, and what it has',
        params: IdParams,
        response: { 200: ExportSchema, ...problems(401, 403, 404, 429, 503) },
      },
    },
    async (request) => exportResource(await getBrief(sql, request.params.id), exportKeepDays),
  )
}

function removalRoute(app: App, { ground }: RouteDeps): void {
  app.delete(
    '/v1/audit/exports/:id',
    {
      config,
      schema: {
        tags,
        summary: 'Take an export away',
        description: 'Its archive is removed; that it was made stays in the log.',
        params: IdParams,
        response: { 204: Type.Null({ description: 'It is gone.' }), ...problems(401, 403, 404, 429, 503) },
      },
    },
    async (request, reply) => {
      const by = actorOf(callerOf(request))
      await ground.database.transact((tx) => removeExport(tx, by, request.params.id))
      return reply.code(204).send(null)
    },
  )
}

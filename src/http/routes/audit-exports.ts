// Exports of the log, for compliance: ordered, followed, downloaded as an archive that verifies without this service, and taken away.
// That one was made, downloaded or taken away, and by whom, is in the log.
import { Readable } from 'node:stream'
import { type Static, Type } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { readPieces } from '../../audit/export-archive.ts'
import { noteDownload, openArchive } from '../../audit/export-download.ts'
import {
  type Asked,
  getBrief,
  type Idempotency,
  listExports,
  orderExport,
  removeExport,
} from '../../audit/export-records.ts'
import { canonical, saltedDigest } from '../../kernel/canonical.ts'
import { Fault } from '../../kernel/fault.ts'
import { actorOf } from '../../tenant/actor.ts'
import { callerOf } from '../access.ts'
import { listOf, listSchema, PageQuery, pageAsked } from '../admin-schemas.ts'
import type { App } from '../app.ts'
import { ExportSchema, exportResource, NewExport } from '../audit-export-schemas.ts'
import { type Stretch, stretchOf } from '../byte-ranges.ts'
import type { RouteDeps } from '../deps.ts'
import { sendProblem } from '../problems.ts'
import { IdParams, problems } from '../schemas.ts'
import { instant } from '../validation.ts'

const TAR = 'application/x-tar'
const DAY_MS = 86_400_000
const KEY = /^[\x21-\x7e]{1,255}$/

const OrderHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({ description: '1 to 255 visible ASCII characters; the same order under it is the same export.' }),
  ),
})
const ArchiveHeaders = Type.Object({
  range: Type.Optional(Type.String({ maxLength: 200, description: 'One range, such as bytes=1000-.' })),
  'if-range': Type.Optional(Type.String({ maxLength: 200 })),
})
const Bytes = Type.Unsafe<Readable>(Type.String({ format: 'binary' }))
const archive = (description: string) => ({ description, content: { [TAR]: { schema: Bytes } } })

export function auditExportRoutes(app: App, { ground, admission }: RouteDeps): void {
  const config = { access: ['compliance', 'admin'] } as const
  const tags = ['audit']
  const { database, quarantine } = ground
  const { sql, transact } = database
  const { exportDays } = ground.config.transparency

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
      const asked = askedOf(request.body, exportDays)
      const key = idempotencyOf(request.headers['idempotency-key'], asked, admission.userSecret)
      const { id, replayed } = await transact((tx) => orderExport(tx, actorOf(callerOf(request)), asked, key))
      if (replayed) reply.header('idempotency-replayed', 'true')
      return reply
        .code(202)
        .header('location', `/v1/audit/exports/${id}`)
        .send(exportResource(await getBrief(sql, id)))
    },
  )

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
      return listOf(rows.map(exportResource), hasMore)
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
    async (request) => exportResource(await getBrief(sql, request.params.id)),
  )

  app.get(
    '/v1/audit/exports/:id/archive',
    {
      config,
      schema: {
        tags,
        summary: 'The archive of an export that is done',
        description:
          'A tar, the same bytes each time. One Range is answered, so that a download goes on where it broke off.',
        params: IdParams,
        headers: ArchiveHeaders,
        response: {
          200: archive('The archive, as docs/audit-format.md has it.'),
          206: archive('The range of it that was asked for.'),
          ...problems(401, 403, 404, 409, 416, 429, 503),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const { pieces, sizeBytes, sha256 } = await openArchive(sql, quarantine, id)
      const { range, 'if-range': ifRange } = request.headers
      const tag = `"${sha256}"`
      const stretch = stretchOf({ range, ifRange }, { tag, sizeBytes })
      if (stretch === null) return refuseRange(request, reply, sizeBytes)
      writeHead(reply, id, { ...stretch, sizeBytes, tag })
      if (request.method === 'HEAD') return reply.send(Readable.from([]))
      await transact((tx) => noteDownload(tx, id, stretch, actorOf(callerOf(request))))
      return reply.send(Readable.from(readPieces(pieces, stretch.start, stretch.end)))
    },
  )

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
      await transact((tx) => removeExport(tx, actorOf(callerOf(request)), request.params.id))
      return reply.code(204).send(null)
    },
  )
}

/** Fault: invalid_request, which names the field. */
function askedOf(body: Static<typeof NewExport>, mostDays: number): Asked {
  const from = instant(body.from, 'from')
  const to = instant(body.to, 'to')
  if (from === null || to === null) throw new Fault('invalid_request', { field: 'from', detail: 'say from and to' })
  if (from >= to) throw new Fault('invalid_request', { field: 'to', detail: 'to is not after from' })
  if (to.getTime() - from.getTime() > mostDays * DAY_MS)
    throw new Fault('invalid_request', {
      field: 'to',
      detail: `an export has a period of ${mostDays} days at the most`,
    })
  const { tenant = null, kind = null, subject = null, formats } = body
  return {
    from,
    to,
    tenant,
    kind,
    subject,
    csv: formats?.includes('csv') === true,
    parquet: formats?.includes('parquet') === true,
  }
}

/** Fault: invalid_request. */
function idempotencyOf(key: string | undefined, asked: Asked, secret: Uint8Array): Idempotency | null {
  if (key === undefined) return null
  if (!KEY.test(key))
    throw new Fault('invalid_request', {
      field: 'idempotency-key',
      detail: 'a key is 1 to 255 visible ASCII characters',
    })
  const order = { ...asked, from: asked.from.toISOString(), to: asked.to.toISOString() }
  return { key, orderDigest: saltedDigest(secret, `audit_export\n${canonical(order)}`) }
}

function writeHead(reply: FastifyReply, id: string, head: Stretch & { sizeBytes: number; tag: string }): void {
  const { start, end, partial, sizeBytes, tag } = head
  reply
    .code(partial ? 206 : 200)
    .type(TAR)
    .headers({
      'accept-ranges': 'bytes',
      'content-length': end - start,
      'content-disposition': `attachment; filename="${id}.tar"`,
      etag: tag,
      ...(partial ? { 'content-range': `bytes ${start}-${end - 1}/${sizeBytes}` } : {}),
    })
}

function refuseRange(request: FastifyRequest, reply: FastifyReply, sizeBytes: number): FastifyReply {
  const problem = {
    status: 416,
    code: 'invalid_request' as const,
    title: 'The range is not there',
    detail: `the archive has ${sizeBytes} bytes`,
    field: 'range',
    wrong: null,
  }
  return sendProblem(request, reply.header('content-range', `bytes */${sizeBytes}`), problem)
}

// The archive of an export that is done, as a download that goes on where it broke off. Each is in the log, before its first byte.
import { Readable } from 'node:stream'
import { Type } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { readPieces } from '../../audit/export-archive.ts'
import { noteDownload, openArchive } from '../../audit/export-download.ts'
import { actorOf } from '../../tenant/actor.ts'
import { callerOf } from '../access.ts'
import type { App } from '../app.ts'
import { type Stretch, stretchOf } from '../byte-ranges.ts'
import type { RouteDeps } from '../deps.ts'
import { sendProblem } from '../problems.ts'
import { IdParams, problems } from '../schemas.ts'

const TAR = 'application/x-tar'

const ArchiveHeaders = Type.Object({
  range: Type.Optional(Type.String({ maxLength: 200, description: 'One range, such as bytes=1000-.' })),
  'if-range': Type.Optional(Type.String({ maxLength: 200 })),
})
const Bytes = Type.Unsafe<Readable>(Type.String({ format: 'binary' }))
const archive = (description: string) => ({ description, content: { [TAR]: { schema: Bytes } } })

export function archiveRoute(app: App, { ground }: RouteDeps): void {
  const { database, quarantine } = ground
  app.get(
    '/v1/audit/exports/:id/archive',
    {
      config: { access: ['compliance', 'admin'] },
      schema: {
        tags: ['audit'],
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
      const { pieces, sizeBytes, sha256 } = await openArchive(database.sql, quarantine, id)
      const { range, 'if-range': ifRange } = request.headers
      const tag = `"${sha256}"`
      const stretch = stretchOf({ range, ifRange }, { tag, sizeBytes })
      if (stretch === null) return refuseRange(request, reply, sizeBytes)
      writeHead(reply, id, { ...stretch, sizeBytes, tag })
      if (request.method === 'HEAD') return reply.send(Readable.from([]))
      await database.transact((tx) => noteDownload(tx, id, stretch, actorOf(callerOf(request))))
      return reply.send(Readable.from(readPieces(pieces, stretch.start, stretch.end)))
    },
  )
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

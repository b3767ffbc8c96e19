// The transparency log, for anybody: its checkpoint, its tiles and entries under the paths of https://c2sp.org/tlog-tiles, the key that
// signs it, and what others say of its checkpoints: witnesses in cosignatures, an authority on time in timestamps. Tiles never change.
// A path that is spelled otherwise than a tile's is nothing's.
import { Type } from '@fastify/type-provider-typebox'
import { parseDecimal } from '../../audit/checkpoint.ts'
import { originOf } from '../../audit/log.ts'
import { verifierKeyOf } from '../../audit/log-keys.ts'
import { readLogState } from '../../audit/log-records.ts'
import { datedCheckpoint, servedCheckpoint } from '../../audit/publication.ts'
import { parseTilePath } from '../../audit/tiles.ts'
import { TIMESTAMP_REPLY, timestampReply } from '../../audit/timestamp.ts'
import { timestampOf } from '../../audit/timestamping.ts'
import { readObject } from '../../audit/tree-store.ts'
import { Fault } from '../../kernel/fault.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import { problems } from '../schemas.ts'
import { strict, validatorCompiler } from '../validation.ts'

const TEXT = 'text/plain; charset=utf-8'
const FOR_GOOD = 'public, max-age=31536000, immutable'

const TileParams = Type.Object(
  {
    '*': Type.String({
      minLength: 1,
      maxLength: 100,
      description:
        'Level and place of a tile, such as `0/x001/x234/067` or `1/000.p/57`; `entries/` and a place for the leaves under it.',
    }),
  },
  strict,
)
const SizeParams = Type.Object(
  { size: Type.String({ minLength: 1, maxLength: 16, description: 'Leaves of the tree, in decimal.' }) },
  strict,
)
const Text = Type.Unsafe<string>(Type.String())
const Binary = Type.Unsafe<Buffer>(Type.String({ format: 'binary' }))
const text = (description: string) => ({ description, content: { 'text/plain': { schema: Text } } })

const config = { access: 'public', limit: 'log' } as const
const common = { tags: ['log'], security: [] }

export function logRoutes(app: App, { ground, transparency }: RouteDeps): void {
  const { sql } = ground.database
  const { store, key, origin } = transparency

  app.get(
    '/log/checkpoint',
    {
      config,
      schema: {
        ...common,
        summary: 'The newest signed checkpoint of the log that was shown to its witnesses, with their cosignatures',
        response: { 200: text('A signed note: the log’s name, size and root.'), ...problems(404, 503) },
      },
    },
    async (_request, reply) => {
      const served = await servedCheckpoint(sql)
      if (served === null) throw new Fault('not_found', { detail: 'nothing is in the log yet' })
      return reply.type(TEXT).send(served.note)
    },
  )

  app.get(
    '/log/timestamp',
    {
      config,
      schema: {
        ...common,
        summary: 'The newest checkpoint of the log that has a timestamp',
        response: { 200: text('A signed note; its size names the timestamp.'), ...problems(404, 503) },
      },
    },
    async (_request, reply) => {
      const note = await datedCheckpoint(sql)
      if (note === null) throw new Fault('not_found', { detail: 'no checkpoint has a timestamp yet' })
      return reply.type(TEXT).send(note)
    },
  )

  app.get(
    '/log/timestamp/:size',
    {
      config,
      schema: {
        ...common,
        summary: 'The timestamp of the checkpoint of that size',
        params: SizeParams,
        response: {
          200: {
            description: 'RFC 3161, over SHA-256 of the text of the checkpoint’s note.',
            content: { [TIMESTAMP_REPLY]: { schema: Binary } },
          },
          ...problems(400, 404, 503),
        },
      },
    },
    async ({ params }, reply) => {
      const size = parseDecimal(params.size)
      const token = size === null ? null : await timestampOf(sql, size)
      if (token === null) throw new Fault('not_found', { detail: 'the checkpoint of that size has no timestamp' })
      return reply.header('cache-control', FOR_GOOD).type(TIMESTAMP_REPLY).send(timestampReply(token))
    },
  )

  app.get(
    '/log/tile/*',
    {
      config,
      // The schema describes the path, which is read as it was sent.
      validatorCompiler: (route) => (route.httpPart === 'params' ? () => true : validatorCompiler(route)),
      schema: {
        ...common,
        summary: 'A tile of the log’s tree, or the entries under one',
        params: TileParams,
        response: {
          200: {
            description: 'As c2sp.org/tlog-tiles has it.',
            content: { 'application/octet-stream': { schema: Binary } },
          },
          ...problems(400, 404, 503),
        },
      },
    },
    async ({ raw }, reply) => {
      // As it was sent: an escaped path is another spelling.
      const path = (raw.url ?? '').replace(/^\/log\/|\?.*$/gs, '')
      const bytes = parseTilePath(path) === null ? null : await readObject(store, path)
      if (bytes === null) throw new Fault('not_found', { detail: 'the log has no such tile' })
      return reply.header('cache-control', FOR_GOOD).type('application/octet-stream').send(bytes)
    },
  )

  app.get(
    '/log/key',
    {
      config,
      schema: {
        ...common,
        summary: 'The key that the log’s checkpoints are verified with',
        response: { 200: text('A verifier key as c2sp.org/signed-note has it.'), ...problems(503) },
      },
    },
    async (_request, reply) => {
      const state = await readLogState(sql)
      return reply.type(TEXT).send(`${verifierKeyOf(key, originOf(state.origin, origin))}\n`)
    },
  )
}

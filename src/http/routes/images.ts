// One image: its record, its picture by a link that expires, its manifest. Only what was released has the last two.
import { Type } from '@fastify/type-provider-typebox'
import { getPreview } from '../../admit/previews.ts'
import { getImage, type ImageRow } from '../../admit/records.ts'
import { Fault } from '../../kernel/fault.ts'
import { takeBackImage } from '../../publish/withdraw.ts'
import { callerOf } from '../access.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import { goneFault } from '../problems.ts'
import { imageResource } from '../resources.ts'
import { IdParams, ImageSchema, problems } from '../schemas.ts'
import { strict } from '../validation.ts'

const PreviewParams = Type.Object({ ...IdParams.properties, index: Type.Integer({ minimum: 0, maximum: 2 }) }, strict)

export function imageRoutes(app: App, { ground, admission, readManifest, statements }: RouteDeps): void {
  const config = { access: ['client'] } as const
  const { sql } = ground.database
  app.get(
    '/v1/images/:id',
    {
      config,
      schema: {
        tags: ['images'],
        summary: 'One image',
        params: IdParams,
        response: { 200: ImageSchema, ...problems(401, 403, 404, 410, 429, 503) },
      },
    },
    async (request, reply) => {
      const { generation, image } = await getImage(sql, callerOf(request).tenantId, request.params.id)
      if (image.erased_at !== null) throw goneFault()
      return reply.send(imageResource(generation, image, statements))
    },
  )

  app.get(
    '/v1/images/:id/content',
    {
      config,
      schema: {
        tags: ['images'],
        summary: 'The picture',
        description: 'Redirects to a link that expires within minutes and needs no key.',
        params: IdParams,
        response: { 302: Type.Null({ description: 'See Location.' }), ...problems(401, 403, 404, 409, 410, 429, 503) },
      },
    },
    async (request, reply) => {
      const { image } = await getImage(sql, callerOf(request).tenantId, request.params.id)
      const url = await ground.images.signedUrl(releasedKey(image), ground.config.urlTtlSeconds)
      return reply.redirect(url, 302)
    },
  )

  app.post(
    '/v1/images/:id/withdraw',
    {
      config,
      schema: {
        tags: ['images'],
        summary: 'Take a published picture back',
        description:
          'It is handed out no more and its links end; its record stays, so that a copy is still recognised. There is no way back. Again is no error.',
        params: IdParams,
        response: { 200: ImageSchema, ...problems(400, 401, 403, 404, 409, 410, 413, 415, 429, 503) },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request)
      const { id } = request.params
      await takeBackImage(ground, admission.policy, caller, id)
      const { generation, image } = await getImage(sql, caller.tenantId, id)
      return reply.send(imageResource(generation, image, statements))
    },
  )

  app.get(
    '/v1/images/:id/previews/:index',
    {
      config,
      schema: {
        tags: ['images'],
        summary: 'A preview',
        description: 'How the picture looked on its way, checked and marked like it. Redirects as /content does.',
        params: PreviewParams,
        response: { 302: Type.Null({ description: 'See Location.' }), ...problems(400, 401, 403, 404, 429, 503) },
      },
    },
    async (request, reply) => {
      const { id, index } = request.params
      const { object_key: key } = await getPreview(sql, callerOf(request).tenantId, id, index)
      return reply.redirect(await ground.images.signedUrl(key, ground.config.urlTtlSeconds), 302)
    },
  )

  app.get(
    '/v1/images/:id/manifest',
    {
      config,
      schema: {
        tags: ['images'],
        summary: 'The C2PA manifest of the picture, as JSON',
        params: IdParams,
        response: {
          200: Type.Object({}, { additionalProperties: true }),
          ...problems(401, 403, 404, 409, 410, 429, 503),
        },
      },
    },
    async (request) => {
      const { image } = await getImage(sql, callerOf(request).tenantId, request.params.id)
      const file = await ground.images.get(releasedKey(image))
      return readManifest(file.bytes, file.contentType)
    },
  )
}

/** Faults: gone (it was erased), conflict (it is not, or no longer, released). */
function releasedKey(image: ImageRow): string {
  if (image.erased_at !== null) throw goneFault()
  if (image.state === 'published' && image.object_key !== null) return image.object_key
  if (image.state === 'withdrawn')
    throw new Fault('conflict', {
      detail: `the image was withdrawn; /v1/statements/${image.statement_id} says why`,
    })
  throw new Fault('conflict', { detail: `the image is ${image.state}; only a published image has a picture` })
}

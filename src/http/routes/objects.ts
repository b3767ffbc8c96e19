// Released pictures by their signed links, where the store is files. A wrong signature, a link that ran out and an object that is
// not there look the same. There is no such route to the quarantine.

import { Fault, isFault } from '../../kernel/fault.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'

const PICTURES = new Set(['image/png', 'image/jpeg', 'image/webp'])

export function objectRoutes(app: App, { objects }: RouteDeps): void {
  if (objects === null) return
  app.route<{ Params: { '*': string }; Querystring: Record<string, unknown> }>({
    method: ['GET', 'HEAD'],
    url: '/objects/*',
    config: { access: 'public' },
    schema: { hide: true },
    handler: async (request, reply) => {
      const key = request.params['*']
      const { expires, signature } = request.query
      const gone = new Fault('not_found', { detail: 'the link is wrong or has run out; ask for the image again' })
      if (typeof expires !== 'string' || typeof signature !== 'string') throw gone
      if (!objects.verifySignedUrl(key, expires, signature)) throw gone
      const file = await objects.get(key).catch((error: unknown) => {
        throw isFault(error, 'object_missing') ? gone : error
      })
      if (!PICTURES.has(file.contentType)) throw gone
      const secondsLeft = Math.max(0, Number(expires) - Math.floor(Date.now() / 1000))
      return reply
        .headers({
          'content-length': file.bytes.length,
          'content-disposition': 'inline',
          'cache-control': `private, max-age=${secondsLeft}, immutable`,
          'cross-origin-resource-policy': 'cross-origin',
        })
        .type(file.contentType)
        .send(file.bytes)
    },
  })
}

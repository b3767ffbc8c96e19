// Headers that every answer has. Pages set their own content policy; whatever sets none may load nothing.
import type { Ground } from '../kernel/ground.ts'
import type { App } from './app.ts'

const HSTS = 'max-age=31536000; includeSubDomains'
const NOTHING = "default-src 'none'; frame-ancestors 'none'"

export function securityHeaders(app: App, { config }: Ground): void {
  const https = config.publicUrl?.startsWith('https:') ?? false
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'x-request-id': request.id,
      'x-content-type-options': 'nosniff',
      // Not no-referrer: that would blank the Origin that the session's check needs.
      'referrer-policy': 'same-origin',
      ...(https ? { 'strict-transport-security': HSTS } : {}),
    })
  })
  app.addHook('onSend', async (_request, reply, payload) => {
    if (!reply.hasHeader('content-security-policy')) reply.header('content-security-policy', NOTHING)
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store')
    return payload
  })
}

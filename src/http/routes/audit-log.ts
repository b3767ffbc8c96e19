// How the transparency log does, for compliance and whoever runs the service. What anybody may see of it is in log.ts.
import { readLogHealth } from '../../audit/health.ts'
import type { App } from '../app.ts'
import { LogHealthSchema, logHealthResource } from '../audit-log-schemas.ts'
import type { RouteDeps } from '../deps.ts'
import { problems } from '../schemas.ts'

export function auditLogRoutes(app: App, { ground, transparency }: RouteDeps): void {
  app.get(
    '/v1/audit/log',
    {
      config: { access: ['compliance', 'admin'] },
      schema: {
        tags: ['audit'],
        summary: 'How the transparency log does',
        description:
          'Its tree and how far that is behind the records, who vouches for it, where it lies, what hangs on it, and what of all this is not well.',
        response: { 200: LogHealthSchema, ...problems(401, 403, 429, 503) },
      },
    },
    async () => {
      const { config, database } = ground
      return logHealthResource(await readLogHealth({ sql: database.sql, config, transparency }))
    },
  )
}

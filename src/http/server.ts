// The server: one place where the cross-cutting promises are made (strict bodies, who may call, errors in the client's dialect,
// security headers, one log line a request), and one line for each file of routes.
import { randomUUID } from 'node:crypto'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { type FastifyBaseLogger, fastify, LogController } from 'fastify'
import { Fault } from '../kernel/fault.ts'
import { openLine } from '../schedule/position.ts'
import { MAX_USER_CHARACTERS } from '../tenant/users.ts'
import { registerAccess, SECRET_HEADER } from './access.ts'
import type { App } from './app.ts'
import type { RouteDeps, ServerDeps } from './deps.ts'
import { answerBroken, answerUnroutable, registerUnknown } from './edges.ts'
import { registerLimits } from './limits.ts'
import { registerLogHeader } from './log-header.ts'
import { problemOf, sendProblem } from './problems.ts'
import { adminHoldRoutes } from './routes/admin-holds.ts'
import { adminKeyRoutes } from './routes/admin-keys.ts'
import { adminPeopleRoutes } from './routes/admin-people.ts'
import { adminPolicyRoutes } from './routes/admin-policies.ts'
import { adminReportRoutes } from './routes/admin-reports.ts'
import { adminTenantRoutes } from './routes/admin-tenants.ts'
import { appealRoutes } from './routes/appeals.ts'
import { auditExportRoutes } from './routes/audit-exports.ts'
import { auditHistoryRoutes } from './routes/audit-history.ts'
import { auditLogRoutes } from './routes/audit-log.ts'
import { auditReportRoutes } from './routes/audit-reports.ts'
import { auditStatementRoutes } from './routes/audit-statements.ts'
import { c2paRoutes } from './routes/c2pa.ts'
import { eventRoutes } from './routes/events.ts'
import { generationRoutes } from './routes/generations.ts'
import { healthRoutes } from './routes/health.ts'
import { imageRoutes } from './routes/images.ts'
import { logRoutes } from './routes/log.ts'
import { modelRoutes } from './routes/models.ts'
import { moderationRoutes } from './routes/moderations.ts'
import { objectRoutes } from './routes/objects.ts'
import { oidcRoutes } from './routes/oidc.ts'
import { openaiEditRoutes } from './routes/openai-edits.ts'
import { openaiImageRoutes } from './routes/openai-images.ts'
import { provenanceRoutes } from './routes/provenance.ts'
import { receiptRoutes } from './routes/receipts.ts'
import { reportRoutes } from './routes/reports.ts'
import { reviewAidRoutes } from './routes/review-aids.ts'
import { reviewClaimRoutes } from './routes/review-claims.ts'
import { reviewDecisionRoutes } from './routes/review-decisions.ts'
import { reviewEventRoutes, tellOfReview } from './routes/review-events.ts'
import { reviewItemRoutes } from './routes/review-items.ts'
import { reviewLoadRoutes } from './routes/review-load.ts'
import { reviewPeopleRoutes } from './routes/review-people.ts'
import { reviewQualityRoutes } from './routes/review-quality.ts'
import { reviewQueueRoutes } from './routes/review-queue.ts'
import { reviewRoutingRoutes } from './routes/review-routing.ts'
import { reviewShiftRoutes } from './routes/review-shift.ts'
import { sessionRoutes } from './routes/session.ts'
import { statementRoutes } from './routes/statements.ts'
import { usageRoutes } from './routes/usage.ts'
import { userRoutes } from './routes/users.ts'
import { webhookRoutes } from './routes/webhooks.ts'
import { securityHeaders } from './security-headers.ts'
import { startTelemetry } from './telemetry.ts'
import { validationFault, validatorCompiler } from './validation.ts'

/** In UTF-16 units: the name of a tenant's user is the longest there is. */
const MAX_PARAM_LENGTH = 2 * MAX_USER_CHARACTERS
const START_MS = 120_000

/** Builds the server; the caller listens and closes. Closing answers those who wait before it ends. */
export async function buildServer(deps: ServerDeps): Promise<App> {
  const { ground } = deps
  const { limits } = ground.config
  const { requestTimeoutMs } = ground.config.native
  const { trustedProxies } = ground.config.strangers
  const logger: FastifyBaseLogger = ground.log
  const app: App = fastify({
    loggerInstance: logger,
    genReqId: () => `http_${randomUUID()}`,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    bodyLimit: limits.bodyBytes,
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
    requestTimeout: requestTimeoutMs,
    http: { headersTimeout: requestTimeoutMs, connectionsCheckingInterval: Math.min(1000, requestTimeoutMs) },
    clientErrorHandler: answerBroken,
    frameworkErrors: (error, request, reply) => answerUnroutable(error, request.url, reply.raw, limits),
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    exposeHeadRoutes: true,
    forceCloseConnections: 'idle',
    // A busy machine starts slowly, and is no reason to end.
    pluginTimeout: START_MS,
  }).withTypeProvider<TypeBoxTypeProvider>()

  app.removeContentTypeParser('text/plain')
  // Many clients name a content type whatever they send; nothing has none.
  app.addHook('onRequest', async ({ headers }) => {
    if (headers['content-length'] === '0') delete headers['content-type']
  })
  app.setValidatorCompiler(validatorCompiler)
  // Answers are typed where they are made; the schemas describe them and drop nothing.
  app.setSerializerCompiler(() => (value) => JSON.stringify(value))
  app.setSchemaErrorFormatter((errors, part) => validationFault(errors, part))
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error, { bodyBytes: request.routeOptions.bodyLimit ?? limits.bodyBytes })
    if (problem.status >= 500) request.log.error({ error }, 'a request failed')
    return sendProblem(request, reply, problem)
  })
  // No id holds a NUL, and no database takes one.
  app.addHook('preValidation', async ({ params, query }) => {
    if (nameOfNul(params) !== null) throw new Fault('not_found', { detail: 'there is nothing at this address' })
    const field = nameOfNul(query)
    if (field !== null)
      throw new Fault('invalid_request', { field, detail: `${field} has a character that is not text (U+0000)` })
  })

  const closing = new AbortController()
  app.addHook('preClose', async () => {
    closing.abort()
    // A client that reads nothing would keep its connection, and this process, for as long as it likes.
    setTimeout(() => app.server.closeAllConnections(), ground.config.native.closeGraceMs).unref()
  })
  const routes: RouteDeps = { ...deps, closing: closing.signal }
  const line = openLine(ground.database.sql)
  const telemetry = startTelemetry(app, ground)
  securityHeaders(app, ground)
  registerLogHeader(app, ground)
  registerLimits(app, deps)
  registerAccess(app, ground)
  registerUnknown(app, limits)
  tellOfReview(app, routes)
  await registerDocs(app, deps.version)

  await app.register(async (scope: App) => healthRoutes(scope, routes, telemetry))
  await app.register(async (scope: App) => sessionRoutes(scope, routes))
  await app.register(async (scope: App) => oidcRoutes(scope, routes))
  await app.register(async (scope: App) => modelRoutes(scope, routes))
  await app.register(async (scope: App) => openaiImageRoutes(scope, routes))
  await app.register(async (scope: App) => openaiEditRoutes(scope, routes))
  await app.register(async (scope: App) => moderationRoutes(scope, routes))
  await app.register(async (scope: App) => generationRoutes(scope, routes, line))
  await app.register(async (scope: App) => eventRoutes(scope, routes, line))
  await app.register(async (scope: App) => imageRoutes(scope, routes))
  await app.register(async (scope: App) => statementRoutes(scope, routes))
  await app.register(async (scope: App) => receiptRoutes(scope, routes))
  await app.register(async (scope: App) => appealRoutes(scope, routes))
  await app.register(async (scope: App) => auditStatementRoutes(scope, routes))
  await app.register(async (scope: App) => auditReportRoutes(scope, routes))
  await app.register(async (scope: App) => auditHistoryRoutes(scope, routes))
  await app.register(async (scope: App) => auditExportRoutes(scope, routes))
  await app.register(async (scope: App) => auditLogRoutes(scope, routes))
  await app.register(async (scope: App) => provenanceRoutes(scope, routes))
  await app.register(async (scope: App) => c2paRoutes(scope, routes))
  await app.register(async (scope: App) => logRoutes(scope, routes))
  await app.register(async (scope: App) => reportRoutes(scope, routes))
  await app.register(async (scope: App) => objectRoutes(scope, routes))
  await app.register(async (scope: App) => usageRoutes(scope, routes))
  await app.register(async (scope: App) => userRoutes(scope, routes))
  await app.register(async (scope: App) => webhookRoutes(scope, routes))
  await app.register(async (scope: App) => adminTenantRoutes(scope, routes))
  await app.register(async (scope: App) => adminPeopleRoutes(scope, routes))
  await app.register(async (scope: App) => adminKeyRoutes(scope, routes))
  await app.register(async (scope: App) => adminHoldRoutes(scope, routes))
  await app.register(async (scope: App) => adminPolicyRoutes(scope, routes))
  await app.register(async (scope: App) => adminReportRoutes(scope, routes))
  await app.register(async (scope: App) => reviewAidRoutes(scope, routes))
  await app.register(async (scope: App) => reviewClaimRoutes(scope, routes))
  await app.register(async (scope: App) => reviewDecisionRoutes(scope, routes))
  await app.register(async (scope: App) => reviewEventRoutes(scope, routes))
  await app.register(async (scope: App) => reviewItemRoutes(scope, routes))
  await app.register(async (scope: App) => reviewLoadRoutes(scope, routes))
  await app.register(async (scope: App) => reviewPeopleRoutes(scope, routes))
  await app.register(async (scope: App) => reviewQualityRoutes(scope, routes))
  await app.register(async (scope: App) => reviewQueueRoutes(scope, routes))
  await app.register(async (scope: App) => reviewRoutingRoutes(scope, routes))
  await app.register(async (scope: App) => reviewShiftRoutes(scope, routes))
  for (const page of deps.pages)
    await app.register(async (scope) => {
      scope.addHook('onRoute', (route) => {
        route.config = { access: 'optional', ...route.config }
      })
      await page(scope)
    })
  return app
}

/** The first parameter that holds a NUL. */
function nameOfNul(parameters: unknown): string | null {
  const found = Object.entries(Object(parameters)).find(([, value]) => [value].flat().join().includes('\0'))
  return found?.[0] ?? null
}

async function registerDocs(app: App, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Darkroom',
        version,
        description: 'Diffusion image generation that is moderated with reasons, watermarked, signed and auditable.',
      },
      components: {
        securitySchemes: {
          key: { type: 'http', scheme: 'bearer', description: 'An API key: dk_live_...' },
          statement: {
            type: 'apiKey',
            in: 'header',
            name: SECRET_HEADER,
            description: 'What follows # in a statement’s link.',
          },
        },
      },
      security: [{ key: [] }],
    },
  })
  await app.register(async (scope) => {
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: 'public' }
      route.schema = { ...route.schema, hide: true }
    })
    scope.get('/openapi.json', async () => app.swagger())
    await scope.register(swaggerUi, { routePrefix: '/docs', staticCSP: true, uiConfig: { deepLinking: true } })
  })
}

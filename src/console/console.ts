// The pages, by whom they serve: areas/public.ts (playground, statements), areas/verify.ts (the public check), areas/support.ts (a tenant's own decisions),
// areas/desk.ts (reviewers), areas/leads.ts (those who run the desk), areas/audit.ts (compliance); and their static files under `/console/`.
// Pages are rendered here and filled in by the modules, which speak the public API with the session's cookie: the console can do
// nothing that a client cannot.

import multipart from '@fastify/multipart'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Ground } from '../kernel/ground.ts'
import type { ModelCard } from '../kernel/model.ts'
import type { ReviewTools } from '../review/item.ts'
import type { Bearers } from '../statement/bearer.ts'
import type { Tongues } from '../statement/translate.ts'
import type { Role } from '../tenant/roles.ts'
import { auditPages } from './areas/audit.ts'
import type { AuditTools } from './areas/audit-tools.ts'
import { deskPages } from './areas/desk.ts'
import { leadPages } from './areas/leads.ts'
import { publicPages } from './areas/public.ts'
import { supportPages } from './areas/support.ts'
import { type VerifyTools, verifyPages } from './areas/verify.ts'
import { type Assets, loadAssets } from './assets.ts'
import { openFrame } from './frame.ts'
import type { ReportCategory } from './pages/verify.ts'

/** `purposes`: what the tenant may declare; none: the field is not shown. */
export type ConsoleSession = {
  tenantId: string
  tenantName: string
  roles: readonly Role[]
  purposes: readonly string[]
  /** Null: the key belongs to nobody. */
  personId: string | null
}

export type ConsoleOptions = {
  /** Who the request's cookie belongs to, or null. */
  session: (request: FastifyRequest) => Promise<ConsoleSession | null>
  models: readonly ModelCard[]
  /** The records and the rules of review; null: there are no pages for reviewers, leads and support. */
  desk: { readonly ground: Ground; readonly review: ReviewTools } | null
  /** What the pages of an audit ask; without it there are none. */
  audit?: AuditTools
  /** Whether people may sign in with an identity provider, beside keys. */
  provider?: boolean
  /** Makes the links of statements, and says them in other languages; without it there is no page of a tenant's decisions. */
  statements?: { readonly bearers: Bearers; readonly tongues: Tongues }
  /** Purposes that an appeal may declare; none: the field is not shown. */
  appealPurposes?: readonly string[]
  /** How long the text of an appeal may be. */
  appealCharacters?: number
  /** What a picture may be reported for; none: the verify page offers no report. */
  reportCategories?: readonly ReportCategory[]
  /** What the verify page asks of a picture. */
  verify?: VerifyTools
  /** Origins that signed picture addresses may lead to, such as an S3 endpoint. None: pictures come from this one. */
  pictureOrigins?: readonly string[]
}

const yearSeconds = 31_536_000
const asset = { schema: { hide: true }, config: { access: 'public' } } as const

export async function registerConsole(app: FastifyInstance, options: ConsoleOptions): Promise<void> {
  const assets = await loadAssets()
  await app.register(multipart)
  const frame = openFrame(app, options, assets)
  publicPages(frame, options)
  verifyPages(frame, options)
  if (options.desk !== null) {
    if (options.statements) supportPages(frame, options.desk.ground, options.statements.bearers)
    deskPages(frame)
    leadPages(frame, options.desk)
  }
  if (options.audit) auditPages(frame, options.audit)
  serveAssets(app, assets)
}

function serveAssets(app: FastifyInstance, assets: Assets): void {
  app.get<{ Params: { version: string; '*': string } }>('/console/:version/*', asset, async (request, reply) => {
    const file = assets.files.get(request.params['*'])
    if (file === undefined) return reply.callNotFound()
    // A page of another version (a deployment under way) still gets its script, but must not keep it.
    const current = request.params.version === assets.version
    reply.headers({
      'cache-control': current ? `public, max-age=${yearSeconds}, immutable` : 'no-cache',
      'x-content-type-options': 'nosniff',
      vary: 'Accept-Encoding',
    })
    reply.type(file.contentType)
    if (!/\bbr\b/.test(request.headers['accept-encoding'] ?? '')) return reply.send(file.body)
    return reply.header('content-encoding', 'br').send(file.brotli)
  })
}

// The service in one process: records, doorbell, stores, marks, the worker roles, the API and the console, in the order in which
// each needs the last; disposed of in reverse. A failed start undoes what had begun.
import { join } from 'node:path'
import { readingsOf } from '../../models/prompts/readings.ts'
import { openManifests } from '../../workers/manifests.ts'
import { openTurns } from '../admit/turns.ts'
import { omitAppeals } from '../appeal/end.ts'
import { registerConsole } from '../console/console.ts'
import { buildServer } from '../http/server.ts'
import type { Config } from '../kernel/config.ts'
import { Fault } from '../kernel/fault.ts'
import { lockHome } from '../kernel/home-lock.ts'
import { type Log, openLog } from '../kernel/log.ts'
import type { ModelCard } from '../kernel/model.ts'
import { endLeases } from '../kernel/tasks.ts'
import { SYSTEM } from '../kernel/version.ts'
import type { MarkTools } from '../mark/mark.ts'
import { MARK_ID_BITS } from '../mark/watermark/code.ts'
import { resolveByDns } from '../notify/address.ts'
import { loadModerationPolicy } from '../policy/load.ts'
import type { ModerationPolicy } from '../policy/policy.ts'
import { loadPlans, type Plans } from '../policy/quotas.ts'
import { tellBeyondPolicy } from '../policy/settings.ts'
import { loadTranslations, sentencesOf } from '../policy/translations.ts'
import { putInForce } from '../policy/versions.ts'
import { reportCategories } from '../publish/reports.ts'
import type { ReviewTools } from '../review/item.ts'
import { costOf } from '../schedule/fair-queue.ts'
import { openBearers } from '../statement/bearer.ts'
import { openTongues, type Tongues } from '../statement/translate.ts'
import { bootstrap } from '../tenant/bootstrap.ts'
import { holdSecrets } from '../tenant/fingerprints.ts'
import { tenantsWithoutLimits } from '../tenant/quota.ts'
import { homeSecret } from '../tenant/secret.ts'
import { readCards } from './cards.ts'
import { openMarkTools, openParts, type Parts } from './parts.ts'
import { startProbes } from './probes.ts'
import { openPublicCheck } from './public-check.ts'
import { openRegistry } from './registry.ts'
import { openReview } from './review.ts'
import { ROLES, startRoles } from './roles.ts'
import { readSharedSecrets } from './shared-secrets.ts'
import { openUploads } from './uploads.ts'

export type Service = { url: string } & AsyncDisposable

type Rules = { models: ModelCard[]; policy: ModerationPolicy; plans: Plans; review: ReviewTools; tongues: Tongues }

type Options = { log?: Log; workers?: boolean }

/** Starts everything. Faults: whatever a part objects to, by name; port_busy. */
export async function startService(
  config: Config,
  { log = openLog(config.logLevel), workers = true }: Options = {},
): Promise<Service> {
  await using stack = new AsyncDisposableStack()
  if (config.databaseUrl === null) stack.use(lockHome(config.home))
  const models = await readCards(config.packsDir, config.defaultModel, log)
  const policy = await loadModerationPolicy(join(config.policiesDir, 'moderation.yaml'))
  const plans = await loadPlans(join(config.policiesDir, 'quotas.yaml'))
  const review = await openReview(config, policy)
  const tongues = openTongues(
    await loadTranslations(join(config.policiesDir, 'translations'), sentencesOf(policy, review.rules)),
  )
  const parts = await openParts(config, log, stack)
  await bootstrap(parts.ground, policy.purposes)
  await putInForce(parts.ground, policy, SYSTEM.version)
  await holdSecrets(parts.ground.database.sql, await readSharedSecrets(config))
  const lacking = await tenantsWithoutLimits(parts.ground.database.sql, plans)
  if (lacking.length > 0)
    log.error(
      { tenants: lacking },
      'these tenants have a plan that policies/quotas.yaml does not have, or malformed limits; their requests are answered with ' +
        '503 plan_missing: give them another plan by PATCH /v1/admin/tenants/{id}, or put theirs back',
    )
  await tellBeyondPolicy(parts.ground, policy)
  // The home is locked, so whoever held these leases is dead.
  if (config.databaseUrl === null) await endLeases(parts.ground.database.sql)
  const marks = await openMarkTools(config, log, stack)
  await startRoles(workers ? ROLES : [], parts, marks, stack)
  const url = await listen(config, parts, marks, { models, policy, plans, review, tongues }, stack)
  stack.use(await startProbes({ config, database: parts.ground.database, checks: parts.checks, log }))
  const owned = stack.move()
  return { url, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

async function listen(
  config: Config,
  { ground, transparency, served, pictureOrigins, checks }: Parts,
  marks: MarkTools,
  { models, policy, plans, review, tongues }: Rules,
  stack: AsyncDisposableStack,
): Promise<string> {
  const registry = openRegistry(ground.database)
  const manifests = stack.use(openManifests({ trust: marks.signer.trust, log: ground.log }))
  const publicCheck = await openPublicCheck(ground, { trust: marks.signer.trust, registry }, stack)
  const statements = openBearers(await homeSecret(config, 'statements'))
  const app = await buildServer({
    ground,
    admission: {
      models,
      policy,
      review,
      plans,
      costOf,
      readWeighted: readingsOf,
      markIdBits: MARK_ID_BITS,
      turns: openTurns(config.pressure.admissions),
      userSecret: await homeSecret(config, 'users'),
    },
    objects: served,
    transparency,
    publicCheck,
    statements,
    tongues,
    review,
    webhooks: { key: await homeSecret(config, 'webhooks'), resolve: resolveByDns },
    ...openUploads(config, { models, log: ground.log, signer: manifests, registry }, stack),
    readManifest: (bytes, contentType) => manifests.read(bytes, contentType),
    onErased: (tx, requestId) => omitAppeals(tx, review, requestId),
    checks,
    pages: [
      (scope) =>
        registerConsole(scope, {
          pictureOrigins,
          models,
          desk: { ground, review },
          provider: config.oidc !== null,
          statements: { bearers: statements, tongues },
          appealPurposes: policy.purposes,
          appealCharacters: config.limits.appealCharacters,
          reportCategories: reportCategories(policy),
          verify: { check: publicCheck, ground },
          audit: { ground, transparency, check: publicCheck },
          session: async ({ caller }) =>
            caller === null
              ? null
              : {
                  tenantId: caller.tenantId,
                  tenantName: caller.tenantName,
                  personId: caller.personId,
                  roles: [...caller.roles],
                  purposes: caller.purposes.filter((one) => policy.purposes.includes(one)),
                },
        }),
    ],
    version: SYSTEM.version,
  })
  stack.defer(() => app.close())
  try {
    return await app.listen({ host: config.host, port: config.port })
  } catch (cause) {
    const busy = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE'
    throw new Fault('port_busy', {
      field: busy ? 'PORT' : 'HOST',
      detail: busy
        ? `port ${config.port} is in use; set PORT to another`
        : `cannot listen on ${config.host}:${config.port}`,
      cause,
    })
  }
}

// The real API on a real port, in a directory and an in-memory database of its own, with the real policy and file stores. Only the
// workers are the test's: `develop` moves a request to the end that the test names, as the stages would.
import { EventEmitter } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readingsOf } from '../../models/prompts/readings.ts'
import { type Admission, admitGeneration } from '../../src/admit/admit.ts'
import { openTurns } from '../../src/admit/turns.ts'
import { omitAppeals } from '../../src/appeal/end.ts'
import type { TransparencyLog } from '../../src/audit/log.ts'
import { logKeyOf } from '../../src/audit/log-keys.ts'
import { openMarkTools } from '../../src/commands/parts.ts'
import { openPublicCheck } from '../../src/commands/public-check.ts'
import { openRegistry } from '../../src/commands/registry.ts'
import type { ServerDeps } from '../../src/http/deps.ts'
import { buildServer } from '../../src/http/server.ts'
import { openShares } from '../../src/http/shares.ts'
import type { PublicCheck } from '../../src/http/strangers-picture.ts'
import type { Failure } from '../../src/journey.ts'
import { readConfig } from '../../src/kernel/config.ts'
import { openDatabase } from '../../src/kernel/database.ts'
import { type Ground, requestTopic } from '../../src/kernel/ground.ts'
import { openLog } from '../../src/kernel/log.ts'
import type { ModelCard } from '../../src/kernel/model.ts'
import { verificationOf } from '../../src/mark/stranger.ts'
import type { Provenance } from '../../src/mark/verify.ts'
import type { Evidence } from '../../src/moderate/moderate.ts'
import { type Resolve, resolveByDns } from '../../src/notify/address.ts'
import { failRequest } from '../../src/outcome.ts'
import { loadModerationPolicy } from '../../src/policy/load.ts'
import { loadPlans } from '../../src/policy/quotas.ts'
import { loadReviewRules } from '../../src/policy/review-rules.ts'
import { loadTranslations, sentencesOf } from '../../src/policy/translations.ts'
import { putInForce } from '../../src/policy/versions.ts'
import { openFileStore } from '../../src/publish/file-store.ts'
import type { ReviewTools } from '../../src/review/item.ts'
import { costOf } from '../../src/schedule/fair-queue.ts'
import { openBearers } from '../../src/statement/bearer.ts'
import { openTongues, type Tongues } from '../../src/statement/translate.ts'
import { bootstrap } from '../../src/tenant/bootstrap.ts'
import { authenticate } from '../../src/tenant/caller.ts'
import { keyFilePath } from '../../src/tenant/key-file.ts'
import '../support/records-copy.ts'
import { NOTHING_KNOWN } from '../mark/findings.ts'
import { develop, type End } from './develop.ts'

export const ALLOWED = 'a red boat on the sea at sunset'
export const FORBIDDEN = 'a soldier beheading a man, blood everywhere'

export const CARD: ModelCard = {
  id: 'storybook',
  version: '1.0.0',
  digest: 'a'.repeat(64),
  licence: 'Apache-2.0',
  sizes: {
    default: { width: 128, height: 128 },
    supported: [
      { width: 128, height: 128 },
      { width: 128, height: 96 },
    ],
    factor: 8,
  },
  quality: { low: { steps: 8 }, medium: { steps: 20 }, high: { steps: 40 } },
  guidanceScale: 4,
  scheduler: 'DDIMScheduler',
  schedulers: ['DDIMScheduler', 'EulerDiscreteScheduler'],
  promptTokens: 77,
  promptSyntaxes: ['plain', 'weighted'],
  negativePrompt: true,
  guidanceRescale: true,
  trueGuidance: false,
  refusePlan: () => null,
  operations: ['generate', 'edit', 'inpaint'],
  classifiers: ['storybook-eye'],
  createdAt: new Date('2026-11-01T00:00:00Z'),
}

export const BEARERS = openBearers(Buffer.alloc(32, 11))
export type Service = Awaited<ReturnType<typeof openService>>

/** What is seen in an upload, at once or when `look` resolves, and found of its origin. */
type Eye = { sees: Evidence; look: (() => Promise<Evidence>) | null; marks: Provenance }

/** What the classifiers of the fixture say of an upload; a test may change it. */
export const NOTHING_SEEN: Evidence = {
  categories: { weapons: 0.01, 'violence/graphic': 0.01 },
  classifiers: [{ id: 'storybook-eye', version: '1.0.0', digest: 'e'.repeat(64) }],
  opinions: [],
}

/** Pages may be drawn from the records and the rules, and speak other languages. */
type Given = {
  ground: Ground
  review: ReviewTools
  tongues: Tongues
  publicCheck: PublicCheck
  transparency: TransparencyLog
}
type Pages = ServerDeps['pages'] | ((given: Given) => ServerDeps['pages'])
/** Pictures are really looked at; `resolve` finds where their addresses lead, `log` hears every line. */
export type RealCheck = { resolve: Resolve; log?: NodeJS.WritableStream }

export async function openService(env: Record<string, string> = {}, pages: Pages = [], real: RealCheck | null = null) {
  await using stack = new AsyncDisposableStack()
  const home = await mkdtemp(join(tmpdir(), 'darkroom-http-'))
  const config = readConfig({ DARKROOM_HOME: home, DARKROOM_WAIT_MS: '5000', DARKROOM_CLOSE_GRACE_MS: '500', ...env })
  const database = await openDatabase({ url: config.databaseUrl, home: null })
  const ears = new EventEmitter()
  const images = await openFileStore({ directory: join(home, 'images'), secret: Buffer.alloc(32, 7) })
  const quarantine = await openFileStore({ directory: join(home, 'quarantine'), secret: null })
  const transparency = {
    store: await openFileStore({ directory: join(home, 'log'), secret: null }),
    key: logKeyOf(Buffer.alloc(32, 13)),
    origin: { named: null, byDefault: 'darkroom.test/log' },
  }
  const ground: Ground = {
    config,
    database,
    log: real?.log === undefined ? openLog('silent') : openLog('trace', real.log),
    bell: {
      ring: () => undefined,
      tell: (topic, message) => void ears.emit(topic, message),
      hear: (topic, listener) => {
        ears.on(topic, listener)
        return () => ears.off(topic, listener)
      },
    },
    images,
    quarantine,
  }
  const policy = await loadModerationPolicy(join(config.policiesDir, 'moderation.yaml'))
  await bootstrap(ground, policy.purposes)
  const keys: Record<string, string> = (await import(keyFilePath(home), { with: { type: 'json' } })).default
  await putInForce(ground, policy, '0.0.0-test')
  const plans = await loadPlans(join(config.policiesDir, 'quotas.yaml'))
  // Nothing is drawn at random unless a test says so.
  const review: ReviewTools = {
    policy,
    rules: await loadReviewRules(join(config.policiesDir, 'review.yaml')),
    draw: () => 1 - Number.EPSILON,
  }
  const admission: Admission = {
    models: [CARD],
    policy,
    review,
    plans,
    costOf,
    readWeighted: readingsOf,
    markIdBits: 40,
    turns: openTurns(config.pressure.admissions),
    userSecret: Buffer.alloc(32, 9),
  }
  const tongues = openTongues(
    await loadTranslations(join(config.policiesDir, 'translations'), sentencesOf(policy, review.rules)),
  )
  const eye: Eye = { sees: NOTHING_SEEN, look: null, marks: NOTHING_KNOWN }
  const publicCheck = await openCheck(ground, real, stack)
  const app = await buildServer({
    ground,
    admission,
    objects: images,
    transparency,
    publicCheck,
    statements: BEARERS,
    tongues,
    review,
    webhooks: { key: Buffer.alloc(32, 5), resolve: async () => ['127.0.0.1'] },
    examineUpload: async () => (eye.look === null ? eye.sees : eye.look()),
    findMarks: async () => eye.marks,
    onErased: (tx, requestId) => omitAppeals(tx, admission.review, requestId),
    readManifest: async (bytes, contentType) => ({ sizeBytes: bytes.length, contentType }),
    checks: { database: async () => void (await database.sql.selectFrom('darkroom.tenant').select('id').execute()) },
    pages: typeof pages === 'function' ? pages({ ground, review, tongues, publicCheck, transparency }) : pages,
    version: '0.0.0-test',
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const key = (name: string) => keys[name] ?? ''
  const owned = stack.move()
  return {
    app,
    url,
    ground,
    transparency,
    home,
    policy,
    review,
    admission,
    tongues,
    eye,
    key,
    call: (path: string, init: RequestInit & { as?: string | null } = {}) => {
      const { as = 'client', ...rest } = init
      const headers = new Headers(rest.headers)
      if (as !== null && !headers.has('authorization')) headers.set('authorization', `Bearer ${key(as)}`)
      return fetch(new URL(path, url), { redirect: 'manual', ...rest, headers })
    },
    /** Admits without HTTP. */
    admit: async (order: Parameters<typeof admitGeneration>[3], as = 'client') =>
      admitGeneration(ground, admission, await authenticate(ground, key(as)), order),
    develop: (requestId: string, ends: readonly End[]) => develop({ ground, policy }, requestId, ends),
    /** Develops the next request that is admitted, whoever asks for it. */
    developNext: async (ends: readonly End[]) => {
      const requestId = await nextQueued(ground)
      await develop({ ground, policy }, requestId, ends)
      return requestId
    },
    [Symbol.asyncDispose]: async () => {
      await app.close()
      await owned.disposeAsync()
      await database[Symbol.asyncDispose]()
      await rm(home, { recursive: true, force: true })
    },
  }
}

async function openCheck(ground: Ground, real: RealCheck | null, stack: AsyncDisposableStack): Promise<PublicCheck> {
  const nothing = verificationOf(NOTHING_KNOWN, [], { mark: null, manifest: null })
  const { verificationsAtOnce } = ground.config.limits
  if (real === null)
    return { verify: async () => nothing, resolve: resolveByDns, takePlace: openShares(verificationsAtOnce) }
  const { signer } = await openMarkTools(ground.config, ground.log, stack)
  const registry = openRegistry(ground.database)
  return { ...(await openPublicCheck(ground, { trust: signer.trust, registry }, stack)), resolve: real.resolve }
}

export function json(body: unknown, headers: Record<string, string> = {}): RequestInit {
  return { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) }
}

async function nextQueued({ database }: Ground): Promise<string> {
  for (;;) {
    const row = await database.sql
      .selectFrom('darkroom.request')
      .select('id')
      .where('state', '=', 'queued')
      .executeTakeFirst()
    if (row !== undefined) return row.id
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Fails a queued request as a whole. */
export async function failWhole({ ground }: { ground: Ground }, requestId: string, reason: Failure): Promise<void> {
  await ground.database.transact((tx) => failRequest(tx, requestId, reason))
  ground.bell.tell(requestTopic(requestId), { failure: reason })
}

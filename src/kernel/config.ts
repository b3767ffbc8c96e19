// The configuration: one frozen object, read once from the environment. Every mistake is reported at once, by variable name.
// An unknown DARKROOM_ variable is a mistake too: a misspelt limit must not fall back silently. Each area has a file beside this one.
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { readBackendsConfig } from './config/backends.ts'
import { readDisclosure } from './config/disclosure.ts'
import { readEdits } from './config/edits.ts'
import { readHub } from './config/hub.ts'
import { readLabel } from './config/label.ts'
import { readDispatch, readLimits, readPressure, readStrangers } from './config/limits.ts'
import { readLogKey } from './config/log-key.ts'
import { readModels } from './config/models.ts'
import { readNative } from './config/native.ts'
import { readObjectsConfig } from './config/objects.ts'
import { readOidc } from './config/oidc.ts'
import { readProvenance } from './config/provenance.ts'
import { type Environment, openReader } from './config/reader.ts'
import { readSigner, readTimestamps } from './config/signer.ts'
import { readTranslation } from './config/translation.ts'
import { readTransparency } from './config/transparency.ts'
import { readTrustmark } from './config/trustmark.ts'
import { readWebhooks } from './config/webhooks.ts'
import { Fault } from './fault.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const
const PROVIDERS = ['auto', 'cuda', 'webgpu', 'cpu'] as const

export type Config = ReturnType<typeof readConfig>

/** Reads and checks everything. Fault: config_invalid, whose message lists each variable with its reason. */
export function readConfig(env: Environment) {
  const reader = openReader(env)
  const { problems, text, optional, integer, choice, url } = reader
  const publicUrl = url('DARKROOM_PUBLIC_URL', ['http:', 'https:'])
  const defaultModel = text('DARKROOM_DEFAULT_MODEL', 'storybook')
  const config = {
    root: ROOT,
    home: resolve(text('DARKROOM_HOME', '.darkroom')),
    /** Files that all machines of a deployment share. */
    secretsDir: resolve(text('DARKROOM_SECRETS_DIR', join(text('DARKROOM_HOME', '.darkroom'), 'secrets'))),
    /** The same where it was named; null where this machine shares it with no other. */
    sharedSecretsDir: resolvedOrNull(optional('DARKROOM_SECRETS_DIR')),
    host: text('HOST', '127.0.0.1'),
    port: integer('PORT', 8080, 0, 65_535),
    /** Where a process serves its probes and meters beside the API; 0: nowhere. */
    metricsPort: integer('DARKROOM_METRICS_PORT', 0, 0, 65_535),
    publicUrl,
    ...readBackendsConfig(reader),
    objects: readObjectsConfig(reader),
    native: readNative(reader),
    logLevel: choice('DARKROOM_LOG_LEVEL', 'info', LOG_LEVELS),
    packsDir: resolve(text('DARKROOM_PACKS_DIR', resolve(ROOT, 'models/packs'))),
    policiesDir: resolve(text('DARKROOM_POLICIES_DIR', resolve(ROOT, 'policies'))),
    hub: readHub(reader),
    defaultModel,
    models: readModels(reader, defaultModel),
    provider: choice('DARKROOM_PROVIDER', 'auto', PROVIDERS),
    threads: integer('DARKROOM_THREADS', Math.max(1, availableParallelism()), 1, 256),
    limits: readLimits(reader),
    provenance: readProvenance(reader),
    strangers: readStrangers(reader),
    pressure: readPressure(reader),
    dispatch: readDispatch(reader),
    edits: readEdits(reader),
    urlTtlSeconds: integer('DARKROOM_URL_TTL_SECONDS', 300, 1, 300),
    sessionTtlSeconds: integer('DARKROOM_SESSION_TTL_SECONDS', 28_800, 60, 604_800),
    sessionIdleSeconds: integer('DARKROOM_SESSION_IDLE_SECONDS', 7200, 120, 604_800),
    oidc: readOidc(reader),
    appealWindowDays: integer('DARKROOM_APPEAL_WINDOW_DAYS', 183, 1, 3650),
    tasks: {
      leaseMs: integer('DARKROOM_TASK_LEASE_MS', 30_000, 500, 3_600_000),
      maxAttempts: integer('DARKROOM_TASK_MAX_ATTEMPTS', 4, 1, 100),
      backoffMs: integer('DARKROOM_TASK_BACKOFF_MS', 500, 1, 600_000),
      /** A picture waits in the publish stage for its leaf so long, before its task is given back. */
      logWaitMs: integer('DARKROOM_LOG_WAIT_MS', 5000, 0, 600_000),
      sweepMs: integer('DARKROOM_TASK_SWEEP_MS', 1000, 50, 60_000),
    },
    stepDeadlineMs: integer('DARKROOM_STEP_DEADLINE_MS', 60_000, 100, 3_600_000),
    webhooks: readWebhooks(reader),
    translation: readTranslation(reader),
    finishConcurrency: integer('DARKROOM_FINISH_CONCURRENCY', 2, 1, 64),
    transparency: readTransparency(reader, publicUrl),
    /** Null: the log is signed with the secret `log.key`. */
    logKms: readLogKey(reader),
    signer: readSigner(reader),
    timestamps: readTimestamps(reader),
    disclosure: readDisclosure(reader),
    label: readLabel(reader),
    /** Null: no second mark. */
    trustmark: readTrustmark(reader),
  }
  if (config.publicUrl !== null && !/^https?:\/\/[^/?#@]+\/?$/.test(config.publicUrl))
    problems.push('DARKROOM_PUBLIC_URL: expected an origin, without a path')
  for (const name of reader.unknown()) if (!RESERVED.has(name)) problems.push(`${name}: unknown variable`)
  if (problems.length > 0)
    throw new Fault('config_invalid', {
      detail: `configuration is wrong:\n${problems.map((p) => `  ${p}`).join('\n')}`,
    })
  return deepFreeze(config)
}

/** Variables of the launcher and the tests, read elsewhere. */
const RESERVED = new Set([
  'DARKROOM_BOOT',
  'DARKROOM_OMIT_DEV',
  'DARKROOM_REQUIRE_SERVICES',
  'DARKROOM_CHROMIUM',
  'DARKROOM_KEY',
  'DARKROOM_URL',
])

function resolvedOrNull(path: string | null): string | null {
  return path === null ? null : resolve(path)
}

function deepFreeze<T extends object>(value: T): Readonly<T> {
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) deepFreeze(part)
  return Object.freeze(value)
}

// Opens the parts that several commands share, in the order in which each needs the last. Whoever opens them disposes of them.

import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'
import { openTrustmarks, type Trustmarks } from '../../workers/trustmarks.ts'
import { kmsLogKey } from '../audit/kms-log-key.ts'
import type { TransparencyLog } from '../audit/log.ts'
import { openLogKey } from '../audit/log-keys.ts'
import type { LogStore } from '../audit/tree-store.ts'
import type { Config } from '../kernel/config.ts'
import { openDatabase } from '../kernel/database.ts'
import type { Ground } from '../kernel/ground.ts'
import type { Log } from '../kernel/log.ts'
import { checkLabel } from '../mark/label/label.ts'
import type { MarkTools } from '../mark/mark.ts'
import { openMarkKeys } from '../mark/mark-keys.ts'
import type { Signer } from '../mark/signer.ts'
import { openWatermarker } from '../mark/watermark/pool.ts'
import { type FileStore, openFileStore } from '../publish/file-store.ts'
import { checkBuckets, reachBuckets } from '../publish/s3-checks.ts'
import { openS3Stores } from '../publish/s3-store.ts'
import { sealStore } from '../publish/sealed-store.ts'
import { type Doorbell, openDoorbell } from '../schedule/doorbell.ts'
import { homeSecret } from '../tenant/secret.ts'
import { openConfiguredSigner } from './signer.ts'

export type Parts = {
  ground: Ground
  doorbell: Doorbell
  transparency: TransparencyLog
  /** The images' store where this process must serve its links; null on S3, which serves them itself. */
  served: FileStore | null
  /** Where links to pictures lead, when that is not this service. */
  pictureOrigins: readonly string[]
  /** What must work before traffic comes, by name. */
  checks: Readonly<Record<string, () => Promise<void>>>
}

/** The ground with its records, doorbell and stores. */
export async function openParts(config: Config, log: Log, stack: AsyncDisposableStack): Promise<Parts> {
  const database = stack.use(
    await openDatabase({
      url: config.databaseUrl,
      ...(config.postgres === null ? {} : { postgres: config.postgres }),
      home: config.home,
      onConnectionError: (error) => log.error({ error }, 'a database connection failed'),
    }),
  )
  const doorbell = stack.use(await openDoorbell({ database, redis: config.redis, log }))
  const { stores, log: store, served, pictureOrigins, check } = await openStores(config, stack)
  return {
    ground: { config, database, log, bell: doorbell, ...stores },
    doorbell,
    transparency: {
      store,
      key: config.logKms === null ? await openLogKey(config) : stack.use(kmsLogKey(config.logKms)),
      origin: { named: config.transparency.origin, byDefault: config.transparency.defaultOrigin },
    },
    served,
    pictureOrigins,
    checks: { records: database.check, doorbell: doorbell.check, objects: check },
  }
}

type Stores = {
  stores: Pick<Ground, 'quarantine' | 'images'>
  log: LogStore
  served: FileStore | null
  pictureOrigins: readonly string[]
  check: () => Promise<void>
}

async function openStores(
  { home, secretsDir, objects, databaseUrl }: Config,
  stack: AsyncDisposableStack,
): Promise<Stores> {
  const seal = await homeSecret({ home, secretsDir }, 'quarantine')
  if (objects.s3 !== null) {
    const s3 = stack.use(openS3Stores(objects.s3))
    await checkBuckets(objects.s3, s3)
    const { images } = s3
    const quarantine = sealStore(s3.quarantine, seal)
    const { origin } = new URL(await images.signedUrl('any', 60))
    return {
      stores: { quarantine, images },
      log: s3.log,
      served: null,
      pictureOrigins: [origin],
      check: () => reachBuckets(s3),
    }
  }
  const alone = databaseUrl === null
  const images = await openFileStore({
    directory: join(home, 'objects', 'images'),
    secret: await homeSecret({ home, secretsDir }, 'links'),
    alone,
  })
  const files = await openFileStore({ directory: join(home, 'objects', 'quarantine'), secret: null, alone })
  return {
    stores: { quarantine: sealStore(files, seal), images },
    log: await openFileStore({ directory: join(home, 'log'), secret: null, alone }),
    served: images,
    pictureOrigins: [],
    check: () => access(join(home, 'objects'), constants.W_OK),
  }
}

/** The deployment's signer and its watermark, without which nothing is released. */
export async function openMarkTools(config: Config, log: Log, stack: AsyncDisposableStack): Promise<MarkTools> {
  const signer = await openConfiguredSigner(config, log, stack)
  await checkLabel(config.label)
  const keys = await openMarkKeys(config)
  const watermark = stack.use(openWatermarker({ keys, threads: config.finishConcurrency }))
  const trustmark = openConfiguredTrustmark(config, log, stack)
  await trustmark?.check()
  return { signer, watermark, trustmark }
}

/** In a child of its own, which starts with the first picture; null where the deployment has no files for it. */
export function openConfiguredTrustmark(
  { trustmark }: Config,
  log: Log,
  stack: AsyncDisposableStack,
): Trustmarks | null {
  return trustmark === null ? null : stack.use(openTrustmarks({ ...trustmark, log }))
}

export type VerifyTools = Pick<MarkTools, 'watermark'> & { signer: Pick<Signer, 'read'> }

/** Threads of its own for what strangers hand in, which must not keep a release waiting. */
export async function openVerifyTools(
  config: Config,
  signer: VerifyTools['signer'],
  stack: AsyncDisposableStack,
): Promise<VerifyTools> {
  const keys = await openMarkKeys(config)
  return { signer, watermark: stack.use(openWatermarker({ keys, threads: 1 })) }
}

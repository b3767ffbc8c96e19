// Makes the buckets that are missing, where the account may: the log's with versioning and Object Lock, the others plain. What is there
// keeps its objects; a log's bucket that lacks a feature gets it. The checks of every start (s3-checks.ts) say whether that is enough.
import { setTimeout as sleep } from 'node:timers/promises'
import { errorName, isUnreachable, statusOf } from '../kernel/aws-errors.ts'
import type { S3Config } from '../kernel/config/objects.ts'
import { Fault, isFault } from '../kernel/fault.ts'
import { asked, checkBuckets } from './s3-checks.ts'
import type { S3Probe, S3Role, S3Stores } from './s3-store.ts'

const POLL_MS = 500

export type Made = { role: S3Role; bucket: string; did: 'made' | 'completed' | 'found' }

/** Waits at most `waitMs` for the server. Again is as good as once. Faults: as checkBuckets; config_invalid for a name that is taken. */
export async function makeBuckets(config: S3Config, stores: S3Stores, waitMs: number): Promise<Made[]> {
  await untilUp(stores.probe('images'), waitMs)
  const made: Made[] = []
  for (const role of ['quarantine', 'images', 'log'] as const) {
    const bucket = stores.probe(role)
    made.push({ role, bucket: bucket.bucket, did: await makeBucket(role, bucket) })
  }
  await checkBuckets(config, stores)
  return made
}

/** Any answer will do, a refusal too. */
async function untilUp(bucket: S3Probe, waitMs: number): Promise<void> {
  for (const deadline = performance.now() + waitMs; ; await sleep(POLL_MS)) {
    const error = await bucket.exists().then(
      () => null,
      (cause: unknown) => cause,
    )
    if (error === null || !(isUnreachable(error) || (statusOf(error) ?? 0) >= 500)) return
    if (performance.now() >= deadline) return void (await asked('images', bucket, () => Promise.reject(error)))
  }
}

async function makeBucket(role: S3Role, bucket: S3Probe): Promise<Made['did']> {
  const exists = await bucket.exists().then(
    () => true,
    (error: unknown) => (statusOf(error) === 404 ? false : asked(role, bucket, () => Promise.reject(error))),
  )
  if (!exists) {
    const did = await create(role, bucket)
    if (role === 'log') await completeLog(bucket)
    return did
  }
  return role === 'log' ? completeLog(bucket) : 'found'
}

async function create(role: S3Role, bucket: S3Probe): Promise<Made['did']> {
  const field = `DARKROOM_S3_BUCKET_${role.toUpperCase()}`
  try {
    await bucket.create(role === 'log')
    return 'made'
  } catch (cause) {
    // Somebody of the same account was faster.
    if (errorName(cause) === 'BucketAlreadyOwnedByYou') return 'found'
    if (errorName(cause) === 'BucketAlreadyExists')
      throw new Fault('config_invalid', {
        field,
        detail: `the name ${bucket.bucket} belongs to another account; choose another`,
        cause,
      })
    if (statusOf(cause) === 403 && !isFault(cause))
      throw new Fault('config_invalid', {
        field,
        detail: `these credentials may not make bucket ${bucket.bucket}; they need s3:CreateBucket, or make it yourself`,
        cause,
      })
    return asked(role, bucket, () => Promise.reject(cause))
  }
}

async function completeLog(bucket: S3Probe): Promise<'completed' | 'found'> {
  let did: 'completed' | 'found' = 'found'
  for (const [has, enable] of [
    [bucket.isVersioned, bucket.enableVersioning],
    [bucket.hasObjectLock, bucket.enableObjectLock],
  ] as const) {
    if (await asked('log', bucket, has)) continue
    // Where the server has no such thing for a bucket that is there already, the checks say what to do.
    const done = await enable().then(
      () => true,
      () => false,
    )
    if (done) did = 'completed'
  }
  return did
}

// What must hold of the buckets before anything is written to them: they exist, take writes, keep the first of two writers, encrypt
// as asked, show nothing to strangers, and the log's bucket locks what it holds. Each refusal names its variable and a remedy.
import { randomUUID } from 'node:crypto'
import { errorName, isUnreachable, statusOf } from '../kernel/aws-errors.ts'
import type { S3Config } from '../kernel/config/objects.ts'
import { Fault } from '../kernel/fault.ts'
import { isTaken, isWithoutAccount, isWrongAccount } from './s3-faults.ts'
import { PROBE_KEY, type S3Probe, type S3Role, type S3Stores } from './s3-store.ts'

const READINESS_MS = 2500

/** Faults: config_invalid (what an operator must change), object_store_failed (the server cannot be reached). */
export async function checkBuckets(config: S3Config, { probe }: S3Stores): Promise<void> {
  const { quarantine, images, log } = config.buckets
  const roles: [S3Role, string][] = [
    ['quarantine', quarantine],
    ['images', images],
    ['log', log],
  ]
  for (const [role] of roles) {
    const bucket = probe(role)
    await asked(role, bucket, () => bucket.exists())
  }
  await checkLog(probe('log'))
  await checkObjects('quarantine', probe('quarantine'), config)
  await checkObjects('images', probe('images'), config)
}

/** For readiness: every bucket answers. */
export async function reachBuckets({ probe }: S3Stores): Promise<void> {
  const signal = AbortSignal.timeout(READINESS_MS)
  await Promise.all((['quarantine', 'images', 'log'] as const).map((role) => probe(role).exists(signal)))
}

async function checkLog(bucket: S3Probe): Promise<void> {
  const refuse = (detail: string) => new Fault('config_invalid', { field: variable('log'), detail })
  if (!(await asked('log', bucket, bucket.isVersioned)))
    throw refuse(`bucket ${bucket.bucket} has no versioning; enable it, and Object Lock`)
  if (!(await asked('log', bucket, bucket.hasObjectLock)))
    throw refuse(`bucket ${bucket.bucket} has no Object Lock; enable it, or make the bucket anew with it`)
  await asked('log', bucket, bucket.mayWrite)
}

async function checkObjects(role: S3Role, bucket: S3Probe, config: S3Config): Promise<void> {
  const refuse = (detail: string, field = variable(role)) => new Fault('config_invalid', { field, detail })
  if (await asked(role, bucket, bucket.hasPublicPolicy))
    throw refuse(`bucket ${bucket.bucket} is public by its policy; remove the policy and block public access`)
  const key = `${PROBE_KEY}/${randomUUID()}`
  try {
    const used = await asked(role, bucket, () => bucket.put(key, Buffer.from('written at start')))
    if (config.encryption !== 'none' && used !== config.encryption)
      throw refuse(
        `the server took the request to encrypt by ${config.encryption} and did not; ` +
          'set DARKROOM_S3_SSE=none if its disks are encrypted otherwise',
        'DARKROOM_S3_SSE',
      )
    const second = await bucket.put(key, Buffer.from('written twice')).then(
      () => null,
      (error: unknown) => error,
    )
    if (second === null || !isTaken(second))
      throw refuse(
        `the server of bucket ${bucket.bucket} does not honour If-None-Match: * on writes; use one that does`,
      )
    if (await isReadByAnybody(await bucket.address(key)))
      throw refuse(`bucket ${bucket.bucket} can be read without credentials; block public access`)
  } finally {
    await asked(role, bucket, () => bucket.remove(key))
  }
}

async function isReadByAnybody(address: string): Promise<boolean> {
  const answer = await fetch(address, { signal: AbortSignal.timeout(READINESS_MS), redirect: 'manual' }).catch(
    () => null,
  )
  await answer?.body?.cancel()
  return answer?.ok === true
}

function variable(role: S3Role): string {
  return `DARKROOM_S3_BUCKET_${role.toUpperCase()}`
}

/** Runs one question to the server and says in an operator's words why it was not answered. */
export async function asked<T>(role: S3Role, { bucket }: S3Probe, question: () => Promise<T>): Promise<T> {
  try {
    return await question()
  } catch (cause) {
    if (cause instanceof Fault) throw cause
    throw startFault(cause, role, bucket)
  }
}

function startFault(cause: unknown, role: S3Role, bucket: string): Fault {
  const refuse = (field: string, detail: string) => new Fault('config_invalid', { field, detail, cause })
  if (isWithoutAccount(cause))
    return refuse(
      'AWS_ACCESS_KEY_ID',
      'no credentials for S3: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role',
    )
  if (isWrongAccount(cause))
    return refuse(
      'AWS_ACCESS_KEY_ID',
      'S3 refuses these credentials: check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN',
    )
  if (/region/i.test(errorName(cause)) || (cause instanceof Error && /region is missing/i.test(cause.message)))
    return refuse('AWS_REGION', 'no region for S3: set AWS_REGION to the one of the buckets')
  if (isUnreachable(cause))
    return new Fault('object_store_failed', {
      retry: 'later',
      field: 'AWS_ENDPOINT_URL_S3',
      detail: 'cannot reach the S3 server',
      cause,
    })
  switch (statusOf(cause)) {
    case 301:
      return refuse('AWS_REGION', `bucket ${bucket} is in another region; set AWS_REGION to it`)
    case 403:
      return refuse(
        variable(role),
        `these credentials may not use bucket ${bucket}; they need s3:ListBucketVersions, GetObject, PutObject, ` +
          'DeleteObject, DeleteObjectVersion, AbortMultipartUpload and the Get actions of the bucket',
      )
    case 404:
      return refuse(variable(role), `there is no bucket ${bucket}; create it, or have 'darkroom objects init' do it`)
    case 400:
    case 501:
      return refuse(
        variable(role),
        `the server refuses what Darkroom needs of bucket ${bucket} (${errorName(cause)}); ` +
          'if it cannot encrypt as asked, set DARKROOM_S3_SSE=none',
      )
    default:
      return new Fault('object_store_failed', {
        retry: 'later',
        field: variable(role),
        detail: `S3 failed on bucket ${bucket}`,
        facts: { error: errorName(cause), status: statusOf(cause) },
        cause,
      })
  }
}

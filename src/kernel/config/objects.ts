// Where objects lie: in three S3 buckets when they are named, else in files below the home. Region, credentials and endpoint are
// the AWS SDK's own (AWS_REGION, AWS_ACCESS_KEY_ID, AWS_PROFILE, web identity, instance roles, AWS_ENDPOINT_URL_S3, ...).
import type { Reader } from './reader.ts'

const MIB = 1_048_576
const ENCRYPTIONS = ['AES256', 'aws:kms', 'none'] as const

export type ObjectsConfig = ReturnType<typeof readObjectsConfig>
export type S3Config = NonNullable<ObjectsConfig['s3']>

/** `s3` is null when no bucket is named. Notes: buckets of which some are missing or equal, a KMS key without KMS. */
export function readObjectsConfig({ optional, integer, choice, boolean, url, problems }: Reader) {
  const buckets = {
    quarantine: optional('DARKROOM_S3_BUCKET_QUARANTINE'),
    images: optional('DARKROOM_S3_BUCKET_IMAGES'),
    log: optional('DARKROOM_S3_BUCKET_LOG'),
  }
  const s3 = {
    forcePathStyle: boolean('DARKROOM_S3_FORCE_PATH_STYLE', false),
    /** `none` leaves it to the bucket's own default. */
    encryption: choice('DARKROOM_S3_SSE', 'AES256', ENCRYPTIONS),
    kmsKeyId: optional('DARKROOM_S3_KMS_KEY_ID'),
    /** An object larger than this goes in parts of this size. */
    partBytes: integer('DARKROOM_S3_PART_BYTES', 8 * MIB, 5 * MIB, 5 * 1024 * MIB),
    /** Where clients reach the store, when that is not where this process does. */
    publicEndpoint: url('DARKROOM_S3_PUBLIC_ENDPOINT', ['http:', 'https:']),
    logRetentionDays: integer('DARKROOM_S3_LOG_RETENTION_DAYS', 365, 1, 36_500),
    timeoutMs: integer('DARKROOM_S3_TIMEOUT_MS', 10_000, 100, 600_000),
    /** Tries of one call, the first included. */
    attempts: integer('DARKROOM_S3_ATTEMPTS', 3, 1, 10),
  }
  const { quarantine, images, log } = buckets
  const none = quarantine === null && images === null && log === null
  if (!none && (quarantine === null || images === null || log === null))
    problems.push(
      'DARKROOM_S3_BUCKET_QUARANTINE, DARKROOM_S3_BUCKET_IMAGES, DARKROOM_S3_BUCKET_LOG: set all three or none',
    )
  if (s3.kmsKeyId !== null && s3.encryption !== 'aws:kms')
    problems.push('DARKROOM_S3_KMS_KEY_ID: needs DARKROOM_S3_SSE=aws:kms')
  if (quarantine === null || images === null || log === null) return { s3: null }
  if (new Set([quarantine, images, log]).size !== 3)
    problems.push(
      'DARKROOM_S3_BUCKET_QUARANTINE, DARKROOM_S3_BUCKET_IMAGES, DARKROOM_S3_BUCKET_LOG: three different buckets, please',
    )
  return { s3: { ...s3, buckets: { quarantine, images, log } } }
}

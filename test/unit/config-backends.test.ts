// Where records, rings and objects live: the limits at their edges, and what must be set together.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from '../../src/kernel/config.ts'

const BUCKETS = {
  DARKROOM_S3_BUCKET_QUARANTINE: 'q',
  DARKROOM_S3_BUCKET_IMAGES: 'i',
  DARKROOM_S3_BUCKET_LOG: 'l',
}

test('without variables everything is embedded', () => {
  const { postgres, redis, objects } = readConfig({})
  assert.deepEqual([postgres, redis, objects.s3], [null, null, null])
})

test('three different buckets are named, or none; encryption is asked for unless it is declined', () => {
  assert.equal(readConfig(BUCKETS).objects.s3?.encryption, 'AES256')
  assert.throws(() => readConfig({ DARKROOM_S3_BUCKET_LOG: 'l' }), /set all three or none/)
  assert.throws(() => readConfig({ ...BUCKETS, DARKROOM_S3_BUCKET_LOG: 'i' }), /three different buckets/)
  assert.throws(
    () => readConfig({ ...BUCKETS, DARKROOM_S3_KMS_KEY_ID: 'k' }),
    /DARKROOM_S3_KMS_KEY_ID: needs DARKROOM_S3_SSE/,
  )
  assert.equal(
    readConfig({ ...BUCKETS, DARKROOM_S3_SSE: 'aws:kms', DARKROOM_S3_KMS_KEY_ID: 'k' }).objects.s3?.kmsKeyId,
    'k',
  )
})

const DATABASE = { DATABASE_URL: 'postgres://db/darkroom' }
const edges: [variable: string, least: number, most: number][] = [
  ['DARKROOM_S3_PART_BYTES', 5_242_880, 5_368_709_120],
  ['DARKROOM_S3_LOG_RETENTION_DAYS', 1, 36_500],
  ['DARKROOM_S3_TIMEOUT_MS', 100, 600_000],
  ['DARKROOM_S3_ATTEMPTS', 1, 10],
  ['DARKROOM_DATABASE_POOL_SIZE', 2, 1000],
  ['DARKROOM_DATABASE_CONNECT_TIMEOUT_MS', 100, 600_000],
  ['DARKROOM_DATABASE_STATEMENT_TIMEOUT_MS', 100, 3_600_000],
  ['DARKROOM_DATABASE_IDLE_TRANSACTION_TIMEOUT_MS', 100, 3_600_000],
  ['DARKROOM_DATABASE_QUERY_TIMEOUT_MS', 30_001, 3_605_000],
]
for (const [variable, least, most] of edges)
  test(`${variable} is taken from ${least} to ${most} and not beyond`, () => {
    for (const value of [least, most]) readConfig({ ...BUCKETS, ...DATABASE, [variable]: String(value) })
    for (const value of [least - 1, most + 1])
      assert.throws(() => readConfig({ ...BUCKETS, ...DATABASE, [variable]: String(value) }), new RegExp(variable))
  })

test('a silent database is waited for longer than a statement may take, unless said by five seconds', () => {
  const queryMs = (env: Record<string, string>) => readConfig({ ...DATABASE, ...env }).postgres?.queryMs
  assert.equal(queryMs({ DARKROOM_DATABASE_STATEMENT_TIMEOUT_MS: '60000' }), 65_000)
  assert.throws(
    () => queryMs({ DARKROOM_DATABASE_STATEMENT_TIMEOUT_MS: '60000', DARKROOM_DATABASE_QUERY_TIMEOUT_MS: '60000' }),
    /DARKROOM_DATABASE_QUERY_TIMEOUT_MS: must be longer/,
  )
})

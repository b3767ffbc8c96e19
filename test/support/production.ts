// The production form for one test file: PostgreSQL, Redis and versitygw, each started here, with a fresh database, an empty Redis
// and fresh buckets. `env` is what `startServe` and `startWorker` (service-process.ts) need beside a DARKROOM_HOME; processes that
// share it share DARKROOM_SECRETS_DIR too, so each may have a home of its own.
//
//   suiteOn('on the production form', await withProduction(), (production) => {
//     test('...', async () => {
//       await using service = await startServe({ ...production.env, DARKROOM_HOME: home })

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestPostgres, withPostgres } from './postgres.ts'
import { type TestRedis, withRedis } from './redis.ts'
import type { Missing } from './services.ts'
import { type TestBuckets, type TestS3, withVersitygw } from './versitygw.ts'

export interface Production extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>
  /** Each server can be ended (`kill`) and started again (`start`) on its port and data. */
  readonly postgres: TestPostgres
  readonly redis: TestRedis
  readonly s3: TestS3
  readonly databaseUrl: string
  readonly buckets: TestBuckets
}

export const withProduction = async (): Promise<Production | Missing> => {
  await using stack = new AsyncDisposableStack()
  // It will be killed: what it acknowledged must be written.
  const postgres = await withPostgres(['-c', 'synchronous_commit=on'])
  if ('missing' in postgres) return postgres
  stack.use(postgres)
  const redis = await withRedis()
  if ('missing' in redis) return redis
  stack.use(redis)
  const s3 = await withVersitygw()
  if ('missing' in s3) return s3
  stack.use(s3)
  const database = await postgres.database()
  const buckets = await s3.buckets()
  const secrets = mkdtempSync(join(tmpdir(), 'darkroom-secrets-'))
  stack.defer(() => rmSync(secrets, { recursive: true, force: true }))
  const owned = stack.move()
  return {
    env: { ...buckets.env, DATABASE_URL: database.url, REDIS_URL: redis.url, DARKROOM_SECRETS_DIR: secrets },
    postgres,
    redis,
    s3,
    databaseUrl: database.url,
    buckets,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

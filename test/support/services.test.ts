// The test services themselves: they start, isolate, release, and are an error only where they are required.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Redis } from 'ioredis'
import pg from 'pg'
import { withPostgres } from './postgres.ts'
import { withRedis } from './redis.ts'
import { missing, suiteOn } from './services.ts'

const queryOne = async (url: string, statement: string): Promise<unknown> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(statement)).rows[0]
  } finally {
    await client.end()
  }
}

suiteOn('a throw-away PostgreSQL', await withPostgres(), (postgres) => {
  test('gives each test a database of its own, gone when released', async () => {
    const gone = await postgres.database()
    await using kept = await postgres.database()
    await queryOne(gone.url, 'CREATE TABLE only_here (id int)')
    assert.deepEqual(await queryOne(kept.url, "SELECT to_regclass('only_here') AS found"), { found: null })
    await gone[Symbol.asyncDispose]()
    await assert.rejects(queryOne(gone.url, 'SELECT 1'), /does not exist/)
  })

  test('is PostgreSQL 15 or newer', async () => {
    const row = await queryOne(postgres.url, "SELECT current_setting('server_version_num')::int >= 150000 AS fit")
    assert.deepEqual(row, { fit: true })
  })
})

suiteOn('a throw-away Redis', await withRedis(), (redis) => {
  test('answers, and starts empty', async () => {
    const client = new Redis(redis.url)
    assert.equal(await client.dbsize(), 0)
    client.disconnect()
  })
})

test('a missing service is a reason, and an error where services are required', (t) => {
  const { CI, DARKROOM_REQUIRE_SERVICES } = process.env
  t.after(() => {
    if (CI !== undefined) process.env.CI = CI
    if (DARKROOM_REQUIRE_SERVICES !== undefined) process.env.DARKROOM_REQUIRE_SERVICES = DARKROOM_REQUIRE_SERVICES
    else delete process.env.DARKROOM_REQUIRE_SERVICES
  })
  delete process.env.CI
  delete process.env.DARKROOM_REQUIRE_SERVICES
  assert.deepEqual(missing('Redis', 'apt-get install redis-server'), {
    missing: 'needs Redis (apt-get install redis-server)',
  })
  process.env.DARKROOM_REQUIRE_SERVICES = '1'
  assert.throws(() => missing('Redis', 'apt-get install redis-server'), /needs Redis/)
})

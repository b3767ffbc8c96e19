// `darkroom policy in-force` on a real PostgreSQL: what serving processes recorded is what it tells.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { openDatabase } from '../../src/kernel/database.ts'
import { loadModerationPolicy } from '../../src/policy/load.ts'
import { putInForce } from '../../src/policy/versions.ts'
import { withPostgres } from '../support/postgres.ts'
import { suiteOn } from '../support/services.ts'
import { openWorld } from '../support/world.ts'

const run = promisify(execFile)

suiteOn('policy versions on PostgreSQL', await withPostgres(), (postgres) => {
  test('the command tells which version was in force, and ends with 1 where none was', async () => {
    await using made = await postgres.database()
    await using database = await openDatabase({ url: made.url, home: null })
    const world = await openWorld({ database })
    await database.sql
      .updateTable('darkroom.tenant')
      .set({ operator: true })
      .where('id', '=', world.tenants[0].id)
      .execute()
    const policy = await loadModerationPolicy('policies/moderation.yaml')
    await Promise.all([1, 2, 3].map(() => putInForce(world.ground, policy, '0.1.0')))
    const env = { PATH: process.env.PATH, DARKROOM_HOME: '/nonexistent', DATABASE_URL: made.url }
    const ask = (...args: string[]) => run(process.execPath, ['src/main.ts', 'policy', 'in-force', ...args], { env })
    assert.equal(JSON.parse((await ask('--json')).stdout).digest, policy.digest)
    assert.match((await ask()).stdout, /^moderation [\d.]+, sha256 [0-9a-f]{64}, from .* until now/)
    await assert.rejects(ask('--at', '2020-01-01T00:00:00Z'), (error: { code?: number; stdout?: string }) => {
      assert.deepEqual(
        [error.code, error.stdout],
        [1, 'no policy moderation was in force at 2020-01-01T00:00:00.000Z\n'],
      )
      return true
    })
  })
})

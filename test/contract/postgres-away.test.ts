// PostgreSQL that dies under held tasks, or freezes under a question: no task is blamed for it, and no call hangs.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql as raw } from 'kysely'
import { readConfig } from '../../src/kernel/config.ts'
import { openDatabase } from '../../src/kernel/database.ts'
import { isFault } from '../../src/kernel/fault.ts'
import { claimTask } from '../../src/kernel/tasks.ts'
import { withPostgres } from '../support/postgres.ts'
import { suiteOn } from '../support/services.ts'
import { openWorld, queueRequest } from '../support/world.ts'

const LEASE_MS = 20_000

suiteOn('PostgreSQL away', await withPostgres(['-c', 'synchronous_commit=on']), (server) => {
  const open = async (url: string, env: Record<string, string> = {}) => {
    const { postgres } = readConfig({ DATABASE_URL: url, ...env })
    assert.ok(postgres)
    return openDatabase({ url, home: null, postgres })
  }

  test('its deaths while a task is held are no crashes of the holder; a lease that ended under a living server is one', async () => {
    await using fresh = await server.database()
    await using database = await open(fresh.url)
    const world = await openWorld({ database })
    const { taskId } = await queueRequest(world, world.tenants[0])
    const expire = () =>
      raw`UPDATE darkroom.task SET lease_until = darkroom.now() WHERE id = ${taskId}`.execute(database.sql)
    const restart = async () => {
      await server.kill()
      await server.start()
      // Connections of before are found dead one by one.
      for (let tries = 0; tries < 20; tries++)
        if (
          await database.check().then(
            () => true,
            () => false,
          )
        )
          break
    }
    assert.equal((await claimTask(database.sql, taskId, LEASE_MS))?.crashes, 0)
    for (let death = 1; death <= 3; death++) {
      await restart()
      // As it is once the lease that nobody could renew has run out.
      await expire()
      assert.equal((await claimTask(database.sql, taskId, LEASE_MS))?.crashes, 0, `death ${death}`)
    }
    await raw`SELECT pg_sleep(0.05)`.execute(database.sql)
    await claimTask(database.sql, taskId, 1)
    // A lease of a millisecond, taken when the server had long started.
    await expire()
    assert.equal((await claimTask(database.sql, taskId, 1))?.crashes, 1, 'the server lived through this lease')
  })

  test('a frozen backend is given up after the time that is set, and the next question has another connection', async () => {
    await using fresh = await server.database()
    await using database = await open(fresh.url, {
      DARKROOM_DATABASE_STATEMENT_TIMEOUT_MS: '1000',
      DARKROOM_DATABASE_QUERY_TIMEOUT_MS: '2000',
      DARKROOM_DATABASE_POOL_SIZE: '2',
    })
    const pidOf = async () =>
      (await raw<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(database.sql)).rows[0]?.pid ?? 0
    const pid = await pidOf()
    process.kill(pid, 'SIGSTOP')
    try {
      const from = performance.now()
      await assert.rejects(database.check(), (error) => isFault(error, 'database_failed') && error.retry === 'later')
      assert.ok(performance.now() - from < 10_000)
      assert.notEqual(await pidOf(), pid)
    } finally {
      process.kill(pid, 'SIGCONT')
    }
  })

  test('a transaction on a frozen backend ends too, without asking it to roll back', async () => {
    await using fresh = await server.database()
    await using database = await open(fresh.url, {
      DARKROOM_DATABASE_STATEMENT_TIMEOUT_MS: '1000',
      DARKROOM_DATABASE_QUERY_TIMEOUT_MS: '2000',
    })
    let frozen = 0
    const from = performance.now()
    const stuck = database.transact(async (tx) => {
      const { rows } = await raw<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(tx)
      frozen = rows[0]?.pid ?? 0
      process.kill(frozen, 'SIGSTOP')
      await raw`SELECT 1`.execute(tx)
    })
    try {
      await assert.rejects(stuck, (error) => isFault(error, 'database_failed'))
      assert.ok(performance.now() - from < 3900, 'one wait, not one more for the rollback')
      await database.check()
    } finally {
      process.kill(frozen, 'SIGCONT')
    }
  })
})

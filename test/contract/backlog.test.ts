// A long backlog on PostgreSQL: what dispatches and sweeps reads what is in hand and not what waits, by the server's own count of
// rows. And two transactions that wait for each other: one of them is told to come back.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql as raw } from 'kysely'
import { type Database, openDatabase, type Tx } from '../../src/kernel/database.ts'
import { isFault } from '../../src/kernel/fault.ts'
import { sweepTasks } from '../../src/kernel/tasks.ts'
import { dispatchPass } from '../../src/schedule/dispatch.ts'
import { withPostgres } from '../support/postgres.ts'
import { suiteOn } from '../support/services.ts'

const TENANTS = 20
const WAITING = 20_000

suiteOn('a long backlog', await withPostgres(['-c', 'deadlock_timeout=100ms']), (postgres) => {
  async function open() {
    const stack = new AsyncDisposableStack()
    const { url } = stack.use(await postgres.database())
    const database = stack.use(await openDatabase({ url, home: null, poolSize: 4 }))
    await raw`INSERT INTO darkroom.tenant (id, name, pseudonym, head)
      SELECT 'ten_' || g, 't', 'p' || g, '0' FROM generate_series(1, ${TENANTS}::int) AS g`.execute(database.sql)
    return { database, [Symbol.asyncDispose]: () => stack.disposeAsync() }
  }

  /** Rows of tasks read while something happens, by scans of every kind. */
  async function read({ sql }: Database, happens: () => Promise<unknown>): Promise<number> {
    const count = async () => {
      // Connections tell what they counted once they have been idle for a moment.
      await sleep(1200)
      const { rows } = await raw<{ count: string }>`
        SELECT seq_tup_read + idx_tup_fetch AS count FROM pg_stat_user_tables WHERE relname = 'task'`.execute(sql)
      return Number(rows[0]?.count)
    }
    const before = await count()
    await happens()
    return (await count()) - before
  }

  test('a dispatch and a sweep read little of it, and every tenant is served', async () => {
    await using opened = await open()
    const { database } = opened
    await raw`INSERT INTO darkroom.task (id, tenant_id, subject, subject_id, stage, cost, runnable_at, created_at)
      SELECT 'tsk_' || g, 'ten_' || 1 + g % ${TENANTS}::int, 'request', 'req_' || g, 'generate', 1, now(), now()
        FROM generate_series(1, ${WAITING}::int) AS g`.execute(database.sql)
    await raw`VACUUM ANALYZE darkroom.task`.execute(database.sql)
    let ids: string[] = []
    const rows = await read(database, async () => {
      const due = await dispatchPass(database, { pool: 'default', holder: 'one', leaseMs: 5000, slots: TENANTS })
      ids = (due ?? []).map(({ id }) => id)
      assert.equal((await sweepTasks(database.sql, 60_000)).length, 0)
    })
    const served = await database.sql
      .selectFrom('darkroom.task')
      .select('tenant_id')
      .distinct()
      .where('id', 'in', ids)
      .execute()
    assert.deepEqual([ids.length, served.length], [TENANTS, TENANTS])
    assert.ok(rows < WAITING / 10, `${rows} rows were read`)
  })

  test('of two transactions that wait for each other one is told to come back', async () => {
    await using opened = await open()
    const { database } = opened
    const lock = (tx: Tx, id: string) => raw`SELECT id FROM darkroom.tenant WHERE id = ${id} FOR UPDATE`.execute(tx)
    const crossing = ([first, second]: readonly [string, string]) =>
      database.transact(async (tx) => {
        await lock(tx, first)
        await sleep(300)
        await lock(tx, second)
      })
    const outcomes = await Promise.allSettled([crossing(['ten_1', 'ten_2']), crossing(['ten_2', 'ten_1'])])
    const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
    assert.equal(reasons.length, 1)
    assert.ok(isFault(reasons[0], 'database_failed') && reasons[0].retry === 'later', String(reasons[0]))
  })
})

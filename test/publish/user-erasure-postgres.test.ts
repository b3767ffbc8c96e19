// Erasures of users on PostgreSQL, where many connections really wait for each other: orders, erasures, janitors, holds and appeals of the same
// user at once end without a deadlock, and whatever was ordered is wholly erased or wholly there.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { omitAppeals } from '../../src/appeal/end.ts'
import type { OnErased } from '../../src/publish/erase.ts'
import { finishUserErasures } from '../../src/publish/user-erasure.ts'
import { ALLOWED, FORBIDDEN } from '../http/service.ts'
import { withPostgres } from '../support/postgres.ts'
import { suiteOn } from '../support/services.ts'
import { openHouse } from './house.ts'

const ROUNDS = 6

suiteOn('erasures of users on PostgreSQL', await withPostgres(), (postgres) => {
  test('orders, erasures, janitors, holds and appeals at once leave nothing half-erased and nobody waiting', async () => {
    await using database = await postgres.database()
    await using house = await openHouse({ DATABASE_URL: database.url })
    const { sql } = house.ground.database
    const onErased: OnErased = (tx, requestId) => omitAppeals(tx, house.tools, requestId)
    const order = async (prompt = ALLOWED) => (await house.service.admit({ prompt, user: 'race' })).requestId
    const erase = async () => (await house.call('/v1/users/race/data', { method: 'DELETE' })).status
    const ordered: string[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const [refused, held] = [await order(FORBIDDEN), await order()]
      const { statement_id: statementId } = await house.rowOf('request', refused)
      const appeal = { statement_id: statementId, text: 'This is a mistake.' }
      const [statuses, ids] = await Promise.all([
        Promise.all([erase(), erase(), erase()]),
        Promise.all(Array.from({ length: 10 }, () => order())),
        finishUserErasures(house.ground, onErased),
        house.call('/v1/appeals', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(appeal),
        }),
        house.call('/v1/admin/legal-holds', {
          method: 'POST',
          as: 'compliance',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ request_id: held, reason: 'a court asked for it' }),
        }),
      ])
      for (const status of statuses) assert.ok(status === 202 || status === 204, String(status))
      ordered.push(refused, held, ...ids)
      assert.notEqual((await house.rowOf('request', held)).erased_at, null)
    }
    await house.days(0.01)
    for (let passes = 0; passes < 10; passes++) await finishUserErasures(house.ground, onErased)
    assert.deepEqual(await sql.selectFrom('darkroom.user_erasure').select('id').execute(), [])
    const holds = await sql.selectFrom('darkroom.legal_hold').select('request_id').execute()
    for (const id of ordered) {
      const { prompt, salt, user_digest, erased_at } = await house.rowOf('request', id)
      const gone = erased_at !== null && !holds.some(({ request_id }) => request_id === id)
      if (erased_at === null || gone)
        for (const column of [prompt, salt, user_digest]) assert.equal(column === null, gone, id)
    }
    const open = await sql.selectFrom('darkroom.appeal').select('id').where('state', '=', 'open').execute()
    assert.deepEqual(open, [], 'no appeal outlives what it is about')
    const told = await sql.selectFrom('darkroom.move').select('facts').where('kind', '=', 'user.erased').execute()
    const count = told.reduce((sum, { facts }) => sum + Number(Object(facts).generations), 0)
    const erased = await sql.selectFrom('darkroom.request').select('id').where('erased_at', 'is not', null).execute()
    assert.equal(count, erased.length, 'each generation is counted once')
  })

  test('an order that is being admitted when the erasure is asked for is erased with it', async () => {
    await using database = await postgres.database()
    await using house = await openHouse({ DATABASE_URL: database.url })
    const gate = new pg.Client({ connectionString: database.url })
    await gate.connect()
    try {
      // Admissions stop in the middle, with their request written, for as long as the gate is held.
      await gate.query(`
        CREATE FUNCTION darkroom.wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN PERFORM pg_advisory_xact_lock_shared(7); RETURN NEW; END $$;
        CREATE TRIGGER gate BEFORE INSERT ON darkroom.image FOR EACH ROW EXECUTE FUNCTION darkroom.wait_at_gate();
        SELECT pg_advisory_lock(7)`)
      const waiting = async (count: number) => {
        const waits = async () =>
          Number((await gate.query(`SELECT count(*) FROM pg_locks WHERE NOT granted`)).rows[0]?.count)
        for (let tries = 0; tries < 500 && (await waits()) < count; tries++) await sleep(10)
      }
      const ordering = house.service.admit({ prompt: ALLOWED, user: 'late' })
      await waiting(1)
      let answered = 0
      const erasing = house.call('/v1/users/late/data', { method: 'DELETE' }).finally(() => answered++)
      await Promise.race([waiting(2), erasing])
      assert.equal(answered, 0, 'it waits for who came first')
      await gate.query('SELECT pg_advisory_unlock(7)')
      const { requestId } = await ordering
      assert.equal((await erasing).status, 204)
      assert.equal((await house.rowOf('request', requestId)).prompt, null)
    } finally {
      await gate.end()
    }
  })
})

// The embedded pool keeps transactions apart on its one connection.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql as raw } from 'kysely'
import { type Database, openDatabase } from '../../src/kernel/database.ts'
import { EmbeddedPool } from '../../src/kernel/embedded-pool.ts'

let pool: EmbeddedPool
let database: Database
before(async () => {
  pool = await EmbeddedPool.open(null, 'public')
  await pool.query('CREATE TABLE word (text text)')
  database = await openDatabase({ url: null, home: null })
})
after(async () => {
  await pool.end()
  await database[Symbol.asyncDispose]()
})

test('a query outside waits for an open transaction instead of joining it', async () => {
  const one = await pool.connect()
  await one.query('BEGIN')
  await one.query("INSERT INTO word VALUES ('inside')")
  const outside = pool.query("INSERT INTO word VALUES ('outside')")
  await one.query('ROLLBACK')
  one.release()
  await outside
  assert.deepEqual((await pool.query('SELECT text FROM word')).rows, [{ text: 'outside' }])
})

test('two transactions that interleave each keep their own', async () => {
  await pool.query('DELETE FROM word')
  const transaction = async (word: string, end: string) => {
    const client = await pool.connect()
    await client.query('BEGIN')
    for (let i = 0; i < 5; i++) await client.query('INSERT INTO word VALUES ($1)', [word])
    await client.query(end)
    client.release()
  }
  await Promise.all([transaction('kept', 'COMMIT'), transaction('undone', 'ROLLBACK'), transaction('kept', 'COMMIT')])
  const { rows } = await pool.query('SELECT text, count(*) FROM word GROUP BY text')
  assert.deepEqual(rows, [{ text: 'kept', count: '10' }])
})

test('a client given back inside a transaction is rolled back and frees the connection', async () => {
  await pool.query('DELETE FROM word')
  const client = await pool.connect()
  await client.query('BEGIN')
  await client.query("INSERT INTO word VALUES ('lost')")
  client.release()
  assert.deepEqual((await pool.query('SELECT text FROM word')).rows, [])
})

test('a failed statement inside a transaction does not lock the others out', async () => {
  const client = await pool.connect()
  await client.query('BEGIN')
  await assert.rejects(client.query('SELECT no_such_column FROM word'))
  await client.query('ROLLBACK')
  client.release()
  assert.equal((await pool.query('SELECT 1 AS one')).rows.length, 1)
})

test('a listener hears, and holds nothing while it listens', async () => {
  const listener = await pool.connect()
  const heard = new Promise((resolve) => listener.on('notification', resolve))
  await listener.query('LISTEN bell')
  await pool.query("NOTIFY bell, 'ring'")
  assert.deepEqual(await heard, { channel: 'bell', payload: 'ring' })
  listener.release()
})

test('64-bit integers arrive as text, as from PostgreSQL', async () => {
  assert.deepEqual((await pool.query('SELECT 9007199254740993::bigint AS big')).rows, [{ big: '9007199254740993' }])
})

test('using the pool inside an open transaction throws at once', async () => {
  await assert.rejects(
    database.transact(async () => {
      await raw`SELECT 1`.execute(database.sql)
    }),
    /inside an open transaction/,
  )
  await raw`SELECT 1`.execute(database.sql)
})

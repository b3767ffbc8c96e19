// Programs and schemas of different ages, on PostgreSQL: what only adds is run on, what takes away is refused with the remedy, and a
// real worker of this program works on a schema that a newer one has expanded.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { sql as raw } from 'kysely'
import pg from 'pg'
import { openDatabase } from '../../src/kernel/database.ts'
import { isFault } from '../../src/kernel/fault.ts'
import { withPostgres } from '../support/postgres.ts'
import { client, readKeys, startServe, startWorker, untilEnded } from '../support/service-process.ts'
import { suiteOn } from '../support/services.ts'

suiteOn('schemas of another age', await withPostgres(), (postgres) => {
  const execute = async (url: string, ...statements: string[]) => {
    const connection = new pg.Client({ connectionString: url })
    await connection.connect()
    try {
      for (const statement of statements) await connection.query(statement)
    } finally {
      await connection.end()
    }
  }
  const applied = (name: string) => `INSERT INTO darkroom.migration (name) VALUES ('${name}')`
  const open = async (url: string) => {
    await using _ = await openDatabase({ url, home: null })
  }

  test('many programs that start at once migrate once', async () => {
    await using database = await postgres.database()
    await Promise.all(Array.from({ length: 5 }, () => open(database.url)))
    await open(database.url)
  })

  test('a schema that a newer program only expanded is run on', async () => {
    await using database = await postgres.database()
    await open(database.url)
    await execute(database.url, applied('9001_expand_colours.sql'))
    await open(database.url)
  })

  test('a schema that a newer program contracted is refused with the remedy', async () => {
    await using database = await postgres.database()
    await open(database.url)
    await execute(database.url, applied('9001_expand_colours.sql'), applied('9002_contract_colours.sql'))
    await assert.rejects(
      open(database.url),
      (error) => isFault(error, 'schema_newer') && /9002_contract_colours.*run a newer Darkroom/.test(error.message),
    )
  })

  test('a worker of this program finishes requests on a schema with new columns and a new table', async () => {
    await using database = await postgres.database()
    const home = mkdtempSync(join(tmpdir(), 'darkroom-older-'))
    const env = { DARKROOM_HOME: home, DATABASE_URL: database.url, DARKROOM_PROVIDER: 'cpu', DARKROOM_THREADS: '1' }
    try {
      await using service = await startServe(env, ['--without-workers'])
      await execute(
        database.url,
        'ALTER TABLE darkroom.request ADD COLUMN colour text',
        'ALTER TABLE darkroom.image ADD COLUMN weight integer NOT NULL DEFAULT 1',
        'ALTER TABLE darkroom.task ADD COLUMN colour text',
        'CREATE TABLE darkroom.colour (id text PRIMARY KEY)',
        applied('9001_expand_colours.sql'),
      )
      await using _worker = await startWorker(env, [])
      const asker = client(service.url, readKeys(home).client)
      const request = await asker.submit({ prompt: 'a red boat on the sea', n: 1, quality: 'low', seed: 7 })
      assert.ok(request)
      const [ended] = await untilEnded(asker, [request.id], 90_000)
      assert.equal(ended?.state, 'done')
    } finally {
      rmSync(home, { recursive: true, force: true })
    }
  })
})

suiteOn('PostgreSQL at start', await withPostgres(), (postgres) => {
  test('what is wrong is told by its variable, without the password', async () => {
    const { host } = new URL(postgres.url)
    const told = (url: string, code: 'config_invalid' | 'database_failed', what: RegExp) =>
      assert.rejects(openDatabase({ url, home: null }), (error) => {
        assert.ok(isFault(error, code), String(error))
        assert.equal(error.field, 'DATABASE_URL')
        assert.match(error.message, what)
        assert.doesNotMatch(error.message, /guessed/)
        return true
      })
    await told(`postgres://nobody:guessed@${host}/postgres`, 'config_invalid', /refuses this user or password/)
    await told(`postgres://darkroom@${host}/nowhere`, 'config_invalid', /no such database/)
    await told(`postgres://darkroom@${host}/postgres?sslmode=require`, 'config_invalid', /no TLS/)
    await told('postgres://darkroom@127.0.0.1:1/postgres', 'database_failed', /cannot reach PostgreSQL/)
  })

  test('a statement that takes too long and a server that goes away are faults that may be repeated', async () => {
    await using own = await startOwn()
    await using database = await openDatabase({
      url: own.url,
      home: null,
      postgres: { ...LIMITS, queryMs: 35_000, statementMs: 200 },
    })
    await assert.rejects(raw`SELECT pg_sleep(5)`.execute(database.sql), (error) => isFault(error, 'database_failed'))
    await own.kill()
    await assert.rejects(database.check(), (error) => isFault(error, 'database_failed') && error.retry === 'later')
    await own.start()
    await database.check()
  })
})

const LIMITS = {
  poolSize: 2,
  connectMs: 2000,
  statementMs: 30_000,
  idleTransactionMs: 15_000,
  rootCertificate: null,
  prepared: true,
}

async function startOwn() {
  const own = await withPostgres()
  assert.ok('url' in own)
  return own
}

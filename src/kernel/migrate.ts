// Applies src/migrations in order, each once, in one transaction under an advisory lock. Forward only. A migration's name says
// what it does to programs that are one version behind: `0007_expand_x.sql` only adds, and they run on; after
// `0008_contract_x.sql`, which takes away, they are refused with the remedy.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PoolClient } from 'pg'
import { Fault } from './fault.ts'

const MIGRATIONS = join(import.meta.dirname, '../migrations')
const LOCK = 4_217_001
const NAME = /^\d{4}_\w+\.sql$/
const EXPANDS = /^\d{4}_expand_\w+\.sql$/

/** Brings schema `darkroom` up to date; returns the names applied. Faults: schema_newer, database_failed. */
export async function migrate(client: Pick<PoolClient, 'query'>): Promise<string[]> {
  const files = (await readdir(MIGRATIONS)).filter((name) => NAME.test(name)).sort()
  await client.query('BEGIN')
  try {
    // Another process may be migrating a large table.
    await client.query('SET LOCAL statement_timeout = 0')
    await client.query(`SELECT pg_advisory_xact_lock(${LOCK})`)
    await client.query('CREATE SCHEMA IF NOT EXISTS darkroom')
    await client.query(
      'CREATE TABLE IF NOT EXISTS darkroom.migration (name text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())',
    )
    const { rows } = await client.query<{ name: string }>('SELECT name FROM darkroom.migration')
    const done = new Set(rows.map((row) => row.name))
    const breaking = [...done].filter((name) => !files.includes(name) && !EXPANDS.test(name)).sort()
    if (breaking.length > 0)
      throw new Fault('schema_newer', {
        detail: `the database has migration ${breaking.at(-1)}, which this version does not know; run a newer Darkroom`,
      })
    const missing = files.filter((name) => !done.has(name))
    for (const name of missing) {
      await client.query(await readFile(join(MIGRATIONS, name), 'utf8'))
      await client.query('INSERT INTO darkroom.migration (name) VALUES ($1)', [name])
    }
    await client.query('COMMIT')
    return missing
  } catch (cause) {
    await client.query('ROLLBACK')
    throw cause instanceof Fault ? cause : new Fault('database_failed', { detail: 'a migration failed', cause })
  }
}

// Records that begin as a copy are what a deployment makes on its first start, and each copy is a suite's own.

import assert from 'node:assert/strict'
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { sql as raw } from 'kysely'
import { type Database, openDatabase } from '../../src/kernel/database.ts'
import './records-copy.ts'

const inMemory = () => openDatabase({ url: null, home: null })

/** Every column, every routine, and how much stands in every table. */
async function contentsOf({ sql }: Database): Promise<unknown[]> {
  const own = raw`NOT IN ('pg_catalog', 'information_schema')`
  const columns = await raw<{ table_schema: string; table_name: string }>`
    SELECT table_schema, table_name, column_name, data_type, column_default FROM information_schema.columns
     WHERE table_schema ${own} ORDER BY 1, 2, 3`.execute(sql)
  const routines = await raw`
    SELECT routine_schema, routine_name, routine_definition FROM information_schema.routines
     WHERE routine_schema ${own} ORDER BY 1, 2, 3`.execute(sql)
  const tables = new Map(columns.rows.map((row) => [`${row.table_schema}.${row.table_name}`, row]))
  const rows: unknown[] = []
  for (const [name, { table_schema, table_name }] of tables) {
    const { rows: counted } = await raw`SELECT count(*) FROM ${raw.id(table_schema, table_name)}`.execute(sql)
    rows.push({ name, counted })
  }
  assert.ok(tables.size > 20 && routines.rows.length > 0)
  return [columns.rows, routines.rows, rows]
}

test('a copy holds what a first start makes, no more and no less', async () => {
  await using home = await mkdtempDisposable(join(tmpdir(), 'records-copy-'))
  await using made = await openDatabase({ url: null, home: home.path })
  await using copied = await inMemory()
  assert.deepEqual(await contentsOf(copied), await contentsOf(made))
})

test('what is written to one copy is in no other', async () => {
  await using one = await inMemory()
  await raw`UPDATE darkroom.clock_offset SET by = interval '1 hour'`.execute(one.sql)
  await using other = await inMemory()
  const { rows } = await raw`SELECT by = interval '0' AS zero FROM darkroom.clock_offset`.execute(other.sql)
  assert.deepEqual(rows, [{ zero: true }])
})

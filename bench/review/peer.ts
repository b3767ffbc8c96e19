// What claiming is held against: a bare table of the same rows in the same order, with the primary key and the queue's own index and
// nothing else, no eligibility, no lease, no token.
//   take    BEGIN; SELECT id ... ORDER BY rank_at, id LIMIT 1 FOR UPDATE SKIP LOCKED; UPDATE ... SET state = 'taken'; COMMIT
//   select  that SELECT alone, which takes nothing
import { sql as raw } from 'kysely'
import type { Database, Sql } from '../../src/kernel/database.ts'

export async function openPeer(sql: Sql): Promise<void> {
  await raw`CREATE SCHEMA bare`.execute(sql)
  await raw`CREATE TABLE bare.items AS SELECT * FROM darkroom.review_item WHERE state = 'open'`.execute(sql)
  await raw`ALTER TABLE bare.items ADD PRIMARY KEY (id)`.execute(sql)
  await raw`CREATE INDEX items_queue ON bare.items (rank_at, id) WHERE state = 'open'`.execute(sql)
  await raw`ANALYZE bare.items`.execute(sql)
}

const FIRST = raw<{ id: string }>`
  SELECT id FROM bare.items WHERE state = 'open' ORDER BY rank_at, id LIMIT 1 FOR UPDATE SKIP LOCKED`

export async function selectBare(sql: Sql): Promise<void> {
  await FIRST.execute(sql)
}

export async function takeBare(database: Database): Promise<void> {
  await database.transact(async (tx) => {
    const { rows } = await FIRST.execute(tx)
    await raw`UPDATE bare.items SET state = 'taken' WHERE id = ${rows[0]?.id}`.execute(tx)
  })
}

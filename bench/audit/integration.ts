// How fast moves come into signed trees, against PostgreSQL's bare multi-row insert of the same rows into a table without an index: each
// round of the sequencer is followed by one insert of the rows that it integrated.
import { sql as raw } from 'kysely'
import pg from 'pg'
import { readLogState } from '../../src/audit/log-records.ts'
import { runRound } from '../../src/audit/sequencer.ts'
import { median } from '../median.ts'
import { row, told } from './cells.ts'
import type { Place, Stage } from './stage.ts'

/** As workers/sequencer.ts has it. */
const LEAVES_AT_MOST = 4096

type Turn = { leaves: number; oursMs: number; bareMs: number }

/** Integrates every move that waits; what that took, as a section. */
export async function measureIntegration(stage: Stage, { url }: Place): Promise<string> {
  const { database, transparency } = stage
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const columns = await openPeer(client)
    const turns: Turn[] = []
    for (let { size } = await readLogState(database.sql); ; ) {
      const began = performance.now()
      const tools = { ...transparency, database, holder: 'bench', leaseMs: 60_000, atMost: LEAVES_AT_MOST }
      const round = await runRound(tools)
      const oursMs = performance.now() - began
      if (round === null) break
      turns.push({ leaves: round.size - size, oursMs, bareMs: await insertBare(client, columns, size, round.size) })
      size = round.size
    }
    await checkPeer(stage)
    return section(turns)
  } finally {
    await client.end()
  }
}

async function openPeer(client: pg.Client): Promise<string[]> {
  await client.query('CREATE SCHEMA bare')
  await client.query('CREATE TABLE bare.move (LIKE darkroom.move)')
  const { rows } = await client.query<{ name: string }>(
    `SELECT attname AS name FROM pg_attribute WHERE attrelid = 'bare.move'::regclass AND attnum > 0 ORDER BY attnum`,
  )
  return rows.map(({ name }) => name)
}

/** Milliseconds of the one statement; that the rows are read and the statement is made beforehand does not count. */
async function insertBare(client: pg.Client, columns: readonly string[], first: number, end: number): Promise<number> {
  const texts = columns.map((name) => `${name}::text`).join(', ')
  const { rows } = await client.query<string[]>({
    text: `SELECT ${texts} FROM darkroom.move WHERE log_index >= $1 AND log_index < $2 ORDER BY log_index`,
    values: [first, end],
    rowMode: 'array',
  })
  const tuples = rows.map((row, i) => `(${row.map((_, column) => `$${i * row.length + column + 1}`).join(', ')})`)
  const statement = `INSERT INTO bare.move VALUES ${tuples.join(', ')}`
  const values = rows.flat()
  const began = performance.now()
  await client.query(statement, values)
  return performance.now() - began
}

async function checkPeer({ database: { sql } }: Stage): Promise<void> {
  const { rows } = await raw<{ same: boolean }>`
    SELECT (SELECT count(*) FROM bare.move) = (SELECT count(*) FROM darkroom.move WHERE log_index IS NOT NULL) AS same`.execute(
    sql,
  )
  if (rows[0]?.same !== true) throw new Error('the peer did not insert the rows that were integrated')
}

function section(turns: readonly Turn[]): string {
  const full = turns.filter(({ leaves }) => leaves === LEAVES_AT_MOST)
  const rounds = full.length > 0 ? full : turns
  const tenth = Math.ceil(rounds.length / 10)
  const rowOf = (name: string, msOf: (turn: Turn) => number) => {
    const rates = rounds.map((turn) => (turn.leaves * 1000) / msOf(turn))
    const seconds = turns.reduce((sum, turn) => sum + msOf(turn), 0) / 1000
    const [early, late] = [median(rates.slice(0, tenth)), median(rates.slice(-tenth))]
    return row(name, [told(rates, 0), early.toFixed(0), late.toFixed(0), seconds.toFixed(1)])
  }
  const ratios = rounds.map(({ oursMs, bareMs }) => oursMs / bareMs)
  return `## Integration

${rounds.length} rounds of ${rounds[0]?.leaves} leaves; after each, one INSERT of the same rows, of 15 columns, into a table without an index.

| | leaves a second | in the first tenth | in the last | seconds in all |
|---|---|---|---|---|
${rowOf('rounds of the sequencer, into files that are synced', ({ oursMs }) => oursMs)}
${rowOf('bare multi-row INSERT (peer)', ({ bareMs }) => bareMs)}

A round takes ${told(ratios, 2)} times as long as the peer's statement.
`
}

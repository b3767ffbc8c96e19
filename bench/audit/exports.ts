// What an export of the whole log takes, in a process of its own: its time, and its memory at the most. The peer is PostgreSQL's own COPY of
// the same rows as JSON, which hashes nothing, opens no leaf and is written nowhere.
import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { sql as raw } from 'kysely'
import pg from 'pg'
import { parse as parseYaml } from 'yaml'
import { readPieces } from '../../src/audit/export-archive.ts'
import { openArchive } from '../../src/audit/export-download.ts'
import { getExport } from '../../src/audit/export-records.ts'
import { mostMb, row, told } from './cells.ts'
import { runNode } from './process.ts'
import type { Place, Stage } from './stage.ts'

const GOAL_BYTES = 300e6
const MAKER = new URL('make-export.ts', import.meta.url)
const VALUES = new URL('../../deploy/helm/darkroom/values.yaml', import.meta.url)
const FORMATS = [
  { name: 'rows.jsonl alone', words: [], deployed: true },
  { name: 'with CSV', words: ['csv'], deployed: true },
  { name: 'with CSV and Parquet', words: ['csv', 'parquet'], deployed: true },
  { name: 'the same, a heap as large as Node likes', words: ['csv', 'parquet'], deployed: false },
] as const

type Turn = { seconds: number; copySeconds: number; peakBytes: number; sizeBytes: number }

/** Exports the log `rounds` times in each of the formats, and leaves the first archive without tables in `out`; a section. */
export async function measureExports(
  stage: Stage,
  place: Place,
  { leaves, rounds, out }: { leaves: number; rounds: number; out: string },
): Promise<string> {
  const to = await nowOf(stage)
  const asDeployed = await janitorOptions()
  const took = FORMATS.map((format) => ({ ...format, turns: [] as Turn[] }))
  for (let round = 0; round < rounds; round++) {
    const copySeconds = await copyBare(place.url)
    for (const { words, deployed, turns } of took) {
      const asked = [place.url, place.home, to.toISOString(), ...words]
      const { said, peakBytes } = await runNode(MAKER, asked, deployed ? asDeployed : [])
      const { id, seconds } = parse(said)
      const { counts } = await getExport(stage.database.sql, id)
      if (counts?.rows !== leaves || counts.opened !== leaves) throw new Error('the export has not every row')
      const { pieces, sizeBytes } = await openArchive(stage.database.sql, stage.quarantine, id)
      if (round === 0 && words.length === 0)
        await pipeline(Readable.from(readPieces(pieces, 0, sizeBytes)), createWriteStream(out))
      await stage.quarantine.removeUnder(`audit/${id}`)
      turns.push({ seconds, copySeconds, peakBytes, sizeBytes })
    }
  }
  return section(took, leaves, rounds, asDeployed)
}

/** Node's options of the process that makes exports, as the chart deploys it. */
async function janitorOptions(): Promise<string[]> {
  const values: unknown = parseYaml(await readFile(VALUES, 'utf8'))
  const { nodeOptions } = Object(Object(values).janitor)
  if (typeof nodeOptions !== 'string') throw new TypeError('values.yaml has no janitor.nodeOptions')
  return nodeOptions.split(' ')
}

/** Seconds. On a connection of its own, which waits as long as it takes. */
async function copyBare(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const began = performance.now()
    await client.query(
      `COPY (SELECT row_to_json(move) FROM darkroom.move AS move WHERE log_index IS NOT NULL ORDER BY log_index) TO '/dev/null'`,
    )
    return (performance.now() - began) / 1000
  } finally {
    await client.end()
  }
}

async function nowOf({ database: { sql } }: Stage): Promise<Date> {
  const { rows } = await raw<{ now: Date }>`SELECT darkroom.now() AS now`.execute(sql)
  const [row] = rows
  if (row === undefined) throw new TypeError('a select without a table has one row')
  return row.now
}

function parse(said: string): { id: string; seconds: number } {
  const made: unknown = JSON.parse(said)
  if (typeof made === 'object' && made !== null && 'id' in made && 'seconds' in made)
    if (typeof made.id === 'string' && typeof made.seconds === 'number') return { id: made.id, seconds: made.seconds }
  throw new TypeError(`no export is told of: ${said}`)
}

type Took = { name: string; deployed: boolean; turns: readonly Turn[] }

function section(took: readonly Took[], leaves: number, rounds: number, options: readonly string[]): string {
  const rows = took.map(({ name, turns }) => {
    const of = (value: (turn: Turn) => number, digits: number) => told(turns.map(value), digits)
    return row(name, [
      of(({ seconds }) => seconds, 1),
      of(({ seconds }) => leaves / seconds, 0),
      of(({ seconds, copySeconds }) => seconds / copySeconds, 1),
      mostMb(turns.map(({ peakBytes }) => peakBytes)),
      of(({ sizeBytes }) => sizeBytes / 1e6, 1),
    ])
  })
  const copies = took[0]?.turns.map(({ copySeconds }) => copySeconds) ?? []
  const deployed = took.filter((one) => one.deployed)
  const peak = Math.max(...deployed.flatMap(({ turns }) => turns.map(({ peakBytes }) => peakBytes)))
  return `## Export

${leaves} rows, each of them opened, from the order to the archive that is done; ${rounds} of each. The peer, PostgreSQL's COPY of the rows as JSON to
nowhere, takes ${told(copies, 2)} s. But for the last row the process has the options of a janitor in the chart: \`${options.join(' ')}\`.

| | seconds | rows a second | / COPY | peak memory, MB | archive, MB |
|---|---|---|---|---|---|
${rows.join('\n')}

At most ${GOAL_BYTES / 1e6} MB of memory, as deployed: ${peak <= GOAL_BYTES ? 'yes' : '**no**'}.
`
}

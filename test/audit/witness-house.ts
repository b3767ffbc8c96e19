// A log with witnesses to stand tests on: what was logged of them, turns that are due when a test says so, and the checkpoint as
// readers get it.
import { sql as raw } from 'kysely'
import { pino } from 'pino'
import { type OpenCheckpoint, openCheckpoint } from '../../src/audit/checkpoint.ts'
import { verifierOf } from '../../src/audit/log-keys.ts'
import { servedCheckpoint } from '../../src/audit/publication.ts'
import { openWitness } from '../../src/audit/witness.ts'
import { runWitnessing, type WitnessingTools } from '../../src/audit/witnessing.ts'
import { KEY, type LogHouse, ORIGIN, openLogHouse } from './log-house.ts'
import { openWitnessServer, type WitnessServer } from './witness-server.ts'

export const LOG_KEY = verifierOf(KEY, ORIGIN)
const SECONDS = 60

export type Line = { level: number; msg: string; witness?: string; problem?: string; detail?: string }

export type WitnessHouse = {
  log: LogHouse
  servers: WitnessServer[]
  tools: WitnessingTools
  /** Since it was read last. */
  lines: () => Line[]
  /** `count` leaves more, in a checkpoint of their own. */
  grow: (count: number) => Promise<number>
  /** A turn once it is due. */
  turn: (tools?: Partial<WitnessingTools>) => Promise<number | null>
  pass: (seconds: number) => Promise<void>
  /** As readers have it. */
  served: () => Promise<OpenCheckpoint>
} & AsyncDisposable

export async function openWitnessHouse(...names: string[]): Promise<WitnessHouse> {
  await using stack = new AsyncDisposableStack()
  const log = stack.use(await openLogHouse())
  const { database, store } = log
  const servers: WitnessServer[] = []
  for (const name of names) servers.push(stack.use(await openWitnessServer(LOG_KEY, name)))
  const said: Line[] = []
  const tools: WitnessingTools = {
    database,
    store,
    log: pino({ level: 'trace' }, { write: (line: string) => void said.push(JSON.parse(line)) }),
    witnesses: servers.map(({ config }) => openWitness(config)),
    seconds: SECONDS,
    timeoutMs: 30_000,
    stopping: new AbortController().signal,
  }
  const pass = async (seconds: number) => {
    await raw`UPDATE darkroom.clock_offset SET by = by + ${seconds} * interval '1 second'`.execute(database.sql)
  }
  const owned = stack.move()
  return {
    log,
    servers,
    tools,
    lines: () => said.splice(0),
    grow: async (count) => {
      await log.say(count)
      await log.run()
      const newest = await database.sql.selectFrom('darkroom.log').select('tree_size').executeTakeFirstOrThrow()
      return Number(newest.tree_size)
    },
    turn: async (other = {}) => {
      await pass(SECONDS)
      return runWitnessing({ ...tools, ...other })
    },
    pass,
    served: async () => {
      const served = await servedCheckpoint(database.sql)
      const witnesses = servers.map(({ key }) => key)
      return openCheckpoint(Buffer.from(served?.note ?? ''), { origin: ORIGIN, logKeys: [LOG_KEY], witnesses })
    },
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  }
}

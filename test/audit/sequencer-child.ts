// A process that runs one round on PostgreSQL and files, and dies as by kill -9 before or after one of its writes persisted.
// Arguments: the database, the folder of the store, the write's position, and when.
import { runRound } from '../../src/audit/sequencer.ts'
import { openDatabase } from '../../src/kernel/database.ts'
import { openFileStore } from '../../src/publish/file-store.ts'
import { KEY, ORIGIN } from './log-house.ts'

const [url = '', directory = '', position = '', when = ''] = process.argv.slice(2)
const database = await openDatabase({ url, home: null, poolSize: 2 })
const files = await openFileStore({ directory, secret: null })
let writes = 0

async function write<T>(persist: () => Promise<T>): Promise<T> {
  const isLast = writes++ === Number(position)
  const die = () => process.kill(process.pid, 'SIGKILL')
  if (isLast && when === 'before') die()
  const done = await persist()
  if (isLast) die()
  return done
}

await runRound({
  store: { get: files.get, putIfAbsent: (key, object) => write(() => files.putIfAbsent(key, object)) },
  database: { sql: database.sql, transact: (work) => write(() => database.transact(work)) },
  key: KEY,
  origin: { named: null, byDefault: ORIGIN },
  holder: `child ${position} ${when}`,
  leaseMs: 1,
  atMost: 256,
})
await database[Symbol.asyncDispose]()

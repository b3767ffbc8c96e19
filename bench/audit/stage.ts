// What the log's bench stands on: PostgreSQL in a cluster of its own, the log and the quarantine as files, as an embedded deployment has
// them; and the same tools that the workers have. The bench's processes open the same records and folders.
import { join } from 'node:path'
import { sql as raw } from 'kysely'
import type { ExportTools } from '../../src/audit/export-tools.ts'
import type { TransparencyLog } from '../../src/audit/log.ts'
import { logKeyOf, verifierKeyOf } from '../../src/audit/log-keys.ts'
import { type Database, openDatabase } from '../../src/kernel/database.ts'
import { openLog } from '../../src/kernel/log.ts'
import type { ObjectStore } from '../../src/kernel/object-store.ts'
import { openFileStore } from '../../src/publish/file-store.ts'
import { sealStore } from '../../src/publish/sealed-store.ts'

const TENANTS = 8
const HEAD = '0'.repeat(64)
const ORIGIN = 'bench.darkroom.test/log'
const KEY = logKeyOf(Buffer.alloc(32, 5))
const POOL = 4

export const LOG_KEY = verifierKeyOf(KEY, ORIGIN)

/** Where the processes of one run meet. */
export type Place = { readonly url: string; readonly home: string }

export type Stage = { database: Database; quarantine: ObjectStore; transparency: TransparencyLog } & AsyncDisposable

export async function openStage({ url, home }: Place): Promise<Stage> {
  const database = await openDatabase({ url, home: null, poolSize: POOL })
  const files = await openFileStore({ directory: join(home, 'quarantine'), secret: null })
  return {
    database,
    quarantine: sealStore(files, Buffer.alloc(32, 7)),
    transparency: {
      store: await openFileStore({ directory: logFolder(home), secret: null }),
      key: KEY,
      origin: { named: ORIGIN, byDefault: ORIGIN },
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}

export function logFolder(home: string): string {
  return join(home, 'log')
}

/** As workers/exporter.ts has them. */
export function exportTools({ database, quarantine, transparency }: Stage): ExportTools {
  return {
    database,
    quarantine,
    transparency,
    log: openLog('error'),
    leaseMs: 60_000,
    partBytes: 1024 * 1024,
  }
}

/** An operator and tenants; the ids of those. */
export async function addTenants({ database: { sql } }: Stage): Promise<string[]> {
  await raw`
    INSERT INTO darkroom.tenant (id, name, operator, pseudonym, head)
    SELECT CASE WHEN i = 0 THEN 'ten_operator' ELSE 'ten_' || i END, 'a tenant', i = 0, lpad(to_hex(i), 32, '0'), ${HEAD}
      FROM generate_series(0, ${TENANTS}::int) AS i`.execute(sql)
  return Array.from({ length: TENANTS }, (_, i) => `ten_${i + 1}`)
}

// The records: PostgreSQL by DATABASE_URL, else PGlite inside this process. One dialect, one pool shape for both.
// Inside `transact` every statement goes through its transaction; touching the pool there throws, for on one connection it
// would wait for itself.
import { AsyncLocalStorage } from 'node:async_hooks'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  Kysely,
  type PostgresCursor,
  PostgresDialect,
  type PostgresPool,
  type PostgresPoolClient,
  type PostgresQueryResult,
  sql as raw,
  type Transaction,
} from 'kysely'
import type pg from 'pg'
import type { PostgresConfig } from './config/backends.ts'
import { EmbeddedPool } from './embedded-pool.ts'
import { Fault } from './fault.ts'
import { migrate } from './migrate.ts'
import { asDatabaseFault, checkPostgres, isUnanswered, openPool } from './postgres.ts'
import type { Tables } from './tables.ts'

export type Sql = Kysely<Tables>
export type Tx = Transaction<Tables>

export type Database = {
  readonly kind: 'postgres' | 'embedded'
  readonly sql: Sql
  /** A pool whose search path is BullMQ's schema, for the doorbell alone. */
  readonly doorbellPool: pg.Pool | EmbeddedPool
  /** Throws unless the database answers. */
  readonly check: () => Promise<void>
  /** Who waits for a connection in this process. */
  readonly waiting: () => number
  readonly transact: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

const inTransaction = new AsyncLocalStorage<true>()

type Options = {
  url: string | null
  home: string | null
  poolSize?: number
  /** Limits and TLS of PostgreSQL where they differ from the defaults. */
  postgres?: Omit<PostgresConfig, 'url'>
  onConnectionError?: (error: Error) => void
}

const DEFAULTS: Omit<PostgresConfig, 'url'> = {
  poolSize: 10,
  connectMs: 5000,
  statementMs: 30_000,
  queryMs: 35_000,
  idleTransactionMs: 15_000,
  rootCertificate: null,
  prepared: true,
}

/** Opens and migrates. `home` null keeps an embedded database in memory. Faults: database_failed, config_invalid, schema_newer. */
export async function openDatabase({ url, home, poolSize, postgres, onConnectionError }: Options): Promise<Database> {
  if (url !== null) {
    const config = { ...DEFAULTS, ...postgres, ...(poolSize === undefined ? {} : { poolSize }), url }
    const pool = openPool(config)
    const doorbellPool = openPool(config, 'bullmq')
    // Each queue, worker and relay listens.
    doorbellPool.setMaxListeners(0)
    // A client in use has no listener of the pool's: unheard, a server that goes away would end this process.
    const tell = (error: Error) => onConnectionError?.(error)
    for (const one of [pool, doorbellPool]) one.on('error', tell).on('connect', (client) => client.on('error', tell))
    const migrating = openPool({ ...config, queryMs: null, poolSize: 1 }).on('error', tell)
    const close = async () => {
      await Promise.all([pool.end(), doorbellPool.end()])
    }
    try {
      await checkPostgres(pool)
      await withClient(migrating, migrate)
    } catch (error) {
      await close()
      throw error
    } finally {
      await migrating.end()
    }
    return database('postgres', pool, doorbellPool, close, config.prepared)
  }
  const directory = home === null ? null : join(home, 'records')
  if (directory !== null) mkdirSync(directory, { recursive: true, mode: 0o700 })
  const pool = await EmbeddedPool.open(directory, 'bullmq, public')
  await withClient(pool, migrate)
  return database('embedded', pool, pool, () => pool.end())
}

function database(
  kind: Database['kind'],
  pool: pg.Pool | EmbeddedPool,
  doorbellPool: Database['doorbellPool'],
  close: () => Promise<void>,
  prepared = false,
): Database {
  const guarded: PostgresPool = {
    options: pool.options,
    end: async () => undefined,
    connect: () => {
      if (inTransaction.getStore() === true) throw new TypeError('the pool was used inside an open transaction')
      // Kysely's type also asks for cursors, which nothing here uses.
      return (pool.connect() as Promise<NamingClient>).then(
        (client) => telling(client, prepared),
        (error: unknown) => {
          throw asDatabaseFault(error)
        },
      )
    },
  }
  const sql = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: guarded }) })
  return {
    kind,
    sql,
    doorbellPool,
    check: async () => {
      await raw`SELECT 1`.execute(sql)
    },
    waiting: () => (pool instanceof EmbeddedPool ? pool.waiting : pool.waitingCount),
    transact: (work) => sql.transaction().execute((tx) => inTransaction.run(true, () => work(tx))),
    [Symbol.asyncDispose]: async () => {
      await sql.destroy()
      await close()
    },
  }
}

/**
 * What a statement that begins so is called. The server plans it once a connection instead of each time: for the few that are asked all
 * day and are as costly to plan as to answer. Nothing but its parameters may vary.
 */
const PREPARED = /^\s*\/\* prepared: (\w+) \*\//

/** The driver prepares what has a name. */
type NamingClient = PostgresPoolClient & {
  query<R>(statement: { name: string; text: string; values: unknown[] }): Promise<PostgresQueryResult<R>>
}

/** A client whose lost connection is a Fault. One that was not answered is asked nothing more and leaves the pool. */
function telling(client: NamingClient, prepared: boolean): PostgresPoolClient {
  let lost: unknown = null
  function query<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>
  function query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>
  function query<R>(asked: string | PostgresCursor<R>, parameters: readonly unknown[] = []) {
    if (typeof asked !== 'string') return client.query(asked)
    if (lost !== null) return Promise.reject(asDatabaseFault(lost))
    const name = PREPARED.exec(asked)?.[1]
    const answer =
      name === undefined || !prepared
        ? client.query<R>(asked, parameters)
        : client.query<R>({ name, text: asked, values: [...parameters] })
    return answer.catch((error: unknown) => {
      if (isUnanswered(error)) lost = error
      throw asDatabaseFault(error)
    })
  }
  return { query, release: (destroy) => client.release(destroy === true || lost !== null) }
}

type Connectable = { connect: () => Promise<{ query: unknown; release: () => void }> }

async function withClient<T>(pool: Connectable, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  try {
    const client = (await pool.connect()) as pg.PoolClient
    try {
      return await work(client)
    } finally {
      client.release()
    }
  } catch (cause) {
    if (cause instanceof Fault) throw cause
    throw new Fault('database_failed', { field: 'DATABASE_URL', detail: 'cannot reach the database', cause })
  }
}

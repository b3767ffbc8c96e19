// PostgreSQL by the standard means: a URL, the PG variables, TLS that verifies. A lost or refused connection is a Fault, so that
// callers are told to come back; what a statement itself did wrong stays the driver's own error.
import { readFileSync } from 'node:fs'
import pg from 'pg'
import type { PostgresConfig } from './config/backends.ts'
import { Fault } from './fault.ts'

const OLDEST = 150_000
const FIELD = 'DATABASE_URL'

/** `queryMs` null: statements may take as long as they like, as migrations do. */
type PoolConfig = Omit<PostgresConfig, 'queryMs'> & { readonly queryMs: number | null }

/** A pool that has not connected yet. `searchPath` replaces the role's own. Fault: config_invalid, for a certificate file. */
export function openPool(config: PoolConfig, searchPath?: string): pg.Pool {
  const { poolSize, connectMs, statementMs, queryMs, idleTransactionMs } = config
  return new pg.Pool({
    connectionString: withTls(config),
    max: poolSize,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    connectionTimeoutMillis: connectMs,
    statement_timeout: statementMs,
    ...(queryMs === null ? {} : { query_timeout: queryMs }),
    idle_in_transaction_session_timeout: idleTransactionMs,
    application_name: 'darkroom',
    ...(searchPath === undefined ? {} : { options: `-c search_path=${searchPath}` }),
  })
}

/** `require` and `verify-ca` verify the host too, as the driver has it; `no-verify` is the word for less. */
function withTls({ url, rootCertificate }: PoolConfig): string {
  const [base = url, query = ''] = url.split('?', 2)
  const asked = new URLSearchParams(query)
  const mode = asked.get('sslmode') ?? process.env.PGSSLMODE ?? null
  if (mode === 'require' || mode === 'verify-ca' || mode === 'prefer') asked.set('sslmode', 'verify-full')
  if (rootCertificate !== null && mode !== null && mode !== 'disable' && !asked.has('sslrootcert')) {
    if (!asked.has('sslmode')) asked.set('sslmode', mode)
    asked.set('sslrootcert', rootCertificate)
  }
  const file = asked.get('sslrootcert')
  if (file !== null) readCertificate(file, asked.get('sslrootcert') === rootCertificate ? 'PGSSLROOTCERT' : FIELD)
  return asked.size === 0 ? base : `${base}?${asked}`
}

function readCertificate(file: string, field: string): void {
  try {
    readFileSync(file)
  } catch (cause) {
    throw new Fault('config_invalid', { field, detail: `cannot read the certificate ${file}`, cause })
  }
}

/** Faults: config_invalid (version, user, database, TLS), database_failed (cannot be reached), each with a remedy. */
export async function checkPostgres(pool: pg.Pool): Promise<void> {
  let version: number
  try {
    const { rows } = await pool.query<{ version: string }>("SELECT current_setting('server_version_num') AS version")
    version = Number(rows[0]?.version)
  } catch (cause) {
    throw startFault(cause)
  }
  if (version < OLDEST) throw refuse(`PostgreSQL is ${Math.floor(version / 10_000)}; Darkroom needs 15 or newer`)
}

function startFault(cause: unknown): Fault {
  const code = codeOf(cause)
  const said = cause instanceof Error ? cause.message : ''
  if (code === '28P01' || code === '28000')
    return refuse('PostgreSQL refuses this user or password; check DATABASE_URL, PGUSER and PGPASSWORD', cause)
  if (/SCRAM|password must be a string/i.test(said))
    return refuse('PostgreSQL asks for a password and none was given; put it in DATABASE_URL or PGPASSWORD', cause)
  if (code === '3D000') return refuse('there is no such database; create it, or correct DATABASE_URL', cause)
  if (/does not support SSL/i.test(said))
    return refuse('PostgreSQL speaks no TLS here; enable it there, or set sslmode=disable', cause)
  if (/certificate|CERT_|altnames/i.test(`${said} ${code}`))
    return refuse('the certificate of PostgreSQL does not verify; set sslrootcert to its CA', cause)
  return new Fault('database_failed', {
    retry: 'later',
    field: FIELD,
    detail: 'cannot reach PostgreSQL; check its address and that it accepts connections from here',
    cause,
  })
}

const refuse = (detail: string, cause?: unknown): Fault =>
  new Fault('config_invalid', { field: FIELD, detail, ...(cause === undefined ? {} : { cause }) })

/** SQLSTATE classes: connection, undone for another's sake (deadlock), operator intervention (restart, statement timeout), limits. */
const AWAY_STATES = /^(08|40|57|53|25P03)/
const AWAY_ERRORS = /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH)$/
const AWAY_WORDS =
  /connection terminated|timeout exceeded when trying to connect|not queryable|read timeout|client was closed|database system is/i

/** The driver gave up waiting; the statement may still be running on this connection, which is of no more use. */
export function isUnanswered(error: unknown): boolean {
  return error instanceof Error && error.message === 'Query read timeout'
}

/** `error` as Fault database_failed when the database is away or over its limits; any other error as it is. */
export function asDatabaseFault(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof Fault) return error
  const code = codeOf(error)
  if (!AWAY_STATES.test(code) && !AWAY_ERRORS.test(code) && !AWAY_WORDS.test(error.message)) return error
  return new Fault('database_failed', { retry: 'later', detail: 'the database cannot be reached', cause: error })
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

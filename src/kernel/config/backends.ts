// Where records and rings live, and how long anything may take there. Without DATABASE_URL both are embedded. What DATABASE_URL
// leaves out comes from the PG variables (PGHOST, PGUSER, PGPASSWORD, PGSSLMODE, PGSSLROOTCERT, ...).
import type { Reader } from './reader.ts'

export type BackendsConfig = ReturnType<typeof readBackendsConfig>
export type PostgresConfig = NonNullable<BackendsConfig['postgres']>

/** Notes: a Redis without a PostgreSQL. */
export function readBackendsConfig({ url, integer, boolean, optional, problems }: Reader) {
  const databaseUrl = url('DATABASE_URL', ['postgres:', 'postgresql:'])
  const statementMs = integer('DARKROOM_DATABASE_STATEMENT_TIMEOUT_MS', 30_000, 100, 3_600_000)
  const limits = {
    /** Connections for the stages; as many again ring the doorbell where there is no Redis. */
    poolSize: integer('DARKROOM_DATABASE_POOL_SIZE', 10, 2, 1000),
    connectMs: integer('DARKROOM_DATABASE_CONNECT_TIMEOUT_MS', 5000, 100, 600_000),
    statementMs,
    /** When the server says nothing for so long, not even that a statement took too long, it is away: its connection is dropped. */
    queryMs: integer('DARKROOM_DATABASE_QUERY_TIMEOUT_MS', statementMs + 5000, 200, 3_605_000),
    /** A process that stops inside a transaction holds its locks no longer than this. */
    idleTransactionMs: integer('DARKROOM_DATABASE_IDLE_TRANSACTION_TIMEOUT_MS', 15_000, 100, 3_600_000),
    rootCertificate: optional('PGSSLROOTCERT'),
    /** Whether the statements that are asked most are planned once a connection; not through a pooler that shares connections. */
    prepared: boolean('DARKROOM_DATABASE_PREPARED', true),
  }
  const redisUrl = url('REDIS_URL', ['redis:', 'rediss:'])
  const allowVolatile = boolean('DARKROOM_REDIS_ALLOW_VOLATILE', false)
  if (redisUrl !== null && databaseUrl === null)
    problems.push('REDIS_URL: needs DATABASE_URL too (the embedded database rings its own doorbell)')
  if (limits.queryMs <= statementMs)
    problems.push('DARKROOM_DATABASE_QUERY_TIMEOUT_MS: must be longer than DARKROOM_DATABASE_STATEMENT_TIMEOUT_MS')
  return {
    databaseUrl,
    postgres: databaseUrl === null ? null : { url: databaseUrl, ...limits },
    redis: redisUrl === null ? null : { url: redisUrl, allowVolatile },
  }
}

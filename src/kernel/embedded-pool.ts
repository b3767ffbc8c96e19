// The shape of `pg.Pool` over an in-process PGlite, which has one connection. One connection means one transaction: from a
// client's BEGIN to its COMMIT or ROLLBACK everybody else waits, or their statements would join it. A client that only
// listens holds nothing. Kysely and BullMQ's Postgres backend both accept this shape.
import { EventEmitter } from 'node:events'
import { PGlite } from '@electric-sql/pglite'

type QueryResult<R> = { rows: R[]; rowCount: number; command: string; fields: unknown[] }
type Row = Record<string, unknown>
type QueryConfig = { text: string; values?: readonly unknown[] | undefined }

const BEGIN = /^\s*(begin|start\s+transaction)\b/i
const END = /^\s*(commit|end|rollback(?!\s+to\b)|abort)\b/i
const LISTEN = /^\s*listen\s+"?([a-z0-9_]+)"?/i
const UNLISTEN = /^\s*unlisten\b/i
const COMMENT = /--[^\n]*\n/g

// As node-postgres: 64-bit integers and numerics stay text, so that nothing is rounded.
const parsers = { 20: (value: string) => value, 1700: (value: string) => value }

/** Grants the connection to one holder at a time, first come first served. */
class Turnstile {
  #tail: Promise<void> = Promise.resolve()
  waiting = 0

  async enter(): Promise<() => void> {
    const before = this.#tail
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#tail = before.then(() => promise)
    this.waiting++
    await before
    this.waiting--
    return resolve
  }
}

class EmbeddedClient extends EventEmitter {
  readonly #pglite: PGlite
  readonly #turnstile: Turnstile
  #leave: (() => void) | null = null
  #subscriptions: (() => Promise<void>)[] = []

  constructor(pglite: PGlite, turnstile: Turnstile) {
    super()
    this.setMaxListeners(0)
    this.#pglite = pglite
    this.#turnstile = turnstile
  }

  async query<R = Row>(query: string | QueryConfig, values?: readonly unknown[]): Promise<QueryResult<R>> {
    const text = typeof query === 'string' ? query : query.text
    const params = typeof query === 'string' ? values : query.values
    const bare = text.replace(COMMENT, '')
    const channel = LISTEN.exec(bare)?.[1]
    if (channel !== undefined) return this.#listen(channel)
    if (UNLISTEN.test(bare)) return this.#unlisten()
    if (this.#leave === null && BEGIN.test(bare)) {
      this.#leave = await this.#turnstile.enter()
      return this.#run<R>(text, params).catch((error) => {
        this.#give()
        throw error
      })
    }
    if (this.#leave !== null) {
      if (!END.test(bare)) return this.#run<R>(text, params)
      return this.#run<R>(text, params).finally(() => this.#give())
    }
    const leave = await this.#turnstile.enter()
    return this.#run<R>(text, params).finally(leave)
  }

  /** A client given back inside a transaction is rolled back, as a dropped connection would be. */
  release(): void {
    const ignore = () => undefined
    if (this.#leave !== null)
      this.#run('ROLLBACK', undefined)
        .finally(() => this.#give())
        .catch(ignore)
    this.#unlisten().catch(ignore)
    this.removeAllListeners()
  }

  async end(): Promise<void> {
    this.release()
  }

  #give(): void {
    this.#leave?.()
    this.#leave = null
  }

  async #listen<R>(channel: string): Promise<QueryResult<R>> {
    // In turn: inside somebody else's transaction it would be undone by their rollback.
    const leave = this.#leave === null ? await this.#turnstile.enter() : null
    try {
      this.#subscriptions.push(
        await this.#pglite.listen(channel, (payload) => this.emit('notification', { channel, payload })),
      )
    } finally {
      leave?.()
    }
    return { rows: [], rowCount: 0, command: 'LISTEN', fields: [] }
  }

  async #unlisten<R>(): Promise<QueryResult<R>> {
    const subscriptions = this.#subscriptions.splice(0)
    const leave = this.#leave === null && subscriptions.length > 0 ? await this.#turnstile.enter() : null
    try {
      if (!this.#pglite.closed) await Promise.all(subscriptions.map((stop) => stop()))
    } finally {
      leave?.()
    }
    return { rows: [], rowCount: 0, command: 'UNLISTEN', fields: [] }
  }

  async #run<R>(text: string, params: readonly unknown[] | undefined): Promise<QueryResult<R>> {
    if (params !== undefined && params.length > 0) {
      return asResult(await this.#pglite.query<R>(text, [...params], { parsers }))
    }
    // A script of several statements: the last result counts, as in node-postgres' simple protocol.
    const results = (await this.#pglite.exec(text, { parsers })) as PGliteResult<R>[]
    return asResult(results.at(-1) ?? { rows: [], fields: [], affectedRows: 0 })
  }
}

type PGliteResult<R> = { rows: R[]; fields: unknown[]; affectedRows?: number | undefined }

// Kysely reads `command` to know whether rows were changed; PGlite does not tell it, so any non-select counts as UPDATE.
function asResult<R>({ rows, fields, affectedRows }: PGliteResult<R>): QueryResult<R> {
  const rowCount = rows.length > 0 ? rows.length : (affectedRows ?? 0)
  return { rows, rowCount, fields, command: rows.length > 0 && affectedRows === 0 ? 'SELECT' : 'UPDATE' }
}

export class EmbeddedPool extends EventEmitter {
  readonly options = { keepAlive: true }
  readonly #pglite: PGlite
  readonly #turnstile = new Turnstile()

  private constructor(pglite: PGlite) {
    super()
    this.setMaxListeners(0)
    this.#pglite = pglite
  }

  /** `directory` holds the data; null keeps it in memory. `searchPath` is set once, for the one session. */
  static async open(directory: string | null, searchPath: string): Promise<EmbeddedPool> {
    const pglite = directory === null ? await PGlite.create() : await PGlite.create(directory)
    await pglite.exec(`SET search_path TO ${searchPath}`)
    return new EmbeddedPool(pglite)
  }

  /** Who waits for the one connection. */
  get waiting(): number {
    return this.#turnstile.waiting
  }

  async connect(): Promise<EmbeddedClient> {
    return new EmbeddedClient(this.#pglite, this.#turnstile)
  }

  async query<R = Row>(query: string | QueryConfig, values?: readonly unknown[]): Promise<QueryResult<R>> {
    return (await this.connect()).query<R>(query, values)
  }

  async end(): Promise<void> {
    const leave = await this.#turnstile.enter()
    await this.#pglite.close()
    leave()
  }
}

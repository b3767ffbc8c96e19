// A log to stand tests on: records in memory, a store that keeps what it is given, a key; and what must hold of it, reckoned anew from
// the rows by the definition of RFC 6962, without the code that it checks.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { type RawBuilder, sql as raw } from 'kysely'
import { note } from '../../src/advance.ts'
import { parseCheckpoint } from '../../src/audit/checkpoint.ts'
import { logKeyOf, verifierOf } from '../../src/audit/log-keys.ts'
import { consistencyProof, verifyConsistency } from '../../src/audit/merkle.ts'
import { openNote } from '../../src/audit/note.ts'
import { runRound, type SequencerTools } from '../../src/audit/sequencer.ts'
import { entriesBetween, entriesPath, tilePath, tilesBetween } from '../../src/audit/tiles.ts'
import { type LogStore, nodesOf } from '../../src/audit/tree-store.ts'
import type { Database } from '../../src/kernel/database.ts'
import { entryOf } from '../../src/kernel/leaf.ts'
import type { StoredObject } from '../../src/kernel/object-store.ts'
import { memoryStore, openWorld, type World } from '../support/world.ts'

export const ORIGIN = 'darkroom.test/log'
export const KEY = logKeyOf(Buffer.alloc(32, 5))

export type Objects = ReadonlyMap<string, StoredObject>

export type LogHouse = {
  world: World
  database: Database
  objects: Map<string, StoredObject>
  store: LogStore
  tools: SequencerTools
  /** Notes `count` facts, in turn for the one tenant and the other. */
  say: (count: number, kind?: string) => Promise<void>
  /** Rounds until nothing waits. */
  run: (tools?: Partial<SequencerTools>) => Promise<void>
} & AsyncDisposable

export async function openLogHouse(given: { database?: Database } = {}): Promise<LogHouse> {
  const world = await openWorld(given)
  const { database } = world.ground
  const { objects, ...store } = memoryStore()
  const tools: SequencerTools = {
    database,
    store,
    key: KEY,
    origin: { named: null, byDefault: ORIGIN },
    holder: 'one',
    leaseMs: 60_000,
    atMost: 1024,
  }
  return {
    world,
    database,
    objects,
    store,
    tools,
    say: (count, kind = 'policy.live') =>
      database.transact(async (tx) => {
        const ids = [...world.tenants].map(({ id }) => id).sort()
        for (let i = 0; i < count; i++) await note(tx, ids[i % 2] ?? '', kind, `said_${i}`, { i })
      }),
    run: async (other = {}) => {
      while ((await runRound({ ...tools, ...other })) !== null);
    },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  }
}

/** Changes rows of the log as nobody can who keeps to the rules. */
export function rewriteMoves({ transact }: Database, statement: RawBuilder<unknown>): Promise<void> {
  return transact(async (tx) => {
    await raw`ALTER TABLE darkroom.move DISABLE TRIGGER move_is_append_only`.execute(tx)
    await statement.execute(tx)
    await raw`ALTER TABLE darkroom.move ENABLE TRIGGER move_is_append_only`.execute(tx)
  })
}

/** Every move is in the log once, each checkpoint continues the one before, and the store has exactly what they need. */
export async function assertWholeLog({ sql }: Database, objects: Objects, store: LogStore): Promise<number[]> {
  const moves = await sql.selectFrom('darkroom.move').selectAll().orderBy('log_index').execute()
  const indices = moves.map(({ log_index }) => Number(log_index))
  assert.deepEqual(indices, [...moves.keys()], 'no leaf is lost or doubled, and indices are contiguous')
  const lastOf = new Map<string, number>()
  for (const { tenant_id, tenant_sequence } of moves) {
    assert.equal(Number(tenant_sequence), (lastOf.get(tenant_id) ?? 0) + 1, 'a tenant’s leaves are in its order')
    lastOf.set(tenant_id, Number(tenant_sequence))
  }
  const entries = moves.map((move) => Buffer.from(entryOf(move)))
  const rows = await sql.selectFrom('darkroom.log_checkpoint').selectAll().orderBy('size').execute()
  const log = await sql.selectFrom('darkroom.log').selectAll().executeTakeFirstOrThrow()
  assert.deepEqual([Number(log.tree_size), Number(log.checkpoints)], [moves.length, rows.length])
  const sizes = rows.map(({ size }) => Number(size))
  const expected = new Map<string, string>()
  let before: { size: number; root: Buffer } = { size: 0, root: Buffer.alloc(0) }
  for (const [count, row] of rows.entries()) {
    const size = Number(row.size)
    const { text } = openNote(Buffer.from(row.note), [verifierOf(KEY, ORIGIN)])
    const root = mth(entries.slice(0, size))
    assert.deepEqual(parseCheckpoint(text), { origin: ORIGIN, size, root, extensions: [] })
    assert.equal(row.root, root.toString('hex'))
    if (before.size > 0) {
      const proof = await consistencyProof(before.size, size, nodesOf(store, size))
      assert.ok(verifyConsistency(before.size, before.root, size, root, proof), `${before.size} to ${size}`)
    }
    for (const [key, bytes] of objectsBetween(entries, before.size, size)) expected.set(key, bytes.toString('hex'))
    expected.set(`claim/${count}`, Buffer.from(`${size}\n${row.root}\n`).toString('hex'))
    expected.set(`checkpoint/${size}`, Buffer.from(row.note).toString('hex'))
    before = { size, root }
  }
  assert.equal(log.root, rows.at(-1)?.root)
  const stored = new Map([...objects].map(([key, { bytes }]) => [key, bytes.toString('hex')]))
  assert.deepEqual(
    new Map([...stored].sort()),
    new Map([...expected].sort()),
    'the store has what a log has, byte by byte',
  )
  return sizes
}

/** What a tree of `to` leaves has and one of `from` has not, by the definitions. */
function objectsBetween(entries: readonly Buffer[], from: number, to: number): [string, Buffer][] {
  const tiles = tilesBetween(from, to).map(({ level, index, width }): [string, Buffer] => {
    const span = 256 ** level
    const at = (i: number) => (index * 256 + i) * span
    const hashes = Array.from({ length: width }, (_, i) => mth(entries.slice(at(i), at(i + 1))))
    return [tilePath(level, index, width), Buffer.concat(hashes)]
  })
  const bundles = entriesBetween(from, to).map(({ index, width }): [string, Buffer] => {
    const parts = entries.slice(index * 256, index * 256 + width).flatMap((entry) => {
      return [Buffer.of(entry.length >> 8, entry.length & 255), entry]
    })
    return [entriesPath(index, width), Buffer.concat(parts)]
  })
  return [...tiles, ...bundles]
}

const known = new Map<string, Buffer>()

/** RFC 6962 section 2.1, word for word. */
function mth(entries: readonly Buffer[]): Buffer {
  const [only] = entries
  if (only === undefined) return createHash('sha256').digest()
  const name = `${entries.length} ${createHash('sha256')
    .update(Buffer.concat([...entries]))
    .digest('hex')}`
  const before = known.get(name)
  if (before !== undefined) return before
  let k = 1
  while (k * 2 < entries.length) k *= 2
  const hash =
    entries.length === 1
      ? createHash('sha256').update(Buffer.of(0)).update(only).digest()
      : createHash('sha256')
          .update(Buffer.of(1))
          .update(mth(entries.slice(0, k)))
          .update(mth(entries.slice(k)))
          .digest()
  known.set(name, hash)
  return hash
}

// A log with an operator, a quarantine and exports, on the records in memory: what happened a while ago can be exported now.
import assert from 'node:assert/strict'
import { sql as raw } from 'kysely'
import { archiveOf, filesOf, notesOf, pieceOf, readPieces } from '../../src/audit/export-archive.ts'
import { type Pass, runExport } from '../../src/audit/export-job.ts'
import { type Asked, type ExportRow, getExport, orderExport } from '../../src/audit/export-records.ts'
import type { ExportTools } from '../../src/audit/export-tools.ts'
import { verifierKeyOf } from '../../src/audit/log-keys.ts'
import { parseVerifierKey } from '../../src/audit/note.ts'
import { type Verdict, type VerifyOptions, verifyArchive } from '../../src/audit/verify-archive.ts'
import type { Database } from '../../src/kernel/database.ts'
import { newId } from '../../src/kernel/ids.ts'
import type { StoredObject } from '../../src/kernel/object-store.ts'
import { memoryStore } from '../support/world.ts'
import { KEY, type LogHouse, ORIGIN, openLogHouse } from './log-house.ts'
import { recordMoves } from './many-moves.ts'

export const LOG_KEY = parseVerifierKey(verifierKeyOf(KEY, ORIGIN))

export type ExportHouse = {
  log: LogHouse
  tools: ExportTools
  quarantine: Map<string, StoredObject>
  /** Moves the records' clock. */
  pass: (time: string) => Promise<void>
  /** The records' time, in milliseconds. */
  now: () => Promise<Date>
  order: (asked?: Partial<Asked>) => Promise<string>
  /** Passes until one says so. */
  until: (pass: Pass, tools?: Partial<ExportTools>) => Promise<void>
  get: (id: string) => Promise<ExportRow>
  archive: (id: string) => Promise<Buffer>
  /** Orders, makes and reads one. */
  exported: (asked?: Partial<Asked>) => Promise<Buffer>
} & AsyncDisposable

const MOST_PASSES = 50

export async function openExportHouse(partBytes = 20_000, given: { database?: Database } = {}): Promise<ExportHouse> {
  const log = await openLogHouse(given)
  const { database, world, tools: sequencer } = log
  const { sql } = database
  const operator = newId('ten')
  await sql
    .insertInto('darkroom.tenant')
    .values({ id: operator, name: 'Operator', pseudonym: 'f'.repeat(32), head: '0'.repeat(64), operator: true })
    .execute()
  const { objects, ...quarantine } = memoryStore()
  const tools: ExportTools = {
    database,
    quarantine,
    log: world.ground.log,
    transparency: { store: log.store, key: KEY, origin: sequencer.origin },
    leaseMs: 60_000,
    partBytes,
  }
  const now = async () => {
    const { rows } = await raw<{ now: Date }>`SELECT darkroom.now() AS now`.execute(sql)
    return rows[0]?.now ?? new Date(Number.NaN)
  }
  const house: ExportHouse = {
    log,
    tools,
    quarantine: objects,
    now,
    pass: async (time) => {
      await raw`UPDATE darkroom.clock_offset SET by = by + ${time}::interval`.execute(sql)
    },
    order: async (asked = {}) => {
      const [from, to] = [new Date(0), await now()]
      const all = { from, to, tenant: null, kind: null, subject: null, csv: true, parquet: true }
      const by = { key: 'key_1', person: null }
      return (await database.transact((tx) => orderExport(tx, by, { ...all, ...asked }, null))).id
    },
    until: async (pass, other = {}) => {
      for (let passes = 0; passes < MOST_PASSES; passes++)
        if ((await runExport({ ...tools, ...other })) === pass) return
      assert.fail(`no pass of ${MOST_PASSES} was '${pass}'`)
    },
    get: (id) => getExport(sql, id),
    archive: async (id) => {
      const row = await getExport(sql, id)
      const { manifest, note, proofs, range_first: first, tree_size: size } = row
      assert.ok(manifest !== null && note !== null && proofs !== null)
      const notes = await notesOf(sql, { first: Number(first), size: Number(size) })
      const { pieces, sizeBytes } = archiveOf([
        { name: 'manifest.json', pieces: [pieceOf(manifest)] },
        { name: 'manifest.note', pieces: [pieceOf(note)] },
        ...filesOf(quarantine, { ...row, notes, proofs }),
      ])
      const read: Buffer[] = []
      for await (const bytes of readPieces(pieces, 0, sizeBytes)) read.push(bytes)
      return Buffer.concat(read)
    },
    exported: async (asked = {}) => {
      const id = await house.order(asked)
      await log.run()
      await house.until('made')
      return house.archive(id)
    },
    [Symbol.asyncDispose]: () => log[Symbol.asyncDispose](),
  }
  return house
}

/** In pieces of an odd size, as a network has them. */
export async function* chunksOf(bytes: Buffer, size = 7001): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

export function verify(bytes: Buffer, options: Partial<VerifyOptions> = {}): Promise<Verdict> {
  return verifyArchive(chunksOf(bytes), { key: LOG_KEY, kept: [], ...options })
}

/** A house whose log has `count` moves that an export of everything finds. */
export async function openFull(count: number): Promise<ExportHouse> {
  const house = await openExportHouse()
  await recordMoves(
    house.log.database,
    house.log.world.tenants.map(({ id }) => id),
    count,
  )
  await house.log.run()
  await house.pass('1 hour')
  return house
}

/** What a worker of the house writes; each write may be stopped by `before` or `after`. */
export function watched(
  { tools }: ExportHouse,
  {
    before = async () => {},
    after = async () => {},
  }: { before?: (key: string) => Promise<void>; after?: (key: string) => Promise<void> },
) {
  const put: string[] = []
  const quarantine = {
    ...tools.quarantine,
    putIfAbsent: async (key: string, object: StoredObject) => {
      await before(key)
      const answer = await tools.quarantine.putIfAbsent(key, object)
      put.push(`${key.split('/').at(-1)} ${answer}`)
      await after(key)
      return answer
    },
  }
  return { quarantine, put }
}

// Finding by likeness, on both databases: whatever lies within fifteen bits, nothing that lies further than asked, by the indexes alone.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql as raw } from 'kysely'
import { type Database, openDatabase } from '../../src/kernel/database.ts'
import { fingerprintDistance } from '../../src/mark/fingerprint.ts'
import { findNear } from '../../src/mark/near.ts'
import { withPostgres } from '../support/postgres.ts'
import { suiteOn } from '../support/services.ts'
import { seeded } from './pictures.ts'

const random = seeded(20)
const codeAtRandom = () => Array.from({ length: 64 }, () => Math.floor(random() * 16).toString(16)).join('')

/** The code with so many of its bits turned, at different places. */
function turned(hex: string, count: number): string {
  const bits = [...hex].flatMap((digit) => [...Number.parseInt(digit, 16).toString(2).padStart(4, '0')])
  const places = bits.map((_, i) => i).sort(() => random() - 0.5)
  for (const place of places.slice(0, count)) bits[place] = bits[place] === '1' ? '0' : '1'
  return (bits.join('').match(/.{4}/g) ?? []).map((four) => Number.parseInt(four, 2).toString(16)).join('')
}

/** Codes alone: no image stands behind them. */
async function fill({ sql }: Database, codes: readonly string[]): Promise<void> {
  await raw`ALTER TABLE darkroom.fingerprint DROP CONSTRAINT IF EXISTS fingerprint_image_id_fkey`.execute(sql)
  await raw`TRUNCATE darkroom.fingerprint`.execute(sql)
  await raw`
    INSERT INTO darkroom.fingerprint (image_id, bits)
    SELECT 'img_' || n, ('x' || code)::bit(256) FROM unnest(${codes}::text[]) WITH ORDINALITY AS one (code, n)`.execute(
    sql,
  )
  await raw`ANALYZE darkroom.fingerprint`.execute(sql)
}

function keepsItsWord(open: () => Promise<Database>): void {
  it('finds every code within fifteen bits, with its distance, and none beyond what was asked', async () => {
    await using database = await open()
    const asked = codeAtRandom()
    const distances = Array.from({ length: 45 }, (_, i) => i)
    const codes = [...distances.map((count) => turned(asked, count)), ...Array.from({ length: 500 }, codeAtRandom)]
    await fill(database, codes)
    for (const within of [0, 7, 15, 30]) {
      const found = await findNear(database.sql, asked, within, 100)
      for (const { imageId, distance } of found) {
        assert.equal(distance, fingerprintDistance(asked, codes[Number(imageId.slice(4)) - 1] ?? ''))
        assert.ok(distance <= within)
      }
      const certain = Math.min(within, 15)
      assert.deepEqual(
        found.map(({ distance }) => distance).filter((distance) => distance <= certain),
        distances.slice(0, certain + 1),
      )
    }
  })

  it('gives the nearest first, each once, and no more than asked', async () => {
    await using database = await open()
    const asked = codeAtRandom()
    await fill(database, [turned(asked, 9), asked, turned(asked, 3), codeAtRandom()])
    const found = await findNear(database.sql, asked, 20, 2)
    assert.deepEqual(found, [
      { imageId: 'img_2', distance: 0 },
      { imageId: 'img_3', distance: 3 },
    ])
  })

  it('looks at a bounded number of candidates where very many share a band', async () => {
    await using database = await open()
    const asked = codeAtRandom()
    // They share the first band with the one that is asked for, and nothing else.
    const crowd = Array.from({ length: 2000 }, () => asked.slice(0, 4) + codeAtRandom().slice(4))
    await fill(database, [...crowd, turned(asked, 2)])
    const found = await findNear(database.sql, asked, 20, 10)
    assert.deepEqual(found, [{ imageId: 'img_2001', distance: 2 }], 'its other bands show it')
    const everybody = await findNear(database.sql, asked, 256, 10_000)
    assert.ok(everybody.length <= 16 * 512 && everybody.length < 1000, `${everybody.length}`)
  })
}

describe('likeness in embedded records', () => keepsItsWord(() => openDatabase({ url: null, home: null })))

suiteOn('likeness in PostgreSQL', await withPostgres(), (postgres) => {
  keepsItsWord(async () => {
    const place = await postgres.database()
    const database = await openDatabase({ url: place.url, home: null, poolSize: 1 })
    const dispose = async () => {
      await database[Symbol.asyncDispose]()
      await place[Symbol.asyncDispose]()
    }
    return { ...database, [Symbol.asyncDispose]: dispose }
  })

  it('reads no table in full: each band is looked up in its index', async () => {
    await using place = await postgres.database()
    await using database = await openDatabase({ url: place.url, home: null, poolSize: 1 })
    const asked = codeAtRandom()
    await fill(database, Array.from({ length: 20_000 }, codeAtRandom))
    const counted = async () => {
      await raw`SELECT pg_stat_force_next_flush()`.execute(database.sql)
      const { rows } = await raw<{ scans: string; looks: string }>`
        SELECT (SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'fingerprint') AS scans,
               (SELECT count(*) FROM pg_stat_user_indexes
                 WHERE indexrelname LIKE 'fingerprint_band_%' AND idx_scan > 0) AS looks`.execute(database.sql)
      return rows[0] ?? assert.fail()
    }
    const before = await counted()
    for (let i = 0; i < 8; i++) await findNear(database.sql, turned(asked, 5), 20, 1)
    const after = await counted()
    assert.deepEqual(after, { scans: before.scans, looks: '16' })
  })
})

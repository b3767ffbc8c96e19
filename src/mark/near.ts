// Released pictures whose fingerprint lies near a given one, without a scan (multi-index hashing; Norouzi, Punjani, Fleet, CVPR 2012): who
// shares one of sixteen bands of sixteen bits is a candidate, and each is compared in full. At most fifteen differing bits always
// leave a band untouched; up to twenty nearly always do. Work is bounded: a band gives so many candidates and no more, so one
// that very many pictures share may hide some, which their other bands then show.
import { type RawBuilder, sql as raw } from 'kysely'
import type { Sql } from '../kernel/database.ts'
import { CODE_BITS } from './iscc.ts'

const BANDS = 16
const BAND_BITS = CODE_BITS / BANDS
const CANDIDATES_A_BAND = 512

export type Near = { imageId: string; distance: number }

/** The nearest first. `hex` is a code that is not weak. Fault: database_failed. */
export async function findNear(sql: Sql, hex: string, withinBits: number, most: number): Promise<Near[]> {
  const candidates = raw.join(
    Array.from({ length: BANDS }, (_, band) => bandOf(hex, band)),
    raw` UNION ALL `,
  )
  // Prepared: sixteen index scans take longer to plan than to run.
  const { rows } = await raw<{ image_id: string; distance: number }>`/* prepared: fingerprints_near */
    WITH asked AS (SELECT ${`x${hex}`}::text::bit(256) AS bits),
         candidate AS (${candidates})
    SELECT DISTINCT candidate.image_id, bit_count(candidate.bits # asked.bits)::int AS distance
      FROM candidate, asked
     WHERE bit_count(candidate.bits # asked.bits) <= ${withinBits}
     ORDER BY distance, image_id LIMIT ${most}`.execute(sql)
  return rows.map(({ image_id: imageId, distance }) => ({ imageId, distance }))
}

/** As its index in migration 0020 says, literally: an index on an expression serves that expression. */
function bandOf(hex: string, band: number): RawBuilder<unknown> {
  const digits = BAND_BITS / 4
  const key = Number.parseInt(hex.slice(band * digits, (band + 1) * digits), 16)
  const first = raw.lit(1 + band * BAND_BITS)
  return raw`(SELECT image_id, bits FROM darkroom.fingerprint
      WHERE substring(bits, ${first}, ${raw.lit(BAND_BITS)})::int = ${key} LIMIT ${raw.lit(CANDIDATES_A_BAND)})`
}

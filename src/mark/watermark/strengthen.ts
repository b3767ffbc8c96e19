// Decides how strong a mark must be: as weak as possible, raised until the encoded file, and a harsher copy of it, still say
// the payload with margin. At FLOOR_DB carriers are tuned to the picture; when that is not enough, the file's own compression is eased.
// What still cannot be read is small and rough all over, and roughness hides more than decibels tell: the mark may go lower as long as
// the picture stays as similar as LEAST_SIMILARITY. After that it fails to be marked and is not released.
import { Fault } from '../../kernel/fault.ts'
import { decodeUpload, type Encoding, encodePicture } from '../encode.ts'
import { energyOf, type Plan, planMark, psnrDb, render, tune } from './embed.ts'
import type { MarkKey } from './pattern.ts'
import { lookAtOrigin, phasesOf, readBits } from './read.ts'
import { foldTile, lumaOf, type Picture, residualOf } from './residual.ts'
import { similarityOf } from './similarity.ts'

/** The least fidelity of a released picture's marked pixels to the model's, before the file format's own loss. */
export const FLOOR_DB = 38
/** That of a picture which cannot be marked above it, as long as its structural similarity is LEAST_SIMILARITY. */
export const ROUGH_FLOOR_DB = 30
export const LEAST_SIMILARITY = 0.97
const LADDER_DB = [46, 45, 44, 43, 42, 41, 40, 39, FLOOR_DB]
const ROUGH_LADDER_DB = [37, 36, 35, 34, 33, 32, 31, ROUGH_FLOOR_DB]
const ROUNDS = 4
// The harsher copy: what a site makes of an upload. WebP's filters cost flat art more than JPEG at the same quality does.
const HARSH_COPY = { format: 'webp', quality: 70, xmp: null } as const
const HARSH_Z = 8
const HARSH_AGREEMENT = 0.92
// Of the file itself: as long as more strength may be had, enough that a turned or scaled copy is found by the search, whose many looks ask
// for a higher score; at the end what it takes to read the file in its place.
const COMFORT_Z = 12
const MARGIN_Z = 7
const MARGIN_AGREEMENT = 0.92
const EASED_QUALITIES = [30, 45, 60, 75, 90]
const WINDOWS = [384, 512]

export type MarkedFile = {
  bytes: Buffer
  /** The quality that was used: higher than asked when the mark would not have survived it. */
  quality: number | null
  psnrDb: number
  /** Root mean square of the mark in grey levels, where the mask is 1. */
  strength: number
  /** The code's agreement as read back from the bytes, 0-1. */
  confidence: number
}

/**
 * Marks and encodes a picture. Deterministic for the same picture, payload, key and encoding.
 * Throws Fault 'mark_failed' when no strength within the floors can be read back from the encoded bytes.
 */
export async function markPicture(
  picture: Picture,
  markId: number,
  key: MarkKey,
  encoding: Encoding,
): Promise<MarkedFile> {
  const asked = encoding.quality
  const qualities = asked === null ? [null] : [asked, ...EASED_QUALITIES.filter((quality) => quality > asked)]
  for (const quality of qualities) {
    const made = await tryQuality(picture, markId, key, { ...encoding, quality })
    if (made !== null) return made
  }
  const rough = await tryBelow(planMark(picture, markId, key), markId, {
    ...encoding,
    quality: qualities.at(-1) ?? null,
  })
  if (rough !== null) return rough
  throw new Fault('mark_failed', {
    detail: 'The watermark could not be read back within the floors of fidelity.',
    facts: {
      floor_db: ROUGH_FLOOR_DB,
      least_similarity: LEAST_SIMILARITY,
      width: picture.width,
      height: picture.height,
      format: encoding.format,
    },
  })
}

async function tryQuality(
  picture: Picture,
  markId: number,
  key: MarkKey,
  encoding: Encoding,
): Promise<MarkedFile | null> {
  let plan = planMark(picture, markId, key)
  for (const [rung, db] of LADDER_DB.entries()) {
    const last = rung === LADDER_DB.length - 1
    const made = fit(plan, db)
    if (!last && !(await survivesHarshCopy(plan, made.marked, markId))) continue
    const file = await encodeAndRead(plan, made, markId, encoding, last ? MARGIN_Z : COMFORT_Z)
    if (file !== null) return file
  }
  for (let round = 0; round < ROUNDS; round++) {
    plan = tune(plan, fit(plan, FLOOR_DB).marked)
    const file = await encodeAndRead(plan, fit(plan, FLOOR_DB), markId, encoding, MARGIN_Z)
    if (file !== null) return file
  }
  return null
}

/** The first below the floor that is read and survives a harsher copy; else the strongest that is read. */
async function tryBelow(untuned: Plan, markId: number, encoding: Encoding): Promise<MarkedFile | null> {
  let plan = untuned
  for (let round = 0; round < ROUNDS; round++) plan = tune(plan, fit(plan, FLOOR_DB).marked)
  let strongest: MarkedFile | null = null
  for (const db of ROUGH_LADDER_DB) {
    for (let round = 0; round < ROUNDS; round++) plan = tune(plan, fit(plan, db).marked)
    const made = fit(plan, db)
    if (similarityOf(plan.picture, made.marked) < LEAST_SIMILARITY) break
    const file = await encodeAndRead(plan, made, markId, encoding, MARGIN_Z)
    if (file === null) continue
    strongest = file
    if (await survivesHarshCopy(plan, made.marked, markId)) break
  }
  return strongest
}

export type Fitted = { marked: Picture; strength: number; db: number }

// What rounding to whole grey levels adds to the mean square of a change.
const ROUNDING = 1 / 12

/** The strength that costs just `db` decibels or a little less. Clipping bends the curve: then look, correct, look again. */
export function fit(plan: Plan, db: number): Fitted {
  const allowed = 65025 / 10 ** (db / 10)
  let strength = Math.sqrt(Math.max(0, allowed - ROUNDING) / energyOf(plan)) * (1 - MARGIN)
  let best: Fitted | null = null
  for (let i = 0; i < 4; i++) {
    const marked = render(plan, strength)
    const reached = psnrDb(plan.picture, marked)
    if (reached >= db && (best === null || reached < best.db)) best = { marked, strength, db: reached }
    if (reached >= db && reached < db + 0.15) break
    strength *= 10 ** ((Math.min(reached, 99) - db - 0.05) / 20)
  }
  return best ?? { marked: plan.picture, strength: 0, db: Number.POSITIVE_INFINITY }
}

const MARGIN = 0.005

async function survivesHarshCopy(plan: Plan, marked: Picture, markId: number): Promise<boolean> {
  for (const side of windowsOf(marked)) {
    const bytes = await encodePicture(corner(marked, side), HARSH_COPY)
    const { z, decoded } = readAtOrigin((await decodeUpload(bytes)).picture, plan)
    if (z >= HARSH_Z && decoded.markId === markId && decoded.agreement >= HARSH_AGREEMENT) return true
  }
  return false
}

async function encodeAndRead(
  plan: Plan,
  made: Fitted,
  markId: number,
  encoding: Encoding,
  leastZ: number,
): Promise<MarkedFile | null> {
  if (made.strength === 0) return null
  const bytes = await encodePicture(made.marked, encoding)
  // PNG keeps every pixel; ../mark.ts decodes what is released once more, whatever it is.
  const seen = encoding.format === 'png' ? made.marked : (await decodeUpload(bytes)).picture
  for (const side of windowsOf(seen)) {
    const { z, decoded } = readAtOrigin(corner(seen, side), plan)
    if (z < leastZ || decoded.markId !== markId || decoded.agreement < MARGIN_AGREEMENT) continue
    return { bytes, quality: encoding.quality, psnrDb: made.db, strength: made.strength, confidence: decoded.agreement }
  }
  return null
}

function readAtOrigin(seen: Picture, { pattern }: Plan) {
  const spectrum = phasesOf(foldTile(residualOf(lumaOf(seen)), pattern.side), pattern)
  return { z: lookAtOrigin(spectrum, pattern).z, decoded: readBits(spectrum, pattern, 0, 0) }
}

/** Sides of the corner that a copy is judged by: what passes in the smaller one is not looked at again. */
function windowsOf({ width, height }: Picture): readonly number[] {
  return WINDOWS.filter((side, i) => i === 0 || Math.max(width, height) > (WINDOWS[i - 1] ?? side))
}

function corner(picture: Picture, side: number): Picture {
  const width = Math.min(side, picture.width)
  const height = Math.min(side, picture.height)
  if (width === picture.width && height === picture.height) return picture
  const rgb = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++) {
    const from = y * picture.width * 3
    rgb.set(picture.rgb.subarray(from, from + width * 3), y * width * 3)
  }
  return { width, height, rgb }
}

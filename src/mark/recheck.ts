// The recheck of what was released: one picture a turn, a few turns an hour for the whole deployment, drawn at random from everything that
// can be had. Drawn, and not taken in order: where pictures come faster than they are rechecked an order never reaches the newest, and a
// draw says of all of them, old and new, how many may be wrong (none among n: fewer than 3/n, with 95 % confidence); and nobody can tell
// which comes next. The file is held to its record, and the log to the file, so that who changes both the store and the records is found.
// What keeps it from looking is told apart from what it finds, and that picture is tried again.
import { sql as raw } from 'kysely'
import { note } from '../advance.ts'
import type { Sql } from '../kernel/database.ts'
import { isFault } from '../kernel/fault.ts'
import type { Ground } from '../kernel/ground.ts'
import { type RecheckResult, recheckResults } from '../kernel/meters.ts'
import { countRecheck } from './day-counts.ts'
import type { MarkTools } from './mark.ts'
import { type FileFindings, recheckFile } from './recheck-file.ts'
import { MARK_ID_BITS } from './watermark/code.ts'

const AGAIN_SECONDS = 60
const MOST_TRIES = 10
/** A draw of one among so many neighbours evens out how far apart marks' ids lie. */
const NEIGHBOURS = 32

/** Whether the log says of a picture that its file has that digest (src/audit/recheck-log.ts); problems are called `log.`. */
type LogCheck = (imageId: string, fileDigest: string) => Promise<'agrees' | 'waits' | readonly string[]>
export type RecheckTools = MarkTools & { readonly checkLog: LogCheck }

/** `pending`: why the log could not be asked, or has not got everything yet. */
type Findings = Omit<FileFindings, 'digest'> & { pending: 'log_waits' | 'log_unreachable' | null }
type Turn = { image_id: string | null; tries: number }
type Released = {
  id: string
  tenant_id: string
  object_key: string
  mark_id: string
  marked: unknown
  manifest_id: string | null
  fingerprint: string | null
  fingerprint_weak: boolean | null
}

/** Takes the turn if it is due and looks at one picture. Null: it is not due, or nothing is released. `random` is in [0, 1). */
export async function recheckNext(
  ground: Ground,
  tools: RecheckTools,
  random: () => number = Math.random,
): Promise<RecheckResult | null> {
  const { sql } = ground.database
  const turn = await takeTurn(ground)
  if (turn === null) return null
  const image = (turn.image_id === null ? null : await findReleased(sql, turn.image_id)) ?? (await draw(sql, random))
  if (image === null) return null
  const result = await recheck(ground, tools, image, image.id === turn.image_id ? turn.tries : 0)
  recheckResults.inc({ result })
  await keepLast(sql, result)
  return result
}

async function recheck(ground: Ground, tools: RecheckTools, image: Released, tries: number): Promise<RecheckResult> {
  const { sql } = ground.database
  const fields = { image: image.id, key: image.object_key }
  try {
    const { problems, lapsed, pending } = await lookAt(ground, tools, image)
    if (problems.length === 0 && pending !== null) {
      await tryAgain(sql, image.id, tries)
      return pending
    }
    await endTurn(sql)
    if (problems.length > 0) return await tell(ground, image, problems)
    if (lapsed) ground.log.warn(fields, 'a released picture bears a certificate that is over, and no timestamp')
    const result = lapsed ? 'lapsed' : 'ok'
    await countRecheck(sql, result)
    return result
  } catch (error) {
    const again = await tryAgain(sql, image.id, tries)
    ground.log.warn({ error, ...fields, again }, 'a released picture could not be rechecked, which says nothing of it')
    return 'unreachable'
  }
}

async function lookAt(ground: Ground, tools: RecheckTools, image: Released): Promise<Findings> {
  const { digest, ...file } = await lookAtFile(ground, tools, image)
  const log = digest === null ? 'agrees' : await askLog(ground, tools, image, digest)
  switch (log) {
    case 'agrees':
      return { ...file, pending: null }
    case 'waits':
    case 'unreachable':
      return { ...file, pending: `log_${log}` }
    default:
      return { ...file, problems: [...file.problems, ...log], pending: null }
  }
}

/** What is wrong with the file is told although the log is away. */
async function askLog({ log }: Ground, { checkLog }: RecheckTools, { id, object_key }: Released, digest: string) {
  try {
    return await checkLog(id, digest)
  } catch (error) {
    log.warn(
      { error, image: id, key: object_key },
      'the log could not be held to a released picture, which says nothing of either',
    )
    return 'unreachable'
  }
}

const MISSING = 'file.missing'

/** `digest`: null where there are no bytes. */
async function lookAtFile({ images }: Ground, tools: MarkTools, image: Released) {
  const { id, mark_id, marked, manifest_id, fingerprint, fingerprint_weak } = image
  try {
    const { bytes } = await images.get(image.object_key)
    const record = {
      imageId: id,
      markId: Number(mark_id),
      marked,
      manifestId: manifest_id,
      fingerprint: fingerprint === null ? null : { hex: fingerprint, weak: fingerprint_weak === true },
    }
    return await recheckFile(Buffer.from(bytes), record, tools)
  } catch (error) {
    if (isFault(error, 'object_missing')) return { digest: null, problems: [MISSING], lapsed: false }
    // The store's own checksum of what it keeps.
    if (isFault(error, 'object_mismatch')) return { digest: null, problems: ['file.checksum'], lapsed: false }
    throw error
  }
}

/** In the log of moves, unless the picture was withdrawn or erased meanwhile. */
async function tell(ground: Ground, image: Released, problems: string[]): Promise<RecheckResult> {
  const result = resultOf(problems)
  const told = await ground.database.transact(async (tx) => {
    const still = await released(tx)
      .where('image.id', '=', image.id)
      .where('image.object_key', '=', image.object_key)
      .forShare()
      .executeTakeFirst()
    if (still === undefined) return false
    await note(tx, image.tenant_id, 'image.recheck_failed', image.id, { result, problems, key: image.object_key })
    await countRecheck(tx, result)
    return true
  })
  if (!told) return 'moved_on'
  const fields = { image: image.id, key: image.object_key, problems }
  if (result === 'log_mismatch') ground.log.error(fields, 'the log does not agree with a released picture')
  else ground.log.error(fields, 'a released picture is not what was released')
  return result
}

function resultOf(problems: readonly string[]) {
  if (problems.includes(MISSING)) return 'missing'
  return problems.every((problem) => problem.startsWith('log.')) ? 'log_mismatch' : 'mismatch'
}

function released(sql: Sql) {
  return sql
    .selectFrom('darkroom.image as image')
    .select(['image.id', 'image.tenant_id', 'image.object_key', 'image.mark_id', 'image.marked'])
    .select(['image.manifest_id', 'image.fingerprint', 'image.fingerprint_weak'])
    .where('image.state', '=', 'published')
    .where('image.erased_at', 'is', null)
    .where('image.object_key', 'is not', null)
    .$narrowType<{ object_key: string }>()
}

async function findReleased(sql: Sql, id: string): Promise<Released | null> {
  return (await released(sql).where('image.id', '=', id).executeTakeFirst()) ?? null
}

/** Marks' ids are random, and each image's own. */
async function draw(sql: Sql, random: () => number): Promise<Released | null> {
  const from = Math.floor(random() * 2 ** MARK_ID_BITS)
  const next = (side: '>=' | '<', limit: number) =>
    released(sql).where('image.mark_id', side, String(from)).orderBy('image.mark_id').limit(limit).execute()
  const found = await next('>=', NEIGHBOURS)
  if (found.length < NEIGHBOURS) found.push(...(await next('<', NEIGHBOURS - found.length)))
  return found[Math.floor(random() * found.length)] ?? null
}

/** One worker has a turn: the first that finds it due. */
async function takeTurn({ config, database }: Ground): Promise<Turn | null> {
  const { rechecksPerHour } = config.provenance
  const { rows } = await raw<Turn>`
    UPDATE darkroom.recheck SET next_at = darkroom.now() + interval '1 hour' / ${rechecksPerHour}::int
     WHERE next_at <= darkroom.now() RETURNING image_id, tries`.execute(database.sql)
  return rows[0] ?? null
}

async function endTurn(sql: Sql): Promise<void> {
  await raw`UPDATE darkroom.recheck SET image_id = NULL, tries = 0 WHERE image_id IS NOT NULL`.execute(sql)
}

/** For whoever asks how the log does. */
async function keepLast(sql: Sql, result: RecheckResult): Promise<void> {
  await raw`UPDATE darkroom.recheck SET looked_at = darkroom.now(), result = ${result}`.execute(sql)
}

/** Whether it is: not for ever. */
async function tryAgain(sql: Sql, imageId: string, tries: number): Promise<boolean> {
  const again = tries + 1 < MOST_TRIES
  if (again) await keepTurn(sql, imageId, tries + 1)
  else await endTurn(sql)
  return again
}

async function keepTurn(sql: Sql, imageId: string, tries: number): Promise<void> {
  await raw`
    UPDATE darkroom.recheck SET image_id = ${imageId}, tries = ${tries},
           next_at = least(next_at, darkroom.now() + ${AGAIN_SECONDS} * interval '1 second')`.execute(sql)
}

// What an export says of itself, before its rows are looked at: that the manifest is well formed and agrees with itself, and that the
// log's key signed it.
import { canonical, sha256 } from '../kernel/canonical.ts'
import { ArchiveError } from './archive-reader.ts'
import { FILES, FORMAT, type Manifest, noteTextOf, shapes, UNPROVEN } from './export-format.ts'
import type { Tell } from './failures.ts'
import { NoteError, openNote, parseVerifierKey, type VerifierKey } from './note.ts'

type Shape<T> = {
  Check: (value: unknown) => value is T
  Errors: (value: unknown) => { instancePath: string; message: string }[]
}

/** A file that is one canonical JSON of a shape. Throws ArchiveError, which says where it is not. */
export function readCanonical<T>(name: string, bytes: Buffer, shape: Shape<T>): T {
  const value = parseJson(name, bytes)
  if (!shape.Check(value)) {
    const [first] = shape.Errors(value)
    throw new ArchiveError(`${name}${first === undefined ? '' : `, ${first.instancePath || '/'}: ${first.message}`}`)
  }
  if (!isCanonical(value, bytes)) throw new ArchiveError(`${name} is not canonical JSON (RFC 8785)`)
  return value
}

/** Throws ArchiveError; one of a format that is not known is `unchecked`. */
export function readManifest(bytes: Buffer): Manifest {
  const value = parseJson('manifest.json', bytes)
  const format: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'format') : undefined
  if (typeof format === 'string' && format !== FORMAT)
    throw new ArchiveError(`the format ${JSON.stringify(format.slice(0, 100))} is not known; ${FORMAT} is`, true)
  return readCanonical('manifest.json', bytes, shapes.manifest)
}

/** The key that the manifest names, where it is one and the one that the reader expects. Throws ArchiveError. */
export function keyOf({ log }: Manifest, expected: VerifierKey | null): VerifierKey {
  try {
    const key = parseVerifierKey(log.key)
    if (key.name !== log.origin || key.type !== 'ed25519')
      throw new ArchiveError(`manifest.json: log.key is not a key of the log ${log.origin}`)
    if (expected !== null && !(expected.name === key.name && expected.publicKey.equals(key.publicKey)))
      throw new ArchiveError(`the export names the key ${log.key}, which is not the one that was given`)
    return key
  } catch (error) {
    if (error instanceof NoteError) throw new ArchiveError(`manifest.json: log.key is ${error.message}`)
    throw error
  }
}

/** Exactly one signature, by the log's key, over the digest of the manifest. */
export function checkManifestNote(note: Buffer, manifest: Buffer, key: VerifierKey, tell: Tell): void {
  try {
    const { text } = openNote(note, [key])
    const signatures = note.subarray(note.lastIndexOf('\n\n') + 2).filter((byte) => byte === 0x0a).length
    if (signatures !== 1) tell(`manifest.note has ${signatures} signatures; one is expected`)
    if (text !== noteTextOf(sha256(manifest))) tell('manifest.note signs another manifest than manifest.json')
  } catch (error) {
    if (!(error instanceof NoteError)) throw error
    tell(`manifest.note: ${error.message}`)
  }
}

/** What must agree within the manifest. */
export function checkManifest(manifest: Manifest, tell: Tell): void {
  const { query, range, counts, completeness, withheld, gaps, files, made_at: madeAt } = manifest
  if (!(query.from < query.to)) tell('manifest.json: query.from is not before query.to')
  if (madeAt < query.to) tell(`manifest.json: made_at ${madeAt} is before the end of the period, ${query.to}`)
  for (const [name, time] of Object.entries({ from: query.from, to: query.to, made_at: madeAt }))
    if (!isTime(time)) tell(`manifest.json: ${name} is no time: ${time}`)
  const empty = range.first === 0 && range.size === 0
  if (!(range.end <= range.size && (range.first < range.end || empty)))
    tell(`manifest.json: a tree of ${range.size} leaves has no range [${range.first}, ${range.end})`)
  if (counts.rows !== range.end - range.first)
    tell(`manifest.json: counts.rows is ${counts.rows}; the range has ${range.end - range.first}`)
  const proven = query.subject === null
  if (completeness.proven !== proven || completeness.reason !== (proven ? null : UNPROVEN))
    tell(`manifest.json: completeness is not what the query allows: proven ${proven}`)
  const unsorted = withheld.findIndex((index, i) => i > 0 && index <= (withheld[i - 1] ?? -1))
  if (unsorted >= 0) tell(`manifest.json: withheld is not ascending at its place ${unsorted}`)
  const outside = withheld.find((index) => index < range.first || index >= range.end)
  if (outside !== undefined) tell(`manifest.json: withheld has ${outside}, which is not in the range`)
  for (const gap of gaps) tell(`manifest.json tells of a gap: ${gap}`)
  const order = files.map(({ name }) => FILES.indexOf(name))
  if (order.some((place, i) => place < 2 || (i > 0 && place <= (order[i - 1] ?? -1))))
    tell('manifest.json: files are not in the order of the archive')
}

export function isCanonical(value: unknown, bytes: Uint8Array): boolean {
  try {
    return typeof value === 'object' && value !== null && Buffer.from(canonical(value)).equals(bytes)
  } catch {
    // Nested deeper than can be spelled, or text that no JSON has.
    return false
  }
}

export function isTime(time: string): boolean {
  const at = new Date(time)
  return !Number.isNaN(at.getTime()) && at.toISOString() === time
}

function parseJson(name: string, bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    throw new ArchiveError(`${name} is not JSON`)
  }
}

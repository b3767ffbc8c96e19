// The checkpoint of a log: who it is, how many leaves its tree has, and their root (https://c2sp.org/tlog-checkpoint), as the text of a
// signed note. openCheckpoint is the way to read one from outside: it answers only what a key of the log signed under its name.
import { HASH_BYTES } from './merkle.ts'
import { keyId, NoteError, type NoteSignature, openNote, parseBase64, type VerifierKey } from './note.ts'

export interface Checkpoint {
  /** The log's name: its address without the scheme. */
  origin: string
  size: number
  root: Buffer
}

export interface ParsedCheckpoint extends Checkpoint {
  /** What a log added behind the root, line by line. Nobody audits it. */
  extensions: string[]
}

/** Whom to believe: one of the log's keys has to sign; cosignatures of these witnesses are told. */
export interface LogIdentity {
  origin: string
  logKeys: readonly VerifierKey[]
  witnesses?: readonly VerifierKey[]
}

export interface OpenCheckpoint extends ParsedCheckpoint {
  /** The text that was signed. */
  text: string
  cosignatures: NoteSignature[]
}

/** The text of the note. Throws a RangeError for what is no checkpoint. */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  if (origin === '' || origin.includes('\n'))
    throw new RangeError('the origin of a checkpoint is one line that is not empty')
  if (!Number.isSafeInteger(size) || size < 0) throw new RangeError(`a checkpoint cannot have ${size} leaves`)
  if (root.length !== HASH_BYTES) throw new RangeError(`the root of a checkpoint has 32 bytes, not ${root.length}`)
  return `${origin}\n${size}\n${root.toString('base64')}\n`
}

/** Reads the text of a note. NoteError 'malformed' names the line that is not as formatCheckpoint writes it. */
export function parseCheckpoint(text: string): ParsedCheckpoint {
  if (!text.endsWith('\n')) throw new NoteError('malformed', 'the checkpoint does not end in a newline')
  const [origin = '', digits = '', hash = '', ...extensions] = text.slice(0, -1).split('\n')
  if (origin === '') throw new NoteError('malformed', 'line 1 of the checkpoint, its origin, is empty')
  const size = parseDecimal(digits)
  if (size === null) throw new NoteError('malformed', 'line 2 of the checkpoint is no tree size in decimal')
  const root = parseBase64(hash)
  if (root?.length !== HASH_BYTES)
    throw new NoteError('malformed', 'line 3 of the checkpoint is no root of 32 bytes in base64')
  const empty = extensions.indexOf('')
  if (empty >= 0) throw new NoteError('malformed', `line ${empty + 4} of the checkpoint is empty`)
  return { origin, size, root, extensions }
}

/** A checkpoint that one of the log's own keys signed. NoteError: as openNote, another log's origin, or only witnesses signed. */
export function openCheckpoint(note: Uint8Array, { origin, logKeys, witnesses = [] }: LogIdentity): OpenCheckpoint {
  const { text } = openNote(note, logKeys)
  const checkpoint = parseCheckpoint(text)
  if (checkpoint.origin !== origin)
    throw new NoteError('malformed', `the checkpoint is of ${JSON.stringify(checkpoint.origin)}, not of ${origin}`)
  const ids = new Set(witnesses.map(({ name, type, publicKey }) => `${name} ${keyId(name, type, publicKey)}`))
  const { verified } = openNote(note, [...logKeys, ...witnesses])
  return { ...checkpoint, text, cosignatures: verified.filter((one) => ids.has(`${one.name} ${one.keyId}`)) }
}

/** What the signatures under a checkpoint are of: all above the empty line. For notes of our own; openCheckpoint reads others'. */
export function signedText(note: string): string {
  return note.slice(0, note.indexOf('\n\n') + 1)
}

/** A decimal number without leading zeros that is a safe integer, or null. */
export function parseDecimal(digits: string): number | null {
  const value = /^(0|[1-9]\d{0,15})$/.test(digits) ? Number(digits) : Number.NaN
  return Number.isSafeInteger(value) ? value : null
}

// Signed notes as https://c2sp.org/signed-note defines them: text under one or more signature lines. Nothing is read from a note before
// a known key has signed it: openNote answers only then. Keys that nobody named are passed over, so that witnesses may add theirs;
// a signature that a known key did not make refuses the whole note. Two kinds of signature are known: Ed25519 (type 0x01), and with a
// time, as witnesses sign checkpoints (https://c2sp.org/tlog-cosignature, type 0x04).
import { createHash, createPublicKey, verify } from 'node:crypto'

export const MOST_NOTE_BYTES = 1_000_000
const MOST_SIGNATURES = 100
const KEY_ID_BYTES = 4
const KEY_BYTES = 32
const SIGNATURE_BYTES = 64
const TIME_BYTES = 8
const DASH = '— '

/** The byte that stands for a kind of signature in a key and in its id. */
const TYPES = { ed25519: 0x01, 'cosignature/v1': 0x04 } as const

export type SignatureType = keyof typeof TYPES

export type NoteErrorCode =
  /** It is no note or key, or no checkpoint or proof. */
  | 'malformed'
  /** A known key's signature is not of this text. */
  | 'bad_signature'
  /** No known key signed it. */
  | 'unsigned'

/** A note that is not to be believed, or cannot be made. The message says what is wrong where. */
export class NoteError extends Error {
  readonly code: NoteErrorCode

  constructor(code: NoteErrorCode, message: string) {
    super(message)
    this.name = 'NoteError'
    this.code = code
  }
}

/** A key that notes are verified with. */
export interface VerifierKey {
  name: string
  type: SignatureType
  /** 32 bytes, as RFC 8032 writes them. */
  publicKey: Buffer
}

/** Whoever signs: a key here, or one in a KMS behind `sign`, which answers all that follows the key id in a signature line. */
export interface Signer {
  name: string
  keyId: number
  sign(message: Buffer): Promise<Buffer>
}

export interface NoteSignature {
  name: string
  keyId: number
  /** When a cosignature was made, in seconds since 1970; null for a signature without a time. */
  timeSeconds: number | null
}

export interface OpenNote {
  text: string
  /** At least one, each key once. */
  verified: NoteSignature[]
  unknown: Pick<NoteSignature, 'name' | 'keyId'>[]
}

/** The first four bytes of SHA-256(name ‖ newline ‖ type ‖ public key), as a big-endian number. */
export function keyId(name: string, type: SignatureType, publicKey: Uint8Array): number {
  const hash = createHash('sha256').update(`${name}\n`).update(Uint8Array.of(TYPES[type])).update(publicKey)
  return hash.digest().readUInt32BE(0)
}

/** name+id+base64(type ‖ public key), the id in eight hexadecimal digits. */
export function printVerifierKey({ name, type, publicKey }: VerifierKey): string {
  const id = keyId(name, type, publicKey)
    .toString(16)
    .padStart(2 * KEY_ID_BYTES, '0')
  return `${name}+${id}+${Buffer.concat([Uint8Array.of(TYPES[type]), publicKey]).toString('base64')}`
}

/** Reads what printVerifierKey prints, and only that. NoteError 'malformed': another spelling, kind of signature or id. */
export function parseVerifierKey(text: string): VerifierKey {
  const [name = '', , ...rest] = text.split('+')
  const bytes = parseBase64(rest.join('+'))
  const type = bytes && typeOf(bytes[0])
  if (!bytes || !type || !isKeyName(name) || bytes.length !== 1 + KEY_BYTES)
    throw new NoteError(
      'malformed',
      `no verifier key of a kind that is known here: ${JSON.stringify(text.slice(0, 200))}`,
    )
  const key = { name, type, publicKey: bytes.subarray(1) }
  if (printVerifierKey(key) !== text)
    throw new NoteError('malformed', `the id of the verifier key of ${name} is another key's`)
  return key
}

/** The note of a text that ends in a newline, its signatures in the order of the signers. NoteError 'malformed': no text of a note. */
export async function signNote(text: string, signers: readonly Signer[]): Promise<string> {
  if (signers.length === 0 || signers.length > MOST_SIGNATURES)
    throw new NoteError('malformed', `a note has 1 to ${MOST_SIGNATURES} signatures, not ${signers.length}`)
  const message = Buffer.from(text)
  if (!text.endsWith('\n') || !text.isWellFormed() || hasControls(message))
    throw new NoteError('malformed', 'the text of a note ends in a newline and has no other control characters')
  const lines = await Promise.all(
    signers.map(async ({ name, keyId, sign }) => {
      if (!isKeyName(name))
        throw new NoteError('malformed', `a key's name has no spaces and no plus: ${JSON.stringify(name)}`)
      const id = Buffer.alloc(KEY_ID_BYTES)
      id.writeUInt32BE(keyId)
      return `${DASH}${name} ${Buffer.concat([id, await sign(message)]).toString('base64')}\n`
    }),
  )
  const note = `${text}\n${lines.join('')}`
  if (Buffer.byteLength(note) > MOST_NOTE_BYTES)
    throw new NoteError('malformed', `a note has ${MOST_NOTE_BYTES} bytes at the most`)
  return note
}

/**
 * The text of a note that at least one of the known keys signed. Repeated signatures of a key are checked and told once.
 * NoteError: what is no note, a known key's signature that does not verify, or no known key's signature at all.
 */
export function openNote(bytes: Uint8Array, verifiers: readonly VerifierKey[]): OpenNote {
  const { text, lines } = splitNote(bytes)
  const message = Buffer.from(text)
  const verified = new Map<string, NoteSignature>()
  const unknown = new Map<string, OpenNote['unknown'][number]>()
  for (const line of lines) {
    const { name, id, signature } = parseSignature(line)
    const known = verifiers.filter((key) => key.name === name && keyId(name, key.type, key.publicKey) === id)
    const key = `${name} ${id}`
    if (known.length === 0) unknown.set(key, { name, keyId: id })
    for (const verifier of known) {
      const opened = verifySignature(verifier, message, signature)
      if (opened === null) throw new NoteError('bad_signature', `the signature of ${name} is not of this text`)
      if (!verified.has(key)) verified.set(key, { name, keyId: id, ...opened })
    }
  }
  if (verified.size === 0) throw new NoteError('unsigned', 'no known key signed the note')
  return { text, verified: [...verified.values()], unknown: [...unknown.values()] }
}

/** The bytes of standard base64, or null when they are not spelled as they are printed. */
export function parseBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : null
}

function splitNote(bytes: Uint8Array): { text: string; lines: string[] } {
  if (bytes.length > MOST_NOTE_BYTES)
    throw new NoteError('malformed', `the note has ${bytes.length} bytes; ${MOST_NOTE_BYTES} at the most`)
  if (hasControls(bytes)) throw new NoteError('malformed', 'the note has control characters')
  const note = decode(bytes)
  const blank = note.lastIndexOf('\n\n')
  if (blank < 0 || !note.endsWith('\n')) throw new NoteError('malformed', 'no signatures follow the text of the note')
  const lines = note.slice(blank + 2, -1).split('\n')
  if (lines.length > MOST_SIGNATURES)
    throw new NoteError('malformed', `the note has ${lines.length} signatures; ${MOST_SIGNATURES} at the most`)
  return { text: note.slice(0, blank + 1), lines }
}

function parseSignature(line: string): { name: string; id: number; signature: Buffer } {
  const [name = '', encoded = '', ...rest] = line.slice(DASH.length).split(' ')
  const bytes = parseBase64(encoded)
  if (!line.startsWith(DASH) || rest.length > 0 || !isKeyName(name) || bytes === null || bytes.length <= KEY_ID_BYTES)
    throw new NoteError('malformed', `no signature line: ${JSON.stringify(line.slice(0, 200))}`)
  return { name, id: bytes.readUInt32BE(0), signature: bytes.subarray(KEY_ID_BYTES) }
}

/** What a signature tells beside that it is the key's; null when it is not. */
function verifySignature(
  key: VerifierKey,
  message: Buffer,
  signature: Buffer,
): Pick<NoteSignature, 'timeSeconds'> | null {
  switch (key.type) {
    case 'ed25519':
      return isSigned(key, message, signature) ? { timeSeconds: null } : null
    case 'cosignature/v1': {
      if (signature.length !== TIME_BYTES + SIGNATURE_BYTES) return null
      const timeSeconds = Number(signature.readBigUInt64BE(0))
      if (!Number.isSafeInteger(timeSeconds)) return null
      return isSigned(key, cosigned(message, timeSeconds), signature.subarray(TIME_BYTES)) ? { timeSeconds } : null
    }
    default:
      throw new TypeError(`no such signature type: ${key.type satisfies never}`)
  }
}

function isSigned({ publicKey }: VerifierKey, message: Buffer, signature: Buffer): boolean {
  if (signature.length !== SIGNATURE_BYTES || publicKey.length !== KEY_BYTES) return false
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: publicKey.toString('base64url') }
  return verify(null, message, createPublicKey({ key: jwk, format: 'jwk' }), signature)
}

/** What a cosignature signs: its time, then the whole text of the checkpoint. */
function cosigned(text: Buffer, timeSeconds: number): Buffer {
  return Buffer.concat([Buffer.from(`cosignature/v1\ntime ${timeSeconds}\n`), text])
}

function typeOf(byte: number | undefined): SignatureType | null {
  if (byte === TYPES.ed25519) return 'ed25519'
  return byte === TYPES['cosignature/v1'] ? 'cosignature/v1' : null
}

function isKeyName(name: string): boolean {
  return name !== '' && name.isWellFormed() && !/[\p{White_Space}+]/u.test(name)
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new NoteError('malformed', 'the note is not UTF-8')
  }
}

function hasControls(bytes: Uint8Array): boolean {
  return bytes.some((byte) => byte < 0x20 && byte !== 0x0a)
}

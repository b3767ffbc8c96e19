// A proof that an entry is in the log, as one file that can be checked without the log: https://c2sp.org/tlog-proof, stored as
// .tlog-proof. It has the entry's index, its inclusion proof and the signed checkpoint that the proof leads to; the entry itself and
// the log's key come from elsewhere.
import { type LogIdentity, type OpenCheckpoint, openCheckpoint, parseDecimal } from './checkpoint.ts'
import { HASH_BYTES, verifyInclusion } from './merkle.ts'
import { MOST_NOTE_BYTES, NoteError, parseBase64 } from './note.ts'

const HEADER = 'c2sp.org/tlog-proof@v1'
// A tree of 2^53 leaves is no higher.
const MOST_HASHES = 53

export interface LogProof {
  /** The entry's place in the log, from zero. */
  index: number
  /** From the leaf's sibling up to a child of the root. */
  hashes: Buffer[]
  /** The signed note, as the log served it. */
  checkpoint: string
  /** What the application adds. Nobody vouches for it. */
  extra: Buffer | null
}

/** The file's text. Throws a RangeError for what is no proof. */
export function formatLogProof({ index, hashes, checkpoint, extra }: LogProof): string {
  if (!Number.isSafeInteger(index) || index < 0) throw new RangeError(`no entry has index ${index}`)
  if (hashes.length > MOST_HASHES || hashes.some((hash) => hash.length !== HASH_BYTES))
    throw new RangeError(`an inclusion proof has up to ${MOST_HASHES} hashes of ${HASH_BYTES} bytes`)
  const lines = [HEADER, ...(extra ? [`extra ${extra.toString('base64')}`] : []), `index ${index}`]
  return `${[...lines, ...hashes.map((hash) => hash.toString('base64'))].join('\n')}\n\n${checkpoint}`
}

/** Reads the file's text; what it says is not verified yet. NoteError 'malformed' says what is not as formatLogProof writes it. */
export function parseLogProof(text: string): LogProof {
  if (text.length > 2 * MOST_NOTE_BYTES)
    throw malformed(`it has ${text.length} characters; ${2 * MOST_NOTE_BYTES} at the most`)
  const blank = text.indexOf('\n\n')
  if (blank < 0) throw malformed('no empty line parts the proof from the checkpoint')
  const [header, ...lines] = text.slice(0, blank).split('\n')
  if (header !== HEADER) throw malformed(`its first line is not ${HEADER}`)
  const extra = lines[0]?.startsWith('extra ') ? parseBase64(lines[0].slice('extra '.length)) : undefined
  if (extra === null) throw malformed('its extra data are not base64')
  const [place = '', ...encoded] = extra === undefined ? lines : lines.slice(1)
  const index = place.startsWith('index ') ? parseDecimal(place.slice('index '.length)) : null
  if (index === null) throw malformed('the line before its hashes is not "index" with a decimal number')
  if (encoded.length > MOST_HASHES) throw malformed(`it has ${encoded.length} hashes; ${MOST_HASHES} at the most`)
  const hashes = encoded.map((line, i) => {
    const hash = parseBase64(line)
    if (hash?.length !== HASH_BYTES) throw malformed(`its hash ${i} is not ${HASH_BYTES} bytes in base64`)
    return hash
  })
  return { index, hashes, checkpoint: text.slice(blank + 2), extra: extra ?? null }
}

export interface LogProofVerdict {
  /** False: the checkpoint is the log's, but the leaf is not at that place under it. */
  included: boolean
  checkpoint: OpenCheckpoint
}

/** Whether the log says that the leaf with that hash is at the proof's index. NoteError: the checkpoint is not to be believed. */
export function verifyLogProof(proof: LogProof, leafHash: Uint8Array, log: LogIdentity): LogProofVerdict {
  const checkpoint = openCheckpoint(Buffer.from(proof.checkpoint), log)
  return {
    included: verifyInclusion(leafHash, proof.index, checkpoint.size, proof.hashes, checkpoint.root),
    checkpoint,
  }
}

function malformed(detail: string): NoteError {
  return new NoteError('malformed', `no log proof: ${detail}`)
}

// Checks a receipt without the service that gave it: the log's key signed a checkpoint, the row's entry is under it at the place that
// the row names, what is opened makes the entry, and it is of the picture where one is at hand.
import { createHash } from 'node:crypto'
import { canonical } from '../kernel/canonical.ts'
import type { Row } from './export-format.ts'
import { type LogProof, parseLogProof, verifyLogProof } from './log-proof.ts'
import { hashLeaf } from './merkle.ts'
import { NoteError, type VerifierKey } from './note.ts'
import { checkOpened, readRow } from './verify-rows.ts'

export type ReceiptVerdict = {
  /** What is wrong, each in a sentence; none: everything holds. */
  readonly failures: readonly string[]
  readonly row: Row | null
  /** Size and root of the tree that the log's key signed; null where it did not. */
  readonly tree: { readonly size: number; readonly root: Buffer } | null
}

/** `text`: as `/v1/images/{id}/receipt` answers it; `picture`: the file whose release it is to be of, where there is one. */
export function checkReceipt(text: string, key: VerifierKey, picture: Uint8Array | null): ReceiptVerdict {
  const failures: string[] = []
  const tell = (line: string) => void failures.push(line)
  try {
    const proof = parseLogProof(text)
    const row = rowOf(proof, tell)
    if (row === null) return { failures, row, tree: null }
    const leaf = hashLeaf(Buffer.from(canonical(row.entry)))
    const { included, checkpoint } = verifyLogProof(proof, leaf, { origin: key.name, logKeys: [key] })
    if (!included)
      tell(`the entry is not at index ${proof.index} of the tree of ${checkpoint.size} leaves that the log signed`)
    if (picture !== null) checkPicture(row, picture, tell)
    return { failures, row, tree: { size: checkpoint.size, root: checkpoint.root } }
  } catch (error) {
    if (!(error instanceof NoteError)) throw error
    tell(error.message)
    return { failures, row: null, tree: null }
  }
}

function rowOf({ extra, index }: LogProof, tell: (line: string) => void): Row | null {
  if (extra === null) {
    tell('the receipt has no row: it does not say what it is a receipt of')
    return null
  }
  const row = readRow(extra, 'the row', tell)
  if (row === null) return null
  if (row.index !== index) tell(`the row says that it is index ${row.index}; the proof is of ${index}`)
  if (row.opened !== null) checkOpened(row.entry, row.opened, 'the row', tell)
  return row
}

function checkPicture({ opened }: Row, picture: Uint8Array, tell: (line: string) => void): void {
  const digest = createHash('sha256').update(picture).digest('hex')
  // Other moves may name files too, and hand out none.
  const facts: unknown = opened?.kind === 'image.published' ? opened.facts : null
  const file = typeof facts === 'object' && facts !== null && 'file' in facts ? facts.file : null
  if (file === null) tell('the row is not of the release of a file')
  else if (file !== digest) tell(`the receipt is of a file whose SHA-256 is ${file}; the picture's is ${digest}`)
}

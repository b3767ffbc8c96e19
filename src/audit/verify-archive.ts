// Verifies the archive of an export, in one pass and bounded memory, from its own bytes and a key that the reader has from elsewhere:
// whose it is, that its rows are all that the log has of their range, and that what it opens is what the log holds. Reads no records
// and asks no service. src/audit/verify.mjs does the same without this code.
import { ArchiveError, type ArchiveFile, readArchive, readLines, readWhole } from './archive-reader.ts'
import { type OpenCheckpoint, openCheckpoint } from './checkpoint.ts'
import { FILES, type FileName, LIMITS, type Manifest, shapes } from './export-format.ts'
import { openFailures, type Tell } from './failures.ts'
import { verifyConsistency } from './merkle.ts'
import { NoteError, parseBase64, type VerifierKey } from './note.ts'
import { heldAgainst, type Kept, type KeptCheck, type NotHeld } from './verify-kept.ts'
import { checkManifest, checkManifestNote, keyOf, readCanonical, readManifest } from './verify-manifest.ts'
import { openRows } from './verify-rows.ts'

const HASH_BYTES = 32

export type VerifyOptions = {
  /** The log's key as the reader has it from elsewhere; null: the archive's own word for it. */
  readonly key: VerifierKey | null
  /** Checkpoints that somebody kept. */
  readonly kept: readonly Kept[]
  /** Told after so many rows. */
  readonly onRows?: (rows: number) => void
}

export type Verdict = {
  /**
   * As the process exits: 0 all holds, 1 something is wrong, 2 it could not be checked, 3 all holds and no row matches, 4 all that the
   * archive has holds, and a kept checkpoint could not be held against it.
   */
  readonly code: 0 | 1 | 2 | 3 | 4
  /** The first of them, a line each. */
  readonly failures: readonly string[]
  readonly failureCount: number
  /** What was asked and could not be checked. */
  readonly unchecked: readonly string[]
  /** Kept checkpoints of trees that the archive knows no root of. */
  readonly unheld: readonly string[]
  readonly manifest: Manifest | null
}

type State = {
  manifest: Manifest
  key: VerifierKey
  checkpoint: OpenCheckpoint | null
  start: OpenCheckpoint | null
  proofs: { range: Buffer[]; consistency: Buffer[] } | null
  kept: KeptCheck | null
  /** Whether the rows lead to the checkpoint. */
  leads: boolean
}

/** Whatever `source` throws, it throws; everything that is wrong with the archive is in the verdict. */
export async function verifyArchive(source: AsyncIterable<Uint8Array>, options: VerifyOptions): Promise<Verdict> {
  const failures = openFailures()
  const unchecked: string[] = []
  const unheld: string[] = []
  let state: State | null = null
  try {
    const files = readArchive(source)
    state = await readFirst(files, options, failures.tell)
    const seen: FileName[] = ['manifest.json', 'manifest.note']
    for await (const file of files) {
      seen.push(nameOf(file, seen))
      await readFile(file, state, options, failures.tell)
      checkDigest(file, state.manifest, failures.tell)
    }
    const notHeld = finish(state, seen, failures.tell)
    unchecked.push(...notHeld.unchecked)
    unheld.push(...notHeld.unheld)
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error
    if (error.unchecked) unchecked.push(error.message)
    else failures.tell(error.message)
  }
  const manifest = state?.manifest ?? null
  const [lines, count] = [failures.lines(), failures.count()]
  const code = codeOf(count, { unchecked, unheld }, manifest)
  return { code, failures: lines, failureCount: count, unchecked, unheld, manifest }
}

function codeOf(failures: number, { unchecked, unheld }: NotHeld, manifest: Manifest | null): Verdict['code'] {
  if (failures > 0) return 1
  if (unchecked.length > 0 || manifest === null) return 2
  if (unheld.length > 0) return 4
  return manifest.counts.opened === 0 && manifest.withheld.length === 0 ? 3 : 0
}

async function readFirst(
  files: AsyncGenerator<ArchiveFile>,
  { key: expected }: VerifyOptions,
  tell: Tell,
): Promise<State> {
  const bytes = await readNext(files, 'manifest.json', LIMITS.manifestBytes)
  const manifest = readManifest(bytes)
  const key = keyOf(manifest, expected)
  checkManifestNote(await readNext(files, 'manifest.note', LIMITS.smallBytes), bytes, key, tell)
  checkManifest(manifest, tell)
  return { manifest, key, checkpoint: null, start: null, proofs: null, kept: null, leads: false }
}

async function readNext(files: AsyncGenerator<ArchiveFile>, name: FileName, most: number): Promise<Buffer> {
  const { value: file } = await files.next()
  if (file === undefined || file.name !== name) {
    const ours = name !== 'manifest.json' || FILES.some((one) => one === file?.name)
    throw new ArchiveError(`${name} is expected, not ${file?.name ?? 'the end of the archive'}`, !ours)
  }
  return readWhole(file, most)
}

/** The name of the archive's next file. Throws ArchiveError for one that has no place there. */
function nameOf({ name }: ArchiveFile, seen: readonly FileName[]): FileName {
  const known = FILES.find((one) => one === name)
  const last = seen.at(-1)
  if (known === undefined || (last !== undefined && FILES.indexOf(known) <= FILES.indexOf(last)))
    throw new ArchiveError(`the archive has ${name} after ${last}, where it has no place`)
  return known
}

async function readFile(file: ArchiveFile, state: State, options: VerifyOptions, tell: Tell): Promise<void> {
  const { manifest, key } = state
  switch (file.name) {
    case 'checkpoint.note':
      state.checkpoint = await readCheckpoint(file, key, tell)
      return
    case 'start.note':
      state.start = await readCheckpoint(file, key, tell)
      return
    case 'proofs.json':
      state.proofs = proofsOf(await readWhole(file, LIMITS.smallBytes))
      return
    case 'rows.jsonl': {
      const proof = state.proofs?.range ?? []
      const left = leftOf(manifest, proof)
      state.kept = heldAgainst(options.kept, key, { first: manifest.range.first, left }, tell)
      const rows = openRows(manifest, proof, state.kept, tell)
      let count = 0
      for await (const line of readLines(file, LIMITS.lineBytes)) {
        rows.push(line)
        options.onRows?.(++count)
      }
      state.leads = rows.end(state.checkpoint?.root ?? null)
      return
    }
    default:
      // Of the others only their bytes count.
      for await (const _ of file.chunks());
  }
}

async function readCheckpoint(file: ArchiveFile, key: VerifierKey, tell: Tell): Promise<OpenCheckpoint | null> {
  try {
    return openCheckpoint(await readWhole(file, LIMITS.smallBytes), { origin: key.name, logKeys: [key] })
  } catch (error) {
    if (!(error instanceof NoteError)) throw error
    tell(`${file.name}: ${error.message}`)
    return null
  }
}

function proofsOf(bytes: Buffer): State['proofs'] {
  const { range, consistency } = readCanonical('proofs.json', bytes, shapes.proofs)
  return { range: range.map(hashOf('range')), consistency: consistency.map(hashOf('consistency')) }
}

function hashOf(list: string): (text: string, place: number) => Buffer {
  return (text, place) => {
    const hash = parseBase64(text)
    if (hash?.length !== HASH_BYTES)
      throw new ArchiveError(`proofs.json: ${list}[${place}] is not a hash of ${HASH_BYTES} bytes in base64`)
    return hash
  }
}

/** The subtrees before the range; null where the proof has them not. */
function leftOf({ range: { first, end } }: Manifest, proof: readonly Buffer[]): Buffer[] | null {
  const count = first.toString(2).replaceAll('0', '').length
  return first === end || proof.length < count ? null : proof.slice(0, count)
}

function checkDigest(file: ArchiveFile, manifest: Manifest, tell: Tell): void {
  const said = manifest.files.find(({ name }) => name === file.name)
  if (said === undefined) tell(`${file.name} is not among the files of manifest.json`)
  else if (said.size !== file.size) tell(`${file.name} has ${file.size} bytes; manifest.json says ${said.size}`)
  else if (said.sha256 !== file.digest())
    tell(`${file.name} is not the one that manifest.json binds: its SHA-256 is ${file.digest()}, not ${said.sha256}`)
}

/** What holds of all files together. Answers which checkpoints could not be held against them. */
function finish(
  { manifest, checkpoint, start, proofs, kept, leads }: State,
  seen: readonly FileName[],
  tell: Tell,
): NotHeld {
  const { range, files } = manifest
  for (const name of ['checkpoint.note', 'proofs.json', 'rows.jsonl'] as const)
    if (!seen.includes(name)) tell(`the archive has no ${name}`)
  for (const { name } of files) if (!seen.includes(name)) tell(`${name}, which manifest.json names, is missing`)
  if (checkpoint !== null && checkpoint.size !== range.size)
    tell(`checkpoint.note is of ${checkpoint.size} leaves; manifest.json says ${range.size}`)
  if (start?.size === 0) tell('start.note is of no leaves, where no start.note belongs')
  if (start !== null && start.size > range.first)
    tell(`start.note is of ${start.size} leaves, more than the first index of the range, ${range.first}`)
  const consistency = proofs?.consistency ?? []
  if (!seen.includes('start.note') && consistency.length > 0)
    tell('proofs.json has a proof of consistency, and there is no start.note')
  if (start !== null && checkpoint !== null) {
    if (!verifyConsistency(start.size, start.root, checkpoint.size, checkpoint.root, consistency))
      tell('proofs.json does not show that the tree of start.note is the beginning of that of checkpoint.note')
  }
  for (const one of [start, checkpoint]) if (one !== null) kept?.hold(one)
  return kept?.end(leads) ?? { unheld: [], unchecked: [] }
}

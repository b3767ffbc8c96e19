// Makes exports from their specification, and exports that are wrong in one thing: `Plan` says of what, `Edits` where a wrong one departs.
// What comes after an edit follows from it: who lies about a row counts and signs what the lie needs.

import type { Entry, Leaf, Opened } from './moves.ts'
import { canonical, logOf, someMoves, timeOf } from './moves.ts'
import { checkpointOf, type Signer, signerOf } from './notes.ts'
import { tarOf } from './tar.ts'
import { consistencyProof, leafHash, rangeProof, rootOf, sha256 } from './trees.ts'

export interface Query {
  from: string
  to: string
  timezone: string
  tenant: string | null
  kind: string | null
  subject: string | null
}

export interface Plan {
  log: readonly Leaf[]
  first: number
  end: number
  query: Query
  withheld: readonly number[]
  /** The size of `start.note`. */
  start: number | undefined
  madeAt: string
  /** Other files, after the rows. */
  extra: ReadonlyMap<string, Buffer>
}

export interface Row {
  entry: Entry
  index: number
  opened: Opened | null
}

export interface Proofs {
  range: string[]
  consistency: string[]
}

export interface Edits {
  rows?: (rows: Row[]) => Row[]
  lines?: (lines: string[]) => string[]
  /** Of the rows. */
  encoding?: BufferEncoding
  proofs?: (proofs: Proofs) => Proofs
  checkpoint?: (note: string) => string
  proofsText?: (text: string) => string
  start?: (note: string) => string
  /** The fields that are otherwise. */
  manifest?: (manifest: Manifest) => object
  manifestText?: (text: string) => string
  note?: (note: string) => string
  signer?: Signer
  /** After everything is signed. */
  files?: (files: Map<string, Buffer>) => Map<string, Buffer>
}

export const SIGNER = signerOf('darkroom.example/log', 'the log')

const query = { from: timeOf(8), to: timeOf(36), timezone: 'UTC', tenant: null, kind: null, subject: null }

/** 35 rows of a log of 52, of which 28 are within the period and one is withheld. */
export const PLAN: Plan = {
  log: logOf(someMoves(52)),
  first: 5,
  end: 40,
  query,
  withheld: [23],
  start: 3,
  madeAt: timeOf(60),
  extra: new Map(),
}

export const rootAt = (log: readonly Leaf[], size: number): Buffer =>
  rootOf(log.slice(0, size).map(({ entry }) => leafHash(canonical(entry))))

const isWithin = ({ at }: Entry, { from, to }: Query): boolean => from <= at && at < to

const rowsOf = ({ log, first, end, query, withheld }: Plan): Row[] =>
  log.slice(first, end).map(({ entry, opened }, i) => {
    const matches =
      isWithin(entry, query) &&
      [entry.tenant, null].includes(query.tenant) &&
      [entry.kind, null].includes(query.kind) &&
      [opened.id, null].includes(query.subject)
    return { entry, index: first + i, opened: matches && !withheld.includes(first + i) ? opened : null }
  })

const countsOf = (rows: readonly Row[], query: Query) => {
  const kinds: Record<string, number> = {}
  const opened = rows.flatMap((row) => row.opened ?? [])
  for (const { kind } of opened) kinds[kind] = (kinds[kind] ?? 0) + 1
  return { within: rows.filter(({ entry }) => isWithin(entry, query)).length, opened: opened.length, kinds }
}

const manifestOf = (plan: Plan, rows: readonly Row[], files: ReadonlyMap<string, Buffer>) => ({
  format: 'darkroom.audit-export/v1',
  id: 'exp_1',
  log: { origin: SIGNER.origin, key: SIGNER.text },
  query: plan.query,
  made_at: plan.madeAt,
  software: 'Darkroom 1.2.3',
  range: { first: plan.first, end: plan.end, size: plan.log.length },
  counts: { rows: plan.end - plan.first, ...countsOf(rows, plan.query) },
  completeness:
    plan.query.subject === null
      ? { proven: true, reason: null }
      : { proven: false, reason: 'subject_is_not_in_the_log' },
  withheld: plan.withheld,
  gaps: [],
  reconciliation: [{ name: 'images', what: 'published images', expected: 7, found: 7, difference: 0 }],
  files: [...files].map(([name, bytes]) => ({ name, size: bytes.length, sha256: sha256(bytes).toString('hex') })),
})
export type Manifest = ReturnType<typeof manifestOf>

const asText = (hashes: readonly Buffer[]): string[] => hashes.map((hash) => hash.toString('base64'))
const unchanged = <T>(value: T): T => value

export const archiveFiles = (plan: Plan, edits: Edits = {}): Map<string, Buffer> => {
  const { log, first, end, start } = plan
  const leaves = log.map(({ entry }) => leafHash(canonical(entry)))
  const rows = (edits.rows ?? unchanged)(rowsOf(plan))
  const proofs = {
    range: asText(rangeProof(leaves, first, end)),
    consistency: start === undefined ? [] : asText(consistencyProof(leaves, start)),
  }
  const checkpoint = checkpointOf(SIGNER, log.length, rootOf(leaves))
  const lines = (edits.lines ?? unchanged)(rows.map((row) => `${canonical(row)}\n`))
  const listed = new Map<string, Buffer>()
  listed.set('checkpoint.note', Buffer.from((edits.checkpoint ?? unchanged)(checkpoint)))
  if (start !== undefined) {
    const note = checkpointOf(SIGNER, start, rootAt(log, start))
    listed.set('start.note', Buffer.from((edits.start ?? unchanged)(note)))
  }
  const proofsText = (edits.proofsText ?? unchanged)(canonical((edits.proofs ?? unchanged)(proofs)))
  listed.set('proofs.json', Buffer.from(proofsText))
  listed.set('rows.jsonl', Buffer.from(lines.join(''), edits.encoding))
  for (const [name, bytes] of plan.extra) listed.set(name, bytes)
  const manifest = manifestOf(plan, rows, listed)
  const text = (edits.manifestText ?? unchanged)(canonical({ ...manifest, ...edits.manifest?.(manifest) }))
  const signed = `darkroom.audit-export/v1\n${sha256(text).toString('hex')}\n`
  const note = (edits.note ?? unchanged)((edits.signer ?? SIGNER).note(signed))
  const files = new Map([['manifest.json', Buffer.from(text)], ['manifest.note', Buffer.from(note)], ...listed])
  return (edits.files ?? unchanged)(files)
}

export const archiveOf = (plan: Plan, edits: Edits = {}): Buffer => tarOf(archiveFiles(plan, edits))

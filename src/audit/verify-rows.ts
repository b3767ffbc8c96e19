// The rows of an export, one after the other: each is spelled in its one way, leads to the tree, follows the row of its tenant before,
// and is opened exactly where it matches the query and belongs to no restricted case; what is opened makes its entry.
import { createHmac } from 'node:crypto'
import { canonical } from '../kernel/canonical.ts'
import {
  type Entry,
  isWithin,
  linkOf,
  type Manifest,
  matchesInClear,
  type Opened,
  type Row,
  shapes,
} from './export-format.ts'
import type { Tell } from './failures.ts'
import { hashLeaf, openRange } from './merkle.ts'
import { openChains } from './verify-chains.ts'
import type { KeptCheck } from './verify-kept.ts'
import { isCanonical, isTime } from './verify-manifest.ts'

export type RowCheck = {
  /** A line of rows.jsonl without its newline. */
  push: (line: Buffer) => void
  /** Once all lines were read: what holds of all of them together. Answers whether they lead to the root. */
  end: (root: Buffer | null) => boolean
}

/** Kinds that counts.kinds has not, of which some are counted to be told. */
const MOST_STRANGE_KINDS = 20
const MOST_ENTRY_BYTES = 65_535

export function openRows(manifest: Manifest, proof: readonly Buffer[], kept: KeptCheck, tell: Tell): RowCheck {
  const { query, range, withheld, counts } = manifest
  const tree = openRange(range.first, range.end, range.size, proof)
  const chains = openChains(range.first === 0, tell)
  const kinds = new Map<string, number>()
  const mostKinds = Object.keys(counts.kinds).length + MOST_STRANGE_KINDS
  const closed = new Set(withheld)
  const found = { rows: 0, within: 0, opened: 0 }
  let [firstAt, lastAt]: [string | null, string | null] = [null, null]
  return {
    push: (line) => {
      const index = range.first + found.rows
      const where = `rows.jsonl, line ${found.rows + 1} (index ${index})`
      found.rows += 1
      const row = readRow(line, where, tell)
      if (row === null) return
      const { entry, opened } = row
      if (row.index !== index) tell(`${where}: says that it is index ${row.index}`)
      const bytes = Buffer.from(canonical(entry))
      if (bytes.length > MOST_ENTRY_BYTES) tell(`${where}: the entry has more than ${MOST_ENTRY_BYTES} bytes`)
      const hash = hashLeaf(bytes)
      tree.push(hash)
      if (found.rows <= counts.rows) kept.push(hash)
      chains.follow(entry, linkOf(entry, hash), where)
      firstAt ??= entry.at
      lastAt = entry.at
      if (isWithin(query, entry)) found.within += 1
      const held = closed.has(index)
      if (opened !== null) {
        found.opened += 1
        if (kinds.has(opened.kind) || kinds.size < mostKinds) kinds.set(opened.kind, (kinds.get(opened.kind) ?? 0) + 1)
        checkOpened(entry, opened, where, tell)
      }
      checkMatch(manifest, row, held, where, tell)
    },
    end: (root) => {
      for (const name of ['rows', 'within', 'opened'] as const)
        if (found[name] !== counts[name])
          tell(`manifest.json: counts.${name} is ${counts[name]}; rows.jsonl has ${found[name]}`)
      if (canonical(Object.fromEntries(kinds)) !== canonical(counts.kinds))
        tell(
          `manifest.json: counts.kinds is not what the opened rows are: ${canonical(Object.fromEntries(kinds)).slice(0, 500)}`,
        )
      const leads = root !== null && tree.root()?.equals(root) === true
      if (root !== null && !leads) tell('the rows and proofs.json do not lead to the root of checkpoint.note')
      // Without a row nobody sees that the range reaches beyond the period.
      if (range.first > 0 && !(firstAt !== null && firstAt < query.from))
        tell(
          `the range does not reach back beyond the period: its first row is of ${firstAt ?? 'no time'}, not before ${query.from}`,
        )
      if (range.end < range.size && !(lastAt !== null && lastAt >= query.to))
        tell(
          `the range does not reach beyond the period: its last row is of ${lastAt ?? 'no time'}, before ${query.to}`,
        )
      return leads
    },
  }
}

export function readRow(line: Buffer, where: string, tell: Tell): Row | null {
  let value: unknown
  try {
    value = JSON.parse(line.toString())
  } catch {
    tell(`${where}: is not JSON`)
    return null
  }
  if (!shapes.row.Check(value)) {
    const [first] = shapes.row.Errors(value)
    tell(`${where}: is no row${first === undefined ? '' : `: ${first.instancePath || '/'} ${first.message}`}`)
    return null
  }
  if (!isCanonical(value, line)) {
    tell(`${where}: is not canonical JSON (RFC 8785)`)
    return null
  }
  if (!isTime(value.entry.at)) tell(`${where}: at is no time: ${value.entry.at}`)
  return value
}

/** An opened row makes its entry's body or leaf, and its kind is the entry's where that tells it. */
export function checkOpened(entry: Entry, opened: Opened, where: string, tell: Tell): void {
  const { facts, from, id, kind, salt, subject, to } = opened
  if (entry.kind !== 'restricted' && kind !== entry.kind)
    tell(`${where}: is opened as ${kind}; its entry says ${entry.kind}`)
  const said = { facts, from, id, kind, subject, to }
  if (entry.v === 2) {
    if (salt === null) {
      tell(`${where}: is opened without its salt`)
      return
    }
    const body = createHmac('sha256', Buffer.from(salt, 'hex')).update(canonical(said)).digest('hex')
    if (body !== entry.body) tell(`${where}: what is opened is not what the entry's body was made of`)
    return
  }
  if (salt !== null) tell(`${where}: an entry of version 1 has no salt`)
  const { tenant, sequence, previous, at } = entry
  const leaf = hashLeaf(Buffer.from(canonical({ v: 1, tenant, sequence, previous, at, ...said })))
  if (leaf.toString('hex') !== entry.leaf) tell(`${where}: what is opened is not what the entry's leaf was made of`)
}

function checkMatch({ query }: Manifest, { entry, opened }: Row, held: boolean, where: string, tell: Tell): void {
  const clear = matchesInClear(query, entry)
  if (held && opened !== null) tell(`${where}: is opened, and manifest.json says that it is withheld`)
  if (held && !clear) tell(`${where}: is withheld, and does not match the query`)
  if (opened !== null && !clear) tell(`${where}: is opened, and does not match the query`)
  if (query.subject !== null) {
    if (opened !== null && opened.id !== query.subject) tell(`${where}: is opened, and is about another subject`)
  } else if (clear && opened === null && !held)
    tell(`${where}: matches the query, and is neither opened nor among those that are withheld`)
}

// The leaf of a move: its place in its tenant's chain in clear, what it says only under the move's own random salt. Anybody with the
// row can make it again; nobody without it learns or guesses a fact from what the log publishes. Rows of earlier releases have no
// salt: their leaf had its facts in clear, so that what enters the log of them is its hash.
import { canonical, type Json, leafHash, saltedDigest } from './canonical.ts'

export type LeafRow = {
  subject: string
  subject_id: string
  kind: string
  from_state: string | null
  to_state: string | null
  facts: Json
  at: Date
  tenant_pseudonym: string
  tenant_sequence: string
  previous_leaf: string
  leaf_salt: Uint8Array | null
}

export const SALT_BYTES = 32

/** Kinds that exist for restricted cases alone: their names would tell strangers whom they are about. */
const RESTRICTED: ReadonlySet<string> = new Set([
  'escalation.confirmed',
  'escalation.dismissed',
  'image.preservation_due',
  'image.preservation_ended',
  'request.preservation_due',
  'request.preservation_ended',
])

/** A move's kind as the log tells it. */
export function publicKind(kind: string): string {
  return RESTRICTED.has(kind) ? 'restricted' : kind
}

/** The canonical leaf whose hash is the row's `leaf_hash` and the next leaf's `previous`. */
export function leafOf(row: LeafRow): string {
  const said = {
    kind: row.kind,
    subject: row.subject,
    id: row.subject_id,
    from: row.from_state,
    to: row.to_state,
    facts: row.facts,
  }
  if (row.leaf_salt === null) return canonical({ v: 1, ...placeOf(row), ...said })
  const body = saltedDigest(row.leaf_salt, canonical(said))
  return canonical({ v: 2, ...placeOf(row), kind: publicKind(row.kind), body })
}

/** What enters the log. Of a leaf without a salt that is its hash, as `leaf`. */
export function entryOf(row: LeafRow): string {
  const leaf = leafOf(row)
  if (row.leaf_salt !== null) return leaf
  return canonical({ v: 1, ...placeOf(row), kind: publicKind(row.kind), leaf: leafHash(leaf) })
}

function placeOf(row: LeafRow) {
  return {
    tenant: row.tenant_pseudonym,
    sequence: row.tenant_sequence,
    previous: row.previous_leaf,
    at: row.at.toISOString(),
  }
}

// Logs for archives that tests make: moves of two tenants in turn, a minute apart, the first dozen of them from before the log was.

import { createHmac } from 'node:crypto'
import serialize from 'canonicalize'
import { leafHash, sha256 } from './trees.ts'

export interface Move {
  v: 1 | 2
  tenant: string
  at: string
  kind: string
  /** Its kind is not to be seen in the log. */
  restricted: boolean
  facts: object
  from: string | null
  id: string
  subject: string
  to: string | null
}

export interface Entry {
  v: number
  tenant: string
  sequence: string
  previous: string
  at: string
  kind: string
  body?: string
  leaf?: string
}

export interface Opened {
  facts: object
  from: string | null
  id: string
  kind: string
  salt: string | null
  subject: string
  to: string | null
}

export interface Leaf {
  entry: Entry
  opened: Opened
}

export const canonical = (value: unknown): string => {
  const text = serialize(value)
  if (text === undefined) throw new Error('no canonical form')
  return text
}

export const TENANTS = ['ten_a', 'ten_b'] as const
/** The time of leaf `index`. */
export const timeOf = (index: number): string => new Date(Date.UTC(2026, 0, 31, 12, index)).toISOString()

export const someMoves = (count: number): Move[] =>
  Array.from({ length: count }, (_, i) => ({
    v: i < 12 ? 1 : 2,
    tenant: TENANTS[i % 3 === 0 ? 1 : 0],
    at: timeOf(i),
    kind: ['image.published', 'image.denied', 'statement.issued'][i % 4] ?? 'image.marked',
    restricted: i === 20 || i === 23,
    facts: { clause: 'violence/2', score: i / 8, words: ['é', '\u2028', '"'], note: i === 17 ? '😀\ud7ff' : null },
    from: i % 2 === 0 ? null : 'marked',
    id: `img_${i % 5}`,
    subject: 'image',
    to: i % 4 === 1 ? null : 'published',
  }))

const entryOf = (move: Move, opened: Opened, sequence: string, previous: string): Entry => {
  const { v, tenant, at } = move
  const { facts, from, id, kind, salt, subject, to } = opened
  const clear = { v, tenant, sequence, previous, at, kind: move.restricted ? 'restricted' : kind }
  if (salt === null) {
    const whole = { at, facts, from, id, kind, previous, sequence, subject, tenant, to, v: 1 }
    return { ...clear, leaf: leafHash(canonical(whole)).toString('hex') }
  }
  const body = canonical({ facts, from, id, kind, subject, to })
  return { ...clear, body: createHmac('sha256', Buffer.from(salt, 'hex')).update(body).digest('hex') }
}

/** What a later entry of the same tenant has as `previous`. */
export const linkOf = (entry: Entry): string => entry.leaf ?? leafHash(canonical(entry)).toString('hex')

/** The log of these moves. `alter` changes an entry before those after it are linked to it. */
export const logOf = (
  moves: readonly Move[],
  alter: (entry: Entry, index: number) => Entry = (entry) => entry,
): Leaf[] => {
  const ends = new Map<string, { sequence: number; link: string }>()
  return moves.map((move, index) => {
    const { facts, from, id, kind, subject, to } = move
    const salt = move.v === 1 ? null : sha256(`salt ${index}`).toString('hex')
    const opened = { facts, from, id, kind, salt, subject, to }
    const end = ends.get(move.tenant) ?? { sequence: 0, link: '0'.repeat(64) }
    const entry = alter(entryOf(move, opened, `${end.sequence + 1}`, end.link), index)
    ends.set(move.tenant, { sequence: Number(entry.sequence), link: linkOf(entry) })
    return { entry, opened }
  })
}

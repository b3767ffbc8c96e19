// Exports that somebody changed and mended again, so that counts, digests and signatures follow from the lie as far as the liar can make
// them: whoever has no key, a stranger with a key of its own, and the log's operator, who has the log's key and cannot change its tree.

import { formatCheckpoint } from '../../src/audit/checkpoint.ts'
import { type Manifest, noteTextOf, type Row, shapes } from '../../src/audit/export-format.ts'
import { type LogKey, logKeyOf, signerOf, verifierKeyOf } from '../../src/audit/log-keys.ts'
import { signNote } from '../../src/audit/note.ts'
import { canonical, sha256 } from '../../src/kernel/canonical.ts'
import { KEY, ORIGIN } from './log-house.ts'

export type Files = Map<string, Buffer>
export type Random = (below: number) => number
export const LIARS = ['nobody', 'stranger', 'stranger_to_all', 'operator'] as const
export type Liar = (typeof LIARS)[number]

const STRANGER = logKeyOf(Buffer.alloc(32, 77))

type Lie = (
  export_: { rows: Row[]; manifest: Manifest; proofs: { range: string[]; consistency: string[] } },
  random: Random,
) => void

const textOf = (files: Files, name: string) => (files.get(name) ?? Buffer.alloc(0)).toString()

/** The export with the lie in it, and everything that follows. */
export async function forge(files: Files, lie: Lie, liar: Liar, random: Random): Promise<Files> {
  const rows = textOf(files, 'rows.jsonl')
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const row: unknown = JSON.parse(line)
      if (!shapes.row.Check(row)) throw new Error('the base has another line')
      return row
    })
  const [manifest, proofs]: unknown[] = ['manifest.json', 'proofs.json'].map((name) => JSON.parse(textOf(files, name)))
  if (!shapes.manifest.Check(manifest) || !shapes.proofs.Check(proofs)) throw new Error('the base has other files')
  const before = canonical(rows)
  lie({ rows, manifest, proofs }, random)
  const forged = new Map(files)
  forged.set('rows.jsonl', Buffer.from(rows.map((row) => `${canonical(row)}\n`).join('')))
  forged.set('proofs.json', Buffer.from(canonical(proofs)))
  if (liar === 'stranger_to_all') await resign(forged, manifest)
  if (canonical(rows) !== before) count(manifest, rows)
  for (const file of manifest.files) {
    const bytes = forged.get(file.name) ?? Buffer.alloc(0)
    Object.assign(file, { size: bytes.length, sha256: sha256(bytes) })
  }
  const text = canonical(manifest)
  forged.set('manifest.json', Buffer.from(text))
  const key = keyOf(liar)
  if (key !== null)
    forged.set('manifest.note', Buffer.from(await signNote(noteTextOf(sha256(text)), [signerOf(key, ORIGIN)])))
  return forged
}

function keyOf(liar: Liar): LogKey | null {
  switch (liar) {
    case 'nobody':
      return null
    case 'operator':
      return KEY
    default:
      return STRANGER
  }
}

/** All that the log's key signed, signed by the stranger's, which the export then names as the log's. */
async function resign(files: Files, manifest: Manifest): Promise<void> {
  manifest.log.key = verifierKeyOf(STRANGER, ORIGIN)
  for (const name of ['checkpoint.note', 'start.note']) {
    const [, size = '', root = ''] = textOf(files, name).split('\n')
    const text = formatCheckpoint({ origin: ORIGIN, size: Number(size), root: Buffer.from(root, 'base64') })
    files.set(name, Buffer.from(await signNote(text, [signerOf(STRANGER, ORIGIN)])))
  }
}

function count(manifest: Manifest, rows: readonly Row[]): void {
  const { from, to } = manifest.query
  const kinds: Record<string, number> = {}
  for (const { opened } of rows) if (opened !== null) kinds[opened.kind] = (kinds[opened.kind] ?? 0) + 1
  manifest.counts = {
    rows: rows.length,
    within: rows.filter(({ entry }) => from <= entry.at && entry.at < to).length,
    opened: rows.filter(({ opened }) => opened !== null).length,
    kinds,
  }
  manifest.range.end = manifest.range.first + rows.length
}

const pick = <T>(list: readonly T[], random: Random): T => {
  const one = list[random(list.length)]
  if (one === undefined) throw new Error('nothing to pick from')
  return one
}
const openRows = (rows: readonly Row[]) => rows.filter(({ opened }) => opened !== null)
const renumber = (rows: Row[], first: number) => {
  for (const [i, row] of rows.entries()) row.index = first + i
}
const hex = (random: Random) => Array.from({ length: 64 }, () => random(16).toString(16)).join('')
const base64 = (random: Random) => Buffer.from(hex(random), 'hex').toString('base64')

export const NO_LIE: Lie = () => {}

/** What the tree, or the openings, do not allow, whoever signs it. */
export const LIES: Readonly<Record<string, Lie>> = {
  another_fact: ({ rows }, random) => {
    Object.assign(Object(pick(openRows(rows), random).opened).facts, { place: random(1e9) + 1e6 })
  },
  another_time: ({ rows }, random) => {
    const { entry } = pick(rows, random)
    entry.at = new Date(Date.parse(entry.at) + 1 + random(1000)).toISOString()
  },
  another_kind: ({ rows }, random) => {
    const row = pick(openRows(rows), random)
    row.entry.kind = 'image.forged'
    if (row.opened !== null) row.opened.kind = 'image.forged'
  },
  another_tenant: ({ rows }, random) => {
    const row = pick(rows, random)
    row.entry.tenant = hex(random).slice(0, 32)
  },
  another_subject: ({ rows }, random) => {
    const { opened } = pick(openRows(rows), random)
    if (opened !== null) opened.id = `image_${random(1e6)}x`
  },
  another_salt: ({ rows }, random) => {
    const { opened } = pick(
      openRows(rows).filter((row) => row.entry.v === 2),
      random,
    )
    if (opened !== null) opened.salt = hex(random)
  },
  another_sequence: ({ rows }, random) => {
    const { entry } = pick(rows, random)
    entry.sequence = String(Number(entry.sequence) + 1 + random(9))
  },
  another_link: ({ rows }, random) => {
    pick(rows, random).entry.previous = hex(random)
  },
  another_body: ({ rows }, random) => {
    const { entry } = pick(rows, random)
    if (entry.v === 2) entry.body = hex(random)
    else entry.leaf = hex(random)
  },
  a_row_dropped: ({ rows, manifest }, random) => {
    rows.splice(random(rows.length), 1)
    renumber(rows, manifest.range.first)
  },
  a_row_twice: ({ rows, manifest }, random) => {
    const at = random(rows.length)
    rows.splice(at, 0, structuredClone(pick(rows.slice(at, at + 1), random)))
    renumber(rows, manifest.range.first)
  },
  rows_exchanged: ({ rows, manifest }, random) => {
    const at = random(rows.length - 1)
    rows.splice(at, 2, ...rows.slice(at, at + 2).reverse())
    renumber(rows, manifest.range.first)
  },
  the_end_cut_off: ({ rows }, random) => {
    rows.splice(rows.length - 1 - random(rows.length - 1))
  },
  a_row_closed: ({ rows }, random) => {
    pick(openRows(rows), random).opened = null
  },
  openings_exchanged: ({ rows }, random) => {
    const one = pick(openRows(rows), random)
    const other = pick(
      openRows(rows).filter((row) => row !== one),
      random,
    )
    ;[one.opened, other.opened] = [other.opened, one.opened]
  },
  an_opening_invented: ({ rows }, random) => {
    const row = pick(
      rows.filter(({ opened, entry }) => opened === null && entry.v === 2),
      random,
    )
    row.opened = {
      facts: {},
      from: null,
      id: 'image_1',
      kind: row.entry.kind,
      salt: hex(random),
      subject: 'image',
      to: null,
    }
  },
  another_hash: ({ proofs }, random) => {
    const list = pick([proofs.range, proofs.consistency], random)
    list[random(list.length)] = base64(random)
  },
  a_hash_too_many: ({ proofs }, random) => {
    const list = pick([proofs.range, proofs.consistency], random)
    list.splice(random(list.length + 1), 0, base64(random))
  },
  a_hash_dropped: ({ proofs }, random) => {
    const list = pick([proofs.range, proofs.consistency], random)
    list.splice(random(list.length), 1)
  },
  another_size: ({ manifest }, random) => {
    manifest.range.size += 1 + random(1000)
  },
  another_first: ({ manifest }) => {
    manifest.range.first += 1
    manifest.range.end += 1
  },
  a_count_changed: ({ manifest }, random) => {
    const name = pick(['rows', 'within', 'opened'] as const, random)
    manifest.counts[name] += 1 + random(5)
  },
  a_kind_miscounted: ({ manifest }, random) => {
    const kind = pick(Object.keys(manifest.counts.kinds), random)
    manifest.counts.kinds[kind] = (manifest.counts.kinds[kind] ?? 0) + 1
  },
  made_too_early: ({ manifest }, random) => {
    manifest.made_at = new Date(Date.parse(manifest.query.to) - 1 - random(1000)).toISOString()
  },
  a_longer_period: ({ manifest }) => {
    manifest.query.from = new Date(Date.parse(manifest.query.from) - 86_400_000).toISOString()
  },
  proven_otherwise: ({ manifest }) => {
    manifest.completeness = { proven: false, reason: 'subject_is_not_in_the_log' }
  },
}

/** What somebody without the log's key may not change though the tree allows it: the signature alone is against it. */
export const SIGNED_LIES: Readonly<Record<string, Lie>> = {
  another_id: ({ manifest }, random) => {
    manifest.id = `exp_${random(1e9)}`
  },
  other_software: ({ manifest }, random) => {
    manifest.software = `Darkroom ${random(1e6)}`
  },
  reconciled_otherwise: ({ manifest }, random) => {
    const line = pick(manifest.reconciliation, random)
    line.expected += 1
    line.found += 1
  },
  withheld_otherwise: ({ rows, manifest }, random) => {
    const row = pick(openRows(rows), random)
    row.opened = null
    manifest.withheld = [...manifest.withheld, row.index].sort((a, b) => a - b)
  },
}

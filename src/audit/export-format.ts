// What an export says, as docs/audit-format.md fixes it: the manifest, the proofs and the rows, each as its one canonical spelling. Whoever
// writes an export and whoever verifies one share the shapes and the rule of what matches; nothing else.
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { canonical, type Json } from '../kernel/canonical.ts'

export const FORMAT = 'darkroom.audit-export/v1'
/** In the order in which they stand in the archive. */
export const FILES = [
  'manifest.json',
  'manifest.note',
  'checkpoint.note',
  'start.note',
  'proofs.json',
  'rows.jsonl',
  'rows.csv',
  'rows.parquet',
] as const
export type FileName = (typeof FILES)[number]

/** What goes beyond them is not made, and not checked: of the manifest, of the notes and proofs each, of a line of rows. */
export const LIMITS = { manifestBytes: 8 * 1024 * 1024, smallBytes: 64 * 1024, lineBytes: 1024 * 1024 } as const

/** A subject's id is in no entry in clear: that no row of it was left closed, nobody can see. */
export const UNPROVEN = 'subject_is_not_in_the_log'

const strict = { additionalProperties: false } as const
const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])
const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
const Hash = Type.String({ pattern: '^[0-9a-f]{64}$' })
const Time = Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$' })

const placed = {
  tenant: Type.String({ minLength: 1 }),
  sequence: Type.String({ pattern: '^[1-9]\\d{0,18}$' }),
  previous: Hash,
  at: Time,
  kind: Type.String({ minLength: 1 }),
}
const EntrySchema = Type.Union([
  Type.Object({ v: Type.Literal(2), ...placed, body: Hash }, strict),
  Type.Object({ v: Type.Literal(1), ...placed, leaf: Hash }, strict),
])
const OpenedSchema = Type.Object(
  {
    facts: Type.Unsafe<Json>(Type.Unknown()),
    from: Nullable(Type.String()),
    id: Type.String(),
    kind: Type.String({ minLength: 1 }),
    salt: Nullable(Hash),
    subject: Type.String({ minLength: 1 }),
    to: Nullable(Type.String()),
  },
  strict,
)
const RowSchema = Type.Object({ entry: EntrySchema, index: Count, opened: Nullable(OpenedSchema) }, strict)

export type Entry = Static<typeof EntrySchema>
export type Opened = Static<typeof OpenedSchema>
export type Row = Static<typeof RowSchema>

const QuerySchema = Type.Object(
  {
    from: Time,
    to: Time,
    timezone: Type.Literal('UTC'),
    tenant: Nullable(Type.String({ minLength: 1 })),
    kind: Nullable(Type.String({ minLength: 1 })),
    subject: Nullable(Type.String({ minLength: 1 })),
  },
  strict,
)
export type Query = Static<typeof QuerySchema>

const DifferenceSchema = Type.Object(
  {
    name: Type.String(),
    what: Type.String(),
    expected: Type.Integer(),
    found: Type.Integer(),
    difference: Type.Integer(),
  },
  strict,
)
const FileSchema = Type.Object({ name: Type.Enum([...FILES]), size: Count, sha256: Hash }, strict)
export type ArchivedFile = Static<typeof FileSchema>

const ManifestSchema = Type.Object(
  {
    format: Type.Literal(FORMAT),
    id: Type.String({ minLength: 1 }),
    log: Type.Object({ origin: Type.String({ minLength: 1 }), key: Type.String({ minLength: 1 }) }, strict),
    query: QuerySchema,
    made_at: Time,
    software: Type.String(),
    range: Type.Object({ first: Count, end: Count, size: Count }, strict),
    counts: Type.Object(
      { rows: Count, within: Count, opened: Count, kinds: Type.Record(Type.String(), Count) },
      strict,
    ),
    completeness: Type.Object({ proven: Type.Boolean(), reason: Nullable(Type.String()) }, strict),
    withheld: Type.Array(Count),
    gaps: Type.Array(Type.String()),
    reconciliation: Type.Array(DifferenceSchema),
    files: Type.Array(FileSchema),
  },
  strict,
)
export type Manifest = Static<typeof ManifestSchema>

const ProofsSchema = Type.Object({ range: Type.Array(Type.String()), consistency: Type.Array(Type.String()) }, strict)

export const shapes = {
  entry: Compile(EntrySchema),
  manifest: Compile(ManifestSchema),
  proofs: Compile(ProofsSchema),
  row: Compile(RowSchema),
}

/** The text that the manifest's note signs. */
export function noteTextOf(manifestDigest: string): string {
  return `${FORMAT}\n${manifestDigest}\n`
}

export function isWithin({ from, to }: Pick<Query, 'from' | 'to'>, { at }: Pick<Entry, 'at'>): boolean {
  // Times are of one form, so that their order is that of their letters.
  return from <= at && at < to
}

/** Whether a row matches by what its entry says in clear: its time, its tenant and its kind. */
export function matchesInClear(query: Query, entry: Entry): boolean {
  return (
    isWithin(query, entry) &&
    (query.tenant === null || query.tenant === entry.tenant) &&
    (query.kind === null || query.kind === entry.kind)
  )
}

/** What the next entry of the tenant names as `previous`, where the hash of this one's leaf is `leafHash`. */
export function linkOf(entry: Entry, leafHash: Buffer): string {
  return entry.v === 1 ? entry.leaf : leafHash.toString('hex')
}

/** A line of rows.jsonl, from its parts in canonical form. */
export function rowLine(index: number, entry: string, opened: Opened | null): string {
  return `{"entry":${entry},"index":${index},"opened":${opened === null ? 'null' : canonical(opened)}}\n`
}

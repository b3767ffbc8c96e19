// The shapes of the log's exports, as they are ordered and answered.
import { type Static, Type } from '@fastify/type-provider-typebox'
import type { ExportBrief } from '../audit/export-records.ts'
import { keptUntil } from '../audit/export-retention.ts'
import { optional, strict } from './validation.ts'

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])
const Moment = Type.String({ maxLength: 40, description: 'Such as 2026-01-31T12:00:00Z, or with an offset.' })
const Time = Type.String({ format: 'date-time' })
const Count = Type.Integer({ minimum: 0 })
const FORMATS = ['csv', 'parquet'] as const

export const NewExport = Type.Object(
  {
    from: Moment,
    to: Moment,
    tenant: optional(Type.String({ minLength: 1, maxLength: 100, description: 'The id of a tenant.' })),
    kind: optional(
      Type.String({
        maxLength: 100,
        pattern: '^[a-z][a-z0-9_]*\\.[a-z][a-z0-9_]*$',
        description: 'A kind that the log tells by its name, such as image.denied.',
      }),
    ),
    subject: optional(
      Type.String({
        minLength: 1,
        maxLength: 200,
        pattern: '^[^\\u0000-\\u001F\\u007F]*$',
        description:
          'The id of a generation, an image or whatever else rows are about, or the name of a policy or a secret; nothing else, since the log keeps it in clear.',
      }),
    ),
    formats: optional(
      Type.Array(Type.Enum([...FORMATS]), { uniqueItems: true, maxItems: 2, description: 'Tables beside the rows.' }),
    ),
  },
  strict,
)
export type NewExport = Static<typeof NewExport>

export const ExportSchema = Type.Object({
  id: Type.String(),
  object: Type.Literal('audit_export'),
  state: Type.Enum(['waiting', 'running', 'done', 'failed']),
  from: Time,
  to: Time,
  tenant: Nullable(Type.String()),
  kind: Nullable(Type.String()),
  subject: Nullable(Type.String()),
  formats: Type.Array(Type.Enum([...FORMATS])),
  created_at: Time,
  progress: Type.Object({
    rows_done: Count,
    rows: Nullable(Type.Integer({ minimum: 0, description: 'Null while the log has not all of the period.' })),
  }),
  counts: Nullable(
    Type.Object({
      rows: Type.Integer({ minimum: 0, description: 'Leaves of the range.' }),
      within: Type.Integer({ minimum: 0, description: 'Of these, within the period.' }),
      opened: Type.Integer({ minimum: 0, description: 'Of these, such as match and are opened.' }),
      withheld: Type.Integer({ minimum: 0, description: 'Such as match and belong to restricted cases.' }),
    }),
  ),
  size_bytes: Nullable(Count),
  sha256: Nullable(Type.String({ description: 'Of the archive.' })),
  archive_url: Nullable(Type.String()),
  failure: Nullable(Type.String({ description: 'Why it failed, or why it is tried again.' })),
  done_at: Nullable(Time),
  kept_until: Nullable(
    Type.String({
      format: 'date-time',
      description: 'It is taken away by itself then; null: not yet known, or never.',
    }),
  ),
})
export type ExportResource = Static<typeof ExportSchema>

/** `keepDays`: for how long one is kept that is over; 0: for ever. */
export function exportResource(row: ExportBrief, keepDays: number): ExportResource {
  const { id, state, range_first: first, range_end: end } = row
  if (state === 'removing') throw new TypeError('what was taken away is not shown')
  return {
    id,
    object: 'audit_export',
    state,
    from: row.period_from.toISOString(),
    to: row.period_to.toISOString(),
    tenant: row.tenant_id,
    kind: row.kind,
    subject: row.subject,
    formats: FORMATS.filter((format) => row[format]),
    created_at: row.created_at.toISOString(),
    progress: {
      rows_done: Number(row.rows_done),
      rows: first === null || end === null ? null : Number(end) - Number(first),
    },
    counts: row.counts,
    size_bytes: row.size_bytes === null ? null : Number(row.size_bytes),
    sha256: row.sha256,
    archive_url: state === 'done' ? `/v1/audit/exports/${id}/archive` : null,
    failure: row.failure,
    done_at: row.done_at?.toISOString() ?? null,
    kept_until: keptUntil(row, keepDays)?.toISOString() ?? null,
  }
}

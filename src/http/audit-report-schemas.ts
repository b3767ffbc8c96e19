// What the routes of reports take and answer.
import { Type } from '@fastify/type-provider-typebox'
import { type AuditReport, REPORT_NAMES } from '../audit/reports/report.ts'
import { strict } from './validation.ts'

const nullable = (schema: Parameters<typeof Type.Union>[0][number]) => Type.Union([schema, Type.Null()])
const Day = Type.String({
  maxLength: 40,
  description: 'A day in UTC, such as 2026-01-31, or the moment at which it begins.',
})
const Moment = Type.String({ format: 'date-time' })

export const ReportParams = Type.Object({ name: Type.Enum([...REPORT_NAMES]) })

export const ReportQuery = Type.Object(
  {
    from: Day,
    to: Type.String({ maxLength: 40, description: 'As from; this day is not in the period.' }),
    format: Type.Optional(
      Type.Enum(['json', 'csv'], { description: 'csv: one table, or the figures; so with Accept: text/csv.' }),
    ),
    table: Type.Optional(
      Type.String({ minLength: 1, maxLength: 40, description: 'Which table, as CSV; not set: the figures.' }),
    ),
  },
  strict,
)

const FigureSchema = Type.Object({
  name: Type.String(),
  title: Type.String(),
  definition: Type.String({ description: 'What is counted, in a sentence.' }),
  value: nullable(Type.Number({ description: 'Null: it was not measured.' })),
  of: nullable(Type.Number({ description: 'Of how many, where it is a share.' })),
  interval: nullable(
    Type.Object(
      { low: Type.Number(), high: Type.Number() },
      { description: 'Of a share of a random sample: Wilson’s, 95 %.' },
    ),
  ),
  unmeasured: nullable(Type.String({ description: 'Why it was not measured.' })),
})
const TableSchema = Type.Object({
  name: Type.String(),
  title: Type.String(),
  definition: Type.String(),
  columns: Type.Array(Type.Object({ name: Type.String(), title: Type.String(), number: Type.Boolean() })),
  rows: Type.Array(Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Null()]))),
})

export const AuditReportSchema = Type.Unsafe<AuditReport>(
  Type.Object({
    object: Type.Literal('audit_report'),
    name: Type.Enum([...REPORT_NAMES]),
    from: Moment,
    to: Moment,
    counted_at: Moment,
    over: Type.Boolean({ description: 'Whether the period was over when this was counted.' }),
    complete: Type.Boolean({ description: 'Whether every difference is zero.' }),
    figures: Type.Array(FigureSchema),
    tables: Type.Array(TableSchema),
    differences: Type.Array(
      Type.Object({
        name: Type.String(),
        what: Type.String(),
        expected: Type.Integer(),
        found: Type.Integer(),
        difference: Type.Integer(),
      }),
    ),
  }),
)

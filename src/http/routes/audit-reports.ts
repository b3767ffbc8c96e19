// What the operator can show of a period, for compliance: one report of five, as JSON or as a table for spreadsheets.
import { Type } from '@fastify/type-provider-typebox'
import { reportCsv } from '../../audit/reports/csv.ts'
import { makeReport } from '../../audit/reports/reports.ts'
import { Fault } from '../../kernel/fault.ts'
import type { App } from '../app.ts'
import { AuditReportSchema, ReportParams, ReportQuery } from '../audit-report-schemas.ts'
import { openReportTools, reportPeriod } from '../audit-reports.ts'
import type { RouteDeps } from '../deps.ts'
import { problems } from '../schemas.ts'

const CSV = 'text/csv'

export async function auditReportRoutes(app: App, { ground }: RouteDeps): Promise<void> {
  const tools = await openReportTools(ground)
  app.get(
    '/v1/audit/reports/:name',
    {
      config: { access: ['compliance', 'admin'] },
      schema: {
        tags: ['audit'],
        summary: 'Figures and tables of a period',
        description:
          'Of whole days in UTC, from `from` to `to`, which is not in the period; counted from the records in one snapshot. marks: what released pictures carry. moderation: restrictions and appeals. detector: use of the public check. retention: what was erased and what is kept. decisions: who decided what under which policy; people appear as pseudonyms of a month. Restricted cases are counted and told no further.',
        params: ReportParams,
        querystring: ReportQuery,
        response: {
          200: {
            description: 'The report.',
            content: { 'application/json': { schema: AuditReportSchema }, [CSV]: { schema: Type.String() } },
          },
          ...problems(400, 401, 403, 429, 503),
        },
      },
    },
    async (request, reply) => {
      const { name } = request.params
      const { format, table = null } = request.query
      const csv = format === 'csv' || (format === undefined && request.headers.accept?.startsWith(CSV) === true)
      if (!csv && table !== null)
        throw new Fault('invalid_request', { field: 'table', detail: 'table is for format=csv; JSON has all tables' })
      const report = await makeReport(tools, name, reportPeriod(request.query))
      if (!csv) return reply.send(report)
      const file = [name, table ?? 'figures', report.from.slice(0, 10), report.to.slice(0, 10)].join('_')
      return reply
        .type(`${CSV}; charset=utf-8; header=present`)
        .header('content-disposition', `attachment; filename="${file}.csv"`)
        .header('vary', 'Accept')
        .send(reportCsv(report, table))
    },
  )
}

// Pages for compliance: what became of a picture and what proves it (audit-find.ts), exports of the log and its health (audit-exports.ts), what the
// operator reports (audit-reports.ts).

import type { Frame } from '../frame.ts'
import { noSuchPage } from '../pages/audit/ways.ts'
import { auditExportPages } from './audit-exports.ts'
import { auditFindPages } from './audit-find.ts'
import { auditReportPages } from './audit-reports.ts'
import { AUDITORS, type AuditTools } from './audit-tools.ts'

export function auditPages(frame: Frame, tools: AuditTools): void {
  auditFindPages(frame, tools)
  auditExportPages(frame, tools)
  auditReportPages(frame, tools)
  frame.closed('/audit/*', AUDITORS, ({ path }) =>
    path === '/audit/' ? { elsewhere: '/audit' } : { title: 'There is no such page', body: noSuchPage(), status: 404 },
  )
}

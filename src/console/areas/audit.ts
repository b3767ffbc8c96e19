// Pages for compliance: what became of a picture and what proves it (here), exports of the log and its health (audit-exports.ts), what the
// operator reports (audit-reports.ts).

import type { Frame } from '../frame.ts'
import { html } from '../html.ts'
import { auditWays } from '../pages/audit/ways.ts'
import { auditExportPages } from './audit-exports.ts'
import { auditReportPages } from './audit-reports.ts'
import { AUDITORS, type AuditTools } from './audit-tools.ts'

export function auditPages(frame: Frame, tools: AuditTools): void {
  frame.closed('/audit', AUDITORS, () => ({ title: 'Audit', body: html`${auditWays('/audit')}<h1>Audit</h1>` }))
  auditExportPages(frame, tools)
  auditReportPages(frame, tools)
}

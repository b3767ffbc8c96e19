// What the operator can show of a period, as tables and pictures: marks, moderation, retention, who decided what.

import type { Frame } from '../frame.ts'
import { html } from '../html.ts'
import { auditWays } from '../pages/audit/ways.ts'
import { AUDITORS, type AuditTools } from './audit-tools.ts'

export function auditReportPages(frame: Frame, _tools: AuditTools): void {
  frame.closed('/audit/reports', AUDITORS, () => ({
    title: 'Reports',
    body: html`${auditWays('/audit/reports')}<h1>Reports</h1>`,
  }))
}

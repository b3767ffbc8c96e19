// Exports of the log as pages: ordering one, how far each is, fetching it; and how the log itself does.

import type { Frame } from '../frame.ts'
import { html } from '../html.ts'
import { auditWays } from '../pages/audit/ways.ts'
import { AUDITORS, type AuditTools } from './audit-tools.ts'

export function auditExportPages(frame: Frame, _tools: AuditTools): void {
  frame.closed('/audit/exports', AUDITORS, () => ({
    title: 'Exports',
    body: html`${auditWays('/audit/exports')}<h1>Exports</h1>`,
  }))
  frame.closed('/audit/log', AUDITORS, () => ({
    title: 'The log',
    body: html`${auditWays('/audit/log')}<h1>The log</h1>`,
  }))
}

// Pages for compliance: what became of a picture and what proves it (here), exports of the log and its health (audit-exports.ts), what the
// operator reports (audit-reports.ts).

import type { TransparencyLog } from '../../audit/log.ts'
import type { PublicCheck } from '../../http/strangers-picture.ts'
import type { Ground } from '../../kernel/ground.ts'
import type { Role } from '../../tenant/roles.ts'
import type { Frame } from '../frame.ts'
import { html } from '../html.ts'
import { auditWays } from '../pages/audit/ways.ts'
import { auditExportPages } from './audit-exports.ts'
import { auditReportPages } from './audit-reports.ts'

export type AuditTools = {
  readonly ground: Ground
  readonly transparency: TransparencyLog
  /** Reads the marks of a picture that is handed in. */
  readonly check: PublicCheck
}

/** As the API's routes under /v1/audit/ have it. */
export const AUDITORS: readonly Role[] = ['compliance', 'admin']

export function auditPages(frame: Frame, tools: AuditTools): void {
  frame.closed('/audit', AUDITORS, () => ({ title: 'Audit', body: html`${auditWays('/audit')}<h1>Audit</h1>` }))
  auditExportPages(frame, tools)
  auditReportPages(frame, tools)
}

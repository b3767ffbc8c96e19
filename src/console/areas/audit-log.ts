// `/audit/log`: how the transparency log does, drawn from what GET /v1/audit/log answers.

import { readLogHealth } from '../../audit/health.ts'
import type { Frame } from '../frame.ts'
import { logPage } from '../pages/audit/log.ts'
import { AUDITORS, type AuditTools } from './audit-tools.ts'

export function auditLogPage(frame: Frame, { ground, transparency }: AuditTools): void {
  frame.closed('/audit/log', AUDITORS, async () => {
    const { config, database } = ground
    const health = await readLogHealth({ sql: database.sql, config, transparency })
    return { title: 'The log', body: logPage(health), modules: ['audit-exports-live.ts'] }
  })
}

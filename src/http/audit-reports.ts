// What the routes and the pages of reports have in common: the tools that reports are made with, and the period that a query names.
import { join } from 'node:path'
import type { ReportTools } from '../audit/reports/reports.ts'
import { Fault } from '../kernel/fault.ts'
import type { Ground } from '../kernel/ground.ts'
import { loadRetentionRules } from '../policy/retention-rules.ts'
import { countDue } from '../publish/retention.ts'
import type { Period } from '../statement/period.ts'
import { homeSecret } from '../tenant/secret.ts'
import { instant, isDay } from './validation.ts'

const DAY = /^\d{4}-\d\d-\d\d$/

/** Faults: config_invalid, policy_invalid. */
export async function openReportTools({ config, database }: Pick<Ground, 'config' | 'database'>): Promise<ReportTools> {
  const rules = await loadRetentionRules(join(config.policiesDir, 'retention.yaml'))
  return {
    database,
    mostDays: config.transparency.reportDays,
    feedbackDays: config.provenance.feedbackDays,
    secret: await homeSecret(config, 'users'),
    countDue: (tx, lateSeconds) => countDue(tx, rules, lateSeconds),
  }
}

/** A day stands for its beginning in UTC. Fault: invalid_request, which names from or to. */
export function reportPeriod(asked: { from: string; to: string }): Period {
  return { from: beginning(asked.from, 'from'), to: beginning(asked.to, 'to') }
}

function beginning(text: string, field: 'from' | 'to'): Date {
  const refuse = () => new Fault('invalid_request', { field, detail: `${field} is not a day such as 2026-01-31` })
  if (text.length <= DAY_CHARACTERS && !(DAY.test(text) && isDay(text))) throw refuse()
  const at = instant(DAY.test(text) ? `${text}T00:00:00Z` : text, field)
  if (at === null) throw refuse()
  return at
}

const DAY_CHARACTERS = 10

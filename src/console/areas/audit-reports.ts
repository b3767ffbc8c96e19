// What the operator can show of a period, as tables and pictures: marks, moderation, the public check, retention, who decided what. The
// same as `/v1/audit/reports/{name}`.

import type { FastifyRequest } from 'fastify'
import { REPORT_NAMES, type ReportName } from '../../audit/reports/report.ts'
import { makeReport } from '../../audit/reports/reports.ts'
import { openReportTools, reportPeriod } from '../../http/audit-reports.ts'
import { Fault, isFault } from '../../kernel/fault.ts'
import type { Ground } from '../../kernel/ground.ts'
import type { Frame, Page } from '../frame.ts'
import { type AskedPeriod, type ReportView, reportPage } from '../pages/audit/report-page.ts'
import { AUDITORS, type AuditTools } from './audit-tools.ts'

const DAY_MS = 86_400_000
const USUAL_DAYS = 30

export function auditReportPages(frame: Frame, { ground }: AuditTools): void {
  frame.closed('/audit/reports', AUDITORS, (_context, request) => drawn(ground, 'marks', request))
  frame.closed('/audit/reports/:name', AUDITORS, (_context, request) => {
    const asked = Object(request.params).name
    const name = REPORT_NAMES.find((one) => one === asked)
    if (name === undefined) throw new Fault('not_found', { detail: 'there is no such report' })
    return drawn(ground, name, request)
  })
}

async function drawn(ground: Ground, name: ReportName, request: FastifyRequest): Promise<Page> {
  const presets = presetsOn(new Date())
  const [usual] = presets
  const { from = usual.from, to = usual.to } = queryOf(request)
  const asked = { from, to }
  const view = { name, asked, presets, made: await made(ground, name, asked) }
  return { title: 'Reports', body: reportPage(view), status: 'field' in view.made ? 400 : 200 }
}

/** What is wrong with the period is said at its field. */
async function made(ground: Ground, name: ReportName, asked: AskedPeriod): Promise<ReportView['made']> {
  try {
    return await makeReport(await openReportTools(ground), name, reportPeriod(asked))
  } catch (error) {
    if (!isFault(error, 'invalid_request') || (error.field !== 'from' && error.field !== 'to')) throw error
    return { field: error.field, detail: error.message }
  }
}

/** The first is what is shown when nothing was asked for. */
function presetsOn(now: Date) {
  const [year, month] = [now.getUTCFullYear(), now.getUTCMonth()]
  const today = Date.UTC(year, month, now.getUTCDate())
  const day = (at: number) => new Date(at).toISOString().slice(0, 10)
  const between = (name: string, from: number, to: number) => ({ name, from: day(from), to: day(to) })
  return [
    between(`Last ${USUAL_DAYS} days`, today - (USUAL_DAYS - 1) * DAY_MS, today + DAY_MS),
    between('Last 7 days', today - 6 * DAY_MS, today + DAY_MS),
    between('This month', Date.UTC(year, month), today + DAY_MS),
    between('Last month', Date.UTC(year, month - 1), Date.UTC(year, month)),
  ] as const
}

function queryOf(request: FastifyRequest): { from?: string; to?: string } {
  const { from, to } = Object(request.query)
  const text = (value: unknown) => (typeof value === 'string' ? value.slice(0, 40) : undefined)
  const [first, last] = [text(from), text(to)]
  return { ...(first === undefined ? {} : { from: first }), ...(last === undefined ? {} : { to: last }) }
}

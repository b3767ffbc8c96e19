// Exports of the log as pages: ordering one, how far each is, fetching it. audit-log.ts has how the log itself does.

import { randomUUID } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { kindChoices, tenantChoices } from '../../audit/export-choices.ts'
import { foreseeRange } from '../../audit/export-range.ts'
import { checkAsked, listExports, nowOf, orderExport, removeExport } from '../../audit/export-records.ts'
import { originOf } from '../../audit/log.ts'
import { verifierKeyOf } from '../../audit/log-keys.ts'
import { readLogState } from '../../audit/log-records.ts'
import { callerOf } from '../../http/access.ts'
import { keyOfOrder, readOrder, requireShape } from '../../http/audit-export-order.ts'
import { isFault } from '../../kernel/fault.ts'
import { actorOf } from '../../tenant/actor.ts'
import type { Elsewhere, Frame, Page } from '../frame.ts'
import type { ExportForm, Wrong } from '../pages/audit/export-form.ts'
import { orderOf, PERIODS, periodOf, readSaid, type Said } from '../pages/audit/export-said.ts'
import { exportsPage } from '../pages/audit/exports.ts'
import { auditLogPage } from './audit-log.ts'
import { AUDITORS, type AuditTools } from './audit-tools.ts'

const PATH = '/audit/exports'
const AT_ONCE = 20
const NOTHING_SAID: Omit<Said, 'from' | 'to'> = { tenant: '', kind: '', subject: '', csv: false, parquet: false }

export function auditExportPages(frame: Frame, tools: AuditTools): void {
  const { sql } = tools.ground.database
  auditLogPage(frame, tools)
  frame.closed(PATH, AUDITORS, async (_context, request) => {
    const said = { ...NOTHING_SAID, ...periodOf('yesterday', await nowOf(sql)) }
    try {
      return await drawn(tools, said, afterOf(request))
    } catch (error) {
      // The page that was asked for begins at nothing there is.
      if (isFault(error, 'invalid_request')) return { elsewhere: PATH }
      throw error
    }
  })
  frame.acts(PATH, AUDITORS, async (fields, request) => {
    const [act = '', id = ''] = (fields.get('act') ?? '').split('.')
    if (act === 'remove') return remove(tools, request, id)
    const said = readSaid(fields)
    const period = PERIODS.find((name) => name === act)
    if (period !== undefined) return drawn(tools, { ...said, ...periodOf(period, await nowOf(sql)) }, null)
    return act === 'order' ? order(tools, request, said, fields.get('key')) : drawn(tools, said, null)
  })
}

/** What is ordered under a key of this form stands on its row in clear: nothing secret is needed to compare it. */
async function order(
  tools: AuditTools,
  request: FastifyRequest,
  said: Said,
  key: string | null,
): Promise<Page | Elsewhere> {
  const { database, config } = tools.ground
  try {
    const body = orderOf(said)
    requireShape(body)
    const asked = readOrder(body, config.transparency.exportDays)
    const keyed = keyOfOrder(key, asked, tools.transparency.key.publicKey)
    const { id } = await database.transact((tx) => orderExport(tx, actorOf(callerOf(request)), asked, keyed))
    return { elsewhere: `${PATH}#${id}` }
  } catch (error) {
    const wrong = wrongOf(error)
    return { ...(await drawn(tools, said, null, wrong)), status: isFault(error, 'conflict') ? 409 : 400 }
  }
}

async function remove({ ground }: AuditTools, request: FastifyRequest, id: string): Promise<Elsewhere> {
  try {
    await ground.database.transact((tx) => removeExport(tx, actorOf(callerOf(request)), id))
  } catch (error) {
    // Somebody was faster.
    if (!isFault(error, 'not_found')) throw error
  }
  return { elsewhere: PATH }
}

async function drawn(tools: AuditTools, said: Said, after: string | null, refused: Wrong | null = null): Promise<Page> {
  const { ground, transparency } = tools
  const { sql } = ground.database
  const { exportKeepDays: keepDays } = ground.config.transparency
  const { rows, hasMore } = await listExports(sql, { limit: AT_ONCE, after })
  const tenants = await tenantChoices(sql)
  const form: ExportForm = {
    said,
    tenants,
    kinds: kindChoices(),
    key: `page-${randomUUID()}`,
    keepDays,
    ...(await foreseen(tools, said, refused)),
  }
  const context = {
    names: new Map(tenants?.map(({ id, name }) => [id, name])),
    key: verifierKeyOf(transparency.key, originOf((await readLogState(sql)).origin, transparency.origin)),
    keepDays,
    now: await nowOf(sql),
  }
  const body = exportsPage({ form, context, rows, hasMore, after })
  return { title: 'Exports', body, modules: ['audit-exports.ts'] }
}

/** What an export of that would hold, or what is wrong with it. */
async function foreseen(
  { ground }: AuditTools,
  said: Said,
  refused: Wrong | null,
): Promise<Pick<ExportForm, 'outlook' | 'wrong'>> {
  if (refused !== null) return { outlook: null, wrong: refused }
  const { sql } = ground.database
  try {
    const body = orderOf(said)
    requireShape(body)
    const asked = readOrder(body, ground.config.transparency.exportDays)
    await checkAsked(sql, asked)
    return { outlook: await foreseeRange(sql, asked), wrong: null }
  } catch (error) {
    return { outlook: null, wrong: wrongOf(error) }
  }
}

function wrongOf(error: unknown): Wrong {
  if (!isFault(error, 'invalid_request') && !isFault(error, 'conflict')) throw error
  return { field: error.field ?? null, detail: error.message }
}

function afterOf(request: FastifyRequest): string | null {
  const { after } = Object(request.query)
  return typeof after === 'string' && after !== '' ? after : null
}

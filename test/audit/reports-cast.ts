// A known cast of events for reports: pictures that were really marked, published, judged, appealed, reported, withdrawn, erased, held by
// compliance, rechecked and asked about; and one case that is restricted. Everything through the service's own stages and API.
import assert from 'node:assert/strict'
import { sql as raw } from 'kysely'
import { openLogCheck } from '../../src/audit/recheck-log.ts'
import type { AuditReport, Figure, ReportName, Row } from '../../src/audit/reports/report.ts'
import { openMarkTools } from '../../src/commands/parts.ts'
import type { Sql } from '../../src/kernel/database.ts'
import { recheckNext } from '../../src/mark/recheck.ts'
import { solid } from '../http/edit-forms.ts'
import { refusedPrompts } from '../http/restrictions.ts'
import { ALLOWED, FORBIDDEN, json } from '../http/service.ts'
import type { Scores } from '../review/court.ts'
import { growLog } from '../support/log-rounds.ts'
import { type Client, openStage, type Stage } from './story-stage.ts'

const [HELD, DENIED] = [{ weapons: 0.95 }, { 'violence/graphic': 0.99 }] as const satisfies Scores[]
export const CLAUSES = { held: 'weapons/2', denied: 'violence/graphic/3' } as const

export type Told = Awaited<ReturnType<typeof openTold>>

export async function openTold() {
  await using stack = new AsyncDisposableStack()
  const stage = stack.use(await openStage())
  const { service, ground, sql } = stage.court
  const first = await stage.published('client')
  await stage.published('client')
  const sandboxed = await stage.published('second_client')
  const erased = await stage.published('second_client')
  await ordered(stage, 'client', { prompt: ALLOWED, label: true })
  await stage.order('client', { prompt: FORBIDDEN })
  const held = await stage.order('client', { prompt: FORBIDDEN })
  await appealed(stage, 'allow')
  await appealed(stage, 'deny')
  await judged(stage, 'allow')
  await judged(stage, 'deny')
  await reported(stage)
  const owned = await stage.published('client')
  assert.equal((await stage.call('client', `/v1/images/${owned.imageId}/withdraw`, { method: 'POST' })).status, 200)
  const restricted = await restrictedOrder(stage)
  await raw`UPDATE darkroom.request SET sandbox = 'published' WHERE id = ${sandboxed.requestId}`.execute(sql)
  assert.equal(
    (await stage.call('second_client', `/v1/generations/${erased.requestId}`, { method: 'DELETE' })).status,
    204,
  )
  const hold = { request_id: held.id, reason: 'a court asked for it' }
  assert.equal((await service.call('/v1/admin/legal-holds', { ...json(hold), as: 'compliance' })).status, 201)
  await rechecked(stage, first.imageId)
  await asked(stage, first.imageId)
  const owner = stack.move()
  return {
    stage,
    first,
    erased,
    restricted,
    period: () => periodOf(sql, 1),
    async report(name: ReportName, period?: { from: string; to: string }, as = 'compliance'): Promise<AuditReport> {
      const { from, to } = period ?? (await periodOf(sql, 1))
      const response = await service.call(`/v1/audit/reports/${name}?from=${from}&to=${to}`, { as })
      assert.equal(response.status, 200, await response.clone().text())
      return response.json()
    },
    ground,
    sql,
    [Symbol.asyncDispose]: () => owner.disposeAsync(),
  }
}

/** From some days ago to the end of today, by the records' clock. */
export async function periodOf(sql: Sql, days: number): Promise<{ from: string; to: string }> {
  const { rows } = await raw<{ from: string; to: string }>`
    SELECT (today - ${days}::int)::text AS from, (today + 1)::text AS to
      FROM (SELECT (darkroom.now() AT TIME ZONE 'UTC')::date AS today) AS clock`.execute(sql)
  return rows[0] ?? assert.fail('no day')
}

export function figure({ figures }: AuditReport, name: string): Figure {
  return figures.find((one) => one.name === name) ?? assert.fail(`there is no figure ${name}`)
}

/** The values of figures, shares as `value/of`. */
export function figuresOf(report: AuditReport): Record<string, string | number | null> {
  return Object.fromEntries(report.figures.map(({ name, value, of }) => [name, of === null ? value : `${value}/${of}`]))
}

/** Rows of a table, some of their cells. */
export function rowsOf({ tables }: AuditReport, name: string, cells: readonly string[]): (Row[string] | undefined)[][] {
  const table = tables.find((one) => one.name === name) ?? assert.fail(`there is no table ${name}`)
  return table.rows.map((row) => cells.map((cell) => row[cell]))
}

async function ordered(stage: Stage, as: Client, body: object): Promise<void> {
  const { id } = await stage.order(as, body)
  await stage.court.develop(id, [{}])
  await stage.court.finish()
}

async function appealed(stage: Stage, outcome: 'allow' | 'deny'): Promise<void> {
  const { imageId } = await stage.drawn('client', [DENIED])
  await stage.appeal('client', (await stage.call('client', `/v1/images/${imageId}`)).body.statement.id)
  for (const who of ['ada', 'ben'] as const) await stage.rule(who, outcome, CLAUSES.denied)
  await stage.court.finish()
}

async function judged(stage: Stage, outcome: 'allow' | 'deny'): Promise<void> {
  await stage.drawn('client', [HELD])
  await stage.rule('cleo', outcome, CLAUSES.held)
  await stage.court.finish()
}

async function reported(stage: Stage): Promise<void> {
  const { imageId } = await stage.published('client')
  const report = { image_id: imageId, category: 'weapons', text: 'it is a rifle' }
  assert.equal((await stage.post(null, '/v1/reports', report)).status, 202)
  await stage.rule('dev', 'deny', CLAUSES.held)
}

async function restrictedOrder(stage: Stage): Promise<string> {
  const [prompt] = (await refusedPrompts(stage.court.policy)).get('sexual/minors/1') ?? []
  assert.ok(prompt)
  const { requestId, state } = await stage.court.service.admit(prompt, 'second_client')
  assert.equal(state, 'refused')
  return requestId
}

/** One look at what is as it was released, one at what is lost. */
async function rechecked(stage: Stage, wellId: string): Promise<void> {
  const { service, ground, sql } = stage.court
  await using stack = new AsyncDisposableStack()
  const marks = await openMarkTools(ground.config, ground.log, stack)
  const tools = { ...marks, checkLog: openLogCheck(service.transparency, sql) }
  await growLog(ground.database, service.transparency)
  const look = async (imageId: string) => {
    await raw`UPDATE darkroom.recheck SET image_id = ${imageId}, tries = 0, next_at = darkroom.now()`.execute(sql)
    return recheckNext(ground, tools)
  }
  assert.equal(await look(wellId), 'ok')
  const lost = await sql
    .selectFrom('darkroom.image')
    .select(['id', 'object_key'])
    .where('state', '=', 'published')
    .where('id', '<>', wellId)
    .where('erased_at', 'is', null)
    .orderBy('id')
    .executeTakeFirstOrThrow()
  await ground.images.remove(lost.object_key ?? '')
  assert.equal(await look(lost.id), 'missing')
}

async function asked(stage: Stage, imageId: string): Promise<void> {
  const { service } = stage.court
  const { bytes } = await service.ground.images.get(`${imageId}.png`)
  const grey = await solid(64, 64).png().toBuffer()
  for (const picture of [bytes, bytes, grey]) {
    const form = new FormData()
    form.set('file', new Blob([Uint8Array.from(picture)]), 'found.png')
    const answer = await service.call('/v1/provenance/verify', { method: 'POST', body: form, as: null })
    assert.equal(answer.status, 200, await answer.clone().text())
  }
  for (const agrees of [true, true, false]) {
    const said = json({ verdict: 'ours', agrees })
    assert.equal((await service.call('/v1/provenance/feedback', { ...said, as: null })).status, 202)
  }
}

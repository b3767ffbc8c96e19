// What a report says of complaints and of classifiers' errors, from appeals and audits whose outcomes are known.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql as raw } from 'kysely'
import { advance, recordBirths } from '../../src/advance.ts'
import type { Tx } from '../../src/kernel/database.ts'
import { newId } from '../../src/kernel/ids.ts'
import { countReport } from '../../src/statement/report.ts'
import { takeToEnds } from './restrictions.ts'
import { FORBIDDEN, openService, type Service } from './service.ts'

const PERIOD = { from: new Date('2020-01-01T00:00:00Z'), to: new Date('2100-01-01T00:00:00Z') }
const COMPLAINTS = 7

let service: Service
before(async () => {
  service = await openService()
  for (let index = 0; index < COMPLAINTS; index++) await service.admit({ prompt: FORBIDDEN })
  await takeToEnds(service, 10)
})
after(() => service[Symbol.asyncDispose]())

test('complaints by their outcomes with the median hours, and audits by classifier; shares only where somebody estimated them', async () => {
  const outcomes = ['upheld', 'upheld', 'overturned', 'partial', 'omitted', 'withdrawn', 'reviewing'] as const
  await service.ground.database.transact(async (tx) => {
    const { rows } = await raw<{ id: string; tenant_id: string }>`
        SELECT id, tenant_id FROM darkroom.statement WHERE record ->> 'stage' = 'input' ORDER BY id LIMIT ${outcomes.length}`.execute(
      tx,
    )
    for (const [index, to] of outcomes.entries()) await appeal(tx, rows[index], to, index + 1)
    await audit(tx)
    const estimate = () => ({ accuracy: 0.9, precision: 0.75, recall: 0.5 })
    const report = await countReport(tx, PERIOD, estimate)
    const { total, median_hours: median } = report.complaints
    const counts = { total: 7, upheld: 2, partially_reversed: 1, reversed: 1, omitted: 1, withdrawn: 1, open: 1 }
    assert.deepEqual(total, { category: null, ...counts })
    assert.deepEqual(report.complaints.rows, [{ category: 'violence/graphic', ...counts }])
    // Decided after 1, 2, 3 and 4 hours.
    assert.ok(median !== null && Math.abs(median - 2.5) < 0.01, String(median))
    assert.equal(report.reconciliation.complete, true)
    const [eye] = report.classifiers
    assert.deepEqual(eye?.audited, { true_positive: 1, false_positive: 1, false_negative: 0, true_negative: 1 })
    assert.deepEqual(eye?.weighted, { true_positive: 20, false_positive: 20, false_negative: 0, true_negative: 100 })
    assert.deepEqual([eye?.precision, eye?.reason], [0.75, null])
    await assert.rejects(
      countReport(tx, PERIOD, () => ({ accuracy: 90, precision: 1, recall: 1 })),
      /no share/,
    )
  })
})

async function appeal(
  tx: Tx,
  stated: { id: string; tenant_id: string } | undefined,
  to: 'upheld' | 'overturned' | 'partial' | 'omitted' | 'withdrawn' | 'reviewing',
  hours: number,
): Promise<void> {
  assert.ok(stated)
  const id = newId('apl')
  const tenantId = stated.tenant_id
  await raw`INSERT INTO darkroom.appeal (id, tenant_id, statement_id, state, created_at)
            VALUES (${id}, ${tenantId}, ${stated.id}, 'open', darkroom.now() - make_interval(hours => ${hours}))`.execute(
    tx,
  )
  await recordBirths(tx, tenantId, [{ subject: 'appeal', id, facts: {} }])
  await advance(tx, { subject: 'appeal', id, tenantId, from: 'open', version: 0, to: 'reviewing', facts: {} })
  if (to === 'reviewing') return
  const set = { decided_at: new Date(), answer: JSON.stringify({ text: 'Because.' }) }
  await advance(tx, { subject: 'appeal', id, tenantId, from: 'reviewing', version: 1, to, facts: {}, set })
}

/** Two flagged pictures of which people found one right, and one that was let pass rightly; the drawing was 1 in 20 and 1 in 100. */
async function audit(tx: Tx): Promise<void> {
  const looks = [
    ['denied', 'deny', 0.05],
    ['denied', 'allow', 0.05],
    ['published', 'allow', 0.01],
  ] as const
  const people = await tx.selectFrom('darkroom.person').select('id').execute()
  for (const [index, [state, outcome, probability]] of looks.entries()) {
    const image = await tx
      .selectFrom('darkroom.image')
      .select(['id', 'request_id', 'tenant_id'])
      .where('state', '=', state)
      .orderBy('id')
      .offset(index % 2)
      .limit(1)
      .executeTakeFirstOrThrow()
    const item = newId('rvw')
    await raw`
      INSERT INTO darkroom.review_item (id, tenant_id, kind, state, request_id, image_id, severity, rank_at, deadline_at, needs, probability, closed_at)
      VALUES (${item}, ${image.tenant_id}, 'audit', 'closed', ${image.request_id}, ${image.id}, 1, darkroom.now(), darkroom.now(), 1,
              ${probability}, darkroom.now())`.execute(tx)
    await raw`
      INSERT INTO darkroom.review_verdict (id, item_id, person_id, outcome, clause, blind, took_ms, counted_at)
      VALUES (${newId('vrd')}, ${item}, ${people[0]?.id}, ${outcome}, ${outcome === 'deny' ? 'sexual/3' : null}, true, 1, darkroom.now())`.execute(
      tx,
    )
  }
}

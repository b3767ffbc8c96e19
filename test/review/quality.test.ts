// Quality told from a history in which every figure is known by construction, and decoys that must not count.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql as raw } from 'kysely'
import { coefficientsOf, type Pair } from '../../src/review/agreement.ts'
import { peopleOf, readPeople, readQuality } from '../../src/review/quality.ts'
import { type Period, periodOf } from '../../src/review/quality-rows.ts'
import { wilson } from '../../src/review/rates.ts'
import type { Reviewer } from '../../src/review/reviewer.ts'
import { addReviewer, addSubject, type Engine, openEngine, putItem } from './engine.ts'

let engine: Engine
let period: Period
let subject: Awaited<ReturnType<typeof addSubject>>
let lead: Reviewer
let ann: Reviewer
let ben: Reviewer
let eve: Reviewer

before(async () => {
  engine = await openEngine()
  subject = await addSubject(engine)
  lead = await addReviewer(engine, { lead: true })
  ann = await addReviewer(engine, { profile: { lead_id: lead.personId } })
  ben = await addReviewer(engine, { profile: { lead_id: lead.personId } })
  eve = await addReviewer(engine)
  period = await periodOf(engine.ground.database.sql, {})
})
after(() => engine[Symbol.asyncDispose]())

type Given = {
  by: Reviewer
  outcome: 'allow' | 'deny'
  clause?: string
  blind?: boolean
  undone?: boolean
  counted?: boolean
}
type Closed = {
  kind?: 'hold' | 'gold' | 'audit'
  overlap?: boolean
  category?: string
  clause?: string | null
  probability?: number
  expected?: { outcome: string; clause: string | null }
  hours?: number
  late?: boolean
  ageDays?: number
}

let made = 0
/** `count` closed items alike, each with these verdicts; the ruling is the last one's. */
async function closed(count: number, given: readonly Given[], item: Closed = {}): Promise<void> {
  const { sql } = engine.ground.database
  const { hours = 1, ageDays = 1 } = item
  const last = given.at(-1)
  const ids = Array.from({ length: count }, () => `rvw_test_${made++}`)
  await raw`
    INSERT INTO darkroom.review_item (id, tenant_id, kind, state, request_id, category, clause, severity, overlap, probability, expected,
                                      rank_at, created_at, closed_at, deadline_at, needs, verdicts, ruling)
    SELECT id, ${subject.tenantId}, ${item.kind ?? 'hold'}, 'closed', ${subject.requestId}, ${item.category ?? 'weapons'},
           ${item.clause ?? null}, 20, ${item.overlap ?? false}, ${item.probability ?? null}::double precision,
           ${item.expected === undefined ? null : JSON.stringify(item.expected)}::jsonb, closing.at,
           closing.at - ${hours} * interval '1 hour', closing.at,
           closing.at + ${item.late ? -1 : 1} * interval '1 minute', 1, ${given.length},
           ${JSON.stringify({ outcome: last?.outcome ?? 'omit', clause: last?.clause ?? null })}::jsonb
      FROM unnest(${ids}::text[]) AS id, (SELECT darkroom.now() - ${ageDays} * interval '1 day' AS at) AS closing`.execute(
    sql,
  )
  for (const [index, { by, outcome, clause, blind, undone, counted }] of given.entries())
    await raw`
      INSERT INTO darkroom.review_verdict (id, item_id, person_id, outcome, clause, blind, took_ms, at, counted_at, undone_at)
      SELECT 'vrd' || ${index}::int || id, id, ${by.personId}, ${outcome}, ${clause ?? null}, ${blind ?? true}, 1, closed_at,
             CASE WHEN ${counted ?? true} THEN closed_at END, CASE WHEN ${undone ?? false} THEN closed_at END
        FROM darkroom.review_item WHERE id = ANY (${ids})`.execute(sql)
}

const allow = (by: Reviewer, more: Partial<Given> = {}): Given => ({ by, outcome: 'allow', ...more })
const deny = (by: Reviewer, clause = 'weapons/2', more: Partial<Given> = {}): Given => ({
  by,
  outcome: 'deny',
  clause,
  ...more,
})
const read = () => readQuality(engine.ground.database.sql, engine.tools.policy, period)

test('agreement is of the random overlap alone: two people, both blind, both counted', async () => {
  const overlap = { overlap: true }
  await closed(90, [allow(ann), allow(ben)], overlap)
  await closed(6, [allow(ben), deny(ann)], overlap)
  await closed(4, [deny(ben), allow(ann)], overlap)
  await closed(32, [deny(ann), deny(ben)], overlap)
  await closed(8, [deny(ann), deny(ben, 'violence/2')], overlap)
  // None of these may count.
  await closed(50, [allow(ann), deny(ben)])
  await closed(50, [allow(ann), deny(ben, 'weapons/2', { blind: false })], overlap)
  await closed(50, [allow(ann, { counted: false }), deny(ben)], overlap)
  await closed(50, [allow(ann, { undone: true }), deny(ben)], overlap)
  await closed(50, [allow(ann), deny(ben)], { ...overlap, ageDays: 100 })
  await closed(50, [allow(ann), deny(ben)], { ...overlap, kind: 'audit' })
  // A third verdict after the two changes nothing of how the two agreed.
  await closed(10, [allow(ann), allow(ben), deny(eve)], overlap)

  const { agreement, categories } = await read()
  const { outcome, clause } = agreement
  assert.equal(outcome.n, 150)
  assert.equal(outcome.raw.value, 140 / 150)
  assert.deepEqual(outcome.raw.interval, wilson(140, 150))
  const pairs = Array.from({ length: 150 }, (_, i): Pair => (i < 100 ? ['a', 'a'] : i < 140 ? ['d', 'd'] : ['a', 'd']))
  assert.equal(outcome.kappa.value, coefficientsOf(pairs, 2)?.kappa)
  assert.equal(outcome.ac1.value, coefficientsOf(pairs, 2)?.ac1)
  assert.ok(outcome.kappa.interval !== null && outcome.kappa.interval.low < 0.85 && outcome.kappa.interval.high > 0.84)
  assert.deepEqual([clause.n, clause.raw.standing, clause.raw.value], [40, 'interval_only', null])
  assert.deepEqual(clause.raw.interval, wilson(32, 40))
  assert.equal(categories.find((one) => one.category === 'weapons')?.agreement.n, 150)
  assert.deepEqual(categories.find((one) => one.category === 'hate')?.agreement.raw.standing, 'insufficient')
})

test('the overturn rate is of appeals decided on their merits, those partly overturned among them', async () => {
  const states = { upheld: 24, overturned: 7, partial: 4, omitted: 9, open: 3 }
  const { sql } = engine.ground.database
  for (const [state, count] of Object.entries(states))
    for (let left = count; left > 0; left--) {
      const id = await putItem(engine, { kind: 'appeal', tenantId: subject.tenantId, requestId: subject.requestId })
      const { appeal_id } = await sql
        .selectFrom('darkroom.review_item')
        .select('appeal_id')
        .where('id', '=', id)
        .executeTakeFirstOrThrow()
      await raw`UPDATE darkroom.appeal SET state = ${state}, decided_at = CASE WHEN ${state} = 'open' THEN NULL ELSE darkroom.now() END
                 WHERE id = ${appeal_id}`.execute(sql)
      await raw`UPDATE darkroom.statement SET decided_by = ARRAY[${ann.personId}] FROM darkroom.appeal
                 WHERE appeal.id = ${appeal_id} AND statement.id = appeal.statement_id`.execute(sql)
    }
  const { overturned, categories } = await read()
  assert.deepEqual(overturned, { standing: 'interval_only', n: 35, value: null, interval: wilson(11, 35) })
  assert.deepEqual(categories.find((one) => one.category === 'weapons')?.overturned, overturned)
})

test('software errs as often as its weighted audits say, and unaudited halves say nothing', async () => {
  await closed(20, [allow(ben)], { kind: 'audit', clause: 'weapons/2', probability: 0.05 })
  assert.equal((await read()).software.audited, 0, 'the tenant does not consent, so that one half is missing')
  const { sql } = engine.ground.database
  await raw`UPDATE darkroom.tenant SET audit_consent = true WHERE id = ${subject.tenantId}`.execute(sql)
  // The 50 decoys above were drawn with no probability and do not count either.
  const half = (await read()).software
  assert.deepEqual([half.audited, half.falsePositive.standing], [20, 'insufficient'])

  await closed(180, [deny(ben)], { kind: 'audit', clause: 'weapons/2', probability: 0.05 })
  await closed(396, [allow(ben)], { kind: 'audit', probability: 0.01 })
  await closed(4, [deny(ben)], { kind: 'audit', probability: 0.01 })
  const { software, categories } = await read()
  assert.equal(software.audited, 600)
  // 20 of 0.05 stand for 400 blocked in error, 396 of 0.01 for 39,600 rightly allowed.
  const positive = software.falsePositive.value ?? Number.NaN
  assert.ok(Math.abs(positive - 400 / 40_000) < 1e-12)
  // 4 of 0.01 for 400 missed, 180 of 0.05 for 3,600 rightly blocked.
  const { value, interval, n } = software.falseNegative
  assert.ok(value !== null && Math.abs(value - 400 / 4000) < 1e-12)
  assert.equal(n, Math.floor(4000 ** 2 / (4 * 100 ** 2 + 180 * 20 ** 2)))
  // Far wider than the 4 in 184 that a count without weights would be sure of.
  assert.ok(interval !== null && interval.low < 0.05 && interval.high > 0.15)
  const hate = categories.find((one) => one.category === 'hate')?.software
  assert.equal(hate?.falsePositive.value, 0)
  assert.ok((hate?.falsePositive.interval?.high ?? 0) > 0, 'what never happened is not said to be impossible')
  assert.equal(hate?.falseNegative.standing, 'insufficient')
})

test('gold questions are right when outcome and clause are those expected; deadlines and hours are by kind', async () => {
  const expected = { outcome: 'deny', clause: 'weapons/2' }
  await closed(100, [deny(ann)], { kind: 'gold', expected, hours: 2 })
  await closed(20, [deny(ann, 'violence/2')], { kind: 'gold', expected, hours: 10, late: true })
  await closed(5, [allow(ben)], { kind: 'gold', expected, hours: 20 })
  const { gold, durations, breached } = await read()
  assert.deepEqual([gold.n, gold.value], [125, 100 / 125])
  const hours = durations.find((one) => one.kind === 'gold')
  assert.deepEqual([hours?.n, hours?.median_hours, hours?.p90_hours], [125, 2, 10])
  const late = breached.find((one) => one.kind === 'gold')?.share
  assert.deepEqual([late?.n, late?.value], [125, 20 / 125])
})

test('a person has a row from a hundred verdicts on, for themselves and their lead, and it tells no speed', async () => {
  const { sql } = engine.ground.database
  assert.deepEqual((await peopleOf(sql, lead.personId)).toSorted(), [ann.personId, ben.personId].toSorted())
  assert.deepEqual(await peopleOf(sql, ann.personId), [])
  const [row] = await readPeople(sql, [ann.personId], period)
  assert.equal(row?.standing, 'enough')
  assert.deepEqual([row?.shares?.agreement.n, row?.shares?.agreement.value], [150, 140 / 150])
  assert.deepEqual([row?.shares?.gold.n, row?.shares?.gold.value], [120, 100 / 120])
  assert.deepEqual([row?.shares?.overturned.n, row?.shares?.overturned.interval], [35, wilson(11, 35)])
  assert.deepEqual(Object.keys(row ?? {}), ['personId', 'standing', 'verdicts', 'shares'])
  const [few] = await readPeople(sql, [eve.personId], period)
  assert.deepEqual(few, { personId: eve.personId, standing: 'insufficient', verdicts: 10, shares: null })
})

test('a period is whole days, a year at most, and says which of its ends is wrong', async () => {
  const { sql } = engine.ground.database
  const one = await periodOf(sql, { from: '2026-02-28', to: '2026-03-01' })
  assert.deepEqual(
    [one.from.toISOString(), one.to.toISOString()],
    ['2026-02-28T00:00:00.000Z', '2026-03-02T00:00:00.000Z'],
  )
  for (const [asked, field] of [
    [{ from: '2026-02-30' }, 'from'],
    [{ to: 'soon' }, 'to'],
    [{ from: '2026-03-02', to: '2026-03-01' }, 'from'],
    [{ from: '2024-01-01', to: '2026-03-01' }, 'from'],
  ] as const)
    await assert.rejects(periodOf(sql, asked), { code: 'invalid_request', field })
})

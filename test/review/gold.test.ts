// Gold questions and random audits: whom they are asked of, that they change nothing of the picture, and what the log says.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql as raw } from 'kysely'
import { auditEffect, auditItem } from '../../src/review/audits.ts'
import { claimItem, claimNext } from '../../src/review/claim.ts'
import { decide } from '../../src/review/decide.ts'
import { goldEffect, makeGold } from '../../src/review/gold.ts'
import type { Reviewer } from '../../src/review/reviewer.ts'
import { settleDue } from '../../src/review/settle.ts'
import type { Verdict } from '../../src/review/verdict.ts'
import {
  ALLOW,
  addReviewer,
  addSubject,
  CLAUSE,
  deny,
  type Engine,
  openEngine,
  pass,
  putItem,
  recorder,
} from './engine.ts'

const effectsOf = (engine: Engine) => ({ ...recorder().effects, gold: goldEffect, audit: auditEffect(engine.tools) })

async function judge(engine: Engine, reviewer: Reviewer, itemId: string, verdict: Verdict): Promise<void> {
  const { database } = engine.ground
  const lease = await claimItem(database, engine.tools.rules, reviewer, itemId)
  await decide(database, engine.tools, reviewer, itemId, lease.token, verdict)
  await pass(engine, 61)
  assert.equal(await settleDue(engine.ground, engine.tools, effectsOf(engine)), 1)
}

const notesOf = async ({ ground }: Engine, kind: string) =>
  (
    await ground.database.sql
      .selectFrom('darkroom.move')
      .select(['subject_id', 'facts'])
      .where('kind', '=', kind)
      .orderBy('tenant_sequence')
      .execute()
  ).map(({ subject_id, facts }) => ({ id: subject_id, ...Object(facts) }))

const golds = ({ ground }: Engine) =>
  ground.database.sql.selectFrom('darkroom.review_item').selectAll().where('kind', '=', 'gold').orderBy('id').execute()

test('a gold question is asked of everybody who took no part, each their own, and moves nothing', async () => {
  await using engine = await openEngine()
  const { database } = engine.ground
  const [lead, first, ann, ben] = [
    await addReviewer(engine, { lead: true }),
    await addReviewer(engine),
    await addReviewer(engine),
    await addReviewer(engine),
  ]
  await addReviewer(engine, { profile: { categories: ['hate'] } })
  await addReviewer(engine, { profile: { conflicts: [engine.tenants[0].id] } })
  const source = await putItem(engine)
  const answer = { outcome: 'deny', clause: CLAUSE } as const
  await assert.rejects(makeGold(database, engine.tools, lead, source, answer), { code: 'conflict' })
  await judge(engine, first, source, deny(engine.tools))
  await assert.rejects(makeGold(database, engine.tools, lead, source, { outcome: 'deny', clause: 'nothing/1' }), {
    code: 'decision_incomplete',
  })
  await assert.rejects(makeGold(database, engine.tools, lead, 'rvw_unknown', answer), { code: 'not_found' })

  assert.equal(await makeGold(database, engine.tools, lead, source, answer), 2)
  const made = await golds(engine)
  assert.deepEqual(made.map((one) => one.reserved_for).toSorted(), [ann.personId, ben.personId].toSorted())
  await assert.rejects(makeGold(database, engine.tools, lead, source, answer), { code: 'invalid_request' })
  const { rules } = engine.tools
  for (const { id, reserved_for } of made) {
    for (const other of [first, lead, ...[ann, ben].filter(({ personId }) => personId !== reserved_for)])
      await assert.rejects(claimItem(database, rules, other, id))
  }
  assert.equal(await claimNext(database, rules, first), null)

  const own = (reviewer: Reviewer) => made.find((one) => one.reserved_for === reviewer.personId)?.id ?? ''
  const before = await engine.ground.database.sql.selectFrom('darkroom.image').selectAll().execute()
  await judge(engine, ann, own(ann), deny(engine.tools))
  // Who has answered one of them has seen the picture: not even once the other's time is over does it come again.
  await raw`UPDATE darkroom.review_item SET reserved_until = darkroom.now() WHERE id = ${own(ben)}`.execute(
    database.sql,
  )
  await assert.rejects(claimItem(database, rules, ann, own(ben)), { code: 'conflict_of_interest' })
  await judge(engine, ben, own(ben), ALLOW)
  assert.deepEqual(await engine.ground.database.sql.selectFrom('darkroom.image').selectAll().execute(), before)
  const said = await notesOf(engine, 'review.gold')
  assert.deepEqual(
    said.map(({ people, outcome, matched }) => ({ people, outcome, matched })),
    [
      { people: [ann.personId], outcome: 'deny', matched: true },
      { people: [ben.personId], outcome: 'allow', matched: false },
    ],
  )
})

test('what is restricted or erased is no gold question', async () => {
  await using engine = await openEngine()
  const { database } = engine.ground
  const lead = await addReviewer(engine, { lead: true })
  await addReviewer(engine)
  const first = await addReviewer(engine, { profile: { restricted: true } })
  const answer = { outcome: 'allow', clause: null } as const
  const restricted = await putItem(engine, { restricted: true })
  await judge(engine, first, restricted, ALLOW)
  await assert.rejects(makeGold(database, engine.tools, lead, restricted, answer), { code: 'not_found' })
  const erased = await putItem(engine)
  await judge(engine, first, erased, ALLOW)
  await raw`UPDATE darkroom.request SET erased_at = darkroom.now()`.execute(database.sql)
  await assert.rejects(makeGold(database, engine.tools, lead, erased, answer), { code: 'conflict' })
})

test('audits are drawn at their rates, with their probability, and of what was allowed only with consent', async () => {
  let next = 0
  await using engine = await openEngine({ draw: () => next })
  const { database } = engine.ground
  const { tenantId, requestId, imageIds } = await addSubject(engine)
  const about = { tenantId, requestId, imageId: imageIds[0] ?? '', category: 'weapons', prompt: null }
  const audit = (draw: number, outcome: 'allowed' | 'blocked', clause: string | null = null) => {
    next = draw
    return database.transact((tx) => auditItem(tx, engine.tools, { ...about, outcome, clause }))
  }
  const { allowed, blocked } = engine.tools.rules.auditRates
  assert.equal(await audit(blocked, 'blocked', CLAUSE), null)
  assert.equal(await audit(0, 'allowed'), null, 'without consent nobody looks at what was released')
  const restricted = [...engine.tools.policy.clauses.values()].find((one) => one.statement?.redress === 'restricted')
  assert.equal(await audit(0, 'blocked', restricted?.id ?? ''), null)
  const one = await audit(blocked - 1e-9, 'blocked', CLAUSE)
  await raw`UPDATE darkroom.tenant SET audit_consent = true`.execute(database.sql)
  assert.equal(await audit(allowed, 'allowed'), null)
  const other = await audit(allowed - 1e-9, 'allowed')
  const rows = await database.sql.selectFrom('darkroom.review_item').selectAll().orderBy('created_at').execute()
  assert.deepEqual(
    rows.map(({ id, kind, clause, probability }) => ({ id, kind, clause, probability })),
    [
      { id: one, kind: 'audit', clause: CLAUSE, probability: blocked },
      { id: other, kind: 'audit', clause: null, probability: allowed },
    ],
  )
})

test('an audit moves nothing; what should not be out is decided by somebody else, as a report is', async () => {
  await using engine = await openEngine({ draw: () => 0 })
  const { database } = engine.ground
  const [ann, ben] = [await addReviewer(engine), await addReviewer(engine)]
  await raw`UPDATE darkroom.tenant SET audit_consent = true`.execute(database.sql)
  const { tenantId, requestId, imageIds } = await addSubject(engine)
  const imageId = imageIds[0] ?? ''
  const classifiers = [{ id: 'storybook-eye', version: '1.0.0', digest: 'e'.repeat(64) }]
  await raw`UPDATE darkroom.image SET state = 'published', verdict = ${JSON.stringify({ verdict: 'allow', classifiers })}::jsonb,
                   marked = '{}', manifest_id = 'm', object_key = 'o', published_at = darkroom.now()
             WHERE id = ${imageId}`.execute(database.sql)
  const about = {
    tenantId,
    requestId,
    imageId,
    category: 'weapons',
    clause: null,
    prompt: null,
    outcome: 'allowed',
  } as const
  const draw = async () => (await database.transact((tx) => auditItem(tx, engine.tools, about))) ?? ''
  await judge(engine, ann, await draw(), ALLOW)
  await judge(engine, ann, await draw(), deny(engine.tools))
  const image = await database.sql
    .selectFrom('darkroom.image')
    .select('state')
    .where('id', '=', imageId)
    .executeTakeFirst()
  assert.equal(image?.state, 'published')
  const reports = await database.sql
    .selectFrom('darkroom.review_item')
    .selectAll()
    .where('kind', '=', 'report')
    .execute()
  assert.deepEqual(
    reports.map(({ image_id, report_id, clause, state }) => ({ image_id, report_id, clause, state })),
    [{ image_id: imageId, report_id: null, clause: CLAUSE, state: 'open' }],
  )
  const report = reports[0]?.id ?? ''
  await assert.rejects(claimItem(database, engine.tools.rules, ann, report), { code: 'conflict_of_interest' })
  await claimItem(database, engine.tools.rules, ben, report)
  const said = (await notesOf(engine, 'review.audited')).map(
    ({ software, outcome, probability, classifiers, report }) => ({
      software,
      outcome,
      probability,
      classifiers,
      report,
    }),
  )
  const alike = { software: 'allowed', probability: engine.tools.rules.auditRates.allowed, classifiers }
  assert.deepEqual(said, [
    { ...alike, outcome: 'allow', report: null },
    { ...alike, outcome: 'deny', report },
  ])
})

// Properties of moderation, review and appeals together, over random histories on the real stages and records: orders that are
// refused, held, denied or shown; appeals of what may be appealed; four reviewers and a lead who decide, hand back, hand up, take
// back and fall asleep; time that passes. Whatever happens, what the service promises holds after every step.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { sql as raw } from 'kysely'
import { withdrawAppeal } from '../../src/appeal/end.ts'
import { fileAppeal } from '../../src/appeal/file.ts'
import { isFault } from '../../src/kernel/fault.ts'
import { claimNext, type Lease, releaseItem } from '../../src/review/claim.ts'
import { decide, escalate, undo } from '../../src/review/decide.ts'
import { seeded } from '../../src/review/rates.ts'
import type { Reviewer } from '../../src/review/reviewer.ts'
import type { Verdict } from '../../src/review/verdict.ts'
import { ALLOWED, FORBIDDEN } from '../http/service.ts'
import { type Court, openCourt, REVIEWERS, type Scores } from './court.ts'
import { PROMISES } from './promises.ts'

let court: Court
let random: () => number
before(async () => {
  court = await openCourt({ draw: () => random() })
})
after(() => court[Symbol.asyncDispose]())

const NAMES = [...REVIEWERS, 'lead'] as const
const reviewerOf = (name: (typeof NAMES)[number]): Reviewer => ({
  personId: court.people[name].id,
  lead: name === 'lead',
})

const SCORES: Record<'clear' | 'held' | 'denied' | 'severe', Scores> = {
  clear: {},
  held: { weapons: 0.9 },
  severe: { 'violence/graphic': 0.5 },
  denied: { 'violence/graphic': 0.99 },
}

type Action =
  | { kind: 'order'; images: (keyof typeof SCORES)[] }
  | { kind: 'refused' }
  | { kind: 'appeal'; pick: number }
  | { kind: 'withdraw'; pick: number }
  | { kind: 'review'; who: (typeof NAMES)[number]; how: 'allow' | 'deny' | 'other' | 'release' | 'up' | 'sleep' }
  | { kind: 'undo'; who: (typeof NAMES)[number]; pick: number }
  | { kind: 'pass'; seconds: number }

const who = fc.constantFrom(...NAMES)
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('order' as const),
      images: fc.array(fc.constantFrom('clear', 'held', 'severe', 'denied'), { minLength: 1, maxLength: 2 }),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'refused' as const }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('appeal' as const), pick: fc.nat(50) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('withdraw' as const), pick: fc.nat(50) }) },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('review' as const),
      who,
      how: fc.constantFrom('allow', 'allow', 'deny', 'deny', 'other', 'release', 'up', 'sleep'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('undo' as const), who, pick: fc.nat(50) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pass' as const), seconds: fc.constantFrom(5, 61, 61, 700) }) },
)

test('whatever happens in moderation, review and appeals, nothing is shown unjudged, refused unexplained or decided twice', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 25, maxLength: 45 }), fc.integer(), async (actions, seed) => {
      random = seeded(seed)
      for (const one of actions) {
        await act(one)
        await check()
      }
      await drain()
      await check()
    }),
    { numRuns: 12 },
  )
  await eachEnd()
  await check()
  const { rows } = await raw<{ end: string }>`
    SELECT DISTINCT kind AS end FROM darkroom.move WHERE subject IN ('appeal', 'image')`.execute(court.sql)
  const seen = rows.map((row) => row.end)
  for (const end of [
    'appeal.upheld',
    'appeal.overturned',
    'appeal.partial',
    'appeal.withdrawn',
    'image.published',
    'image.denied',
  ])
    assert.ok(seen.includes(end), `no history came to ${end}`)
})

/** Every end of an appeal once, whatever the random histories came to. */
async function eachEnd(): Promise<void> {
  const { ground, sql, tools } = court
  random = () => 0.999
  for (const how of ['allow', 'deny', 'other', 'withdraw'] as const) {
    await act({ kind: 'order', images: ['denied'] })
    const { id: statementId, tenant_id: tenantId } = await sql
      .selectFrom('darkroom.statement')
      .select(['id', 'tenant_id'])
      .orderBy('id', 'desc')
      .executeTakeFirstOrThrow()
    const appellant = { tenantId, keyId: null, personId: null }
    const appeal = await fileAppeal(ground, tools, appellant, { statementId, text: 'A mistake.', purpose: null })
    if (how === 'withdraw') await withdrawAppeal(ground, tenantId, appeal)
    else
      for (const name of ['ada', 'ben'] as const) {
        await review(name, how)
        await act({ kind: 'pass', seconds: 61 })
      }
  }
}

async function act(one: Action): Promise<void> {
  const { service, ground, sql, tools } = court
  switch (one.kind) {
    case 'order': {
      const { requestId } = await service.admit({ prompt: ALLOWED, n: one.images.length })
      await court.develop(
        requestId,
        one.images.map((name) => SCORES[name]),
      )
      return court.finish()
    }
    case 'refused': {
      const { state } = await service.admit({ prompt: FORBIDDEN })
      assert.equal(state, 'refused')
      return
    }
    case 'appeal': {
      const rows = await sql.selectFrom('darkroom.statement').select(['id', 'tenant_id']).orderBy('id').execute()
      const row = rows[one.pick % Math.max(1, rows.length)]
      if (row === undefined) return
      const appellant = { tenantId: row.tenant_id, keyId: null, personId: null }
      await expected(['already_appealed', 'appeal_closed'], () =>
        fileAppeal(ground, tools, appellant, { statementId: row.id, text: 'This is a mistake.', purpose: null }),
      )
      return
    }
    case 'withdraw': {
      const rows = await sql.selectFrom('darkroom.appeal').select(['id', 'tenant_id']).orderBy('id').execute()
      const row = rows[one.pick % Math.max(1, rows.length)]
      if (row !== undefined) await expected(['conflict'], () => withdrawAppeal(ground, row.tenant_id, row.id))
      return
    }
    case 'review':
      return review(one.who, one.how)
    case 'undo': {
      const rows = await sql
        .selectFrom('darkroom.review_verdict')
        .select('item_id')
        .where('person_id', '=', court.people[one.who].id)
        .orderBy('id')
        .execute()
      const row = rows[one.pick % Math.max(1, rows.length)]
      if (row !== undefined)
        await expected(['conflict'], () => undo(ground.database, tools, reviewerOf(one.who), row.item_id))
      return
    }
    case 'pass':
      await court.pass(one.seconds)
      return court.finish()
    default:
      one satisfies never
  }
}

async function review(name: (typeof NAMES)[number], how: (Action & { kind: 'review' })['how']): Promise<void> {
  const { ground, tools, sql } = court
  const reviewer = reviewerOf(name)
  const lease = await claimNext(ground.database, tools.rules, reviewer)
  if (lease === null) return
  if (how === 'sleep') return
  if (how === 'release')
    return releaseItem(sql, tools.rules, reviewer, lease.itemId, lease.token, { note: null, to: null })
  if (how === 'up') {
    await expected(['conflict'], () => escalate(sql, reviewer, lease.itemId, lease.token, 'please look'))
    return
  }
  await give(reviewer, lease, how)
}

async function give(reviewer: Reviewer, lease: Lease, how: 'allow' | 'deny' | 'other'): Promise<void> {
  const { ground, tools, sql } = court
  const item = await sql
    .selectFrom('darkroom.review_item')
    .selectAll()
    .where('id', '=', lease.itemId)
    .executeTakeFirstOrThrow()
  await decide(ground.database, tools, reviewer, lease.itemId, lease.token, verdictOn(item, how))
}

function verdictOn(item: { clause: string | null; image_id: string | null }, how: 'allow' | 'deny' | 'other'): Verdict {
  const nothing = { clause: null, findings: {}, reason: null, note: null }
  if (how === 'allow') return { ...nothing, outcome: 'allow', reason: 'misread' }
  const other = item.image_id === null ? 'violence/1' : 'violence/3'
  const id = how === 'other' || item.clause === null ? other : item.clause
  const statement = court.policy.clauses.get(id)?.statement
  const findings = item.image_id === null || !statement?.facts.review ? [] : [...statement.findings]
  const chosen = Object.fromEntries(findings.map(([place, phrases]) => [place, phrases[0] ?? '']))
  return { ...nothing, outcome: 'deny', clause: id, findings: chosen }
}

/** Everybody works until nobody gets anything any more. */
async function drain(): Promise<void> {
  const { ground, tools, sql } = court
  for (let idle = 0; idle < 2; ) {
    let worked = false
    for (const name of NAMES) {
      const lease = await claimNext(ground.database, tools.rules, reviewerOf(name))
      if (lease === null) continue
      worked = true
      const how = random()
      await give(reviewerOf(name), lease, how < 0.4 ? 'allow' : how < 0.7 ? 'deny' : 'other')
    }
    await court.pass(700)
    await court.finish()
    idle = worked ? 0 : idle + 1
  }
  const left = await sql
    .selectFrom('darkroom.review_item')
    .select(['id', 'state'])
    .where('state', '<>', 'closed')
    .execute()
  for (const { id, state } of left) {
    assert.equal(state, 'open', `${id} is left ${state}`)
    const { rows } = await raw`
      SELECT who.person_id FROM darkroom.review_item AS item, darkroom.active_reviewer AS who
       WHERE item.id = ${id} AND (NOT item.lead_only OR who.lead) AND (NOT item.restricted OR who.restricted)
         AND NOT EXISTS (SELECT FROM darkroom.review_exclusion AS x WHERE x.item_id = item.id AND x.person_id = who.person_id)
         AND NOT EXISTS (SELECT FROM darkroom.review_verdict AS v JOIN darkroom.review_item AS i ON i.id = v.item_id
                          WHERE (i.id = item.id OR (item.kind = 'appeal' AND i.request_id = item.request_id))
                            AND v.person_id = who.person_id AND v.undone_at IS NULL)`.execute(sql)
    assert.deepEqual(rows, [], `${id} is left although somebody could take it`)
  }
}

async function check(): Promise<void> {
  const { sql } = court
  for (const [promise, broken] of Object.entries(PROMISES)) {
    const { rows } = await broken.execute(sql)
    assert.deepEqual(rows, [], `broken: ${promise}`)
  }
}

/** Faults that a random act may well meet. */
async function expected(codes: readonly string[], work: () => Promise<unknown>): Promise<void> {
  await work().catch((error: unknown) => {
    if (!isFault(error) || !codes.includes(error.code)) throw error
  })
}

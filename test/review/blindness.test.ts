// What is withheld until a person's own verdict is stored: nothing of it may stand anywhere in an answer, whoever asks, and no kind
// of second look may be told from another. Afterwards all of it is there.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import type { ReviewKind } from '../../src/kernel/review-tables.ts'
import { choicesFor } from '../../src/review/choices.ts'
import { checkVerdict } from '../../src/review/verdict.ts'
import { type Desk, FINDINGS, GRAPHIC, type Made, openDesk, PROMPT, SCORES } from './desk.ts'

let desk: Desk
before(async () => {
  desk = await openDesk()
})
after(() => desk[Symbol.asyncDispose]())
afterEach(() => desk.clear())

type Json = { [name: string]: unknown }
const KINDS = ['hold', 'appeal', 'audit', 'report', 'gold', 'escalation'] as const

/** Every key and every value that stands in an answer, at whatever depth. */
function walk(value: unknown, found: string[] = []): string[] {
  if (Array.isArray(value)) for (const one of value) walk(one, found)
  else if (typeof value === 'object' && value !== null)
    for (const [name, one] of Object.entries(value)) {
      found.push(name)
      walk(one, found)
    }
  else found.push(String(value))
  return found
}

/** Names, with the types of what they hold. What may be cited is the same for all and compared by itself. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf)
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shapeOf(one)]))
}

/** All that is known of an item and must not be told. */
async function withheldOf({ id, requestId, imageId }: Made): Promise<string[]> {
  const { sql } = desk.service.ground.database
  const row = await desk.row(id)
  const image =
    imageId && (await sql.selectFrom('darkroom.image').selectAll().where('id', '=', imageId).executeTakeFirst())
  const request = await sql
    .selectFrom('darkroom.request')
    .selectAll()
    .where('id', '=', requestId)
    .executeTakeFirstOrThrow()
  const statements = [request.statement_id, image ? image.statement_id : null]
  const people = await sql.selectFrom('darkroom.person').select(['id', 'name']).execute()
  const tenants = await sql.selectFrom('darkroom.tenant').select(['id', 'name', 'pseudonym']).execute()
  return [
    ...[row.category, row.clause, row.tenant_id, row.request_id, row.image_id, row.appeal_id, row.report_id],
    ...[row.kind === 'report' ? null : row.kind, row.deadline_at.toISOString(), row.content_digest, row.lease_hash],
    ...(row.ruling === null ? [] : ['overturned', 'upheld']),
    ...Object.values(SCORES).map(String),
    ...Object.keys(SCORES),
    ...[
      'hold_band',
      'it teaches nurses how to dress a wound',
      'someone@example.org',
      'siblings',
      'similar',
      'score',
      'severity',
    ],
    ...statements,
    ...people.flatMap((person) => [person.id, person.name]),
    ...tenants.flatMap((tenant) => [tenant.id, tenant.name, tenant.pseudonym]),
  ].filter((value): value is string => typeof value === 'string' && value !== '')
}

function assertNothingOf(withheld: readonly string[], answer: Json, of: string): void {
  const { choices: _same, ...item } = Object(answer)
  const told = walk(item)
  for (const secret of withheld)
    assert.ok(!told.some((text) => text.includes(secret) && text !== item.id), `${of}: tells ${secret}`)
}

test('before the verdict nothing of what is withheld stands in any answer, for any kind', async () => {
  for (const kind of KINDS) {
    const made = await desk.make(kind)
    const { body } = await desk.claim('ada', made.id)
    const withheld = await withheldOf(made)
    const again = (await desk.as(`/v1/review/items/${made.id}`, 'ada')).body
    const asLead = (await desk.as(`/v1/review/items/${made.id}`, 'lead')).body
    for (const [of, item] of [
      ['claimed', body.item],
      ['read', again],
      ['read by a lead', asLead],
    ] as const) {
      assert.equal(item.disclosed, null)
      assertNothingOf(withheld, item, `${kind}, ${of}`)
      assertNothingOf([PROMPT], item, `${kind}, ${of}`)
    }
    const queue = (await desk.as('/v1/review/queue', 'ada')).body
    assertNothingOf(withheld, queue, `${kind}, in the queue`)
  }
})

test('appeals, audits and gold items are told apart by nothing', async () => {
  const shapes = new Map<string, string>()
  const span = new Set<number>()
  const choices = new Set<string>()
  for (const kind of ['appeal', 'audit', 'gold'] as const) {
    // Of different severities, which have different deadlines.
    const category = { appeal: 'violence/graphic', audit: 'weapons', gold: 'sexual' }[kind]
    const { id } = await desk.make(kind, { category })
    const { item, lease } = (await desk.claim('ada', id)).body
    assert.equal(item.lane, 'second_look')
    assert.equal(item.picture, `/v1/review/items/${id}/picture`)
    span.add(Date.parse(item.deadline_at) - Date.parse(item.waiting_since))
    choices.add(JSON.stringify(item.choices))
    const answer = await fetch(new URL(item.picture, desk.service.url), {
      headers: { authorization: `Bearer ${desk.key('ada')}` },
    })
    const names = [...answer.headers.keys()].sort()
    const tried = await desk.decide('ada', id, { lease: lease.token, outcome: 'allow' })
    shapes.set(kind, JSON.stringify([shapeOf({ ...item, choices: null }), names, tried.status, tried.body.field]))
  }
  assert.equal(new Set(shapes.values()).size, 1, [...shapes.values()].join('\n'))
  assert.equal(span.size, 1, 'a deadline would tell the kind and the severity')
  assert.equal(choices.size, 1)
})

test('a held picture of a grave category is told from one of a mild category by nothing', async () => {
  const items: string[] = []
  for (const [category, clause] of [
    ['violence/graphic', GRAPHIC],
    ['weapons', 'weapons/2'],
  ] as const) {
    const { id } = await desk.make('hold', { category, clause })
    const { item } = (await desk.claim('ada', id)).body
    const span = Date.parse(item.deadline_at) - Date.parse(item.waiting_since)
    items.push(JSON.stringify({ ...item, id: '', picture: '', waiting_since: '', deadline_at: span, lease: null }))
  }
  assert.equal(items[0], items[1])
})

test('a report is shown with what was reported, and without who did', async () => {
  const { id } = await desk.make('report')
  const { item } = (await desk.claim('ada', id)).body
  assert.equal(item.lane, 'report')
  assert.deepEqual(item.report, { category: 'illegal', text: 'this shows my house' })
})

test('of a refused prompt the prompt itself is shown; of a picture it comes when it is asked for', async () => {
  const prompt = await desk.makePromptAppeal()
  const { item } = (await desk.claim('ada', prompt.id)).body
  assert.deepEqual(item.subject, { kind: 'prompt', width: null, height: null })
  assert.equal(item.picture, null)
  assert.match(item.prompt.text, /soldier/)
  const held = await desk.make('hold')
  const { item: picture } = (await desk.claim('ada', held.id)).body
  assert.deepEqual(picture.prompt, { shown: false, text: null, negative: null })
  assert.equal(picture.purpose, 'education')
  await desk.as(`/v1/review/items/${held.id}/reveal`, 'ada', { body: { what: 'prompt' } })
  assert.equal((await desk.as(`/v1/review/items/${held.id}`, 'ada')).body.prompt.text, PROMPT)
})

test('after one’s own verdict everything is there; for a colleague who has not judged still nothing', async () => {
  const { sql } = desk.service.ground.database
  const earlier = await desk.make('hold')
  const foreign = await desk.make('hold')
  for (const { id, imageId } of [earlier, foreign])
    await sql
      .updateTable('darkroom.review_item')
      .set({
        state: 'closed',
        closed_at: new Date(),
        ruling: JSON.stringify({ outcome: 'deny', clause: GRAPHIC, reason: null }),
        ...(id === foreign.id ? { tenant_id: desk.secondTenant } : {}),
        content_digest: imageId,
      })
      .where('id', '=', id)
      .execute()
  const { id, imageId } = await desk.make('appeal')
  await desk.allow('ada', id, 'medical_use')
  const { disclosed } = (await desk.as(`/v1/review/items/${id}`, 'ada')).body
  assert.equal(disclosed.kind, 'appeal')
  assert.deepEqual([disclosed.category, disclosed.clause, disclosed.severity], ['violence/graphic', GRAPHIC, 80])
  assert.equal(disclosed.image_id, imageId)
  assert.deepEqual(
    disclosed.automated.scores.find((one: Json) => one.category === 'violence/graphic'),
    { category: 'violence/graphic', category_name: 'graphic violence', score: 0.4321, hold: 0.35, deny: 0.8 },
  )
  assert.match(disclosed.earlier.statement_id, /^sor_/)
  assert.equal(disclosed.earlier.decided_by_people, false)
  assert.equal(disclosed.appeal.text, 'it teaches nurses how to dress a wound')
  assert.equal(disclosed.appeal.purpose, 'medical')
  assert.equal(disclosed.own.reason, 'medical_use')
  assert.equal(disclosed.own.undoable, true)
  assert.deepEqual(disclosed.others, [])
  const similar = disclosed.similar.map((one: Json) => one.id)
  assert.ok(similar.includes(earlier.id) && !similar.includes(foreign.id), 'never another tenant’s')
  // The verdict takes effect; another is needed.
  await sql
    .updateTable('darkroom.review_item')
    .set({ state: 'open', effect_at: null, verdicts: 1 })
    .where('id', '=', id)
    .execute()
  await sql.updateTable('darkroom.review_verdict').set({ counted_at: new Date() }).where('item_id', '=', id).execute()
  const { item } = (await desk.claim('bea', id)).body
  assert.equal(item.disclosed, null)
  await desk.as(`/v1/review/items/${id}/decide`, 'bea', {
    body: { lease: 'x'.repeat(32), outcome: 'allow', reason: 'medical_use' },
  })
  assert.equal(
    (await desk.as(`/v1/review/items/${id}`, 'bea')).body.disclosed,
    null,
    'a verdict that was not taken is none',
  )
})

test('other people’s verdicts are shown once they count, without a name', async () => {
  const { id } = await desk.make('hold', { category: 'violence/graphic' })
  const { sql } = desk.service.ground.database
  await desk.allow('ada', id)
  await sql.updateTable('darkroom.review_item').set({ state: 'open', effect_at: null }).where('id', '=', id).execute()
  await sql.updateTable('darkroom.review_verdict').set({ counted_at: new Date() }).where('item_id', '=', id).execute()
  await desk.decide('bea', id, {
    lease: await desk.hold('bea', id),
    outcome: 'deny',
    clause: GRAPHIC,
    findings: FINDINGS,
  })
  const seen = (await desk.as(`/v1/review/items/${id}`, 'bea')).body
  assert.deepEqual(seen.disclosed.others, [
    { by: 'another reviewer', outcome: 'allow', clause: null, reason: 'not_depicted' },
  ])
  assert.equal(JSON.stringify(seen).includes(desk.id('ada')), false)
  const first = (await desk.as(`/v1/review/items/${id}`, 'ada')).body
  assert.deepEqual(first.disclosed.others, [], 'what bea can still take back is nobody else’s to know')
})

test('whoever takes their verdict back is shown no more than before, and judges blind no longer', async () => {
  const { id } = await desk.make('hold')
  await desk.allow('ada', id)
  const undone = await desk.as(`/v1/review/items/${id}/undo`, 'ada', { method: 'POST' })
  assert.equal(undone.status, 200)
  assert.equal(undone.body.item.disclosed, null)
  const { verdict_id } = (
    await desk.decide('ada', id, {
      lease: undone.body.lease.token,
      outcome: 'deny',
      clause: GRAPHIC,
      findings: FINDINGS,
    })
  ).body
  const { blind } = await desk.service.ground.database.sql
    .selectFrom('darkroom.review_verdict')
    .select('blind')
    .where('id', '=', verdict_id)
    .executeTakeFirstOrThrow()
  assert.equal(blind, false)
})

test('leaving undecided is offered to a lead, and not where it could never be taken', () => {
  const { policy, rules } = desk.service.review
  const offered = (kind: ReviewKind, lead = true) =>
    choicesFor(policy, rules, { kind, image_id: 'img', restricted: false, upload: false }, lead).omit_reasons.length
  assert.equal(offered('hold'), 0)
  const asked = (['appeal', 'audit', 'gold', 'report'] as const).map((kind) => offered(kind))
  assert.deepEqual(asked, Array(4).fill(rules.omitReasons.size), 'second looks are told apart by nothing')
  assert.equal(offered('appeal', false), 0)
})

test('every clause that is offered is taken, and none that is not', () => {
  const { policy, rules } = desk.service.review
  const none = { outcome: 'deny', reason: null, note: null } as const
  for (const restricted of [false, true])
    for (const [image_id, upload] of [
      ['img', false],
      [null, true],
      [null, false],
    ] as const) {
      const item = { kind: 'hold' as ReviewKind, image_id, restricted, upload }
      const offered = choicesFor(policy, rules, item, false).clauses
      assert.ok(offered.length > 0)
      for (const [id] of policy.clauses) {
        const choice = offered.find((one) => one.id === id)
        const findings = Object.fromEntries(
          Object.entries(choice?.findings ?? {}).map(([place, phrases]) => [place, phrases[0] ?? '']),
        )
        const check = () => checkVerdict(policy, rules, item, { ...none, clause: id, findings })
        if (choice === undefined) assert.throws(check, { code: 'decision_incomplete' }, id)
        else check()
      }
    }
})

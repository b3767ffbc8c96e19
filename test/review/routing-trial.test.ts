// The dry run of routing rules: it tells what really becomes of the same items when they come again under these rules, and writes nothing.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { sql as raw } from 'kysely'
import type { RoutingRule } from '../../src/review/routing-rules.ts'
import { type Desk, openDesk } from './desk.ts'
import { rule } from './routing-rules.ts'

let desk: Desk
before(async () => {
  desk = await openDesk()
})
after(() => desk[Symbol.asyncDispose]())
afterEach(async () => {
  await setRules([])
  await desk.clear()
  // What a test made is not what came lately for the next one.
  await raw`UPDATE darkroom.review_item SET created_at = created_at - interval '30 days'`.execute(sql())
})

const sql = () => desk.service.ground.database.sql
const tryRules = async (rules: readonly RoutingRule[], more: object = {}, who = 'lead') =>
  desk.as('/v1/review/routing/dry-run', who, { body: { rules, ...more } })
async function setRules(rules: readonly RoutingRule[]): Promise<void> {
  const { version } = (await desk.as('/v1/review/routing', 'lead')).body
  const { status } = await desk.as('/v1/review/routing', 'lead', { method: 'PUT', body: { version, rules } })
  assert.equal(status, 200)
}
const WEAPONS = { category: 'weapons', clause: 'weapons/2' }
const GERMAN = 'ein Hafen mit der Laterne und dem Boot'

/** The same items each time. */
async function comes(): Promise<string[]> {
  const made = [
    await desk.make('hold'),
    await desk.make('hold', { ...WEAPONS, prompt: GERMAN }),
    await desk.make('hold', { ...WEAPONS, exclude: [{ personId: desk.id('ada'), reason: 'conflict' }] }),
    await desk.make('report', { prompt: GERMAN }),
    await desk.make('appeal', { exclude: [{ personId: desk.id('bea'), reason: 'first_decider' }] }),
    await desk.make('audit', WEAPONS),
    await desk.make('gold'),
  ]
  return made.map(({ id }) => id)
}
/** How many free items each may have, by their own queue or a lead's claims. */
async function couldHave(who: string, ids: readonly string[]): Promise<number> {
  let count = 0
  for (const id of ids) {
    const { status, body } = await desk.claim(who, id)
    if (status !== 200) continue
    count++
    await desk.as(`/v1/review/items/${id}/release`, who, { body: { lease: body.lease.token } })
  }
  return count
}
const rules = () => [
  rule('German to Ada', { languages: ['de'] }, { people: [desk.id('ada')] }),
  rule(
    'Weapons to Ada',
    { categories: ['weapons'], kinds: ['hold'] },
    { people: [desk.id('ada')], head_start_minutes: 5 },
  ),
  rule('Appeals up', { kinds: ['appeal'] }, { lead_only: true }),
  rule('Audits thrice', { kinds: ['audit'] }, { verdicts: 3 }),
  rule('As it is', { kinds: ['hold'] }, { verdicts: 1 }),
]

test('a dry run says of each rule and person what really comes of the same items when they come again under these rules', async () => {
  const earlier = await comes()
  const { status, body: trial } = await tryRules(rules())
  assert.equal(status, 200, JSON.stringify(trial))
  assert.deepEqual([trial.items, trial.unmatched, trial.truncated], [6, 0, false])
  assert.deepEqual(
    trial.rules.map((one: Record<string, unknown>) => [one.matched, one.changed, one.nobody, one.too_few]),
    [
      [2, 2, 0, 0],
      [1, 1, 1, 1],
      [1, 1, 0, 1],
      [1, 1, 0, 0],
      [1, 0, 0, 0],
    ],
  )
  assert.deepEqual(trial.rules[1].examples, [earlier[2]])
  assert.deepEqual(trial.later, { more_verdicts: 2, lead_only: 1 })

  await desk.clear()
  await setRules(rules())
  const again = await comes()
  const rows = await Promise.all(again.map((id) => desk.row(id)))
  assert.deepEqual(
    trial.rules.map((one: { matched: number }) => one.matched),
    rules().map((_, index) => rows.filter((row) => row.routing_rule === index).length),
  )
  const routed = again.slice(0, 6)
  for (const who of ['ada', 'bea', 'cy', 'lead']) {
    const told = trial.by_person.find((one: { person_id: string }) => one.person_id === desk.id(who))
    assert.equal(told.could_have_then, await couldHave(who, routed), who)
  }
})

test('by the rules in force the same counts stand on both sides, and what people did since does not count', async () => {
  await setRules(rules())
  const ids = await comes()
  const { request_id: requestId, image_id: imageId } = await desk.row(ids[4] ?? '')
  const sibling = await desk.add({ kind: 'report', requestId, imageId })
  const before = (await tryRules(rules())).body
  await desk.allow('cy', ids[0] ?? '')
  // Since then they may not judge the appeal of the same request.
  await desk.allow('lead', sibling)
  const lease = await desk.hold('ada', ids[1] ?? '')
  await desk.as(`/v1/review/items/${ids[1]}/escalate`, 'ada', { body: { lease, note: 'for a lead' } })
  const { body } = await tryRules(rules())
  for (const one of body.by_person) assert.equal(one.could_have_now, one.could_have_then, one.name)
  assert.ok(body.rules.every((one: { changed: number }) => one.changed === 0))
  assert.deepEqual(body.by_person, before.by_person)
  assert.deepEqual(body.rules, before.rules)
  assert.deepEqual(body.later, { more_verdicts: 0, lead_only: 0 })
})

test('nothing is written, and only what came within the time is looked at', async () => {
  await desk.make('hold')
  const state = async () => {
    const { rows } = await raw`
      SELECT (SELECT count(*) FROM darkroom.move) AS moves, (SELECT count(*) FROM darkroom.review_routing) AS versions,
             (SELECT md5(string_agg(item::text, '' ORDER BY id)) FROM darkroom.review_item AS item) AS items`.execute(
      sql(),
    )
    return JSON.stringify(rows)
  }
  const before = await state()
  assert.equal((await tryRules(rules())).body.items, 1)
  assert.equal(await state(), before)
  await desk.clock(2 * 3600)
  assert.equal((await tryRules(rules(), { hours: 1 })).body.items, 0)
  const longer = (await tryRules(rules(), { hours: 3 })).body
  assert.equal(longer.items, 1)
  assert.equal(Date.parse(longer.to) - Date.parse(longer.from), 3 * 3_600_000)
  assert.equal((await tryRules(rules(), { hours: 169 })).body.field, 'hours')
})

test('who is away counts for nobody, and what is restricted is told only to who may see it', async () => {
  await desk.make('hold', { ...WEAPONS })
  await desk.make('hold', { restricted: true })
  const away = { person_id: desk.id('ada'), away_until: new Date(Date.now() + 3_600_000) }
  await sql().insertInto('darkroom.reviewer').values(away).execute()
  const toAda = [rule('To Ada', { kinds: ['hold'] }, { people: [desk.id('ada')] })]
  const { body } = await tryRules(toAda)
  assert.deepEqual([body.items, body.rules[0].matched, body.rules[0].nobody], [1, 1, 1])
  await sql()
    .insertInto('darkroom.reviewer')
    .values({ person_id: desk.id('lead'), restricted: true })
    .execute()
  const seeing = (await tryRules(toAda)).body
  assert.deepEqual([seeing.items, seeing.rules[0].matched, seeing.rules[0].nobody], [2, 2, 1])
})

test('what two people release is for too few where one alone may have it, though one could refuse it', async () => {
  await desk.make('hold')
  await desk.make('hold', WEAPONS)
  const to = (...names: string[]) =>
    rule('To some', { kinds: ['hold'] }, { people: names.map((name) => desk.id(name)) })
  const tooFew = async (one: RoutingRule) => (await tryRules([one])).body.rules[0].too_few
  assert.equal(await tooFew(to('ada')), 1)
  assert.equal(await tooFew(to('ada', 'bea')), 0)
})

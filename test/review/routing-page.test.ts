// The routing page without a browser: who may do what by its form, what a form that the page did not make comes to, and rules that
// name what is no longer there.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { registerConsole } from '../../src/console/console.ts'
import type { RoutingRule } from '../../src/review/routing-rules.ts'
import { type Desk, openDesk } from './desk.ts'
import { rule } from './routing-rules.ts'

let desk: Desk
before(async () => {
  desk = await openDesk({}, ({ ground, review }) => [
    (scope) => registerConsole(scope, { models: [], desk: { ground, review }, session: async ({ caller }) => caller }),
  ])
})
after(() => desk[Symbol.asyncDispose]())

const inForce = async () => (await desk.as('/v1/review/routing', 'lead')).body
const HELD = rule('Held', { kinds: ['hold'] }, { lead_only: true })

async function cookieOf(who: string): Promise<string> {
  const { service } = desk
  const signed = await service.call('/session', {
    method: 'POST',
    body: JSON.stringify({ key: desk.key(who) }),
    headers: { 'content-type': 'application/json' },
    as: null,
  })
  return (signed.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
}
/** As a browser posts the page's form. */
async function posted(who: string, fields: Record<string, string>, headers: Record<string, string> = {}) {
  const cookie = await cookieOf(who)
  const { url } = desk.service
  const response = await desk.service.call('/review/routing', {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers: { cookie, origin: url, ...headers },
    as: null,
  })
  return { status: response.status, to: response.headers.get('location'), text: await response.text() }
}
const draftOf = async (act: string, rules: readonly RoutingRule[]) => ({
  act,
  version: String((await inForce()).version),
  draft: JSON.stringify(rules),
})

test('a lead saves by the form; nobody else does, nor a page of another origin', async () => {
  const fields = await draftOf('save', [HELD])
  for (const [who, headers] of [
    ['ada', {}],
    ['lead', { origin: 'https://evil.example' }],
  ] as const)
    assert.equal((await posted(who, fields, headers)).status, 403, who)
  assert.equal((await inForce()).version, 0)
  const saved = await posted('lead', fields)
  assert.deepEqual([saved.status, saved.to], [303, '/review/routing'])
  assert.deepEqual((await inForce()).rules, [HELD])
  const notes = await desk.notesOf(desk.operatorId)
  assert.ok(notes.some(({ kind }) => kind === 'review.routing_changed'))
})

test('a form that the page did not make is refused as a whole', async () => {
  const fine = await draftOf('up.0', [HELD])
  const broken: Record<string, string>[] = [
    { ...fine, draft: '[{"name":"x"}]' },
    { ...fine, draft: 'no json' },
    { ...fine, version: 'x' },
    { ...fine, act: 'up.-1' },
    { ...fine, draft: JSON.stringify(Array(51).fill(HELD)) },
  ]
  for (const fields of broken) assert.equal((await posted('lead', fields)).status, 400, JSON.stringify(fields))
  assert.equal((await posted('lead', fine, { 'content-type': 'application/json' })).status, 400)
  assert.equal((await posted('lead', fine)).status, 200)
})

test('a rule that names somebody who reviews no more can be read, and is not saved again with them', async () => {
  const ada = desk.id('ada')
  const toAda = rule('To Ada', { kinds: ['hold'] }, { people: [ada] })
  assert.equal((await posted('lead', await draftOf('sure', [toAda]))).status, 303)
  const { sql } = desk.service.ground.database
  await sql.updateTable('darkroom.person').set({ deactivated_at: new Date() }).where('id', '=', ada).execute()
  const page = await (
    await desk.service.call('/review/routing', { headers: { cookie: await cookieOf('lead') }, as: null })
  ).text()
  assert.match(page, /Person ada \(reviews no more\)/)
  const again = await posted('lead', await draftOf('save', [HELD, toAda]))
  assert.match(again.text, /Rule 2, To Ada: nobody who reviews/)
  assert.match(again.text, /value="edit\.1"[^>]* autofocus/)
  assert.deepEqual((await inForce()).rules, [toAda])
})

test('where there are as many rules as there can be no more are offered', async () => {
  const many = Array.from({ length: 50 }, (_, index) => ({ ...HELD, name: `Rule ${index}` }))
  const { text } = await posted('lead', await draftOf('back', many))
  assert.match(text, /There can be 50 rules at most/)
  assert.doesNotMatch(text, /value="add"/)
  assert.match((await posted('lead', await draftOf('back', many.slice(1)))).text, /value="add"/)
})

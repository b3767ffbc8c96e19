// Every call by which a page of the console changes something, with the cookie of who may make it and from everywhere but a page of this
// origin: refused, and not one table is other than before. Then from here, which shows that each would have changed something.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { registerConsole } from '../../src/console/console.ts'
import { type Desk, FINDINGS, GRAPHIC, openDesk } from '../review/desk.ts'
import { digestsOf } from '../support/records.ts'
import { ALLOWED, BEARERS, CARD } from './service.ts'

type Made = { path: string; body?: unknown; method?: string; form?: boolean }
type Call = { name: string; as: string; make: (desk: Desk) => Promise<Made> }

let desk: Desk
before(async () => {
  desk = await openDesk({ DARKROOM_LOGINS_PER_MINUTE: '1000' }, ({ ground, review, tongues }) => [
    (scope) =>
      registerConsole(scope, {
        models: [CARD],
        desk: { ground, review },
        statements: { bearers: BEARERS, tongues },
        session: async ({ caller }) => caller,
      }),
  ])
})
after(() => desk[Symbol.asyncDispose]())

const item = (path: string) => `/v1/review/items/${path}`
/** An item that ada holds, and the call about it. */
const held = (act: string, body: object = {}): Call => ({
  name: act,
  as: 'ada',
  make: async () => {
    const { id } = await desk.make('hold')
    return { path: item(`${id}/${act}`), body: { lease: await desk.hold('ada', id), ...body } }
  },
})
const shift = (act: string, body: object, method = 'POST'): Call => ({
  name: `shift/${act}`,
  as: 'ada',
  make: async () => ({ path: `/v1/review/shift/${act}`, body, method }),
})
const refused = async () => {
  const { imageIds } = await desk.pictures(['denied'])
  const { body } = await desk.as(`/v1/images/${imageIds[0]}`, 'client')
  return String(body.statement.id)
}
const REVIEWS = {
  ...{ categories: null, languages: null, tenants: null, max_severity: 50, conflicts: [], lead_id: null },
  away_until: null,
}
// biome-ignore lint/suspicious/noThenProperty: the word of the rules.
const RULES = [{ name: 'x', when: { kinds: ['report'] }, then: { lead_only: true } }]

const CALLS: readonly Call[] = [
  held('decide', { outcome: 'deny', clause: GRAPHIC, findings: FINDINGS }),
  held('release', { note: 'the corner' }),
  held('escalate', { note: 'is this news?' }),
  held('renew', { opened: true }),
  held('pass'),
  {
    name: 'undo',
    as: 'ada',
    make: async () => {
      const { id } = await desk.make('hold')
      await desk.allow('ada', id)
      return { path: item(`${id}/undo`), body: {} }
    },
  },
  {
    name: 'reveal',
    as: 'ada',
    make: async () => {
      const { id } = await desk.make('hold')
      await desk.hold('ada', id)
      return { path: item(`${id}/reveal`), body: { what: 'picture' } }
    },
  },
  { name: 'claim', as: 'ada', make: async () => ({ path: item(`${(await desk.make('hold')).id}/claim`), body: {} }) },
  {
    name: 'next',
    as: 'ada',
    make: async () => {
      await desk.make('hold')
      return { path: '/v1/review/next', body: {} }
    },
  },
  shift('preferences', { grey: true, size: 'l', blur_again_seconds: 30 }, 'PUT'),
  shift('skips', { categories: ['weapons'], hours: 12 }, 'PUT'),
  shift('break', {}),
  shift('resume', {}),
  shift('end', { note: 'mind the queue' }),
  {
    name: 'assign',
    as: 'lead',
    make: async () => ({ path: item(`${(await desk.make('hold')).id}/assign`), body: { to: desk.id('bea') } }),
  },
  {
    name: 'unassign',
    as: 'lead',
    make: async () => {
      const { id } = await desk.make('hold')
      await desk.as(item(`${id}/assign`), 'lead', { body: { to: desk.id('bea') } })
      return { path: item(`${id}/unassign`), body: {} }
    },
  },
  {
    name: 'who reviews what',
    as: 'lead',
    make: async () => ({ path: `/v1/review/people/${desk.id('cy')}`, body: REVIEWS, method: 'PUT' }),
  },
  {
    name: 'routing',
    as: 'lead',
    make: async () => ({ path: '/v1/review/routing', body: { version: 0, rules: RULES }, method: 'PUT' }),
  },
  {
    name: 'the form of routing',
    as: 'lead',
    make: async () => {
      const draft = JSON.stringify([...RULES, ...RULES])
      return { path: '/review/routing', body: { act: 'sure', version: '1', draft }, form: true }
    },
  },
  { name: 'an order', as: 'client', make: async () => ({ path: '/v1/generations', body: { prompt: ALLOWED } }) },
  {
    name: 'cancelling',
    as: 'client',
    make: async () => {
      const { requestId } = await desk.service.admit({ prompt: ALLOWED })
      return { path: `/v1/generations/${requestId}/cancel`, body: {} }
    },
  },
  {
    name: 'an appeal',
    as: 'client',
    make: async () => ({ path: '/v1/appeals', body: { statement_id: await refused(), text: 'a textbook' } }),
  },
  {
    name: 'taking an appeal back',
    as: 'client',
    make: async () => {
      const body = { statement_id: await refused(), text: 'a textbook' }
      const { body: appeal } = await desk.as('/v1/appeals', 'client', { body })
      return { path: `/v1/appeals/${appeal.id}/withdraw`, body: {} }
    },
  },
  { name: 'signing out', as: 'client', make: async () => ({ path: '/session/end', body: {}, form: true }) },
]

const FROM: Record<string, Record<string, string>> = {
  'another site': { origin: 'https://elsewhere.invalid', 'sec-fetch-site': 'cross-site' },
  'another port': { origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site' },
  'an opaque origin': { origin: 'null', 'sec-fetch-site': 'cross-site' },
  'nowhere said': {},
  'no origin, but another site': { 'sec-fetch-site': 'cross-site' },
  'no origin, but the same site': { 'sec-fetch-site': 'same-site' },
  'an address bar': { 'sec-fetch-site': 'none' },
}

async function cookieOf(who: string): Promise<string> {
  const body = JSON.stringify({ key: desk.key(who) || desk.service.key(who) })
  const headers = { 'content-type': 'application/json' }
  const response = await desk.service.call('/session', { method: 'POST', as: null, headers, body })
  return response.headers.get('set-cookie')?.split(';')[0] ?? ''
}

for (const { name, as, make } of CALLS)
  test(`${name}: with a cookie it is done for a page of this origin alone`, async () => {
    await desk.clear()
    const cookie = await cookieOf(as)
    const { path, body = {}, method = 'POST', form = false } = await make(desk)
    const type = form ? 'application/x-www-form-urlencoded' : 'application/json'
    const sent = form ? new URLSearchParams(Object(body)).toString() : JSON.stringify(body)
    const call = (from: Record<string, string>) =>
      desk.service.call(path, { method, as: null, headers: { cookie, 'content-type': type, ...from }, body: sent })
    const { sql } = desk.service.ground.database
    const before = await digestsOf(sql)
    for (const [where, from] of Object.entries({
      ...FROM,
      'a name that begins so': { origin: `${desk.service.url}.invalid` },
    })) {
      const response = await call(from)
      assert.equal(response.status, 403, where)
      assert.equal(response.headers.get('set-cookie'), null, where)
      assert.deepEqual(await digestsOf(sql), before, where)
    }
    const response = await call({ origin: desk.service.url })
    assert.ok(response.status < 400, `${response.status} ${await response.text()}`)
    assert.notDeepEqual(await digestsOf(sql), before)
  })

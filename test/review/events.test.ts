// The queue as it is followed: a change reaches whom it concerns within a second, with the bell or without it, and nobody is told what
// did not change; a listener ends with the session that let it in, and keeps none alive.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql as raw } from 'kysely'
import { settleDue } from '../../src/review/settle.ts'
import { json } from '../http/service.ts'
import { eventsOf } from '../http/sse.ts'
import { type Desk, openDesk } from './desk.ts'

const SEATS = 4
let desk: Desk
before(async () => {
  desk = await openDesk({ DARKROOM_REVIEW_LISTENERS: String(SEATS), DARKROOM_EVENTS_KEEP_ALIVE_MS: '100' })
})
after(() => desk[Symbol.asyncDispose]())
beforeEach(() => desk.clear())

type Part = {
  lanes: Record<string, number>
  claims: { id: string; lane: string; lease_until: string }[]
  undoable: { id: string; outcome: string; undo_until: string }[]
  breached?: number
  awaiting?: number
  oldest_seconds?: number | null
}

/** Listens as a person of the desk, or with the headers of a session; what was told is in `heard`, the latest last. */
async function listen(who: string, headers: Record<string, string> = { authorization: `Bearer ${desk.key(who)}` }) {
  const leaving = new AbortController()
  const init = { headers, as: null, signal: leaving.signal }
  const response = await desk.service.call('/v1/review/events', init)
  assert.equal(response.status, 200, await (response.ok ? '' : response.text()))
  const heard: Part[] = []
  let ended = false
  const reading = (async () => {
    for await (const { name, data } of eventsOf(response)) {
      assert.equal(name, 'queue')
      heard.push(JSON.parse(JSON.stringify(data)))
    }
  })().finally(() => {
    ended = true
  })
  // What went wrong is told when the listener goes.
  reading.catch(() => undefined)
  return {
    heard,
    response,
    hasEnded: () => ended,
    /** The first part, of those that are told from now on or last, of which this holds. */
    until: (is: (part: Part) => boolean, withinMs = 3000) => within(withinMs, () => heard.slice(-1).find(is)),
    [Symbol.asyncDispose]: async () => {
      leaving.abort()
      await reading.catch((error: unknown) => {
        if (!(error instanceof Error && error.name === 'AbortError')) throw error
      })
    },
  }
}

/** A seat is given back when the server hears of it, a moment after the listener went. */
async function listenSoon(who: string) {
  for (const end = performance.now() + 3000; performance.now() < end; await sleep(50)) {
    const one = await listen(who).catch(() => null)
    if (one !== null) return one
  }
  throw new Error('no seat was given back')
}

async function within<T>(ms: number, look: () => T | undefined): Promise<T> {
  for (const end = performance.now() + ms; performance.now() < end; await sleep(20)) {
    const found = look()
    if (found !== undefined) return found
  }
  throw new Error(`it did not come within ${ms} ms`)
}

async function signIn(who: string): Promise<{ cookie: string }> {
  const origin = { origin: desk.service.url }
  const response = await desk.service.call('/session', { ...json({ key: desk.key(who) }, origin), as: null })
  assert.equal(response.status, 200)
  return { cookie: response.headers.getSetCookie()[0]?.split(';')[0] ?? '' }
}

test('a listener is told their part at once, and what they claim, decide and take back as they do it', async () => {
  const { id } = await desk.make('hold')
  await using ada = await listen('ada')
  const first = await ada.until(({ lanes }) => lanes.first_look === 1)
  assert.deepEqual(Object.keys(first), ['lanes', 'claims', 'undoable'], 'how urgent the whole is, is for leads')
  const lease = await desk.hold('ada', id)
  const holding = await ada.until(({ claims }) => claims.length === 1)
  assert.equal(holding.claims[0]?.id, id)
  assert.equal(holding.lanes.first_look, 0)
  await desk.decide('ada', id, { lease, outcome: 'allow', reason: 'not_depicted' })
  const judged = await ada.until(({ undoable }) => undoable.length === 1)
  assert.deepEqual([judged.undoable[0]?.id, judged.undoable[0]?.outcome], [id, 'allow'])
  await desk.as(`/v1/review/items/${id}/undo`, 'ada', { method: 'POST' })
  await ada.until(({ claims, undoable }) => claims.length === 1 && undoable.length === 0)
})

test('what somebody else takes is gone from one’s own part, and comes back when they give it back', async () => {
  const { id } = await desk.make('hold')
  await using bea = await listen('bea')
  await bea.until(({ lanes }) => lanes.first_look === 1)
  const lease = await desk.hold('ada', id)
  await bea.until(({ lanes }) => lanes.first_look === 0)
  await desk.as(`/v1/review/items/${id}/release`, 'ada', { body: { lease } })
  await bea.until(({ lanes, claims }) => lanes.first_look === 1 && claims.length === 0)
})

test('a change that nobody rang for is told all the same', async () => {
  await using ada = await listen('ada')
  await ada.until(({ lanes }) => lanes.first_look === 0)
  await desk.make('hold')
  await ada.until(({ lanes }) => lanes.first_look === 1)
  await raw`UPDATE darkroom.review_item SET reserved_for = ${desk.id('bea')}, reserved_until = darkroom.now() + interval '1 hour'
             WHERE state = 'open'`.execute(desk.service.ground.database.sql)
  await ada.until(({ lanes }) => lanes.first_look === 0)
})

test('what one asks to be spared is gone from one’s own part at once', async () => {
  await desk.make('hold')
  await using ada = await listen('ada')
  await ada.until(({ lanes }) => lanes.first_look === 1)
  // Until then what was made just now is looked at again by itself.
  await sleep(3600)
  const skips = { categories: ['violence/graphic'], hours: 1 }
  assert.equal((await desk.as('/v1/review/shift/skips', 'ada', { method: 'PUT', body: skips })).status, 200)
  await ada.until(({ lanes }) => lanes.first_look === 0)
  await sleep(3600)
  await desk.as('/v1/review/shift/skips', 'ada', { method: 'PUT', body: { ...skips, categories: [] } })
  await ada.until(({ lanes }) => lanes.first_look === 1)
})

test('who may review at all moves the pulse by which parts are read anew', async () => {
  const { sql } = desk.service.ground.database
  const pulse = async () => (await raw`SELECT last_value FROM darkroom.review_pulse`.execute(sql)).rows
  const mover = await desk.addPerson('mover', ['reviewer'])
  for (const body of [{ roles: ['reviewer', 'lead'] }, { active: false }]) {
    const before = await pulse()
    const changed = await desk.call(`/v1/admin/people/${mover}`, { method: 'PATCH', body })
    assert.equal(changed.status, 200, JSON.stringify(changed.body))
    assert.notDeepEqual(await pulse(), before)
  }
})

test('a claim that runs out is told, though nothing was written', async () => {
  const { id } = await desk.make('hold')
  await desk.hold('ada', id)
  // Later than what was written just now is looked at again, and sooner than what is looked at for its age alone.
  await raw`UPDATE darkroom.review_item SET lease_until = darkroom.now() + interval '5 seconds' WHERE id = ${id}`.execute(
    desk.service.ground.database.sql,
  )
  await using ada = await listen('ada')
  await ada.until(({ claims }) => claims.length === 1)
  await ada.until(({ claims, lanes }) => claims.length === 0 && lanes.first_look === 1, 9000)
})

test('a lead hears how much is late and the oldest item’s age; that it grows is no news', async () => {
  await desk.make('hold')
  await using lead = await listen('lead')
  const first = await lead.until(({ lanes }) => lanes.first_look === 1)
  assert.deepEqual([first.breached, first.awaiting], [0, 0])
  assert.equal(typeof first.oldest_seconds, 'number')
  await sleep(3600)
  assert.equal(lead.heard.length, 1)
  await desk.clock(400 * 3600)
  const late = await lead.until(({ breached }) => breached === 1)
  assert.ok(Number(late.oldest_seconds) >= 400 * 3600)
})

test('a lead is told again of what changes among others, though nothing of it is theirs', async () => {
  const { id } = await desk.make('hold', { exclude: [{ personId: desk.id('lead'), reason: 'conflict' }] })
  await using lead = await listen('lead')
  await lead.until(() => true)
  await desk.hold('ada', id)
  await lead.until(() => lead.heard.length === 2)
  assert.deepEqual(lead.heard[1]?.lanes, lead.heard[0]?.lanes)
})

test('a verdict that takes effect is told to whoever may be next', async () => {
  const { id } = await desk.make('hold')
  await using ada = await listen('ada')
  await desk.allow('ada', id)
  await ada.until(({ undoable }) => undoable.length === 1)
  await desk.clock(desk.service.review.rules.undoMs / 1000 + 1)
  const nothing = async () => async () => []
  const effects = {
    hold: nothing,
    appeal: nothing,
    audit: nothing,
    report: nothing,
    gold: nothing,
    escalation: nothing,
  }
  assert.equal(await settleDue(desk.service.ground, desk.service.review, effects), 1)
  await ada.until(({ undoable }) => undoable.length === 0)
})

test('many changes in one second are told once', async () => {
  await using ada = await listen('ada')
  await ada.until(() => true)
  const [before, started] = [ada.heard.length, performance.now()]
  for (let made = 0; made < 6; made++) {
    await desk.make('hold')
    desk.service.ground.bell.tell('review', {})
  }
  await ada.until(({ lanes }) => lanes.first_look === 6)
  const seconds = Math.ceil((performance.now() - started) / 1000)
  assert.ok(ada.heard.length - before <= seconds + 1, `${ada.heard.length - before} in ${seconds} s`)
})

test('what is restricted is told to those alone who may have it', async () => {
  await using ada = await listen('ada')
  await using lead = await listen('lead')
  await ada.until(() => true)
  await desk.make('hold', { restricted: true })
  await desk.make('hold')
  const [own, whole] = [await ada.until(({ lanes }) => lanes.first_look === 1), await lead.until(() => true)]
  assert.equal(own.lanes.restricted, 0)
  assert.equal(whole.lanes.restricted, 0)
})

test('a session that was ended ends its stream', async () => {
  const session = await signIn('ada')
  await using ada = await listen('ada', session)
  await ada.until(() => true)
  await sleep(500)
  assert.equal(ada.hasEnded(), false)
  const ending = { headers: { ...session, origin: desk.service.url }, method: 'POST', as: null }
  assert.equal((await desk.service.call('/session/end', ending)).status, 303)
  await within(3000, () => ada.hasEnded() || undefined)
})

test('being followed, and what a page asks by itself, keeps no session alive: one that runs idle ends its stream, and cannot open another', async () => {
  const session = await signIn('ada')
  await using ada = await listen('ada', session)
  const { sessionIdleSeconds } = desk.service.ground.config
  // Half its time and half again: whatever notes a use in between would keep it.
  for (const part of [0.5, 0.9]) {
    await desk.clock(sessionIdleSeconds * part)
    await sleep(700)
    assert.equal(ada.hasEnded(), false)
    const unattended = { headers: { ...session, 'darkroom-unattended': 'true' }, as: null }
    assert.equal((await desk.service.call('/v1/me', unattended)).status, 200)
  }
  await desk.clock(sessionIdleSeconds + 5)
  await within(3000, () => ada.hasEnded() || undefined)
  const again = await desk.service.call('/v1/review/events', { headers: session, as: null })
  assert.equal(again.status, 401)
})

test('a role that was taken away ends the stream of whoever had it', async () => {
  const leaver = await desk.addPerson('leaver', ['reviewer', 'lead'])
  await using one = await listen('leaver')
  await one.until(() => true)
  const changed = await desk.call(`/v1/admin/people/${leaver}`, { method: 'PATCH', body: { roles: ['reviewer'] } })
  assert.equal(changed.status, 200, JSON.stringify(changed.body))
  await within(3000, () => one.hasEnded() || undefined)
})

test('seats are counted and given back; a stranger and a client have none', async () => {
  const listeners = await Promise.all(Array.from({ length: SEATS }, () => listen('bea')))
  const full = await desk.service.call('/v1/review/events', { headers: { authorization: `Bearer ${desk.key('cy')}` } })
  assert.equal(full.status, 503)
  assert.ok(full.headers.get('retry-after'))
  for (const one of listeners) await one[Symbol.asyncDispose]()
  await using _again = await listenSoon('cy')
  assert.equal((await desk.service.call('/v1/review/events', { as: null })).status, 401)
  assert.equal((await desk.service.call('/v1/review/events', { as: 'client' })).status, 403)
})

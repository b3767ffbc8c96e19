// What leads see, on the real service: the queue as pictures that keep up by themselves, items given to people by keyboard, figures with
// their doubts, and who reviews what.

import assert from 'node:assert/strict'
import { sql as raw } from 'kysely'
import type { Page } from 'playwright-core'
import { newId } from '../../src/kernel/ids.ts'
import type { Desk } from '../review/desk.ts'
import { accessible, fits } from './axe.ts'
import { screenshot } from './chromium.ts'
import { onDesk, press } from './on-desk.ts'

const QUEUE = { as: 'lead', at: '/review/queue' }
const QUALITY = { as: 'lead', at: '/review/quality' }
const PEOPLE = { as: 'lead', at: '/review/people' }
const phone = { viewport: { width: 360, height: 740 }, hasTouch: true }

const live = (page: Page, state: string, timeout = 10_000) =>
  page.waitForSelector(`#live[data-state=${state}]`, { timeout })
const LATELY = new Date(Date.now() - 20 * 86_400_000)
const sqlOf = (desk: Desk) => desk.service.ground.database.sql

/** Something of everything: late and due, held and kept, come and decided over two days, and one that nobody may have. */
async function busy(desk: Desk): Promise<void> {
  const sql = sqlOf(desk)
  const made = []
  for (const kind of ['hold', 'hold', 'hold', 'hold', 'audit', 'report', 'gold'] as const)
    made.push(await desk.make(kind))
  made.push(await desk.makePromptAppeal())
  await raw`UPDATE darkroom.review_item SET created_at = darkroom.now() - severity * random() * interval '1 hour'
             WHERE state = 'open'`.execute(sql)
  await raw`UPDATE darkroom.review_item SET created_at = darkroom.now() - random() * interval '50 hours', verdicts = 1,
              closed_at = darkroom.now() - random() * interval '50 hours' WHERE state = 'closed'`.execute(sql)
  const [late, held, kept, nobodys, soon] = made.map(({ id }) => id)
  await raw`UPDATE darkroom.review_item SET deadline_at = darkroom.now() - interval '3 hours',
              created_at = darkroom.now() - interval '10 days' WHERE id = ${late}`.execute(sql)
  await raw`UPDATE darkroom.review_item SET deadline_at = darkroom.now() + interval '2 hours' WHERE id = ${soon}`.execute(
    sql,
  )
  await raw`UPDATE darkroom.review_item SET state = 'awaiting_reviewer' WHERE id = ${nobodys}`.execute(sql)
  await desk.hold('ada', held ?? '')
  await desk.as(`/v1/review/items/${kept}/assign`, 'lead', { body: { to: desk.id('bea') } })
}

/** So many held pictures of a category that two people judged blind, of which so many differently, and gold questions as answered. */
async function judged(desk: Desk, count: number, apart: number): Promise<void> {
  const sql = sqlOf(desk)
  const { id } = await desk.make('hold')
  await raw`UPDATE darkroom.review_item SET state = 'closed', closed_at = darkroom.now(), verdicts = 2, overlap = true,
              ruling = '{"outcome":"deny"}' WHERE id = ${id}`.execute(sql)
  const { lease_hash: _hash, ...row } = await desk.row(id)
  const ids = [id]
  for (let more = 1; more < count; more++) {
    const copy = newId('rvw')
    ids.push(copy)
    await sql
      .insertInto('darkroom.review_item')
      .values({ ...row, id: copy, expected: null, ruling: JSON.stringify(row.ruling) })
      .execute()
  }
  const verdicts = ids.flatMap((item_id, index) =>
    ['ada', 'bea'].map((who, place) => {
      const allows = place === 1 && index < apart
      return {
        ...{
          id: newId('vrd'),
          item_id,
          person_id: desk.id(who),
          outcome: allows ? ('allow' as const) : ('deny' as const),
        },
        ...{ clause: allows ? null : 'violence/graphic/3', findings: '{}', blind: true, took_ms: 1 },
        // Long enough ago that nobody’s day was full of it.
        ...{ at: LATELY, counted_at: LATELY },
      }
    }),
  )
  await sql.insertInto('darkroom.review_verdict').values(verdicts).execute()
}

await onDesk('leads', ({ named }) => {
  named('nothing waits, and the page says so and waits itself', QUEUE, async ({ page }) => {
    assert.match(await page.innerText('#summary'), /Nothing waits/)
    await live(page, 'live')
    assert.match(await page.innerText('#main'), /There is none\./)
  })

  named('the queue is told in pictures, in words and as a table', { ...QUEUE, before: busy }, async ({ page }) => {
    const summary = await page.innerText('#summary')
    assert.match(summary, /^8 wait, the oldest for 10 d\. 1 late\. For 1 nobody is left/)
    const bar = page.locator('.tone-due .lanebar', { hasText: 'First look' })
    assert.match((await bar.locator('svg').getAttribute('aria-label')) ?? '', /^First look: 4, of these 1 late/)
    assert.equal(await bar.locator('.part-0').count(), 1)
    await page.locator('.figures summary').first().click()
    assert.match(await page.locator('.figures table').first().innerText(), /First look/)
    const first = await page.innerText('.items .item')
    assert.match(first, /Graphic violence/)
    const rows = await page.locator('.item').allInnerTexts()
    assert.equal(rows.length, 8)
    assert.ok(rows.some((text) => /Person ada has it/.test(text)))
    assert.ok(rows.some((text) => /kept for Person bea/.test(text)))
    assert.ok(rows.some((text) => /nobody is left/.test(text)))
    assert.doesNotMatch(await page.innerText('#main'), /per hour|seconds a|average|fast/)
  })

  named('by keyboard alone an item is kept for somebody, and let go', QUEUE, async ({ page, desk }) => {
    const { id } = await desk.make('hold')
    await page.waitForSelector(`#to-${id}`)
    await page.focus(`#to-${id}`)
    await page.keyboard.type('Person bea')
    await press(page, 'Tab', 'Enter')
    await page.waitForSelector(`#let-${id}`)
    assert.equal((await desk.row(id)).reserved_for, desk.id('bea'))
    assert.match(await page.innerText(`#${id}`), /kept for Person bea/)
    assert.match(await page.innerText('#announcer'), /Kept for Person bea/)
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Keep', 'the focus stays where it was')
    await press(page, 'Tab', 'Enter')
    await page.waitForSelector(`#let-${id}`, { state: 'detached' })
    assert.equal((await desk.row(id)).reserved_for, null)
    assert.match(await page.innerText(`#${id}`), /nobody yet/)
  })

  named('only those who may have an item are offered', QUEUE, async ({ page, desk }) => {
    const { id } = await desk.make('hold', { exclude: [{ personId: desk.id('ada'), reason: 'conflict' }] })
    await page.waitForSelector(`#to-${id}`)
    const offered = await page.locator(`#to-${id} option`).allInnerTexts()
    assert.ok(offered.includes('Person bea'))
    assert.ok(!offered.includes('Person ada'))
  })

  named('what the server refuses is said on the row, and the choice stays', QUEUE, async ({ page, desk }) => {
    const { id } = await desk.make('hold')
    await page.waitForSelector(`#to-${id}`)
    await page.selectOption(`#to-${id}`, { label: 'Person cy' })
    await page.focus(`#keep-${id} button`)
    await desk.hold('ada', id)
    await page.keyboard.press('Enter')
    await page.waitForSelector(`#error-${id}:not([hidden])`)
    assert.match(await page.innerText(`#error-${id}`), /somebody has this item just now/)
    assert.equal(await page.inputValue(`#to-${id}`), desk.id('cy'))
  })

  named('a change arrives by itself: focus, choice, scroll and open details stay', QUEUE, async ({ page, desk }) => {
    const first = await desk.make('hold')
    await page.waitForSelector(`#to-${first.id}`)
    await live(page, 'live')
    await page.locator('.figures summary').first().click()
    await page.selectOption(`#to-${first.id}`, { label: 'Person dan' })
    await page.focus(`#to-${first.id}`)
    await page.evaluate(() => {
      Reflect.set(globalThis, 'kept', document.activeElement)
      scrollTo(0, 200)
    })
    const scrolled = await page.evaluate(() => scrollY)
    const second = await desk.make('report')
    await page.waitForSelector(`#${second.id}`)
    await page.waitForFunction(() => /^2 wait/.test(document.getElementById('summary')?.textContent?.trim() ?? ''))
    assert.ok(await page.evaluate(() => Reflect.get(globalThis, 'kept') === document.activeElement))
    assert.equal(await page.inputValue(`#to-${first.id}`), desk.id('dan'))
    assert.equal(await page.locator('.figures').first().getAttribute('open'), '')
    assert.equal(await page.evaluate(() => scrollY), scrolled)
    await raw`UPDATE darkroom.review_item SET state = 'closed', closed_at = darkroom.now(), ruling = '{}'
               WHERE id = ${second.id}`.execute(sqlOf(desk))
    await page.waitForSelector(`#${second.id}`, { state: 'detached' })
    assert.ok(await page.evaluate(() => Reflect.get(globalThis, 'kept') === document.activeElement))
  })

  named('an item that goes while somebody is at it stays until they leave it', QUEUE, async ({ page, desk }) => {
    const { id } = await desk.make('hold')
    await page.waitForSelector(`#to-${id}`)
    await page.focus(`#to-${id}`)
    await raw`UPDATE darkroom.review_item SET state = 'closed', closed_at = darkroom.now(), ruling = '{}'
               WHERE id = ${id}`.execute(sqlOf(desk))
    await page.waitForFunction(() => /Nothing waits/.test(document.getElementById('summary')?.textContent ?? ''))
    assert.equal(await page.evaluate(() => document.activeElement?.id), `to-${id}`)
    await page.focus('.figures summary')
    await desk.make('report')
    await page.waitForSelector(`#${id}`, { state: 'detached' })
  })

  named(
    'a stream that breaks is said, and the page is asked for until there is one again',
    QUEUE,
    async ({ page, desk }) => {
      await live(page, 'live')
      await page.route('**/v1/review/events', (route) => route.abort('failed'))
      await page.reload()
      await live(page, 'asking')
      assert.match(await page.innerText('#live'), /Not live/)
      const { id } = await desk.make('hold')
      await page.waitForSelector(`#${id}`, { timeout: 12_000 })
      await page.unroute('**/v1/review/events')
      await live(page, 'live', 20_000)
    },
  )

  named('a server that is away is said, and what is shown stays', QUEUE, async ({ page, desk, complaints }) => {
    const { id } = await desk.make('hold')
    await page.waitForSelector(`#${id}`)
    await page.route('**/review/queue', (route) => route.abort('failed'))
    await desk.make('report')
    await live(page, 'lost')
    assert.ok(await page.isVisible(`#${id}`))
    await page.unroute('**/review/queue')
    await live(page, 'live', 20_000)
    complaints.length = 0
  })

  named('a session that has ended is said, and nothing is drawn over the page', QUEUE, async ({ page, desk }) => {
    const { id } = await desk.make('hold')
    await page.waitForSelector(`#${id}`)
    await sqlOf(desk).deleteFrom('darkroom.session').execute()
    await desk.make('hold')
    await live(page, 'ended')
    assert.match(await page.innerText('#live'), /session has ended/)
    assert.ok(await page.isVisible(`#${id}`))
  })

  named('the list is paged in the queue’s order', QUEUE, async ({ page, desk }) => {
    const { requestId, imageIds } = await desk.pictures(['held'])
    for (let made = 0; made < 27; made++) await desk.add({ kind: 'hold', requestId, imageId: imageIds[0] ?? '' })
    await page.reload()
    assert.equal(await page.locator('.item').count(), 25)
    const shown = await page.locator('.item').evaluateAll((all) => all.map((one) => one.id))
    await page.click('text=The next')
    await page.waitForURL(/after=rvw_/)
    const next = await page.locator('.item').evaluateAll((all) => all.map((one) => one.id))
    assert.equal(next.length, 2)
    assert.deepEqual(
      next.filter((id) => shown.includes(id)),
      [],
    )
    await page.goto(page.url().replace(/rvw_\w+/, 'rvw_nothing'))
    assert.match(page.url(), /queue$/)
  })

  named('of too few nothing is said, and of enough the share with its doubt', QUALITY, async ({ page, desk }) => {
    assert.match(await page.innerText('#main'), /too few to say \(n = 0\)/)
    await judged(desk, 120, 12)
    await page.reload()
    const share = page.locator('.rate', { hasText: 'The same' }).first()
    assert.match(await share.innerText(), /90\.0 % \(83\.\d to 94\.\d %\), n = 120/)
    assert.equal(await share.locator('.point').count(), 1)
    assert.match(await page.locator('.category', { hasText: 'Graphic violence' }).innerText(), /n = 120/)
  })

  named(
    'a reviewer sees their own figures and nobody else’s',
    { as: 'ada', at: '/review/quality' },
    async ({ page, desk, complaints }) => {
      const shown = await page.innerText('#main')
      assert.match(shown, /You and your lead see this/)
      assert.doesNotMatch(shown, /Your people|Ask a decided item|By category/)
      await page.goto(`${desk.service.url}/review/queue`)
      assert.match(await page.innerText('h1'), /for others/)
      await page.goto(`${desk.service.url}/review/people`)
      assert.match(await page.innerText('h1'), /for others/)
      // Both were answered 403.
      assert.equal(complaints.splice(0).length, 2)
    },
  )

  named('a lead sees those whom they lead, by name', QUALITY, async ({ page, desk }) => {
    await sqlOf(desk)
      .insertInto('darkroom.reviewer')
      .values({ person_id: desk.id('cy'), lead_id: desk.id('lead') })
      .execute()
    await page.reload()
    assert.match(await page.innerText('section:has(#led)'), /Person cy\s+Too few to say: 0 of 100 verdicts/)
    assert.doesNotMatch(await page.innerText('section:has(#led)'), /Person dan/)
  })

  named('a period that is none is said, and the usual one shown', QUALITY, async ({ page, desk }) => {
    await page.goto(`${desk.service.url}/review/quality?from=2026-11-05&to=2026-11-01`)
    assert.match(await page.innerText('#period-error'), /from is after to/)
    await page.fill('#from', '2026-11-01')
    await page.fill('#to', '2026-11-05')
    await page.click('text=Show')
    await page.waitForURL(/from=2026-11-01&to=2026-11-05/)
    assert.equal(await page.inputValue('#to'), '2026-11-05')
  })

  named(
    'a gold question is made by its form, whose mistakes are said beside their fields',
    QUALITY,
    async ({ page, desk }) => {
      const { id } = await desk.make('hold')
      await page.focus('#gold-item')
      await page.keyboard.type('rvw_nothing')
      await page.keyboard.press('Enter')
      await page.waitForSelector('#gold-error:not([hidden])')
      await page.fill('#gold-item', id)
      await page.keyboard.press('Enter')
      await page.waitForFunction(() =>
        /not been decided/.test(document.getElementById('gold-error')?.textContent ?? ''),
      )
      await raw`UPDATE darkroom.review_item SET state = 'closed', closed_at = darkroom.now(), verdicts = 1, ruling = '{}'
               WHERE id = ${id}`.execute(sqlOf(desk))
      await page.selectOption('#gold-outcome', 'deny')
      await page.focus('#gold-item')
      await page.keyboard.press('Enter')
      await page.waitForSelector('#gold-clause-error:not([hidden])')
      assert.equal(await page.evaluate(() => document.activeElement?.id), 'gold-clause')
      await page.selectOption('#gold-clause', 'violence/graphic/3')
      await page.focus('#gold-item')
      await page.keyboard.press('Enter')
      await page.waitForFunction(() => /Asked of \d/.test(document.querySelector('[data-said]')?.textContent ?? ''))
      assert.equal(await page.inputValue('#gold-item'), '')
    },
  )

  named(
    'what somebody reviews is changed by a form, by names, and what is wrong is said beside its field',
    PEOPLE,
    async ({ page, desk }) => {
      const ada = `#${desk.id('ada')}`
      assert.match(await page.innerText(ada), /Person ada\s+reviewer[\s\S]*Languages\s+all/)
      await page.focus(`${ada} a`)
      await page.keyboard.press('Enter')
      await page.waitForSelector('#person-form')
      await page.fill('#languages', 'english')
      await page.focus('#person-form button')
      await page.keyboard.press('Enter')
      await page.waitForSelector('#languages-error:not([hidden])')
      assert.equal(await page.evaluate(() => document.activeElement?.id), 'languages')
      assert.equal(await page.getAttribute('#languages', 'aria-invalid'), 'true')
      await page.fill('#languages', 'en, de')
      await page.locator('fieldset[name=categories] label', { hasText: 'Graphic violence' }).click()
      await page.locator('fieldset[name=conflicts] label', { hasText: 'First client' }).click()
      await page.selectOption('#lead_id', { label: 'Person lead' })
      await page.fill('#away_until', '2099-01-02T03:04')
      await page.focus('#max_severity')
      await page.keyboard.press('Enter')
      await page.waitForSelector('#person-form', { state: 'detached' })
      const told = await page.innerText(ada)
      for (const words of [
        /en, de/,
        /Categories\s+Graphic violence/,
        /Has to do with\s+First client/,
        /Led by\s+Person lead/,
        /Away, back/,
      ])
        assert.match(told, words)
      const row = await sqlOf(desk)
        .selectFrom('darkroom.reviewer')
        .selectAll()
        .where('person_id', '=', desk.id('ada'))
        .executeTakeFirstOrThrow()
      assert.deepEqual(
        [row.languages, row.categories, row.tenants, row.conflicts],
        [['en', 'de'], ['violence/graphic'], null, [desk.clientTenant]],
      )
      assert.equal(row.away_until?.toISOString(), '2099-01-02T03:04:00.000Z')
    },
  )

  named(
    'an administrator opens what is restricted; a lead is not offered it',
    { ...PEOPLE, as: 'admin' },
    async ({ page, desk, open }) => {
      await page.goto(`${desk.service.url}/review/people?edit=${desk.id('ada')}`)
      await page.locator('label', { hasText: 'Sees what is restricted' }).click()
      await page.click('#person-form button')
      await page.waitForSelector('#person-form', { state: 'detached' })
      assert.match(await page.innerText(`#${desk.id('ada')}`), /Restricted\s+sees it/)
      await using lead = await open('lead', `/review/people?edit=${desk.id('ada')}`)
      assert.equal(await lead.page.locator('input[name=restricted]').count(), 0)
      await lead.page.fill('#max_severity', '60')
      await lead.page.click('#person-form button')
      await lead.page.waitForSelector('#person-form', { state: 'detached' })
      assert.match(await lead.page.innerText(`#${desk.id('ada')}`), /up to 60[\s\S]*sees it/, 'what is not named stays')
    },
  )

  named('names that people typed stay text', QUEUE, async ({ page, desk, open }) => {
    const name = '<img src=x onerror=alert(1)>'
    await sqlOf(desk).updateTable('darkroom.person').set({ name }).where('id', '=', desk.id('dan')).execute()
    const { id } = await desk.make('hold')
    await page.waitForSelector(`#to-${id}`)
    assert.ok((await page.locator(`#to-${id} option`).allInnerTexts()).includes(name))
    assert.equal(await page.locator('#main img').count(), 0)
    await using people = await open('lead', `/review/people?edit=${desk.id('dan')}`)
    assert.match(await people.page.innerText('#main'), /<img src=x/)
    await sqlOf(desk)
      .updateTable('darkroom.person')
      .set({ name: 'Person dan' })
      .where('id', '=', desk.id('dan'))
      .execute()
  })

  for (const colorScheme of ['dark', 'light'] as const)
    for (const [size, options] of [
      ['a phone', phone],
      ['a desk', {}],
    ] as const)
      named(
        `every page fits ${size} and is accessible, ${colorScheme}`,
        { ...QUEUE, ...options, colorScheme, before: busy },
        async ({ page, desk }) => {
          const look = async (state: string) => {
            await page.evaluate(() => {
              for (const one of document.querySelectorAll('details')) one.open = true
            })
            await screenshot(page, `${state}${size === 'a phone' ? '-360' : ''}-${colorScheme}`)
            await fits(page, state)
            await accessible(page, state)
          }
          await live(page, 'live')
          await look('queue')
          await judged(desk, 40, 4)
          await judged(desk, 120, 9)
          await page.goto(`${desk.service.url}/review/quality`)
          await look('quality')
          await page.goto(`${desk.service.url}/review/people`)
          await look('people')
          await page.goto(`${desk.service.url}/review/people?edit=${desk.id('ada')}`)
          await look('person')
        },
      )
})

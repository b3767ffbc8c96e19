// What leads see, on the real service: the queue as pictures that keep up by themselves, items given to people by keyboard. Figures and
// people are leads-figures.test.ts's.

import assert from 'node:assert/strict'
import { sql as raw } from 'kysely'
import type { Page } from 'playwright-core'
import { accessible, fits } from './axe.ts'
import { screenshot } from './chromium.ts'
import { busy, judged, sqlOf } from './leads-desks.ts'
import { onDesk, press } from './on-desk.ts'

const QUEUE = { as: 'lead', at: '/review/queue' }
const phone = { viewport: { width: 360, height: 740 }, hasTouch: true }

const live = (page: Page, state: string, timeout = 10_000) =>
  page.waitForSelector(`#live[data-state=${state}]`, { timeout })

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
    const skips = { categories: ['violence/graphic'], hours: 1 }
    await desk.as('/v1/review/shift/skips', 'cy', { method: 'PUT', body: skips })
    const { id } = await desk.make('hold', { exclude: [{ personId: desk.id('ada'), reason: 'conflict' }] })
    await page.waitForSelector(`#to-${id}`)
    const offered = await page.locator(`#to-${id} option`).allInnerTexts()
    assert.ok(offered.includes('Person bea'))
    assert.ok(!offered.includes('Person ada'))
    assert.ok(!offered.includes('Person cy'), 'who is spared it for now')
    await desk.as('/v1/review/shift/skips', 'cy', { method: 'PUT', body: { ...skips, categories: [] } })
  })

  named(
    'what came between the drawing of the page and its stream is there within seconds',
    QUEUE,
    async ({ page, desk }) => {
      let id = ''
      await page.route(page.url(), async (route) => {
        const response = await route.fetch()
        id ||= (await desk.make('hold')).id
        await route.fulfill({ response })
      })
      await page.reload()
      assert.equal(await page.locator(`#to-${id}`).count(), 0, 'the page is older than the item')
      await page.waitForSelector(`#to-${id}`, { timeout: 15_000 })
      await page.unroute(page.url())
    },
  )

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
          const beyond = await page.evaluate(() => {
            const table = document.querySelector('[aria-labelledby=people] .scrolls')
            return table === null ? null : table.scrollWidth - table.clientWidth
          })
          assert.equal(beyond, 0, 'whose hands are full is seen whole')
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

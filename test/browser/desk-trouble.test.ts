// What goes wrong at the desk: claims that run out, lines that drop, second clicks, second tabs, pictures that do not come, sessions that
// end, texts that are long, hostile or from the right. Nothing is lost, nothing is executed, and each is said on the page.

import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { accessible, fits } from './axe.ts'
import { hostile } from './hostile.ts'
import { type Desk, holds, judging, onDesk, press, see, shownItem, until, verdictsOn } from './on-desk.ts'

await onDesk('desk, in trouble', ({ named }) => {
  named(
    'a claim that ran out while one typed: the text stays, and the item can be had again',
    { before: holds(1) },
    async ({ page, desk }) => {
      await judging(page)
      const item = await shownItem(page)
      await see(page)
      await press(page, 'a', 'n')
      await page.keyboard.type('a long thought')
      await desk.clock(3600)
      await press(page, 'Control+Enter')
      await page.waitForSelector('text=Your verdict was not stored')
      assert.deepEqual(await verdictsOn(desk, item), [])
      await page.click('text=Take the item again')
      await judging(page)
      assert.equal(await shownItem(page), item)
      assert.equal(await page.inputValue('#note'), 'a long thought')
      assert.equal(await page.isChecked('[name=outcome][value=allow]'), true)
      await see(page)
      await press(page, 'Enter')
      await until(async () => (await verdictsOn(desk, item)).length === 1, 'the verdict')
    },
  )

  named(
    'a claim that ran out and went to somebody else: it is named as taken, and the text is still there',
    { before: holds(1) },
    async ({ page, desk }) => {
      await judging(page)
      const item = await shownItem(page)
      await see(page)
      await press(page, 'a', 'n')
      await page.keyboard.type('a long thought')
      await desk.clock(3600)
      await desk.hold('bea', item)
      await press(page, 'Control+Enter')
      await page.waitForSelector('#notices >> text=a long thought')
      await page.click('text=Take the item again')
      await page.waitForSelector('#notices >> text=somebody else has this item')
      assert.match(await page.innerText('#notices'), /a long thought/)
      await page.waitForSelector('text=Nothing waits for you')
    },
  )

  named(
    'a lost connection: the verdict is kept and sent again, once',
    { before: holds(2) },
    async ({ page, desk, complaints }) => {
      await judging(page)
      const item = await shownItem(page)
      await see(page)
      await page.context().setOffline(true)
      await press(page, 'a', 'Enter')
      await page.waitForSelector('text=Your verdict is kept here and sent again')
      await judging(page)
      await page.context().setOffline(false)
      await page.waitForSelector('#sent >> text=Allowed.')
      assert.equal((await verdictsOn(desk, item)).length, 1)
      forgive(complaints, /ERR_INTERNET_DISCONNECTED/)
    },
  )

  named(
    'an answer that was lost: the verdict stands once, and nothing is complained of',
    { before: holds(2) },
    async ({ page, desk }) => {
      await judging(page)
      const item = await shownItem(page)
      await page.route(
        '**/decide',
        async (route) => {
          await route.fetch()
          await route.abort('failed')
        },
        { times: 1 },
      )
      await see(page)
      await press(page, 'a', 'Enter')
      await page.waitForSelector('#sent >> text=Allowed.')
      assert.equal((await verdictsOn(desk, item)).length, 1)
      assert.equal(await page.locator('#notices .callout').count(), 0)
    },
  )

  named('a double click decides once, and nothing of the next item', { before: holds(2) }, async ({ page, desk }) => {
    await judging(page)
    const item = await shownItem(page)
    await see(page)
    await press(page, 'a')
    await page.dblclick('#send')
    await page.waitForSelector('#sent >> text=Allowed.')
    await judging(page)
    const next = await shownItem(page)
    assert.notEqual(next, item)
    assert.equal((await verdictsOn(desk, item)).length, 1)
    assert.deepEqual(await verdictsOn(desk, next), [])
    assert.equal(await page.isVisible('.outcomes .error'), false)
  })

  named(
    'two tabs have different items, and a tab whose item was decided elsewhere says so',
    { before: holds(3) },
    async ({ page, desk, open }) => {
      await judging(page)
      const item = await shownItem(page)
      await using second = await open('ada')
      await judging(second.page)
      assert.notEqual(await shownItem(second.page), item)
      // The same person, somewhere else, once this tab's claim is over.
      await desk.clock(3600)
      await desk.allow('ada', item)
      await press(page, 'd', '1', '1', '1', 'Enter')
      await page.waitForSelector('text=Your verdict was not stored')
      const [verdict] = await verdictsOn(desk, item)
      assert.equal(verdict?.outcome, 'allow')
    },
  )

  named('a tab that closes leaves nothing that waits for nobody', { before: holds(2) }, async ({ page, open }) => {
    await judging(page)
    const item = await shownItem(page)
    await page.goto('about:blank')
    await using other = await open('bea')
    await judging(other.page)
    assert.equal(await shownItem(other.page), item)
    assert.deepEqual(other.complaints, [])
  })

  named('what another tab holds is taken over, and that tab says so', { before: holds(1) }, async ({ page, open }) => {
    await judging(page)
    const item = await shownItem(page)
    await see(page)
    await press(page, 'a', 'n')
    await page.keyboard.type('begun here')
    await using second = await open('ada')
    await second.page.waitForSelector('text=You hold 1 item in another tab')
    await second.page.click('text=Take one over')
    await judging(second.page)
    assert.equal(await shownItem(second.page), item)
    await press(page, 'Control+Enter')
    await page.waitForSelector('#notices >> text=begun here')
    assert.deepEqual(second.complaints, [])
  })

  named(
    'a picture that does not come is said, and can be tried again',
    { before: holds(1) },
    async ({ page, complaints }) => {
      await judging(page)
      await page.route('**/v1/**/picture*', (route) => route.abort('failed'), { times: 1 })
      await page.reload()
      await judging(page)
      await page.waitForSelector('#picture >> text=The picture could not be shown')
      await page.click('#picture >> text=Try again')
      await page.waitForSelector('#picture img')
      forgive(complaints, /ERR_FAILED/)
    },
  )

  named('a picture whose file is broken is said', { before: holds(1) }, async ({ page }) => {
    await judging(page)
    await page.route('**/v1/**/picture*', (route) => route.fulfill({ contentType: 'image/webp', body: 'no picture' }), {
      times: 1,
    })
    await page.reload()
    await judging(page)
    await page.waitForSelector('#picture >> text=cannot be read')
  })

  named(
    'a stream that drops is replaced by asking, and taken up again',
    { before: holds(1) },
    async ({ page, complaints }) => {
      await page.route('**/v1/review/events', (route) => route.abort('failed'), { times: 2 })
      await page.reload()
      await page.waitForSelector('#live[data-state=asking]')
      await page.waitForSelector('#counts b')
      await page.waitForSelector('#live[data-state=live]', { timeout: 20_000 })
      forgive(complaints, /ERR_FAILED/)
    },
  )

  named(
    'a session that ended is said, and after signing in again nothing is lost',
    { before: holds(2) },
    async ({ page, desk }) => {
      await judging(page)
      const item = await shownItem(page)
      await see(page)
      await press(page, 'a', 'n')
      await page.keyboard.type('nearly done')
      const cookies = await page.context().cookies()
      await page.context().clearCookies()
      await press(page, 'Control+Enter')
      await page.waitForSelector('#notices >> text=You are signed out')
      assert.match((await page.getAttribute('#notices a', 'href')) ?? '', /^\/review$/)
      assert.equal(await shownItem(page), item, 'it stands there as it was given')
      assert.equal(await page.inputValue('#note'), 'nearly done')
      await page.context().addCookies(cookies)
      await page.reload()
      await judging(page)
      assert.equal(await shownItem(page), item)
      assert.equal(await page.inputValue('#note'), 'nearly done')
      await see(page)
      await press(page, 'Enter')
      await until(async () => (await verdictsOn(desk, item)).length === 1, 'the verdict')
    },
  )

  for (const [name, prompt] of Object.entries({
    'a very long prompt': 'a harbour '.repeat(3000),
    'one endless word': 'x'.repeat(20_000),
    'a prompt from the right': 'قارب أحمر على الشاطئ عند الغروب',
  }))
    named(
      `${name} keeps its place on a phone`,
      { viewport: { width: 360, height: 740 }, before: prompted(prompt) },
      async ({ page }) => {
        await judging(page)
        await press(page, 'p')
        await page.waitForSelector('#prompt')
        assert.ok((await page.textContent('#prompt blockquote')) === prompt, 'the prompt is whole')
        assert.ok(((await page.locator('#prompt blockquote').boundingBox())?.height ?? 0) < 300)
        if (name.includes('right')) assert.equal(await direction(page), 'rtl')
        await fits(page, name)
        await accessible(page, name)
      },
    )

  named(
    'markup in a prompt, a note and a hand-over is shown and never executed',
    { before: prompted(hostile.join(' ')) },
    async ({ page, open }) => {
      await judging(page)
      await press(page, 'p')
      await page.waitForSelector('#prompt')
      assert.equal(await page.innerText('#prompt blockquote'), hostile.join(' '))
      await press(page, 'r')
      await page.fill('#leave-note', hostile.join('\n'))
      await press(page, 'Tab', 'Enter')
      await page.click('#end')
      await page.fill('#handover', hostile.join('\n'))
      await page.click('#shift-dialog >> button:has-text("End the shift")')
      await page.waitForSelector('text=Your shift is over')
      await using other = await open('bea')
      await judging(other.page)
      await other.page.waitForSelector('#handovers .callout')
      assert.match(await other.page.innerText('#before'), /onerror/)
      for (const one of [page, other.page])
        assert.equal(await one.locator('#desk :is(script, svg, img[src=x], a[href^=javascript])').count(), 0)
      assert.deepEqual(other.complaints, [])
    },
  )
})

const direction = (page: Page) =>
  page.locator('#prompt blockquote').evaluate((node) => getComputedStyle(node).direction)

function prompted(text: string) {
  return async (desk: Desk) => {
    const { requestId } = await desk.make('hold')
    const { sql } = desk.service.ground.database
    await sql.updateTable('darkroom.request').set({ prompt: text }).where('id', '=', requestId).execute()
  }
}

/** What a test broke on purpose is no complaint. */
function forgive(complaints: string[], what: RegExp): void {
  const others = complaints.filter((one) => !what.test(one))
  complaints.length = 0
  complaints.push(...others)
}

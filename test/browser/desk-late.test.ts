// What comes late at the desk, or by itself: a picture that was asked for, a session that came back, items while nobody wants any, questions
// that a timer asks, and a tab that closes too soon.

import assert from 'node:assert/strict'
import { holds, judging, onDesk, press, see, shownItem, until } from './on-desk.ts'

await onDesk('desk, late', ({ named }) => {
  named(
    'a picture that was asked for and comes late is not the next item’s',
    { before: holds(3) },
    async ({ page, desk }) => {
      await judging(page)
      const item = await shownItem(page)
      const release = Promise.withResolvers<void>()
      await page.route(
        '**/reveal',
        async (route) => {
          const answer = await route.fetch()
          await release.promise
          await route.fulfill({ response: answer })
        },
        { times: 1 },
      )
      const asked = page.waitForRequest('**/reveal')
      await press(page, 'Space')
      await asked
      await press(page, 'd', '1', '1', '1', 'Enter')
      await until(async () => (await shownItem(page)) !== item, 'the next item')
      const next = await shownItem(page)
      release.resolve()
      await page.waitForTimeout(500)
      assert.equal(await page.getAttribute('#picture img', 'data-view'), 'blurred')
      await see(page)
      const revealed = await desk.service.ground.database.sql
        .selectFrom('darkroom.review_reveal')
        .select('item_id')
        .where('item_id', '=', next)
        .execute()
      assert.equal(revealed.length, 1, 'the next one was asked for by itself')
    },
  )

  named(
    'what was seen of one item is not seen under the next, however late that one’s picture comes',
    { before: holds(3) },
    async ({ page }) => {
      await judging(page)
      const item = await shownItem(page)
      await see(page)
      assert.equal(await page.locator('#picture img').isVisible(), true)
      // From now on no picture is ever ready to be shown.
      await page.evaluate(() => {
        HTMLImageElement.prototype.decode = () => new Promise(() => {})
      })
      await press(page, 'd', '1', '1', '1', 'Enter')
      await until(async () => (await shownItem(page)) !== item, 'the next item')
      assert.equal(await page.locator('#picture img').isVisible(), false)
      assert.equal(await page.locator('#picture img[data-view=original]').count(), 0)
    },
  )

  named(
    'an item whose claim was answered to a page that was gone by then is shown after the reload',
    {},
    async ({ page, desk, complaints }) => {
      await page.waitForSelector('text=Nothing waits for you')
      const { id } = await desk.make('hold')
      const claimed = Promise.withResolvers<void>()
      await page.route(
        '**/v1/review/next',
        async (route) => {
          await route.fetch()
          claimed.resolve()
        },
        { times: 1 },
      )
      await press(page, 'j')
      await claimed.promise
      await page.reload()
      await judging(page)
      assert.equal(await shownItem(page), id)
      assert.equal((await desk.row(id)).fence, '1', 'it is the same claim')
      complaints.length = 0
    },
  )

  named('a desk that is signed out takes up the queue again once it goes on', {}, async ({ page, desk }) => {
    await page.waitForSelector('text=Nothing waits for you')
    const cookies = await page.context().cookies()
    await page.context().clearCookies()
    await press(page, 'j')
    await page.waitForSelector('text=You are signed out')
    await page.context().addCookies(cookies)
    await page.click('#rest button:has-text("Go on")')
    await page.waitForSelector('text=Nothing waits for you')
    await desk.make('hold')
    await page.waitForSelector('text=Something came')
    await press(page, 'j')
    await judging(page)
  })

  named('nothing is offered to whoever has ended the shift', { before: holds(1) }, async ({ page, desk }) => {
    await judging(page)
    await page.click('#end')
    await page.click('#shift-dialog >> button:has-text("End the shift")')
    await page.waitForSelector('text=Your shift is over')
    const told = page.waitForFunction(() => document.querySelector('#counts b')?.textContent === '2')
    await desk.make('hold')
    await told
    assert.match(await page.innerText('#rest'), /Your shift is over/)
  })

  named('what a timer asks keeps no idle session alive', { before: holds(1) }, async ({ page, complaints }) => {
    const attended: string[] = []
    page.on('request', (request) => {
      const { pathname } = new URL(request.url())
      if (request.method() === 'GET' && request.headers()['darkroom-unattended'] === undefined) attended.push(pathname)
    })
    await page.clock.install()
    await page.route('**/v1/review/events', (route) => route.abort('failed'))
    await page.reload()
    await judging(page)
    await page.waitForSelector('#live[data-state]')
    attended.length = 0
    await page.clock.runFor(130_000)
    await page.waitForTimeout(500)
    const timed = attended.filter((path) => path === '/v1/review/shift' || path === '/v1/review/queue')
    assert.deepEqual(timed, [])
    complaints.length = 0
  })

  named(
    'a tab whose verdict is not stored yet asks before it closes',
    { before: holds(2) },
    async ({ page, complaints }) => {
      await judging(page)
      await see(page)
      await page.context().setOffline(true)
      await press(page, 'a', 'Enter')
      await page.waitForSelector('text=Your verdict is kept here and sent again')
      await page.waitForTimeout(1500)
      assert.match(await page.innerText('#sent'), /kept here and sent again/, 'it is still said')
      const asked = page.waitForEvent('dialog')
      await page.close({ runBeforeUnload: true })
      assert.equal((await asked).type(), 'beforeunload')
      await page.context().setOffline(false)
      await page.waitForSelector('#sent >> text=Allowed.')
      complaints.length = 0
    },
  )
})

// The focus is never lost by what one does, kept in a dialog and given back by it. And what is drawn for people who ask for less motion or
// for colours of their own.

import assert from 'node:assert/strict'
import { sql as raw } from 'kysely'
import type { Page } from 'playwright-core'
import { BEARERS } from '../http/service.ts'
import { poorContrast } from './contrast.ts'
import { opened, PAGES } from './every-page.ts'
import { stopNow, walk } from './focus-walk.ts'
import { judging, press } from './on-desk.ts'
import { onHostile } from './on-hostile.ts'

await onHostile('focus', { typed: ['general'] }, ({ named }) => {
  named('the way past the masthead leaves the secret of a statement in its link', async ({ desk, open }) => {
    const { imageIds } = await desk.pictures(['denied'])
    const { body } = await desk.as(`/v1/images/${imageIds[0]}`, 'client')
    const { id } = body.statement
    const page = await open(null, `/statements/${id}#${BEARERS.secretOf(id)}`)
    await page.waitForSelector('#appeal-form:not([hidden])')
    await page.locator('a.skip').focus()
    await page.keyboard.press('Enter')
    await page.waitForTimeout(200)
    assert.equal(new URL(page.url()).hash, `#${BEARERS.secretOf(id)}`)
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'notice')
    await page.reload()
    await page.waitForSelector('#appeal-form:not([hidden])')
  })

  named('on the desk no act loses the focus', async ({ desk, open }) => {
    await desk.clear()
    await desk.as('/v1/review/shift/end', 'bea', { body: { note: 'mind the queue' } })
    for (let made = 0; made < 4; made++) await desk.make('hold')
    const page = await open('ada', '/review')
    const stays = async (after: string) => assert.notEqual(await page.evaluate(stopNow), null, `lost after ${after}`)
    await judging(page)
    await stays('coming')
    await page.click('#handovers button')
    await stays('reading what a colleague left')
    await press(page, 'Space')
    await page.waitForSelector('#picture img[data-view=original]')
    await press(page, 'a', 'Enter')
    await page.waitForSelector('#sent >> text=Undo')
    await stays('deciding')
    await page.click('#sent >> text=Undo')
    await page.waitForSelector('#sent', { state: 'hidden' })
    await stays('undoing')
    await page.click('text=Show the prompt')
    await page.waitForSelector('#prompt')
    await stays('showing the prompt')
    await page.click('#picture-tools >> text=Show')
    await page.waitForSelector('#picture img[data-view=original]')
    await stays('showing the picture')
    await page.click('#picture-tools >> text=Larger')
    await stays('making it larger')
    await page.locator('#item-title').focus()
    await press(page, 'a', 'Shift+Enter')
    await page.waitForSelector('#desk[data-view=told]')
    await stays('looking at what it was')
    await page.click('#told >> text=Next')
    await judging(page)
    await stays('going on')
    await press(page, 'Space')
    await page.waitForSelector('#picture img[data-view=original]')
    await page.route('**/decide', (route) =>
      route.fulfill({ status: 409, json: { code: 'lease_expired', detail: 'gone' } }),
    )
    await press(page, 'a', 'Enter')
    await page.waitForSelector('#notices .callout')
    await stays('a verdict that was not stored')
    await page.click('#notices >> text=Dismiss')
    await stays('dismissing a notice')
    await page.unroute('**/decide')
  })

  named('a dialog keeps the focus and gives it back to what opened it', async ({ desk, open }) => {
    await desk.clear()
    await desk.make('hold')
    const page = await open('ada', '/review')
    await judging(page)
    for (const [opener, dialog] of [
      ['#commands', '#palette'],
      ['#open-keys', '#keys'],
      ['#back', '#shift-dialog'],
      ['#pass', '#shift-dialog'],
      ['#up', '#shift-dialog'],
      ['#skips', '#shift-dialog'],
      ['#end', '#shift-dialog'],
    ] as const) {
      await page.focus(opener)
      await page.keyboard.press('Enter')
      await page.waitForSelector(`${dialog}[open]`)
      for (let tabs = 0; tabs < 40; tabs++) {
        await page.keyboard.press(tabs % 5 === 4 ? 'Shift+Tab' : 'Tab')
        const where = await page.evaluate((box) => {
          const { activeElement: now } = document
          return now === document.body || now?.closest(box) != null
        }, dialog)
        assert.ok(where, `${dialog} of ${opener} lets the focus out`)
      }
      await page.keyboard.press('Escape')
      await page.waitForSelector(`${dialog}:not([open])`, { state: 'attached' })
      assert.equal(await page.evaluate(() => `#${document.activeElement?.id}`), opener)
    }
  })

  named('a row that changes or goes takes the focus along, not away', async ({ desk, open }) => {
    await desk.clear()
    const { id } = await desk.make('hold')
    const page = await open('lead', '/review/queue')
    await page.waitForSelector('#live[data-state=live]')
    const stays = async (after: string) => assert.notEqual(await page.evaluate(stopNow), null, `lost after ${after}`)
    await page.focus(`#keep-${id} button`)
    await page.keyboard.press('Enter')
    await page.waitForSelector(`#let-${id}`)
    await stays('keeping')
    await page.focus(`#let-${id} button`)
    await page.keyboard.press('Enter')
    await page.waitForSelector(`#let-${id}`, { state: 'detached' })
    await stays('letting go')
    await page.focus(`#to-${id}`)
    await desk.hold('ada', id)
    await page.waitForFunction((item) => document.getElementById(item)?.innerText.includes('has it'), id)
    await stays('somebody else’s claim')
  })

  named('who asks for less motion sees none; what moves otherwise is little', async (given) => {
    const { open, desk } = given
    const moving = (page: Page) =>
      page.evaluate(() => {
        const long = (time: string) =>
          time.split(',').some((one) => Number.parseFloat(one) * (one.endsWith('ms') ? 1 : 1000) > 1)
        const slow = [...document.querySelectorAll('*')].filter((node) => {
          const style = getComputedStyle(node)
          return (
            (long(style.transitionDuration) && style.transitionProperty !== 'none') || style.scrollBehavior === 'smooth'
          )
        })
        const running = document
          .getAnimations()
          .filter(({ effect }) => Number(effect?.getComputedTiming().duration) > 1)
        return running.length + slow.length
      })
    for (const one of PAGES)
      assert.equal(await moving(await opened(given, one, { reducedMotion: 'reduce' })), 0, one.name)
    for (const reducedMotion of ['reduce', 'no-preference'] as const) {
      const page = await open('client', '/', { reducedMotion })
      await page.fill('#prompt', 'a boat')
      await page.click('#develop:not([disabled])')
      await page.waitForSelector('.developing')
      assert.equal((await moving(page)) > 0, reducedMotion === 'no-preference', reducedMotion)
      await page.click('.developing >> text=Cancel')
      await page.waitForSelector('.settled')
    }
    await raw`DELETE FROM darkroom.task`.execute(desk.service.ground.database.sql)
  })

  named('with colours of one’s own every text and every ring can be seen', async (given) => {
    for (const colorScheme of ['dark', 'light'] as const)
      for (const one of PAGES) {
        const page = await opened(given, one, { forcedColors: 'active', colorScheme })
        assert.ok(await page.evaluate(() => matchMedia('(forced-colors: active)').matches))
        assert.deepEqual(await page.evaluate(poorContrast), [], `${one.name}, ${colorScheme}`)
        for (const stop of (await walk(page)).stops) assert.ok(stop.ring >= 3, `${stop.name} of ${one.name}`)
        await page.context().close()
      }
  })
})

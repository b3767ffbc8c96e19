// Ways out at the desk: an item given back, a kind of thing that one would rather not see, a break, the end of a shift.

import assert from 'node:assert/strict'
import { holds, judging, onDesk, press } from './on-desk.ts'

await onDesk('desk, ways out', ({ named }) => {
  named('what is given back carries its note to the next person', { before: holds(1) }, async ({ page, open }) => {
    await judging(page)
    await press(page, 'r')
    await page.keyboard.type('please look at the corner')
    await press(page, 'Tab', 'Enter')
    await page.waitForSelector('#desk:not([data-view=judging])')
    await page.click('text=End shift')
    await press(page, 'Tab', 'Tab', 'Enter')
    await using other = await open('bea')
    await judging(other.page)
    assert.match(await other.page.innerText('#before'), /A colleague says: please look at the corner/)
  })

  named(
    'a way out of a kind of thing: it goes, and nothing of its kind comes',
    { before: holds(2) },
    async ({ page, open }) => {
      await judging(page)
      await press(page, 'x')
      await page.waitForSelector('#shift-dialog[open]')
      await press(page, 'Enter')
      await page.waitForSelector('text=Nothing waits for you')
      assert.ok(!(await page.innerText('body')).includes('raphic'), 'its kind was told')
      await using other = await open('bea')
      await judging(other.page)
    },
  )

  named(
    'a break, and the end of a shift with a note for whoever comes next',
    { before: holds(1) },
    async ({ page, open }) => {
      await judging(page)
      await press(page, 'b')
      await page.waitForSelector('text=Nothing is held for you meanwhile')
      await press(page, 'Tab', 'Enter')
      await judging(page)
      await page.click('#end')
      await page.keyboard.type('many balloons today')
      await press(page, 'Tab', 'Enter')
      await page.waitForSelector('text=Your shift is over')
      assert.match(await page.innerText('#rest'), /1 item went back/)
      await using other = await open('bea')
      await other.page.waitForSelector('#handovers >> text=many balloons today')
    },
  )

  named('what one would rather not see is kept from one', { before: holds(1) }, async ({ page }) => {
    await judging(page)
    await press(page, 'Control+k')
    await page.keyboard.type('rather not')
    await press(page, 'Enter')
    await page.click('#shift-dialog >> text=Graphic violence')
    await page.click('#shift-dialog >> text=Keep it so')
    await page.waitForSelector('#shift-dialog:not([open])', { state: 'attached' })
    // What was on the desk goes back, too.
    await page.reload()
    await page.waitForSelector('text=Nothing waits for you')
    await page.click('#skips')
    await page.click('#shift-dialog >> text=Graphic violence')
    await page.click('#shift-dialog >> text=Keep it so')
    await page.waitForSelector('#shift-dialog:not([open])', { state: 'attached' })
    await press(page, 'j')
    await judging(page)
  })
})

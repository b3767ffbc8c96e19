// The reviewers' desk in a real Chromium on the real API, by keyboard alone: one motion from a picture to the next, what is shown before
// and after a verdict. Ways out are desk-ways-out.test.ts's, what goes wrong is desk-trouble.test.ts's.

import assert from 'node:assert/strict'
import { FINDINGS, GRAPHIC, PROMPT } from '../review/desk.ts'
import { holds, judging, onDesk, press, see, shownItem, until, verdictsOn } from './on-desk.ts'

await onDesk('desk', ({ named }) => {
  named(
    'outcome, rule, findings and note in one motion, and the next item is there',
    { before: holds(3) },
    async (given) => {
      const { page, desk } = given
      assert.equal(await judging(page), 'Held picture')
      const first = await shownItem(page)
      await page.waitForSelector('#picture img')
      await press(page, 'd', '/')
      await page.keyboard.type('graphic/3')
      await press(page, 'Enter', '1')
      const second = await page.locator('[data-field="findings.extent"] label').allInnerTexts()
      await press(page, String(1 + second.findIndex((text) => text.includes(FINDINGS.extent))))
      assert.equal(await page.evaluate(() => document.activeElement?.id), 'send')
      await press(page, 'n')
      await page.keyboard.type('clear at full size')
      await press(page, 'Control+Enter')
      await page.waitForFunction((before) => {
        const [shown] = JSON.parse(sessionStorage.getItem('darkroom.claims') ?? '[]')
        return shown !== undefined && shown[0] !== before
      }, first)
      await page.waitForSelector('text=Denied.')
      const [verdict] = await verdictsOn(desk, first)
      assert.equal(verdict?.outcome, 'deny')
      assert.equal(verdict?.clause, GRAPHIC)
      assert.equal(Reflect.get(Object(verdict?.findings), 'extent'), FINDINGS.extent)
      assert.equal(verdict?.note, 'clear at full size')
      assert.equal(verdict?.blind, true)
      assert.equal(await page.inputValue('#note'), '')
    },
  )

  named('what is missing is said beside it, and nothing is decided', { before: holds(1) }, async ({ page, desk }) => {
    await judging(page)
    const item = await shownItem(page)
    await page.waitForTimeout(450)
    await page.click('#send')
    assert.equal(await page.innerText('.outcomes .error'), 'Choose an outcome.')
    await press(page, 'd')
    await page.click('#send')
    assert.equal(await page.innerText('[data-field=clause] .error'), 'Choose one.')
    assert.deepEqual(await verdictsOn(desk, item), [])
  })

  named(
    'the picture is blurred by the server until it is asked for, which is written down',
    { before: holds(1) },
    async (given) => {
      const { page, desk } = given
      const asked: string[] = []
      page.on('request', (request) => request.url().includes('/picture') && asked.push(new URL(request.url()).search))
      await page.reload()
      await judging(page)
      await page.waitForSelector('#picture img[data-view=blurred]')
      assert.deepEqual([...new Set(asked)], [''])
      const item = await shownItem(page)
      const reveals = () =>
        desk.service.ground.database.sql
          .selectFrom('darkroom.review_reveal')
          .select(['what', 'person_id'])
          .where('item_id', '=', item)
          .execute()
      assert.deepEqual(await reveals(), [])
      await press(page, 'Space')
      await page.waitForSelector('#picture img[data-view=original]')
      assert.deepEqual(await reveals(), [{ what: 'picture', person_id: desk.id('ada') }])
      await press(page, 'g')
      await page.waitForSelector('#picture img[data-view=grey]')
      await press(page, '+')
      await page.waitForFunction(() => document.getElementById('picture')?.dataset.size === 'l')
      await press(page, '-', '-')
      await page.waitForFunction(() => document.getElementById('picture')?.dataset.size === 's')
      await press(page, 'Space')
      await page.waitForSelector('#picture img[data-view=blurred]')
      assert.equal((await reveals()).length, 1)
      // Preferences are the person's, and stay.
      await page.reload()
      await judging(page)
      await page.waitForFunction(() => document.getElementById('picture')?.dataset.size === 's')
      await press(page, 'Space')
      await page.waitForSelector('#picture img[data-view=grey]')
      await press(page, 'g', '+')
      await page.waitForFunction(() => document.getElementById('picture')?.dataset.size === 'm')
    },
  )

  named('a picture that nobody looked at is allowed only on purpose', { before: holds(2) }, async ({ page, desk }) => {
    await judging(page)
    const item = await shownItem(page)
    await press(page, 'a', 'Enter', 'Enter')
    await page.waitForSelector('text=You have not looked at the picture as it is')
    assert.deepEqual(await verdictsOn(desk, item), [])
    await page.waitForTimeout(500)
    await press(page, 'Enter')
    await until(async () => (await verdictsOn(desk, item)).length === 1, 'the verdict')
  })

  named('Escape leaves the note, and single keys work again', { before: holds(1) }, async ({ page }) => {
    await judging(page)
    await press(page, 'n')
    await page.keyboard.type('d')
    await press(page, 'Escape', 'd')
    assert.equal(await page.inputValue('#note'), 'd')
    assert.equal(await page.isChecked('[name=outcome][value=deny]'), true)
  })

  named(
    'after a reload a verdict can still be taken back, and one’s last ones are listed',
    { before: holds(2) },
    async ({ page, desk }) => {
      await judging(page)
      const item = await shownItem(page)
      await see(page)
      await press(page, 'a', 'Enter')
      await page.waitForSelector('#sent >> text=Undo')
      await page.reload()
      await judging(page)
      await page.waitForSelector('#sent >> text=Undo')
      await press(page, 'm')
      await page.waitForSelector('#shift-dialog >> text=can still be taken back')
      await press(page, 'Escape', 'u')
      await page.waitForFunction((id) => sessionStorage.getItem('darkroom.claims')?.includes(`[["${id}"`), item)
      assert.deepEqual(await verdictsOn(desk, item), [])
    },
  )

  named('the prompt comes on request', { before: holds(1) }, async ({ page }) => {
    await judging(page)
    assert.ok(!(await page.innerText('body')).includes(PROMPT))
    await press(page, 'p')
    await page.waitForSelector('#prompt')
    assert.equal(await page.innerText('#prompt blockquote'), PROMPT)
  })

  named('scores stand against thresholds only once the verdict is stored', { before: holds(2) }, async ({ page }) => {
    const told: string[] = []
    page.on('response', async (response) => {
      if (response.url().includes('/v1/review/')) told.push(await response.text().catch(() => ''))
    })
    await judging(page)
    await page.reload()
    await judging(page)
    await see(page)
    await press(page, 'a')
    await page.waitForTimeout(300)
    assert.ok(!told.some((body) => /"scores"|0\.4321|"category":/.test(body)), 'something was told before the verdict')
    await press(page, 'Shift+Enter')
    await page.waitForSelector('#desk[data-view=told]')
    const shown = await page.innerText('#told')
    for (const words of ['A picture that was held', 'What software found', '0.43', 'refused from', 'Yours', 'Allowed'])
      assert.ok(shown.includes(words), words)
    await press(page, 'j')
    await judging(page)
  })

  named(
    'a verdict is taken back, and decided anew with what was chosen still there',
    { before: holds(2) },
    async (given) => {
      const { page, desk } = given
      await judging(page)
      const item = await shownItem(page)
      await see(page)
      await press(page, 'a', 'Enter')
      await page.waitForSelector('#sent >> text=Undo')
      await press(page, 'u')
      await page.waitForFunction((id) => sessionStorage.getItem('darkroom.claims')?.includes(`[["${id}"`), item)
      assert.equal(await page.isChecked('[name=outcome][value=allow]'), true)
      assert.deepEqual(await verdictsOn(desk, item), [])
      await press(page, 'd', '1', '1', '1', 'Enter')
      const [verdict] = await until(async () => {
        const found = await verdictsOn(desk, item)
        return found.length > 0 ? found : null
      }, 'a verdict')
      assert.equal(verdict?.outcome, 'deny')
      assert.equal(verdict?.blind, false)
    },
  )

  named(
    'every command is in the palette, and handing up takes its note',
    { before: holds(2) },
    async ({ page, desk }) => {
      await judging(page)
      const item = await shownItem(page)
      await press(page, 'Control+k')
      assert.equal(await page.evaluate(() => document.activeElement?.id), 'palette-ask')
      await page.keyboard.type('hand it')
      await press(page, 'Enter')
      await page.waitForSelector('#shift-dialog[open]')
      await page.keyboard.type('is this news?')
      await press(page, 'Tab', 'Enter')
      await page.waitForFunction((id) => !sessionStorage.getItem('darkroom.claims')?.includes(id), item)
      const row = await desk.row(item)
      assert.equal(row.lead_only, true)
      assert.equal(row.handover_note, 'is this news?')
    },
  )

  named('the keys are listed, and single keys can be switched off', { before: holds(1) }, async ({ page }) => {
    await judging(page)
    await press(page, '?')
    await page.waitForSelector('#keys[open]')
    assert.match(await page.innerText('#keys'), /Show or blur the picture/)
    await page.click('text=Single keys work')
    await press(page, 'Escape')
    await page.waitForSelector('#keys:not([open])', { state: 'attached' })
    await press(page, 'a')
    assert.equal(await page.locator('[name=outcome]:checked').count(), 0)
    await press(page, 'Control+k')
    await page.keyboard.type('allow')
    await press(page, 'Enter')
    assert.equal(await page.isChecked('[name=outcome][value=allow]'), true)
    assert.equal(await judging(page), 'Held picture', 'what was chosen in the palette was not decided by the same key')
    await page.click('#open-keys')
    await page.click('text=Single keys work')
    await press(page, 'Escape')
    await page.waitForSelector('#keys:not([open])', { state: 'attached' })
    await press(page, 'd')
    assert.equal(await page.isChecked('[name=outcome][value=deny]'), true)
  })

  named('what the person concerned will read can be seen before', { before: holds(1) }, async ({ page, desk }) => {
    await judging(page)
    const item = await shownItem(page)
    await press(page, 'd', '1', '1', '1', 'v')
    await page.waitForSelector('#preview .said')
    assert.ok((await page.innerText('#preview .said')).length > 80)
    assert.deepEqual(await verdictsOn(desk, item), [])
  })

  named('an empty desk says so, and says when something comes', {}, async ({ page, desk }) => {
    await page.waitForSelector('text=Nothing waits for you')
    await page.waitForSelector('#live[data-state=live]')
    await desk.make('hold')
    await page.waitForSelector('text=Something came')
    await press(page, 'j')
    await judging(page)
  })

  named('a reload goes on with the same item and what was begun', { before: holds(2) }, async ({ page }) => {
    await judging(page)
    const item = await shownItem(page)
    await press(page, 'd', '2', 'n')
    await page.keyboard.type('half a thought')
    await page.reload()
    await judging(page)
    assert.equal(await shownItem(page), item)
    assert.equal(await page.isChecked('[name=outcome][value=deny]'), true)
    assert.equal(await page.locator('[name=clause]:checked').count(), 1)
    assert.equal(await page.inputValue('#note'), 'half a thought')
  })
})

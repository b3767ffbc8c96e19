// The routing page as a lead meets it: rules written, moved, tried and saved by the keyboard alone, with and without script; what would be
// left to nobody is said before it is saved, and nothing that was written is lost when somebody else saves first.

import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import type { RoutingRule } from '../../src/review/routing-rules.ts'
import type { Desk } from '../review/desk.ts'
import { rule } from '../review/routing-rules.ts'
import { EVERYTHING } from '../support/reviewing.ts'
import { accessible, fits } from './axe.ts'
import { screenshot } from './chromium.ts'
import { onDesk } from './on-desk.ts'

const AT = { as: 'lead', at: '/review/routing' }

const inForce = async (desk: Desk) => (await desk.as('/v1/review/routing', 'lead')).body
/** By somebody who has read what is in force. */
async function setRules(desk: Desk, rules: readonly RoutingRule[]): Promise<void> {
  const { version } = await inForce(desk)
  const { status } = await desk.as('/v1/review/routing', 'lead', { method: 'PUT', body: { version, rules } })
  assert.equal(status, 200)
}
const three = async (desk: Desk) =>
  setRules(desk, [
    rule(
      'Graphic, in German',
      { kinds: ['hold', 'report'], categories: ['violence/graphic'], languages: ['de'] },
      { people: [desk.id('ada'), desk.id('bea')], lead_only: true },
    ),
    rule('The gravest first', { min_severity: 75 }, { head_start_minutes: 120, verdicts: 2 }),
    rule('Of one customer', { tenants: [desk.clientTenant], has_language: false }, { head_start_minutes: 45 }),
  ])
const titles = async (page: Page) =>
  (await page.locator('.rule h2').allInnerTexts()).map((text) => text.replace(/\s*not saved$/, ''))
/** What has the focus, as it is called. */
const focused = (page: Page) =>
  page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.id ?? '')
/** Tabs on until something is reached that is called so, and presses Enter there. */
async function reach(page: Page, name: RegExp): Promise<void> {
  for (let step = 0; step < 150; step++) {
    await page.keyboard.press('Tab')
    const at = await page.evaluate(() => {
      const { activeElement: node } = document
      return node?.getAttribute('aria-label') ?? (node?.closest('label') ?? node)?.textContent?.trim() ?? ''
    })
    if (name.test(at)) return
  }
  throw new Error(`the keyboard never comes to ${name}`)
}
/** Each act leads to the page anew, and the keyboard to where it goes on. */
const press = async (page: Page, key: string) => {
  await Promise.all([page.waitForEvent('load'), page.keyboard.press(key)])
  await page.waitForFunction(() => document.activeElement !== document.body)
}
const act = async (page: Page, selector: string) => {
  await Promise.all([page.waitForEvent('load'), page.click(selector)])
}

onDesk('routing page', ({ named }) => {
  named(
    'each rule can be read as a sentence, by anybody who leads and nobody else',
    { ...AT, before: three },
    async ({ page, open, desk }) => {
      assert.deepEqual(await page.locator('.sentence').allInnerTexts(), [
        'Held pictures and reports of graphic violence in German go only to Person ada or Person bea, if they are leads.',
        'All items of severity 75 and more need at least 2 verdicts and go 2 hours ahead.',
        'All items whose language is not known from Default go 45 minutes ahead.'.replace(
          'Default',
          await customer(desk),
        ),
      ])
      assert.equal(await page.locator('.unsaved').count(), 0)
      await accessible(page, 'the rules')
      await using theirs = await open('ada', '/review/routing')
      assert.match(await theirs.page.innerText('h1'), /for others/)
      theirs.complaints.length = 0
    },
  )

  named(
    'a rule is written, moved, tried and saved by the keyboard alone',
    { ...AT, before: three },
    async ({ page, desk }) => {
      await desk.make('hold', { category: 'weapons', clause: 'weapons/2' })
      await reach(page, /^Add a rule$/)
      await press(page, 'Enter')
      assert.equal(await focused(page), 'rule-name')
      await page.keyboard.type('Weapons to Cy')
      await reach(page, /^weapons$/i)
      await page.keyboard.press('Space')
      await reach(page, /^Person cy$/)
      await page.keyboard.press('Space')
      await reach(page, /^Done$/)
      await press(page, 'Enter')
      assert.equal(await focused(page), 'Edit: Weapons to Cy, 4 of 4')
      await press(page, 'Alt+ArrowUp')
      assert.equal(await focused(page), 'Up: Weapons to Cy, 3 of 4')
      await press(page, 'Enter')
      await press(page, 'Enter')
      assert.deepEqual((await titles(page))[0], 'Weapons to Cy')
      await press(page, 'Enter')
      assert.deepEqual((await titles(page))[0], 'Weapons to Cy', 'the first stays the first')
      await reach(page, /^Down: Of one customer/)
      await press(page, 'Enter')
      await reach(page, /^Remove: Of one customer/)
      await press(page, 'Enter')
      assert.equal(await page.locator('.rule .unsaved').count(), 1)
      assert.equal((await inForce(desk)).rules.length, 3, 'nothing is saved yet')

      await reach(page, /^Try it/)
      await press(page, 'Enter')
      const row = page.locator('.tried tbody tr').first()
      assert.match(await row.innerText(), /1\. Weapons to Cy\s+1\s+1\s+0\s+0/)
      const cy = page.locator('.tried tr', { hasText: 'Person cy' })
      assert.match(await cy.innerText(), /Person cy\s+1\s+1/)
      assert.match(await page.locator('.tried tr', { hasText: 'Person dan' }).innerText(), /Person dan\s+1\s+0/)
      await accessible(page, 'what trying said')

      await page.focus('.primary')
      await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')])
      assert.equal(await page.locator('.unsaved').count(), 0)
      const { rules } = await inForce(desk)
      assert.deepEqual(
        rules.map((one: RoutingRule) => one.name),
        ['Weapons to Cy', 'Graphic, in German', 'The gravest first'],
      )
      assert.deepEqual([rules[0].when, rules[0].then], [{ categories: ['weapons'] }, { people: [desk.id('cy')] }])
    },
  )

  named(
    'an edited rule comes back as it was said, and what makes no sense is said where it is written',
    { ...AT, before: three },
    async ({ page }) => {
      const [before] = await page.locator('.sentence').allInnerTexts()
      await act(page, '[aria-label^="Edit: Graphic"]')
      await accessible(page, 'the form of a rule')
      await act(page, 'text=Done')
      assert.equal((await page.locator('.sentence').allInnerTexts())[0], before)
      assert.equal(await page.locator('.unsaved').count(), 0, 'nothing changed')

      await act(page, '[aria-label^="Edit: Graphic"]')
      await page.fill('[name=verdicts]', '3')
      await act(page, 'text=Done')
      assert.match(
        await page.innerText('[role=alert]'),
        /^3 people would have to judge it, and the rule lets 2 have it: name more people/,
      )
      assert.equal(await page.inputValue('[name=verdicts]'), '3')
      await page.fill('[name=verdicts]', '')
      await page.fill('[name=min_severity]', '60')
      await page.fill('[name=max_severity]', '40')
      await act(page, 'text=Done')
      assert.match(await page.innerText('[role=alert]'), /nothing would match/)
      await act(page, 'text=Cancel')
      assert.equal((await page.locator('.sentence').allInnerTexts())[0], before)

      await act(page, 'text=Add a rule')
      await page.fill('[name=name]', '<b>Nothing</b> yet')
      await act(page, 'text=Done')
      assert.match(await page.innerText('[role=alert]'), /at least one condition/)
      await page.check('[name=kinds][value=hold]')
      await act(page, 'text=Done')
      assert.match(await page.innerText('[role=alert]'), /at least one effect/)
      await page.check('[name=lead_only]')
      await act(page, 'text=Done')
      assert.equal((await titles(page))[3], '<b>Nothing</b> yet', 'what is typed is text')
      await act(page, 'text=Drop the changes')
      assert.equal((await titles(page)).length, 3)
    },
  )

  named(
    'what would be left to nobody is asked about before it is saved, and nothing else',
    AT,
    async ({ page, desk }) => {
      await setRules(desk, [])
      await desk.make('hold')
      await desk.as(`/v1/review/people/${desk.id('ada')}`, 'lead', {
        method: 'PUT',
        body: { ...EVERYTHING, categories: ['weapons'] },
      })
      await page.reload()
      await act(page, 'text=Add a rule')
      await page.fill('[name=name]', 'All to Ada')
      await page.check('[name=kinds][value=hold]')
      await page.check(`[name=people][value=${desk.id('ada')}]`)
      await act(page, 'text=Done')
      await act(page, '.tools .primary')
      assert.match(
        await page.innerText('.asked'),
        /All to Ada decides about \d items? of the last day, and there is nobody for 1\./,
      )
      await accessible(page, 'the question')
      await act(page, 'text=Go on editing')
      assert.equal((await inForce(desk)).rules.length, 0)
      await act(page, '.tools .primary')
      await act(page, 'text=Save all the same')
      assert.equal((await inForce(desk)).rules.length, 1)
      await act(page, '[aria-label^="Remove"]')
      await act(page, '.tools .primary')
      assert.equal((await inForce(desk)).rules.length, 0)
      assert.match(await page.innerText('#routing'), /There are no rules/)
    },
  )

  named(
    'where somebody else saved first the draft stays, theirs is shown, and one chooses',
    { ...AT, before: three },
    async ({ page, desk }) => {
      await act(page, '[aria-label^="Remove: Of one"]')
      await setRules(desk, [rule('Theirs', { kinds: ['audit'] }, { lead_only: true })])
      // What is done to the draft meanwhile does not put it on top of theirs.
      await act(page, '[aria-label^="Down: Graphic"]')
      await act(page, '[aria-label^="Up: Graphic"]')
      await act(page, '.tools .primary')
      const asked = await page.innerText('.asked')
      assert.match(asked, /Person lead saved version \d+ meanwhile/)
      assert.match(asked, /Theirs/)
      assert.match(asked, /audits go only to leads\./i)
      assert.deepEqual(await titles(page), ['Graphic, in German', 'The gravest first'])
      assert.equal((await inForce(desk)).rules[0].name, 'Theirs', 'nothing is lost on either side')
      await accessible(page, 'the conflict')
      await act(page, 'text=Save mine in place of theirs')
      assert.equal((await inForce(desk)).rules.length, 2)
      await act(page, '[aria-label^="Remove: The gravest"]')
      await setRules(desk, [])
      await act(page, '.tools .primary')
      await act(page, 'text=Take theirs, drop mine')
      assert.match(await page.innerText('#routing'), /There are no rules/)
    },
  )

  for (const colorScheme of ['dark', 'light'] as const)
    for (const [size, viewport] of Object.entries({
      wide: { width: 1280, height: 900 },
      360: { width: 360, height: 740 },
    }))
      named(
        `rules that were tried are accessible and fit, ${size}, ${colorScheme}`,
        { ...AT, colorScheme, viewport, before: three },
        async ({ page }) => {
          await act(page, 'text=Try it')
          await page.waitForSelector('.tried')
          await accessible(page, 'tried')
          await fits(page, 'tried')
          await screenshot(page, `routing${size === 'wide' ? '' : '-360'}-${colorScheme}`)
        },
      )

  const phone = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, colorScheme: 'light' as const }
  named(
    'on a phone, by daylight, and without script',
    { ...AT, ...phone, javaScriptEnabled: false, before: three },
    async ({ page, desk }) => {
      await act(page, '[aria-label^="Down: Graphic"]')
      assert.deepEqual((await titles(page))[1], 'Graphic, in German')
      await act(page, '[aria-label^="Edit: The gravest"]')
      await page.fill('[name=name]', 'A name that is rather long for a telephone, and goes on')
      await act(page, 'text=Done')
      await act(page, 'text=Try it')
      await act(page, '.tools .primary')
      assert.match((await inForce(desk)).rules[0].name, /^A name that/)
    },
  )
  named(
    'no state of it is wider than a phone or lacks contrast by daylight',
    { ...AT, ...phone, before: three },
    async ({ page, desk }) => {
      await desk.make('hold')
      await fits(page, 'the rules')
      await act(page, '[aria-label^="Edit: Graphic"]')
      await fits(page, 'the form')
      await accessible(page, 'the form')
      await act(page, 'text=Cancel')
      await act(page, '[aria-label^="Up: The gravest"]')
      await act(page, 'text=Try it')
      await fits(page, 'what trying said')
      await accessible(page, 'what trying said')
    },
  )
})

async function customer(desk: Desk): Promise<string> {
  const { sql } = desk.service.ground.database
  const row = await sql
    .selectFrom('darkroom.tenant')
    .select('name')
    .where('id', '=', desk.clientTenant)
    .executeTakeFirstOrThrow()
  return row.name
}

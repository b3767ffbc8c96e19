// What leads see of how decisions are made, with its doubts, and of who reviews what; changed by keyboard.

import assert from 'node:assert/strict'
import { sql as raw } from 'kysely'
import { EVERYTHING } from '../support/reviewing.ts'
import { accessible } from './axe.ts'
import { judged, sqlOf } from './leads-desks.ts'
import { onDesk, press } from './on-desk.ts'

const QUALITY = { as: 'lead', at: '/review/quality' }
const PEOPLE = { as: 'lead', at: '/review/people' }

await onDesk('leads, figures and people', ({ named }) => {
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
      await page.focus('#person-form .primary')
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
    'where somebody else was first nothing typed is lost, and what stands now is shown before it is saved over',
    PEOPLE,
    async ({ page, desk }) => {
      await page.goto(`${desk.service.url}/review/people?edit=${desk.id('ada')}`)
      await page.fill('#max_severity', '70')
      const theirs = {
        ...EVERYTHING,
        languages: ['fr'],
      }
      const saved = await desk.as(`/v1/review/people/${desk.id('ada')}`, 'lead', { method: 'PUT', body: theirs })
      assert.equal(saved.status, 200)
      await page.focus('#max_severity')
      await press(page, 'Enter')
      await page.waitForSelector('#person-error:not([hidden])')
      assert.match(await page.innerText('#person-error'), /Somebody has changed what this person reviews meanwhile/)
      assert.equal(await page.inputValue('#max_severity'), '70')
      await press(page, 'Enter')
      await page.waitForSelector('[data-anew] dl')
      assert.match(await page.innerText('[data-anew] dl'), /Languages\s+fr[\s\S]*up to 100/)
      assert.equal(await page.evaluate(() => document.activeElement?.ariaLabel), 'What stands now')
      await accessible(page, 'what stands now')
      await page.focus('#max_severity')
      await press(page, 'Enter')
      await page.waitForSelector('#person-form', { state: 'detached' })
      assert.match(await page.innerText(`#${desk.id('ada')}`), /Categories[\s\S]*up to 70/)
    },
  )

  named(
    'an administrator opens what is restricted; a lead is not offered it',
    { ...PEOPLE, as: 'admin' },
    async ({ page, desk, open }) => {
      await page.goto(`${desk.service.url}/review/people?edit=${desk.id('ada')}`)
      await page.locator('label', { hasText: 'Sees what is restricted' }).click()
      await page.click('#person-form .primary')
      await page.waitForSelector('#person-form', { state: 'detached' })
      assert.match(await page.innerText(`#${desk.id('ada')}`), /Restricted\s+sees it/)
      await using lead = await open('lead', `/review/people?edit=${desk.id('ada')}`)
      assert.equal(await lead.page.locator('input[name=restricted]').count(), 0)
      await lead.page.fill('#max_severity', '60')
      await lead.page.click('#person-form .primary')
      await lead.page.waitForSelector('#person-form', { state: 'detached' })
      assert.match(await lead.page.innerText(`#${desk.id('ada')}`), /up to 60[\s\S]*sees it/, 'what is not named stays')
    },
  )
})

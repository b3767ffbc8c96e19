// Reports on their page: each looked at, its period chosen and refused at its field, fetched as CSV, printed, on a phone, dark and light.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { sql as raw } from 'kysely'
import type { Page } from 'playwright-core'
import { json } from '../http/service.ts'
import type { Publishing } from '../mark/publishing.ts'
import { accessible, fits } from './axe.ts'
import { screenshot } from './chromium.ts'
import { onAudit } from './on-audit.ts'

const NAMES = ['marks', 'moderation', 'detector', 'retention', 'decisions'] as const
const DAY_MS = 86_400_000
const dayOf = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10)

/** Some days of a service, of which the last is today; no time is waited for. */
async function happened(publishing: Publishing): Promise<void> {
  const { court, service, sql } = publishing
  const first = await publishing.publish()
  await publishing.publish('jpeg', { label: true })
  for (const scores of [{ weapons: 0.95 }, { 'violence/graphic': 0.99 }]) {
    const asked = await service.call('/v1/generations', json({ prompt: 'a red boat on the sea at sunset' }))
    await court.develop((await asked.json()).id, [scores])
  }
  await service.call('/v1/generations', json({ prompt: 'a soldier beheading a man, blood everywhere' }))
  const form = new FormData()
  form.set('file', new Blob([Uint8Array.from(first.bytes)]), 'found.png')
  assert.equal((await service.call('/v1/provenance/verify', { method: 'POST', body: form, as: null })).status, 200)
  for (let days = 1; days < 14; days++)
    await raw`
      INSERT INTO darkroom.public_check_day (day, surface, given, verdict, count)
      SELECT current_date - ${days}::int, surface, 'file', verdict, 3 + (${days}::int * 7 + length(verdict) * 3 + length(surface)) % 11
        FROM unnest(ARRAY['page', 'api']) AS surface, unnest(ARRAY['ours', 'ours_altered', 'inconclusive', 'none_found']) AS verdict
    `.execute(sql)
  await raw`INSERT INTO darkroom.recheck_day (day, result, count) VALUES (current_date, 'ok', 140)`.execute(sql)
}

const show = (page: Page, name: string) => page.click(`.reports a[href*="/${name}?"]`)
const titleOf = (page: Page) => page.innerText('#report')

await onAudit('reports', happened, (named) => {
  for (const scheme of ['dark', 'light'] as const)
    for (const [size, viewport] of [
      ['', { width: 1280, height: 900 }],
      ['-360', { width: 360, height: 780 }],
    ] as const)
      named(`each report is shown, ${scheme}${size}, from each other`, async ({ open }) => {
        const page = await open('/audit/reports', { viewport, colorScheme: scheme })
        for (const name of NAMES) {
          await show(page, name)
          await page.waitForURL(new RegExp(`/audit/reports/${name}`))
          assert.equal(
            await page.getAttribute('.reports [aria-current]', 'href'),
            new URL(page.url()).pathname + new URL(page.url()).search,
          )
          assert.ok((await page.locator('.sum').count()) > 4, name)
          await accessible(page, name)
          await fits(page, name)
          if (size === '' || name === 'moderation') await screenshot(page, `audit-reports-${name}${size}-${scheme}`)
        }
      })

  named('its figures say what they count, and what was not measured says so', async ({ open }) => {
    const page = await open('/audit/reports/marks')
    const released = page.locator('.sum', { has: page.locator('dt', { hasText: /^Released pictures$/ }) })
    assert.match(await released.innerText(), /^Released pictures\s+2\s+Pictures with a move to published/)
    const disclosure = page.locator('.sum', { hasText: 'Disclosure fields' })
    assert.match(await disclosure.innerText(), /not measured[\s\S]*do not say which fields/)
    const rechecked = page.locator('.sum', { hasText: 'Found as released' })
    assert.match(await rechecked.innerText(), /140\s+of 140[\s\S]*100\.0 % \(97\.\d to 100\.0 %\), n = 140/)
    assert.match(await page.innerText('.agrees summary'), /agree with the records .* in all 5 pairs/)
    assert.match(await page.innerText('#main'), /The period is not over/)
    await show(page, 'detector')
    assert.ok((await page.locator('.columns rect').count()) > 50)
    assert.match(
      (await page.getAttribute('.columns svg', 'aria-label')) ?? '',
      /Answers a day, by verdict: \d+ on 14 of 14 days/,
    )
    await show(page, 'moderation')
    assert.match(await page.innerText('#main'), /darkroom statements export --from \S+ --to \S+/)
  })

  named(
    'a period is chosen by keyboard or by a link, and one that is none is refused at its field',
    async ({ open, expected }) => {
      expected.push(/400/)
      const page = await open('/audit/reports/retention')
      await page.fill('#from', dayOf(-3))
      await page.fill('#to', dayOf(-1))
      await page.focus('#to')
      await page.keyboard.press('Enter')
      await page.waitForURL(/from=/)
      assert.match(await titleOf(page), new RegExp(`Retention, ${dayOf(-3)} to ${dayOf(-1)}`))
      assert.match(await page.innerText('section:has(> .headed #exports)'), /None\./)
      await show(page, 'decisions')
      assert.equal(await page.inputValue('#from'), dayOf(-3))
      assert.match(await page.innerText('section:has(> .headed #decisions)'), /None\./)
      for (const [from, to, field, words] of [
        [dayOf(-1), dayOf(-1), 'to', /to is not after from/],
        [dayOf(3), dayOf(4), 'from', /in the future/],
        [dayOf(-1), dayOf(3), 'to', /after the end of today/],
        ['2024-01-01', '2026-01-01', 'to', /400 days at the most/],
        ['<b>soon</b>', dayOf(1), 'from', /not a (day|moment)/],
      ] as const) {
        const query = new URLSearchParams({ from, to })
        const answer = await page.goto(`${new URL(page.url()).origin}/audit/reports/decisions?${query}`)
        assert.equal(answer?.status(), 400)
        assert.match(await page.innerText(`#${field}-error`), words)
        assert.equal(await page.getAttribute(`#${field}`, 'aria-describedby'), `${field}-error`)
        assert.equal(await page.locator('[aria-invalid=true]').count(), 1)
        assert.equal(await page.locator('.report').count(), 0)
        await accessible(page, `${field} refused`)
      }
      await page.click('text=Last 7 days')
      assert.match(await titleOf(page), new RegExp(`${dayOf(-6)} to ${dayOf(1)}`))
    },
  )

  named('a table and the figures are fetched as CSV, as the page shows them', async ({ open }) => {
    const page = await open('/audit/reports/detector')
    const fetched = async (link: string) => {
      const [download] = await Promise.all([page.waitForEvent('download'), page.click(link)])
      return { name: download.suggestedFilename(), text: await readFile(await download.path(), 'utf8') }
    }
    const days = await fetched('section:has(> .headed #by_day) .links a')
    assert.match(days.name, /^detector_by_day_\d{4}-\d\d-\d\d_\d{4}-\d\d-\d\d\.csv$/)
    const lines = days.text.split('\r\n')
    assert.equal(lines[0], 'day,surface,given,checks,ours,ours_altered,inconclusive,foreign_manifest,none_found')
    const shown = await page.locator('section:has(> .headed #by_day) tbody tr').count()
    assert.equal(lines.length, shown + 2)
    const figures = await fetched('section:has(> .headed #figures) .links a')
    assert.match(figures.text, /^name,title,value,of,low,high,unmeasured,definition\r\nchecks,Answers given,\d+,,,,,/)
  })

  named('what does not agree is said first, and loudly', async ({ open, publishing }) => {
    const { sql } = publishing
    await raw`UPDATE darkroom.image SET marked = jsonb_set(marked, '{watermark,epoch}', '7') WHERE state = 'published'`.execute(
      sql,
    )
    const page = await open('/audit/reports/marks')
    await raw`UPDATE darkroom.image SET marked = jsonb_set(marked, '{watermark,epoch}', '1') WHERE state = 'published'`.execute(
      sql,
    )
    assert.match(await page.innerText('.report [role=alert]'), /1 of 5 pairs of numbers do not agree/)
    assert.match(await page.innerText('.report li.alarm'), /2 and 0/)
    assert.equal(await page.locator('.agrees').count(), 0)
    await accessible(page, 'what does not agree')
  })

  named('on paper it is dark on white, with nothing to press', async ({ open }) => {
    const page = await open('/audit/reports/decisions', { colorScheme: 'dark' })
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
    for (const hidden of ['.masthead', '.ways', '.period', '.presets', '.report .links', '.colophon'])
      assert.equal(await page.locator(hidden).first().isVisible(), false, hidden)
    const colours = await page.evaluate(() => {
      const { color } = getComputedStyle(document.body)
      return {
        ink: color,
        panel: getComputedStyle(document.querySelector('.report .panel') ?? document.body).backgroundColor,
      }
    })
    assert.deepEqual(colours, { ink: 'rgb(37, 27, 21)', panel: 'rgb(255, 255, 255)' })
    assert.match(await titleOf(page), /^Decisions, \d{4}/)
    await screenshot(page, 'audit-reports-decisions-print')
  })

  named('it works without script, and nobody else sees it', async ({ open, expected }) => {
    expected.push(/403|404/)
    const page = await open('/audit/reports/moderation', { javaScriptEnabled: false })
    await page.click('text=This month')
    assert.match(await titleOf(page), /^Moderation, \d{4}-\d\d-01 to/)
    const other = await open('/audit/reports/decisions', { as: 'client' })
    assert.equal(await other.locator('.sum').count(), 0)
    const none = await open('/audit/reports/nothing')
    assert.match(await none.innerText('#main'), /no such|not found|nothing here/i)
  })
})

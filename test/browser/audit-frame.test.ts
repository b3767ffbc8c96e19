// What surrounds the pages of an audit: whose key a sign-in asks for, addresses that lead nowhere, questions that cannot be read, what
// links and messages say, and what a phone shows of ways, tables and bars.

import assert from 'node:assert/strict'
import { accessible, fits } from './axe.ts'
import { screenshot } from './chromium.ts'
import { onAudit } from './on-audit.ts'

const LIGHT = { colorScheme: 'light' } as const
const PHONE = { viewport: { width: 360, height: 780 } }
const DAY_MS = 86_400_000

/** Reports of today. */
const report = (name: string) => {
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10)
  return `/audit/reports/${name}?from=${day(Date.now() - DAY_MS)}&to=${day(Date.now() + DAY_MS)}`
}

await onAudit(
  'what surrounds the pages of an audit',
  (publishing) => publishing.publish(),
  (named) => {
    named('a sign-in says whose key its page is for', async ({ open }) => {
      const expected = { '/audit': 'compliance or admin', '/review': 'reviewer or lead', '/review/queue': 'lead' }
      for (const [path, roles] of Object.entries(expected)) {
        const page = await open(path, { as: null })
        assert.ok((await page.innerText('#key-help')).endsWith(`This page is for ${roles}.`), path)
      }
      assert.match(await (await open('/', { as: null })).innerText('#key-help'), /Use client\.$/)
    })

    named('an address under /audit/ that leads nowhere is a page with the ways on', async ({ open, expected }) => {
      expected.push(/status of 404/)
      const page = await open('/audit/')
      assert.equal(new URL(page.url()).pathname, '/audit')
      for (const path of ['/audit/nope', '/audit/history', '/audit/exports/exp_x', '/audit/log/', '/audit/a/b/c']) {
        const answer = await page.goto(new URL(path, page.url()).href)
        assert.equal(answer?.status(), 404, path)
        assert.equal(await page.innerText('h1'), 'There is no such page', path)
        assert.equal(await page.locator('.ways a').count(), 4, path)
        assert.equal(await page.locator('.who').count(), 1, path)
      }
      await accessible(page, 'no such page')
      const stranger = await open('/audit/nope', { as: null })
      assert.match(await stranger.innerText('#key-help'), /compliance or admin/)
    })

    named('a question that cannot be read keeps the form and who is signed in', async ({ open, expected }) => {
      expected.push(/status of 400/)
      const page = await open('/audit?q=%00')
      assert.equal(await page.locator('#q').count(), 1)
      assert.equal(await page.locator('.who').count(), 1)
      assert.match(await page.innerText('#answer'), /That cannot be looked for[\s\S]*not text/)
      const reports = await open('/audit/reports/marks?from=%00')
      assert.equal(await reports.locator('.who').count(), 1)
      const stranger = await open('/audit?q=%00', { as: null })
      assert.equal(await stranger.locator('#q').count(), 0)
    })

    named('messages name no parameter, and say of a number nothing of keys', async ({ open, expected }) => {
      expected.push(/status of 400/)
      for (const [q, words] of [
        ['%20', /^Nothing was given/],
        ['zebra', /^That is nothing that a picture is found by/],
        ['img_zebra', /^That is no id/],
        ['x'.repeat(201), /^It has 201 characters/],
        ['4711471147', /^No record here has it, looked for as the number of a mark or as a place in the log\./],
      ] as const) {
        const page = await open(`/audit?q=${q}`)
        const said = await page.innerText('#answer .callout')
        assert.match(said, words)
        assert.doesNotMatch(said, /\bq\b|\bkey\b/i)
      }
    })

    named('the page of the log leads to the log itself', async ({ open }) => {
      const page = await open('/audit/log')
      const addresses = await page
        .locator('.lead a')
        .evaluateAll((links) => links.map((one) => one.getAttribute('href')))
      assert.deepEqual(addresses, ['/log/checkpoint', '/log/key'])
      for (const address of addresses)
        assert.equal((await page.request.get(new URL(address ?? '', page.url()).href)).status(), 200)
    })

    named('a row shows no checks before they are made', async ({ open }) => {
      const page = await open('/audit/rows/0', PHONE)
      assert.equal(await page.locator('.checks').isVisible(), false)
      await page.click('[data-check]')
      await page.locator('.checks li').first().waitFor()
      assert.equal(await page.locator('.checks').isVisible(), true)
      const attachments = await page
        .locator('.proof pre')
        .first()
        .evaluate((one) => getComputedStyle(one).backgroundAttachment)
      assert.match(attachments, /local.*scroll/)
      await fits(page, 'a row')
      await screenshot(page, 'audit-row-360')
    })

    named('on a phone the ways are on one line, and bars have no colour that judges', async ({ open }) => {
      for (const scheme of [LIGHT, { colorScheme: 'dark' } as const]) {
        const page = await open(report('decisions'), { ...PHONE, ...scheme })
        const tops = await page
          .locator('.ways')
          .first()
          .locator('a')
          .evaluateAll((links) => links.map((one) => one.getBoundingClientRect().top))
        assert.equal(new Set(tops).size, 1, tops.join())
        const lines = await page
          .locator('.ways.reports a')
          .evaluateAll((links) => links.map((one) => one.getBoundingClientRect().top))
        assert.ok(lines.filter((top) => top === lines.at(-1)).length > 1, lines.join())
        const { fills, judging } = await page.evaluate(() => {
          const probe = document.createElement('i')
          document.body.append(probe)
          const judging = ['--good', '--warn', '--bad', '--lamp', '--accent'].map((name) => {
            probe.style.color = `var(${name})`
            return getComputedStyle(probe).color
          })
          const bars = document.querySelectorAll('.tone-kind rect')
          return { fills: [...bars].map((one) => getComputedStyle(one).fill), judging }
        })
        assert.ok(fills.length > 0)
        assert.deepEqual(
          fills.filter((one) => judging.includes(one)),
          [],
        )
        await accessible(page, 'decisions')
        await screenshot(page, `audit-decisions-360-${scheme.colorScheme}`)
      }
    })
  },
)

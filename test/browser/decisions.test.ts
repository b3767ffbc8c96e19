// A tenant's decisions as its support people read them: what is in the table, how it is narrowed, the link that is handed on, and the page
// without script, without anything to show and without the records.

import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { accessible, fits } from './axe.ts'
import { screenshot } from './chromium.ts'
import { text } from './on-console.ts'
import { onStatements } from './on-statements.ts'

const phone = { viewport: { width: 360, height: 740 } }
const row = (page: Page, id: string) => page.locator('.decisions tbody tr', { hasText: id })

await onStatements('decisions', (named) => {
  named(
    'before anything was decided the page says so, and the counters say that there is nothing to tell',
    async ({ signedIn }) => {
      const page = await signedIn('/decisions')
      assert.match(await text(page, 'main'), /Nothing of yours was refused, withheld or taken back so far/)
      assert.match(await text(page, '.counters'), /0 in 12 weeks[\s\S]*Nothing to tell yet/)
      await accessible(page, 'nothing')
    },
  )

  named(
    'each decision has what was restricted, how its appeal stands and by when',
    async ({ voices, signedIn, rule }) => {
      const upheld = await voices.denied()
      await voices.appealOf(upheld.statement.id)
      await rule('deny', 'violence/graphic/3')
      const open = await voices.refused()
      await voices.appealOf(open.statement.id)
      const fresh = await voices.refused()
      const page = await signedIn('/decisions')
      const [bars, box] = await page.evaluate(() => {
        const [first, ...more] = [...document.querySelectorAll('.bars rect')].map((bar) => bar.getBoundingClientRect())
        const box = document.querySelector('.counters .hint')?.getBoundingClientRect()
        return [(more.at(-1)?.right ?? 0) - (first?.left ?? 0), box?.width ?? 0]
      })
      assert.ok(Math.abs((bars ?? 0) - (box ?? 0)) < 2, `bars of ${bars} px in a box of ${box} px`)
      assert.match(
        await row(page, fresh.requestId).innerText(),
        /Request refused, graphic violence[\s\S]*can be appealed[\s\S]*until \w+ \d+, \d{4}/,
      )
      assert.match(await row(page, open.requestId).innerText(), /appeal received[\s\S]*by \w+ \d+, \d{4}/)
      assert.match(await row(page, upheld.imageId).innerText(), /Picture withheld[\s\S]*looked at again: stands/)
      assert.match(await text(page, '.counters'), /2 of 3 that could be[\s\S]*0 of 1 appeals decided/)
      assert.equal(await page.locator('.decisions tbody tr').first().locator('code').innerText(), fresh.requestId)
    },
  )

  named(
    'it is narrowed by state and by id, which the address keeps, and shown whole again',
    async ({ voices, signedIn }) => {
      const { statement, imageId, requestId } = await voices.denied()
      await voices.appealOf(statement.id)
      const page = await signedIn('/decisions')
      for (const id of [requestId, imageId, statement.id]) {
        await page.fill('#about', id)
        await page.click('#show')
        await page.waitForURL(/about=/)
        assert.equal(await page.locator('.decisions tbody tr').count(), 1)
        assert.equal(await page.inputValue('#about'), id)
      }
      await page.selectOption('#state', 'upheld')
      await page.click('#show')
      await page.waitForSelector('text=Nothing of yours is like that')
      await page.click('text=Show all')
      assert.ok((await page.locator('.decisions tbody tr').count()) > 1)
    },
  )

  named('what is typed into the search is looked for and never becomes markup', async ({ signedIn, voices }) => {
    await voices.refused()
    const page = await signedIn(
      `/decisions?about=${encodeURIComponent('"><img src=x onerror=alert(1)>')}&state=nonsense&after=x`,
    )
    assert.equal(await page.locator('main img').count(), 0)
    assert.equal(await page.inputValue('#about'), '"><img src=x onerror=alert(1)>')
  })

  named('the link is copied whole, and opens the statement without an account', async ({ voices, signedIn, visit }) => {
    const { statement, requestId } = await voices.refused()
    const page = await signedIn('/decisions')
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    const copy = row(page, requestId).locator('[data-copy]')
    await copy.click()
    await page.waitForSelector('[data-copy] >> text=Copied')
    const copied = new URL(await page.evaluate(() => navigator.clipboard.readText()))
    assert.equal(copied.pathname, `/statements/${statement.id}`)
    const stranger = await visit(`${copied.pathname}${copied.hash}`)
    await stranger.waitForSelector('#remedies')
  })

  named('it all works without script: pages, filters and links', async ({ voices, signedIn }) => {
    for (let count = 0; count < 26; count++) await voices.refused()
    const page = await signedIn('/decisions', { javaScriptEnabled: false })
    assert.equal(await page.locator('.decisions tbody tr').count(), 25)
    assert.equal(await page.locator('[data-copy]:visible').count(), 0)
    const ids = async () => page.locator('.decisions tbody code').allInnerTexts()
    const first = await ids()
    await page.click('text=Older ones')
    const second = await ids()
    assert.ok(second.length > 0 && !second.some((id) => first.includes(id)))
    await page.click('text=To the newest')
    assert.deepEqual(await ids(), first)
    await page.selectOption('#state', 'appealable')
    await page.click('#show')
    assert.match(await text(page, '.decisions'), /can be appealed/)
  })

  named(
    'another tenant sees none of it, and who is no client is told so',
    async ({ expected, voices, visit, court }) => {
      await voices.refused()
      const page = await visit('/verify')
      const { url } = court.service
      const signIn = (key: string) => page.request.post(`${url}/session`, { data: { key }, headers: { origin: url } })
      await signIn(court.service.key('second_client'))
      await page.goto(`${url}/decisions`)
      assert.match(await text(page, 'main'), /Nothing of yours/)
      expected.push(/status of 403/)
      await signIn(court.keyOf('ada'))
      await page.goto(`${url}/decisions`)
      assert.match(await text(page, 'main'), /This page is for others/)
    },
  )

  named(
    'when the records are away the page says that nothing is lost, and comes back',
    async ({ expected, signedIn, records, voices }) => {
      await voices.refused()
      const page = await signedIn('/decisions?state=appealable')
      expected.push(/status of 503/)
      records.away = true
      const answer = await page.reload()
      records.away = false
      assert.equal(answer?.status(), 503)
      assert.match(await text(page, '#failure'), /The records cannot be reached[\s\S]*Nothing is lost/)
      await page.click('a:text("Try again")')
      await page.waitForSelector('.decisions')
      assert.match(page.url(), /state=appealable/)
    },
  )

  for (const colorScheme of ['dark', 'light'] as const)
    named(`the table is accessible and fits, on a phone and wide, ${colorScheme}`, async ({ voices, signedIn }) => {
      const { statement } = await voices.denied()
      await voices.appealOf(statement.id)
      for (const options of [phone, {}]) {
        const page = await signedIn('/decisions', { ...options, colorScheme })
        await page.waitForSelector('[data-copy]:visible')
        await accessible(page, colorScheme)
        await screenshot(page, `decisions${options === phone ? '-360' : ''}-${colorScheme}`)
        await fits(page, colorScheme)
      }
    })
})

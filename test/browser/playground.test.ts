// The whole thing as a person meets it: the real service with the real model, a real Chromium, nothing canned. A prompt becomes a
// picture that the verify page knows; a prompt against the policy becomes a reason with a statement.
// UPDATE_SCREENSHOTS=1 writes docs/screenshots from this very run.

import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { BrowserContextOptions, Page } from 'playwright-core'
import sharp from 'sharp'
import { readKeys, type ServiceProcess, startServe } from '../support/service-process.ts'
import { suiteOn } from '../support/services.ts'
import { type Chromium, screenshot, startChromium } from './chromium.ts'

const allowed = 'a yellow hot air balloon over snowy mountains at dawn'
const forbidden = 'a gory pile of bones and guts, dismembered in graphic detail'
const drawMs = 120_000

suiteOn('playground, end to end', await startChromium(), (chromium) => {
  let home = ''
  let service: ServiceProcess

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'darkroom-browser-'))
    service = await startServe({ DARKROOM_HOME: home, DARKROOM_PROVIDER: 'cpu' })
  })
  after(async () => {
    await service?.stop()
    await rm(home, { recursive: true, force: true })
  })

  const signedIn = async (options: BrowserContextOptions = {}) =>
    signIn(chromium, service.url, readKeys(home).client, options)

  test('a prompt becomes a picture that was checked, marked and signed, and the verify page knows it', async () => {
    await using tab = await signedIn()
    const { page, complaints } = tab
    await page.keyboard.type(allowed)
    await page.click('text=More options')
    await page.fill('#seed', '11')
    await page.press('#seed', 'Control+Enter')
    await page.waitForSelector('.exposure')
    assert.equal(await outcomeOf(page), 'published')
    await page.waitForSelector('.prints img')
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Developed')
    const shown = await page.innerText('#tray')
    assert.match(shown, /Trusted, read back/)
    assert.match(shown, /Watermark\s+read back with (high|medium) confidence/)
    await page.waitForFunction(() => [...document.images].every((image) => image.complete && image.naturalWidth > 0))
    await screenshot(page, 'playground-dark')

    const [download] = await Promise.all([page.waitForEvent('download'), page.click('text=Download')])
    const file = await readFile(await download.path())
    const { channels } = await sharp(file).stats()
    assert.ok(Math.max(...channels.map((channel) => channel.stdev)) > 5, 'the picture is blank')

    await page.goto(`${service.url}/verify`)
    await page.setInputFiles('#file', { name: download.suggestedFilename(), mimeType: 'image/png', buffer: file })
    await page.waitForSelector('[data-verdict=ours]')
    const answer = await page.innerText('#answer')
    assert.match(answer, /A manifest signed by this service, which fits the file/)
    assert.ok(answer.includes(download.suggestedFilename().replace('.png', '')), 'the record names the image')
    await screenshot(page, 'verify')

    const stripped = await sharp(file).png().toBuffer()
    await page.setInputFiles('#file', { name: 'stripped.png', mimeType: 'image/png', buffer: stripped })
    await page.waitForSelector('text=No signed manifest is in the file.')
    assert.match(await page.innerText('#answer'), /Our invisible mark was read from the pixels/)
    assert.deepEqual(complaints, [])
  })

  test('what is drawn can be seen on its way, through thinning grain', async () => {
    await using tab = await signedIn()
    const { page, complaints } = tab
    await page.keyboard.type('a red boat on the sea at sunset')
    await page.selectOption('[name=quality]', 'high')
    await page.fill('[name=n]', '2')
    await page.press('[name=n]', 'Control+Enter')
    await page.waitForFunction(() => {
      const [preview] = document.querySelectorAll<HTMLImageElement>('.sheets img')
      return preview?.complete === true && preview.naturalWidth > 0
    })
    await screenshot(page, 'developing')
    assert.equal(await outcomeOf(page), 'published')
    assert.deepEqual(complaints, [])
  })

  test('a prompt against the policy becomes a reason, a statement, and what can be done about it', async () => {
    await using tab = await signedIn({ colorScheme: 'light' })
    const { page, complaints } = tab
    await page.fill('#prompt', forbidden)
    await page.click('#develop')
    await page.waitForSelector('[data-outcome=refused] .notice h3')
    const shown = await page.innerText('#tray')
    assert.match(shown, /This prompt was refused/)
    assert.match(shown, /Graphic violence/)
    assert.match(shown, /You can appeal once/)
    assert.equal(await page.locator('#tray img').count(), 0)
    const [statement] = /sor_\w+/.exec(shown) ?? []
    await screenshot(page, 'refusal')
    await page.click('text=Open this statement')
    await page.waitForSelector('#reasons h3')
    assert.ok(page.url().endsWith(`/statements/${statement}`))
    assert.deepEqual(complaints, [])
  })

  test('several pictures at once, on a phone, and again with the seed of one', async () => {
    await using tab = await signedIn({ viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true })
    const { page, complaints } = tab
    await page.fill('#prompt', 'a white rabbit in a meadow at night')
    await page.fill('#n', '2')
    await page.tap('text=More options')
    await page.fill('#seed', '21')
    await page.tap('#develop')
    assert.equal(await outcomeOf(page), 'published')
    await page.waitForFunction(() => document.querySelectorAll('.prints img').length === 2)
    const seeds = (await page.locator('.rebate').allInnerTexts()).map((line) => Number(/seed (\d+)/.exec(line)?.[1]))
    assert.deepEqual(seeds, [21, 22])
    const first = page.url()
    await page.locator('text=Again with this seed').nth(1).click()
    await page.waitForFunction((before) => location.href !== before, first)
    assert.equal(await outcomeOf(page), 'published')
    await page.waitForSelector('.single')
    assert.match(await page.innerText('.rebate'), /seed 22/)
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 360)
    await screenshot(page, 'playground-360')
    assert.deepEqual(complaints, [])
  })

  test('the same page by daylight, with the contact sheet of what was made', async () => {
    await using tab = await signedIn({ colorScheme: 'light' })
    const { page, complaints } = tab
    await page.waitForSelector('#film li')
    assert.equal(await page.locator('#film li').count(), 5)
    await page.locator('#film a').last().click()
    await page.waitForSelector('[data-outcome=published] img')
    await page.waitForFunction(() => [...document.images].every((image) => image.complete && image.naturalWidth > 0))
    await screenshot(page, 'playground')
    assert.deepEqual(complaints, [])
  })

  test('another tenant finds nothing at the address of a generation', async () => {
    await using mine = await signedIn()
    await mine.page.locator('#film a').first().click()
    await mine.page.waitForSelector('.settled')
    await using theirs = await signIn(chromium, service.url, readKeys(home).second_client)
    assert.equal(await theirs.page.locator('#film li').count(), 0)
    await theirs.page.goto(mine.page.url())
    await theirs.page.waitForSelector('text=There is nothing here')
  })

  test('after signing out the pages ask for a key again', async () => {
    await using tab = await signedIn()
    await tab.page.click('text=Sign out')
    await tab.page.waitForSelector('#sign-in')
    assert.deepEqual(tab.complaints, [])
  })
})

/** What became of the order, whatever it is: a picture that was held says so here instead of keeping the test waiting. */
async function outcomeOf(page: Page): Promise<string | null> {
  const settled = await page.waitForSelector('#tray [data-outcome]', { timeout: drawMs })
  return settled.getAttribute('data-outcome')
}

async function signIn(chromium: Chromium, url: string, key: string, options: BrowserContextOptions = {}) {
  const tab = await chromium.tab(options)
  await tab.page.goto(url)
  await tab.page.fill('#key', key)
  await tab.page.click('text=Sign in')
  await tab.page.waitForSelector('#order')
  return tab
}

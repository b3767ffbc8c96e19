// Appeals as three people decide them at `/appeals`, each in a browser of their own, on the real stages: blind first; then the earlier
// decision beside one's own, what the appellant says and the answer as it would read; a mind changed; a dispute that a third ends; and
// the appellant's own page with that very answer.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql as raw } from 'kysely'
import type { Page } from 'playwright-core'
import { ALLOWED } from '../http/service.ts'
import { LOOPBACK, openReceiver, type Receiver } from '../notify/receiver.ts'
import { type Court, openCourt, type ReviewerName } from '../review/court.ts'
import { openVoices, TEXT, UNDO_SECONDS } from '../review/voices.ts'
import { suiteOn } from '../support/services.ts'
import { accessible, fits } from './axe.ts'
import { screenshot, startChromium, type Tab } from './chromium.ts'
import { consoleOf, judging, paint, press, see } from './on-desk.ts'

const told = (page: Page) => page.waitForSelector('#desk[data-view=told]')
const toldText = (page: Page) => page.innerText('#told')

suiteOn('second looks', await startChromium(), (chromium) => {
  let court: Court
  let receiver: Receiver
  let voices: ReturnType<typeof openVoices>
  before(async () => {
    court = await openCourt({
      env: { ...LOOPBACK, DARKROOM_LOGINS_PER_MINUTE: '1000' },
      realMarks: true,
      pages: consoleOf,
    })
    receiver = await openReceiver()
    voices = openVoices(court, receiver)
  })
  after(async () => {
    await receiver[Symbol.asyncDispose]()
    await court[Symbol.asyncDispose]()
  })

  async function open(name: ReviewerName | 'lead', options = {}): Promise<Tab> {
    const tab = await chromium.tab(options)
    const { url } = court.service
    await tab.page.request.post(`${url}/session`, { data: { key: court.keyOf(name) }, headers: { origin: url } })
    await tab.page.goto(`${url}/appeals`)
    return tab
  }
  /** So that the next test has a queue of its own. */
  const closeAll = () =>
    raw`UPDATE darkroom.review_item
           SET state = 'closed', closed_at = darkroom.now(), effect_at = NULL, lease_person = NULL, lease_hash = NULL,
               lease_until = NULL, ruling = '{"outcome":"omit","reason":"test"}'
         WHERE state <> 'closed'`.execute(court.sql)
  /** A picture that a person denied, and whose denial was appealed. */
  async function appealed(): Promise<{ imageId: string; statementId: string }> {
    const { call, judge, order, appealOf } = voices
    const { imageId } = await order(ALLOWED, { weapons: 0.95 })
    await paint(court, imageId)
    await judge('ada', 'deny', 'weapons/2')
    await court.pass(UNDO_SECONDS)
    const { body: image } = await call('client', `/v1/images/${imageId}`)
    const filed = await appealOf(image.statement.id, { purpose: 'medical' })
    assert.equal(filed.status, 201)
    return { imageId, statementId: image.statement.id }
  }

  test('an appeal is judged blind by two who disagree and by a third, and answered in the words that they saw before', async () => {
    const { imageId, statementId } = await appealed()
    const first = await open('ben')
    await using _first = first
    const { page } = first
    const heard: string[] = []
    page.on('response', async (one) => {
      if (one.url().includes('/v1/review/')) heard.push(await one.text().catch(() => ''))
    })
    await judging(page)
    await page.reload()
    assert.equal(await judging(page), 'Second look')
    await page.waitForSelector('#picture img')
    assert.ok(!heard.some((body) => body.includes(TEXT) || body.includes(statementId)), 'the blind view tells')
    assert.ok(!(await page.innerText('#desk')).includes('appeal of'), 'the page tells')

    // A sample and an appeal look the same: allowing needs its reason in both.
    await press(page, 'a')
    await page.click('#send')
    assert.equal(await page.innerText('[data-field=reason] .error'), 'Choose one.')
    await press(page, 'd', '/')
    await page.keyboard.type('weapons/2')
    await press(page, 'Enter')
    for (const group of await page.locator('[data-finding]').all()) await group.locator('label').first().click()
    await press(page, 'Enter')
    await told(page)
    const seen = await toldText(page)
    for (const words of [
      'An appeal',
      TEXT,
      'Declared for: medical',
      'The earlier decision',
      'People decided',
      'Denied, weapons/2',
    ])
      assert.ok(seen.includes(words), `${words} in ${seen}`)
    await page.waitForFunction(() =>
      document.querySelector('#told .said')?.textContent?.includes('The decision stands'),
    )

    // The same person changes their mind after reading; the record says that this was not blind.
    await press(page, 'u')
    await judging(page)
    await see(page)
    await press(page, 'a', '2', 'Enter')
    await told(page)
    await page.waitForFunction(() => document.querySelector('#told .said')?.textContent?.includes('is reversed'))
    await press(page, 'u')
    await judging(page)
    await press(page, 'd', '/')
    await page.keyboard.type('weapons/2')
    await press(page, 'Enter')
    for (const group of await page.locator('[data-finding]').all()) await group.locator('label').first().click()
    await press(page, 'Enter')
    await told(page)
    await court.pass(UNDO_SECONDS)
    assert.deepEqual(first.complaints, [])

    for (const name of ['cleo', 'dev'] as const) {
      await using tab = await open(name)
      await judging(tab.page)
      assert.ok(!(await tab.page.innerText('body')).includes(TEXT))
      await see(tab.page)
      await press(tab.page, 'a', '2', 'Enter')
      await told(tab.page)
      assert.match(await toldText(tab.page), /Others: Denied, weapons\/2/)
      if (name === 'dev') {
        const answer = await tab.page.waitForSelector('#told .said:not(:text("…"))')
        const previewed = await answer.innerText()
        await court.pass(UNDO_SECONDS)
        const { body } = await voices.call('client', `/v1/statements/${statementId}`)
        assert.equal(body.appeal.state, 'overturned')
        assert.equal(previewed, body.appeal.answer.text)
      } else await court.pass(UNDO_SECONDS)
      assert.deepEqual(tab.complaints, [])
    }
    await court.finish()
    assert.equal((await voices.call('client', `/v1/images/${imageId}`)).body.state, 'published')
  })

  test('whoever decided first is given no second look at it', async () => {
    await appealed()
    await using tab = await open('ada')
    await tab.page.waitForSelector('text=Nothing waits for you')
    assert.deepEqual(tab.complaints, [])
    await closeAll()
  })

  for (const colorScheme of ['dark', 'light'] as const)
    for (const [size, viewport] of Object.entries({
      wide: { width: 1280, height: 900 },
      360: { width: 360, height: 740 },
    }))
      test(`a second look is accessible and fits, before and after, ${size}, ${colorScheme}`, async () => {
        await appealed()
        await using tab = await open('ben', { colorScheme, viewport })
        const { page } = tab
        const check = async (state: string) => {
          await accessible(page, `${state}, ${size}, ${colorScheme}`)
          await fits(page, state)
          await screenshot(page, `appeals-${state}${size === 'wide' ? '' : '-360'}-${colorScheme}`, size !== 'wide')
        }
        await judging(page)
        await page.waitForSelector('#picture img')
        await press(page, 'a')
        await check('blind')
        await see(page)
        await press(page, '2', 'Enter')
        await told(page)
        await page.waitForSelector('#told .said:not(:text("…"))')
        await check('told')
        assert.deepEqual(tab.complaints, [])
        await court.pass(UNDO_SECONDS)
        await closeAll()
      })
})

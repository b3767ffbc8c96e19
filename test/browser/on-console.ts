// A suite over the stubbed console, and what its tests do again and again. A test begins signed in on the playground, and fails
// when the page complained of anything, a violation of the content policy included.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { suiteOn } from '../support/services.ts'
import { type Chromium, startChromium } from './chromium.ts'
import { type Stub, startStub } from './stub.ts'

type Body = (page: Page, stub: Stub, complaints: string[]) => Promise<void>
type Suite = {
  chromium: Chromium
  stubbed: Promise<Stub>
  named: (name: string, body: Body, options?: BrowserContextOptions) => void
}

export const onConsole = async (suite: string, tests: (suite: Suite) => void): Promise<void> =>
  suiteOn(suite, await startChromium(), (chromium) => {
    const stubbed = startStub()
    after(async () => (await stubbed)[Symbol.asyncDispose]())
    const named: Suite['named'] = (name, body, options = {}) =>
      void test(name, async () => {
        const stub = await stubbed
        stub.reset()
        await using tab = await chromium.tab(options)
        await tab.page.context().addCookies([{ name: 'darkroom_session', value: 'good', url: stub.address }])
        await tab.page.goto(stub.address)
        await body(tab.page, stub, tab.complaints)
        assert.deepEqual(tab.complaints, [], 'the page complained')
      })
    tests({ chromium, stubbed, named })
  })

export const order = async (page: Page, prompt: string, n = '1'): Promise<void> => {
  await page.fill('#prompt', prompt)
  await page.fill('#n', n)
  await page.press('#prompt', 'Control+Enter')
}

/** Resolves once the tray shows this outcome. */
export const ended = (page: Page, outcome: string) => page.waitForSelector(`#tray [data-outcome=${outcome}]`)

/** The text of what has the focus. */
export const focused = (page: Page) => page.evaluate(() => document.activeElement?.textContent?.trim() ?? '')

export const text = (page: Page, selector = '#tray') => page.innerText(selector)

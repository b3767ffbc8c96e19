// A suite in which every text that somebody may have typed is hostile: the real service with all of its pages, and tabs that hold whatever
// acted against the page: a call of a payload, a request to elsewhere, a violation of the content policy, a dialog, a window, an error.
// `same` holds a page against the same page with harmless texts: no element, no attribute and no violation more or less.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { registerConsole } from '../../src/console/console.ts'
import { verificationOf } from '../../src/mark/stranger.ts'
import type { Provenance } from '../../src/mark/verify.ts'
import { BEARERS, CARD } from '../http/service.ts'
import { NOTHING_KNOWN } from '../mark/findings.ts'
import { type Desk, openDesk } from '../review/desk.ts'
import { suiteOn } from '../support/services.ts'
import { type Chromium, startChromium } from './chromium.ts'
import { payloads } from './hostile.ts'

export const HARMLESS = 'harmless'

export type OnHostile = {
  desk: Desk
  /** The cookie of a session of theirs. */
  cookieOf: (who: string) => Promise<string>
  open: (who: string | null, at: string, options?: BrowserContextOptions) => Promise<Page>
  /** Of what acted, what a test itself brought about. */
  expected: RegExp[]
  /** What the public check finds in every picture. */
  found: { now: Provenance }
}
type Options = { env?: Record<string, string>; typed: readonly string[] }
type Suite = { named: (name: string, body: (given: OnHostile) => Promise<void>) => void; chromium: Chromium }

/** What names, rules and lines may hold: no control characters, and so many characters at most. */
export const lines = (most: number): string[] =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a line may not have.
  payloads.map(({ text }) => text).filter((text) => text.length <= most && !/[\u0000-\u001f\u007f]/.test(text))

export const onHostile = async (suite: string, { env = {}, typed }: Options, tests: (suite: Suite) => void) =>
  suiteOn(suite, await startChromium(), (chromium) => {
    let desk: Desk
    const found = { now: NOTHING_KNOWN }
    const check = {
      verify: async () => verificationOf(found.now, [], { mark: null, manifest: null }),
      resolve: async () => [],
      takePlace: () => () => undefined,
    }
    before(async () => {
      desk = await openDesk(
        { DARKROOM_PUBLIC_REQUESTS_PER_MINUTE: '100000', DARKROOM_LOGINS_PER_MINUTE: '100000', ...env },
        ({ ground, review, tongues, transparency }) => [
          (scope) =>
            registerConsole(scope, {
              models: [CARD, ...typed.map((id) => ({ ...CARD, id }))],
              desk: { ground, review },
              verify: { check, ground },
              audit: { ground, transparency, check },
              statements: { bearers: BEARERS, tongues },
              appealPurposes: typed,
              reportCategories: [{ id: 'other', name: 'Other' }, ...typed.map((name) => ({ id: name, name }))],
              session: async ({ caller }) => caller && { ...caller, purposes: typed },
            }),
        ],
      )
    })
    after(() => desk[Symbol.asyncDispose]())

    const keyOf = (who: string) => desk.key(who) || desk.service.key(who)
    const cookieOf = async (who: string) => {
      const { url } = desk.service
      const body = JSON.stringify({ key: keyOf(who) })
      const headers = { origin: url, 'content-type': 'application/json' }
      const response = await fetch(`${url}/session`, { method: 'POST', headers, body })
      assert.equal(response.status, 200)
      return response.headers.get('set-cookie')?.split(';')[0] ?? ''
    }
    tests({
      chromium,
      named: (name, body) =>
        void test(name, async () => {
          await using stack = new AsyncDisposableStack()
          const harm: string[] = []
          // A page that is for others says so.
          const expected = [/status of 403/]
          const open: OnHostile['open'] = async (who, at, options = {}) => {
            const tab = stack.use(await chromium.tab(options))
            const { url } = desk.service
            await guard(tab.page, url, harm)
            stack.defer(() => void harm.push(...tab.complaints))
            if (who !== null) {
              const headers = { origin: url }
              const signed = await tab.page.request.post(`${url}/session`, { data: { key: keyOf(who) }, headers })
              assert.equal(signed.status(), 200)
            }
            await tab.page.goto(`${url}${at}`)
            return tab.page
          }
          await body({ desk, open, expected, found, cookieOf })
          await stack.disposeAsync()
          const unexpected = harm.filter((one) => !expected.some((words) => words.test(one)))
          assert.deepEqual(unexpected, [], 'something acted')
        }),
    })
  })

/** From now on writes down whatever acts in the page's context. */
async function guard(page: Page, url: string, harm: string[]): Promise<void> {
  const context = page.context()
  await context.exposeFunction('ran', (n: number) => void harm.push(`ran ${n}`))
  await context.exposeFunction('violated', (what: string) => void harm.push(`violated ${what}`))
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
      Reflect.get(globalThis, 'violated')(`${violatedDirective} ${blockedURI}`),
    )
  })
  context.on('request', (request) => {
    const address = request.url()
    if (!address.startsWith(`${url}/`) && !/^(blob|data):/.test(address)) harm.push(`asked for ${address}`)
  })
  context.on('page', (opened) => harm.push(`opened ${opened.url()}`))
}

/** Each element with its attributes' names: what the page is made of, whatever its texts are. Sorted, for names are listed by name. */
export const madeOf = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll('*')].map((node) => `${node.localName}[${node.getAttributeNames()}]`).sort(),
  )

/** Fails unless both are made of the same. */
export function same(hostile: readonly string[], harmless: readonly string[], what: string): void {
  assert.ok(harmless.length > 20, `${what} is a page`)
  const first = hostile.findIndex((one, at) => one !== harmless[at])
  assert.equal(
    first === -1 ? hostile.length : `${first}: ${hostile.slice(first, first + 3)} for ${harmless[first]}`,
    harmless.length,
    `${what} is made of something else`,
  )
}

/** The whole text of each element, as it is. */
export const textsOf = (page: Page, selector: string): Promise<string[]> =>
  page.locator(selector).evaluateAll((nodes) => nodes.map((node) => node.textContent ?? ''))

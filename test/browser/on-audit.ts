// A suite over the pages of an audit: the real API and pages, pictures that were really marked, signed, published and logged, on a
// database of its own. A test signs in as compliance unless it says otherwise, and fails when a page complained of anything.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { registerConsole } from '../../src/console/console.ts'
import { openPublishing, type Publishing } from '../mark/publishing.ts'
import { suiteOn } from '../support/services.ts'
import { startChromium } from './chromium.ts'

export type OnAudit = {
  publishing: Publishing
  /** A tab of its own at a page, of a key of the service's file or of nobody (null). */
  open: (path: string, options?: BrowserContextOptions & { as?: string | null }) => Promise<Page>
  /** What the browser is expected to complain of. */
  expected: RegExp[]
}
type Body = (given: OnAudit) => Promise<void>

const ENV = { DARKROOM_PUBLIC_REQUESTS_PER_MINUTE: '100000', DARKROOM_LOGINS_PER_MINUTE: '100000' }

/** `make`: what there is before the first test. */
export const onAudit = async (
  suite: string,
  make: (publishing: Publishing) => Promise<unknown>,
  tests: (named: (name: string, body: Body) => void) => void,
): Promise<void> =>
  suiteOn(suite, await startChromium(), (chromium) => {
    let publishing: Publishing
    before(async () => {
      publishing = await openPublishing({
        env: ENV,
        pages: ({ ground, review, publicCheck, transparency }) => [
          (scope) =>
            registerConsole(scope, {
              models: [],
              desk: { ground, review },
              audit: { ground, transparency, check: publicCheck },
              session: async ({ caller }) => caller,
            }),
        ],
      })
      await make(publishing)
    })
    after(() => publishing[Symbol.asyncDispose]())

    tests((name, body) => {
      test(name, async () => {
        const { service } = publishing
        await using stack = new AsyncDisposableStack()
        const [complaints, expected]: [string[], RegExp[]] = [[], []]
        const open: OnAudit['open'] = async (path, { as = 'compliance', ...options } = {}) => {
          const tab = stack.use(await chromium.tab({ locale: 'en-GB', ...options }))
          stack.defer(() => void complaints.push(...tab.complaints))
          if (as !== null) {
            const headers = { origin: service.url }
            const data = { key: service.key(as) }
            assert.equal((await tab.page.request.post(`${service.url}/session`, { data, headers })).status(), 200)
          }
          await tab.page.goto(`${service.url}${path}`)
          return tab.page
        }
        await body({ publishing, open, expected })
        await stack.disposeAsync()
        const unexpected = complaints.filter((one) => !expected.some((words) => words.test(one)))
        assert.deepEqual(unexpected, [], 'a page complained')
      })
    })
  })

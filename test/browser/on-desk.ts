// A suite over the reviewers' desk: the real API and the real pages on a database of its own, items as a test makes them, people who sign
// in with their own keys. A test begins with an empty queue and fails when a page complained of anything.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { BrowserContextOptions, Page } from 'playwright-core'
import sharp from 'sharp'
import { registerConsole } from '../../src/console/console.ts'
import type { ServerDeps } from '../../src/http/deps.ts'
import { sha256 } from '../../src/kernel/canonical.ts'
import type { Ground } from '../../src/kernel/ground.ts'
import { generatedKey } from '../../src/kernel/quarantine.ts'
import type { ReviewTools } from '../../src/review/item.ts'
import { type Desk, openDesk } from '../review/desk.ts'
import { suiteOn } from '../support/services.ts'
import { type Chromium, startChromium, type Tab } from './chromium.ts'
import { scene } from './stub-answers.ts'

export type { Desk }

export type OnDesk = {
  desk: Desk
  /** A tab of its own of a person of the desk, or a key of the service's file, at a page. */
  open: (who: string, at?: string, options?: BrowserContextOptions) => Promise<Tab>
}
type Body = (given: OnDesk & { page: Page; complaints: string[] }) => Promise<void>
type Where = BrowserContextOptions & { as?: string; at?: string; before?: (desk: Desk) => Promise<unknown> }
type Suite = {
  chromium: Chromium
  /** `before`: what there is when the page opens. */
  named: (name: string, where: Where, body: Body) => void
}

const ENV = { DARKROOM_PUBLIC_REQUESTS_PER_MINUTE: '100000', DARKROOM_LOGINS_PER_MINUTE: '100000' }

export const consoleOf = ({ ground, review }: { ground: Ground; review: ReviewTools }): ServerDeps['pages'] => [
  (scope) =>
    registerConsole(scope, {
      models: [],
      desk: { ground, review },
      appealPurposes: review.policy.purposes,
      session: async ({ caller }) => caller,
    }),
]

export const onDesk = async (suite: string, tests: (suite: Suite) => void, env = {}): Promise<void> =>
  suiteOn(suite, await startChromium(), (chromium) => {
    let desk: Desk
    before(async () => {
      desk = await openDesk({ ...ENV, ...env }, consoleOf)
    })
    after(() => desk[Symbol.asyncDispose]())
    const open: OnDesk['open'] = (who, at = '/review', options = {}) => openAs(chromium, desk, who, at, options)
    const named: Suite['named'] = (name, { as = 'ada', at = '/review', before: make, ...options }, body) =>
      void test(name, async () => {
        await desk.clear()
        await make?.(desk)
        await using tab = await open(as, at, options)
        await body({ desk, open, ...tab })
        assert.deepEqual(tab.complaints, [], 'the page complained')
      })
    tests({ chromium, named })
  })

async function openAs(chromium: Chromium, desk: Desk, who: string, at: string, options: BrowserContextOptions) {
  const tab = await chromium.tab(options)
  const { url } = desk.service
  const key = desk.key(who) || desk.service.key(who)
  const signed = await tab.page.request.post(`${url}/session`, { data: { key }, headers: { origin: url } })
  assert.equal(signed.status(), 200)
  await tab.page.goto(`${url}${at}`)
  return tab
}

/** Resolves once an item is shown to be judged; answers its heading. */
export async function judging(page: Page): Promise<string> {
  await page.waitForSelector('#desk[data-view=judging]')
  return page.innerText('#item-title')
}

/** The id of the item that is shown, as the tab remembers it. */
export const shownItem = (page: Page): Promise<string> =>
  page.evaluate(() => JSON.parse(sessionStorage.getItem('darkroom.claims') ?? '[]')[0]?.[0] ?? '')

/** Presses keys one after the other, as somebody does who knows the desk. */
export async function press(page: Page, ...keys: string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key)
}

/** Looks at the picture as it is. */
export async function see(page: Page): Promise<void> {
  await press(page, 'Space')
  // Not by a handle, which would hold the picture for as long as the page is there.
  await page.locator('#picture img[data-view=original]').waitFor()
}

/** The verdicts of an item that stand. */
export const verdictsOn = ({ service }: Desk, itemId: string) =>
  service.ground.database.sql
    .selectFrom('darkroom.review_verdict')
    .select(['outcome', 'clause', 'findings', 'reason', 'note', 'blind'])
    .where('item_id', '=', itemId)
    .where('undone_at', 'is', null)
    .execute()

/** So many held pictures, for a test to begin with. */
export const holds = (count: number) => async (desk: Desk) => {
  for (let made = 0; made < count; made++) await desk.make('hold')
}

/** Gives a picture of the desk a scene instead of a plain colour. */
export async function paint({ service }: { service: Desk['service'] }, imageId: string): Promise<void> {
  const { database, quarantine } = service.ground
  const bytes = await sharp(Buffer.from(scene)).png().toBuffer()
  await quarantine.remove(generatedKey(imageId))
  await quarantine.putIfAbsent(generatedKey(imageId), { bytes, contentType: 'image/png' })
  await database.sql
    .updateTable('darkroom.image')
    .set({ generated_digest: sha256(bytes) })
    .where('id', '=', imageId)
    .execute()
}

/** Waits for something that the server will come to, in small steps. */
export async function until<T>(read: () => Promise<T | undefined | null | false>, what: string): Promise<T> {
  const end = performance.now() + 10_000
  for (;;) {
    const value = await read()
    if (value) return value
    if (performance.now() > end) throw new Error(`never came: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

// A suite over the statement's page and a tenant's decisions: the real API, pages, reviewers and rulings on a database of its own. A test
// gets the voices of everybody in the story, opens tabs, and fails when a page complained of anything.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql as raw } from 'kysely'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { registerConsole } from '../../src/console/console.ts'
import { Fault } from '../../src/kernel/fault.ts'
import { BEARERS } from '../http/service.ts'
import { type Court, openCourt } from '../review/court.ts'
import { openVoices, UNDO_SECONDS } from '../review/voices.ts'
import { suiteOn } from '../support/services.ts'
import { startChromium } from './chromium.ts'

type Voices = ReturnType<typeof openVoices>
export type OnStatements = {
  court: Court
  voices: Voices
  /** A tab of its own at a page, without an account. */
  visit: (path: string, options?: BrowserContextOptions) => Promise<Page>
  /** The same, signed in as the first client. */
  signedIn: (path: string, options?: BrowserContextOptions) => Promise<Page>
  /** The whole link of a statement, in a language. */
  linkOf: (statementId: string, lang?: string) => string
  /** What the browser is expected to complain of. */
  expected: RegExp[]
  /** Whether the pages find the records. */
  records: { away: boolean }
  /** Two people decide the appeal that waits. */
  rule: (outcome: 'allow' | 'deny', clause?: string) => Promise<void>
}
type Body = (given: OnStatements) => Promise<void>

const ENV = { DARKROOM_PUBLIC_REQUESTS_PER_MINUTE: '100000', DARKROOM_LOGINS_PER_MINUTE: '100000' }

export const onStatements = async (
  suite: string,
  tests: (named: (name: string, body: Body) => void) => void,
): Promise<void> =>
  suiteOn(suite, await startChromium(), (chromium) => {
    let court: Court
    let voices: Voices
    before(async () => {
      court = await openCourt({
        env: ENV,
        pages: ({ ground, review, tongues }) => [
          (scope) =>
            registerConsole(scope, {
              models: [],
              desk: { ground, review },
              statements: { bearers: BEARERS, tongues },
              appealPurposes: review.policy.purposes,
              session: async ({ caller }) => caller,
            }),
        ],
      })
      voices = openVoices(court)
      // Away for the whole service, whoever asks.
      const { sql } = court.ground.database
      Object.defineProperty(court.ground.database, 'sql', {
        get: () => {
          if (records.away) throw new Fault('database_failed', { retry: 'later' })
          return sql
        },
      })
    })
    after(() => court[Symbol.asyncDispose]())

    const records = { away: false }
    const rule: OnStatements['rule'] = async (outcome, clause) => {
      for (const who of ['ada', 'ben'] as const) {
        await voices.judge(who, outcome, clause)
        await court.pass(UNDO_SECONDS)
      }
    }
    tests((name, body) => {
      test(name, async () => {
        const { url } = court.service
        // What an earlier test left waiting would be handed out first.
        await raw`UPDATE darkroom.review_item SET state = 'closed', closed_at = darkroom.now(), effect_at = NULL,
                    lease_person = NULL, lease_hash = NULL, lease_until = NULL, ruling = '{"outcome":"omit","reason":"test"}'
                   WHERE state <> 'closed'`.execute(court.sql)
        await using stack = new AsyncDisposableStack()
        const complaints: string[] = []
        const expected: RegExp[] = []
        const open = async (path: string, options: BrowserContextOptions, key: string | null) => {
          const tab = stack.use(await chromium.tab({ locale: 'en-GB', ...options }))
          if (key !== null) {
            const signed = await tab.page.request.post(`${url}/session`, { data: { key }, headers: { origin: url } })
            assert.equal(signed.status(), 200)
          }
          await tab.page.goto(`${url}${path}`)
          stack.defer(() => void complaints.push(...tab.complaints))
          return tab.page
        }
        await body({
          court,
          voices,
          rule,
          records,
          expected,
          visit: (path, options = {}) => open(path, options, null),
          signedIn: (path, options = {}) => open(path, options, court.service.key('client')),
          linkOf: (id, lang) => `/statements/${id}${lang ? `?lang=${lang}` : ''}#${BEARERS.secretOf(id)}`,
        })
        await stack.disposeAsync()
        const unexpected = complaints.filter((one) => !expected.some((words) => words.test(one)))
        assert.deepEqual(unexpected, [], 'a page complained')
      })
    })
  })

/** Resolves once a statement is on its page. */
export const opened = (page: Page) => page.waitForSelector('#remedies')
/** Resolves once the page's appeal stands so. */
export const stands = (page: Page, state: string) => page.waitForSelector(`#appeal[data-appeal=${state}]`)

export function appealsOf({ court }: OnStatements, statementId: string) {
  return court.sql
    .selectFrom('darkroom.appeal')
    .select(['state', 'text', 'purpose'])
    .where('statement_id', '=', statementId)
    .execute()
}

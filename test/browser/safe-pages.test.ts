// What every page is sent in, and what a page of somebody else gets from this one: nothing. The real service and all its pages, sessions by
// their cookies. That what is typed stays a text is hostile.test.ts's.

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { Page } from 'playwright-core'
import type { Desk } from '../review/desk.ts'
import { digestsOf } from '../support/records.ts'
import { judging } from './on-desk.ts'
import { type OnHostile, onHostile } from './on-hostile.ts'

const IDLE_SECONDS = 600
const ENV = { DARKROOM_SESSION_IDLE_SECONDS: String(IDLE_SECONDS) }

/** Every page, with who opens it and what it answers. */
const PAGES: readonly (readonly [path: string, who: string | null, status: number])[] = [
  ['/', null, 200],
  ['/?signin=failed', null, 200],
  ['/verify', null, 200],
  ['/statements/sor_1', null, 200],
  ['/statements/sor_1?lang=de', 'client', 200],
  ['/', 'client', 200],
  ['/decisions', 'client', 200],
  ['/review', 'ada', 200],
  ['/appeals', 'ada', 200],
  ['/review/quality', 'ada', 200],
  ['/review/queue', 'lead', 200],
  ['/review/routing', 'lead', 200],
  ['/review/quality', 'lead', 200],
  ['/review/people', 'lead', 200],
  ['/review/people', null, 200],
  ['/review/queue', 'ada', 403],
  ['/review', 'client', 403],
]
const CONTENT_POLICY = {
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': "'self' blob: data:",
  'connect-src': "'self'",
  'form-action': "'self'",
  'base-uri': "'none'",
  'frame-ancestors': "'none'",
}

const fetched = async ({ desk, cookieOf }: OnHostile, path: string, who: string | null) => {
  const headers: Record<string, string> = who === null ? {} : { cookie: await cookieOf(who) }
  return fetch(`${desk.service.url}${path}`, { headers, redirect: 'manual' })
}

/** Whether the cookie is somebody's still, by the pages and by the API. */
async function signedIn({ service }: Desk, cookie: string, unattended = false): Promise<boolean> {
  const headers: Record<string, string> = { cookie, ...(unattended ? { 'darkroom-unattended': 'true' } : {}) }
  const me = await fetch(`${service.url}/v1/me`, { headers })
  const page = await (await fetch(`${service.url}/`, { headers })).text()
  assert.equal(page.includes('id="sign-in"'), me.status === 401)
  return me.status === 200
}

await onHostile('safe pages', { typed: ['general'], env: ENV }, ({ named }) => {
  named('every page forbids what it does not need, is kept nowhere and framed by nobody', async (given) => {
    for (const [path, who, status] of PAGES) {
      const response = await fetched(given, path, who)
      assert.equal(response.status, status, path)
      const { headers } = response
      const policy = (headers.get('content-security-policy') ?? '').split('; ').map((one) => one.split(/ (.*)/s))
      assert.deepEqual(Object.fromEntries(policy.map(([name, value]) => [name, value])), CONTENT_POLICY, path)
      assert.equal(headers.get('x-content-type-options'), 'nosniff', path)
      assert.equal(headers.get('cache-control'), 'no-store', path)
      assert.equal(headers.get('cross-origin-opener-policy'), 'same-origin', path)
      assert.equal(headers.get('referrer-policy'), 'same-origin', path)
      assert.equal(headers.get('access-control-allow-origin'), null, path)
    }
    for (const path of ['/nothing', '/review/nothing', '/console/x/nothing.ts', '/v1/nothing', '/v1/me']) {
      const { headers } = await fetched(given, path, null)
      assert.match(headers.get('content-security-policy') ?? '', /^default-src 'none'; frame-ancestors 'none'$/, path)
      assert.equal(headers.get('x-content-type-options'), 'nosniff', path)
      assert.match(headers.get('content-type') ?? '', /^application\/problem\+json/, path)
    }
  })

  named('no page holds a script, a style or a handler in its text', async (given) => {
    const page = await given.open(null, '/verify')
    const { desk, cookieOf } = given
    await desk.make('hold')
    const form = async (fields: Record<string, string>) => {
      const headers = { cookie: await cookieOf('lead'), origin: desk.service.url }
      const body = new URLSearchParams({ version: '0', draft: '[]', ...fields })
      return fetch(`${desk.service.url}/review/routing`, { method: 'POST', headers, body })
    }
    const answers = [await form({ act: 'add' }), await form({ act: 'try' })]
    for (const [path, who] of PAGES) answers.push(await fetched(given, path, who))
    for (const response of answers) {
      const found = await page.evaluate(
        (markup) => {
          const drawn = new DOMParser().parseFromString(markup, 'text/html')
          const all = [
            ...drawn.querySelectorAll('*'),
            ...[...drawn.querySelectorAll('template')].flatMap((one) => [...one.content.querySelectorAll('*')]),
          ]
          return all.flatMap((node) => {
            const handlers = node.getAttributeNames().filter((name) => name === 'style' || name.startsWith('on'))
            const inline = node.matches('style, base, script:not([src]), meta[http-equiv], iframe, object, embed')
            const address = ['href', 'src', 'action', 'formaction'].map((name) => node.getAttribute(name) ?? '')
            const away = address.filter((to) => !/^(\/|#|\?|$)(?!\/)/.test(to) && URL.parse(to)?.host !== 'HERE')
            return [...handlers, ...(inline ? [node.localName] : []), ...away]
          })
        },
        (await response.text()).replaceAll(desk.service.url, 'http://HERE'),
      )
      assert.deepEqual(found, [], response.url)
    }
  })

  named('a walk through all pages, by whoever may, asks nobody else for anything', async ({ desk, open }) => {
    await desk.make('hold')
    for (const [path, who] of PAGES) {
      const page = await open(who, path)
      await page.waitForTimeout(150)
      assert.ok(await page.locator('h1').count(), path)
      for (const summary of await page.locator('main summary').all()) await summary.click()
      assert.deepEqual(await page.evaluate(() => document.cookie), '')
      await page.context().close()
    }
  })

  named('the cookie is no script’s, no other site’s, and goes over https alone where there is one', async (given) => {
    const { desk, open } = given
    const page = await open('client', '/')
    const [cookie] = await page.context().cookies()
    assert.equal(await page.evaluate(() => document.cookie), '')
    assert.equal(cookie?.name, 'darkroom_session')
    const { url } = desk.service
    const sent = async (body: object) => {
      const headers = { 'content-type': 'application/json', origin: url }
      return (await fetch(`${url}/session`, { method: 'POST', headers, body: JSON.stringify(body) })).headers
    }
    const attributes = (await sent({ key: desk.service.key('client') })).get('set-cookie')?.split('; ').slice(1).sort()
    assert.deepEqual(attributes, ['HttpOnly', 'Max-Age=28800', 'Path=/', 'SameSite=Strict'])
  })

  named('a session ends by signing out', async ({ desk, open }) => {
    const page = await open('client', '/')
    const [cookie] = await page.context().cookies()
    const mine = `${cookie?.name}=${cookie?.value}`
    assert.equal(await signedIn(desk, mine), true)
    await page.click('text=Sign out')
    await page.waitForSelector('#sign-in')
    assert.deepEqual(await page.context().cookies(), [])
    assert.equal(await signedIn(desk, mine), false)
    await page.goBack()
    await page.waitForSelector('#sign-in')
  })

  named('a session ends when nobody uses it, and what a page asks by itself is no use of it', async (given) => {
    const { desk, cookieOf } = given
    const cookie = await cookieOf('lead')
    await desk.clock(IDLE_SECONDS - 5)
    assert.equal(await signedIn(desk, cookie), true, 'used, it begins anew')
    await desk.clock(2 * IDLE_SECONDS - 70)
    assert.equal(await signedIn(desk, cookie, true), true)
    await desk.clock(2 * IDLE_SECONDS)
    assert.equal(await signedIn(desk, cookie), false)
    await desk.clock(0)
  })

  named('a session ends after its time, however much it is used', async ({ desk, cookieOf }) => {
    const cookie = await cookieOf('client')
    for (let seconds = 0; seconds < 28_800; seconds += IDLE_SECONDS - 10) {
      await desk.clock(seconds)
      assert.equal(await signedIn(desk, cookie), true, String(seconds))
    }
    await desk.clock(28_801)
    assert.equal(await signedIn(desk, cookie), false)
    await desk.clock(0)
  })

  named('an open page whose session ended says so, shows nothing more and keeps what was typed', async (given) => {
    const { desk, open } = given
    await desk.clear()
    await desk.make('hold')
    const page = await open('ada', '/review')
    await judging(page)
    await page.fill('#note', 'nearly done')
    await desk.clock(IDLE_SECONDS + 1)
    await page.locator('#item-title').focus()
    await page.keyboard.press('p')
    await page.waitForSelector('#words .error')
    assert.equal(await page.inputValue('#note'), 'nearly done')
    assert.equal(await page.locator('#prompt').count(), 0)
    await desk.clock(0)
  })

  named('a page of somebody else frames nothing, posts nothing and reads nothing', async (given) => {
    const { desk, expected } = given
    const { url } = desk.service
    // The foreign pages’ own doing, and that it was blocked.
    expected.push(/./)
    await desk.clear()
    const { id } = await desk.make('hold')
    await using other = await listening()
    // The first is another site; the second the same site by another port, so that it sends the cookie along.
    for (const foreign of ['http://elsewhere.invalid', other.url]) {
      const page = await given.open('lead', '/review/queue')
      await page.context().route('http://elsewhere.invalid/**', (route) => route.fulfill(FOREIGN))
      const before = await digestsOf(desk.service.ground.database.sql)
      const acts = async (does: (page: Page) => Promise<unknown>) => {
        await page.goto(`${foreign}/foreign`)
        await does(page)
        const mine = await page.context().cookies(url)
        assert.equal(mine.length, 1, 'the cookie is still there')
        assert.equal(await signedIn(desk, `darkroom_session=${mine[0]?.value}`), true)
        assert.deepEqual(await digestsOf(desk.service.ground.database.sql), before)
      }
      for (const path of ['/', '/review', '/verify', '/review/queue', '/statements/sor_1', '/v1/me'])
        await acts(async () => {
          const read = await page.evaluate(async (address) => {
            const frame = document.createElement('iframe')
            frame.src = address
            const loaded = new Promise((resolve) => frame.addEventListener('load', resolve, { once: true }))
            document.body.append(frame)
            await loaded
            const reads = (mode: RequestMode) =>
              fetch(address, { credentials: 'include', mode }).then(
                (found) => found.text(),
                () => '',
              )
            return [await reads('cors'), await reads('no-cors')]
          }, `${url}${path}`)
          assert.deepEqual(read, ['', ''])
          for (const frame of page.frames().slice(1)) assert.match(frame.url(), /^chrome-error:/)
        })
      const draft = '[{"name":"x","when":{"kinds":["hold"]},"then":{"lead_only":true}}]'
      const posts: [string, string, Record<string, string>][] = [
        ['/session/end', 'application/x-www-form-urlencoded', {}],
        ['/review/routing', 'application/x-www-form-urlencoded', { act: 'sure', version: '0', draft }],
        [`/v1/review/items/${id}/claim`, 'text/plain', { '{"a': '":1}' }],
        [`/v1/review/items/${id}/assign`, 'text/plain', { '{"to': `":"${desk.id('ada')}"}` }],
        ['/v1/review/shift/break', 'multipart/form-data', { a: 'b' }],
        ['/v1/review/next', 'text/plain', { '{"a': '":1}' }],
      ]
      for (const [path, type, fields] of posts)
        await acts(async () => {
          await page.evaluate(
            ([action, enctype, given]) => {
              const form = document.createElement('form')
              Object.assign(form, { method: 'post', action, enctype })
              for (const [name, value] of Object.entries(given)) {
                const input = document.createElement('input')
                Object.assign(input, { type: 'hidden', name, value })
                form.append(input)
              }
              document.body.append(form)
              form.submit()
            },
            [`${url}${path}`, type, fields] as const,
          )
          await page.waitForURL(`${url}/**`)
        })
      await acts(async () => {
        // It is lost once the page has come, which takes as long as it takes.
        const opened = await page.evaluateHandle((address) => window.open(address), `${url}/review/queue`)
        assert.ok(await opened.evaluate((other) => other !== null), 'it opens')
        await page.waitForFunction((other) => other?.closed, opened)
      })
      await page.context().close()
    }
  })
})

const FOREIGN = { contentType: 'text/html', body: '<!doctype html><title>foreign</title><body>x' }

async function listening() {
  const server = createServer((_request, response) => response.setHeader('content-type', 'text/html').end(FOREIGN.body))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('it listens at a port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

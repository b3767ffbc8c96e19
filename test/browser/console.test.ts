// Every state of every page, in a real Chromium, over the stub's canned answers: what is shown, that it can be worked by keyboard
// alone, that nothing typed is executed, that it fits 360 px, that text has contrast, and that the content policy is never hit.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Route } from 'playwright-core'
import { screenshot } from './chromium.ts'
import { poorContrast } from './contrast.ts'
import { hostile } from './hostile.ts'
import { ended, focused, onConsole, order, text } from './on-console.ts'

const phone = { viewport: { width: 360, height: 740 } }

await onConsole('console', ({ chromium, stubbed, named }) => {
  test('a wrong key is said beside its field, a right one opens the playground', async () => {
    const stub = await stubbed
    await using tab = await chromium.tab()
    const { page, complaints } = tab
    await page.goto(stub.address)
    await page.keyboard.type('wrong-key')
    await page.keyboard.press('Enter')
    await page.waitForSelector('#key-error:not([hidden])')
    assert.equal(await page.getAttribute('#key', 'aria-invalid'), 'true')
    await page.keyboard.type('good-key')
    await page.keyboard.press('Enter')
    await page.waitForSelector('#order')
    assert.deepEqual(complaints, [])
  })

  test('signing in and checking a picture need no script', async () => {
    const stub = await stubbed
    await using tab = await chromium.tab({ javaScriptEnabled: false })
    await tab.page.goto(stub.address)
    await tab.page.fill('#key', 'good-key')
    await tab.page.click('button')
    await tab.page.waitForSelector('#order')
    assert.match(await text(tab.page, '#order'), /needs script/)
    await tab.page.goto(`${stub.address}/verify`)
    await tab.page.setInputFiles('#file', { name: 'a.png', mimeType: 'image/png', buffer: stub.png })
    await tab.page.click('#ask button')
    await tab.page.waitForSelector('#answer[data-verdict=ours]')
  })

  named('an empty tray says what to do, and an example fills the prompt', async (page) => {
    assert.match(await text(page), /The tray is empty/)
    // Once the list has come.
    await page.locator('#contacts-note', { hasText: 'Your pictures will be here' }).waitFor()
    await page.click('[data-example]')
    assert.equal(await page.inputValue('#prompt'), 'a red boat on the beach at sunset')
  })

  named('a visible label is asked for by a tick alone, and the same again asks for it again', async (page) => {
    const orders: unknown[] = []
    page.on('request', (request) => {
      if (request.method() === 'POST' && request.url().endsWith('/v1/generations'))
        orders.push(request.postDataJSON().label)
    })
    await order(page, 'a boat')
    await ended(page, 'published')
    await page.click('text=More options')
    await page.check('#label')
    await order(page, 'a boat')
    await page.waitForURL(/generation=req_2/)
    await ended(page, 'published')
    await page.uncheck('#label')
    await page.click('text=Another seed')
    await page.waitForURL(/generation=req_3/)
    assert.deepEqual(orders, [undefined, true, true])
  })

  named('by keyboard alone: prompt, picture, seed, provenance; the focus goes to the result', async (page) => {
    await page.keyboard.type('a red boat')
    await page.keyboard.press('Control+Enter')
    await ended(page, 'published')
    assert.equal(await focused(page), 'Developed')
    const shown = await text(page)
    for (const words of ['128 × 128 px, shown 3×', 'seed 7', 'Trusted', '41.2 dB', 'img_1_0', 'a red boat']) {
      assert.ok(shown.includes(words), words)
    }
    const picture = page.locator('.prints img')
    assert.equal(await picture.evaluate((image) => image instanceof HTMLImageElement && image.naturalWidth), 128)
    assert.equal((await picture.boundingBox())?.width, 384)
    const reached: string[] = []
    for (let presses = 0; presses < 6; presses++) {
      await page.keyboard.press('Tab')
      reached.push(await focused(page))
    }
    assert.deepEqual(reached.slice(0, 3), ['Download', 'Verify', 'Again with this seed'])
    await page.click('text=Again with this seed')
    await page.waitForFunction(() => location.search.endsWith('req_2'))
    assert.equal(await page.inputValue('#seed'), '7')
    await page.waitForFunction(() => document.querySelectorAll('#film li').length === 2)
  })

  named('while it develops: queue, steps, stages, a spoken line; cancelling ends it', async (page, stub) => {
    stub.gate.step = 8
    await order(page, 'slow boat', '2')
    await page.waitForSelector('text=step 8 of 20')
    assert.equal(await page.getAttribute('.exposure', 'aria-valuenow'), '8')
    assert.equal(await text(page, '.stages [aria-current]'), 'Draw')
    assert.equal(await page.locator('.sheets canvas').count(), 2)
    assert.match(await text(page, '#announcer'), /step 5 of 20|Drawing/)
    await page.focus('text=Cancel')
    await page.keyboard.press('Enter')
    await ended(page, 'cancelled')
    assert.equal(await focused(page), 'Cancelled')
  })

  named('a reload in the middle comes back to the same generation', async (page, stub) => {
    stub.gate.step = 4
    await order(page, 'slow boat')
    await page.waitForSelector('text=step 4 of 20')
    await page.reload()
    await page.waitForSelector('text=step 4 of 20')
    stub.gate.step = 20
    await ended(page, 'published')
    assert.equal(stub.seen.posts, 1)
  })

  named('someone who types the next prompt keeps the focus when the result comes', async (page, stub) => {
    stub.gate.step = 3
    await order(page, 'slow boat')
    await page.waitForSelector('text=step 3 of 20')
    await page.fill('#prompt', 'another')
    stub.gate.step = 20
    await ended(page, 'published')
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'prompt')
    assert.match(await text(page, '#announcer'), /Developed/)
  })

  named('a stream that drops is replaced by asking', async (page) => {
    await order(page, 'drop the line')
    // Long before the page would have asked of its own accord, for silence.
    await page.waitForSelector('[data-outcome=published]', { timeout: 13_000 })
  })

  named('a refusal gives the rule, the facts, who decided, the statement and what can be done', async (page) => {
    await order(page, 'refuse this')
    await ended(page, 'refused')
    await page.waitForSelector('.notice h3')
    const shown = await text(page)
    for (const words of [
      'This prompt was refused',
      'gory detail',
      'Graphic violence',
      'software decided',
      'sor_01stub',
      'You can appeal once',
      'court',
    ]) {
      assert.ok(shown.includes(words), words)
    }
    await page.click('text=Open this statement')
    await page.waitForSelector('#reasons h3')
    assert.equal(await text(page, 'h1'), 'This prompt was not accepted')
  })

  named('a statement that is not there is said to be absent', async (page, stub) => {
    await page.goto(`${stub.address}/statements/sor_none`)
    await page.waitForSelector('text=There is no such statement')
  })

  named('held, failed and mixed outcomes each say what happened and what comes next', async (page) => {
    await order(page, 'hold it')
    await ended(page, 'held')
    assert.match(await text(page), /A person will look at this/)
    await order(page, 'fail it')
    await ended(page, 'failed')
    assert.match(await text(page), /Another seed usually works/)
    await order(page, 'mixed bag', '4')
    await ended(page, 'partly_published')
    assert.match(await text(page), /1 of 4 pictures released/)
    assert.deepEqual(
      await page.locator('.print').evaluateAll((all) => all.map((one) => one.getAttribute('data-state'))),
      ['published', 'denied', 'held', 'failed'],
    )
  })

  named('what the server refuses is said beside its field, with the focus there', async (page) => {
    await page.press('#prompt', 'Control+Enter')
    assert.equal(await text(page, '#prompt-error'), 'Say what it should show.')
    await order(page, 'too long')
    await page.waitForSelector('text=longer than 4000 characters')
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'prompt')
  })

  named('an order whose answer was lost is handed in again under the same key', async (page, stub) => {
    const keys: (string | undefined)[] = []
    page.on('request', (request) => request.method() === 'POST' && keys.push(request.headers()['idempotency-key']))
    const loseAnswer = async (route: Route) => {
      await route.fetch()
      await route.abort('failed')
    }
    await page.route('**/v1/generations', loseAnswer, { times: 1 })
    await order(page, 'a red boat')
    await page.waitForSelector('text=cannot be reached')
    await page.press('#prompt', 'Control+Enter')
    await ended(page, 'published')
    assert.match(keys[0] ?? '', /^[0-9a-f]{32}$/)
    assert.equal(keys[0], keys[1])
    assert.equal(stub.generations.size, 1)
  })

  named('a session that ended loses no text', async (page) => {
    await page.context().clearCookies()
    await page.route('**/v1/generations', (route) =>
      route.fulfill({ status: 401, json: { code: 'unauthenticated', detail: 'no' } }),
    )
    await order(page, 'a red boat')
    await page.waitForSelector('text=Sign in in another tab')
    assert.equal(await page.inputValue('#prompt'), 'a red boat')
  })

  named('markup in a prompt is shown and never executed', async (page) => {
    for (const prompt of hostile) {
      await order(page, prompt)
      await page.waitForFunction(
        (said) => document.querySelector('#tray .settled .caption')?.textContent === said,
        prompt,
      )
      assert.equal(await page.locator('#tray :is(script, style, svg, a[href^=javascript])').count(), 0)
    }
  })

  named('the content policy stops inline script even where markup slips in', async (page, stub, complaints) => {
    const policy = (await page.request.get(stub.address)).headers()['content-security-policy'] ?? ''
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/)
    assert.doesNotMatch(policy, /unsafe|\*/)
    const ran = await page.evaluate(async () => {
      const [blocked] = await Promise.all([
        new Promise((resolve) =>
          document.addEventListener('securitypolicyviolation', (event) => resolve(event.violatedDirective), {
            once: true,
          }),
        ),
        document.body.insertAdjacentHTML('beforeend', '<img src="/icon" onerror="document.title = \'ran\'">'),
      ])
      return [blocked, document.title]
    })
    assert.deepEqual(ran, ['script-src-attr', 'Playground · Darkroom'])
    assert.match(complaints.splice(0).join(), /inline event handler violates/)
  })

  named('right-to-left text reads from the right, in the form and in the result', async (page) => {
    await order(page, 'قارب أحمر على الشاطئ عند الغروب')
    await ended(page, 'published')
    const direction = (selector: string) => page.locator(selector).evaluate((node) => getComputedStyle(node).direction)
    assert.equal(await direction('#prompt'), 'rtl')
    assert.equal(await direction('.caption'), 'rtl')
    assert.equal(await direction('.rebate'), 'ltr')
  })

  for (const colorScheme of ['dark', 'light'] as const) {
    named(
      `every state fits 360 px and has contrast, ${colorScheme}`,
      async (page, stub) => {
        const check = async (state: string) => {
          const wide = await page.evaluate(
            () => document.documentElement.scrollWidth - Math.ceil(document.body.getBoundingClientRect().width),
          )
          assert.ok(wide <= 0, `${state} scrolls sideways by ${wide} px`)
          assert.deepEqual(await page.evaluate(poorContrast), [], state)
        }
        await check('empty')
        stub.gate.step = 5
        await order(page, 'slow boat')
        await page.waitForSelector('text=step 5 of 20')
        await check('developing')
        await page.click('text=Cancel')
        for (const [prompt, outcome, n] of [
          ['a boat', 'published', '1'],
          ['refuse this', 'refused', '1'],
          ['hold this', 'held', '1'],
          [`mixed ${'verylongword'.repeat(40)}`, 'partly_published', '4'],
        ] as const) {
          await order(page, prompt, n)
          await ended(page, outcome)
          for (const details of await page.locator('#tray details:not([open]) > summary').all()) await details.click()
          await check(outcome)
        }
        await page.goto(`${stub.address}/verify`)
        await page.setInputFiles('#file', { name: 'a.png', mimeType: 'image/png', buffer: stub.png })
        await page.waitForSelector('[data-verdict=ours]')
        await check('verify')
        await screenshot(page, `verify-360-${colorScheme}`)
        await page.goto(`${stub.address}/statements/sor_01stub`)
        await page.waitForSelector('#reasons h3')
        await check('statement')
        await page.context().clearCookies()
        await page.goto(stub.address)
        await page.waitForSelector('#sign-in')
        await check('sign-in')
        await screenshot(page, `sign-in-360-${colorScheme}`)
      },
      { ...phone, colorScheme },
    )
  }
})

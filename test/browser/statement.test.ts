// The public page of a statement in a real Chromium, for somebody without an account: what the link opens, what is missing when it is cut
// short, the whole appeal by keyboard, and what is said of it afterwards.

import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { screenshot } from './chromium.ts'
import { poorContrast } from './contrast.ts'
import { focused, onConsole, text } from './on-console.ts'
import { SECRET } from './stub-answers.ts'

const phone = { viewport: { width: 360, height: 740 } }

await onConsole('statement', ({ named }) => {
  /** As a stranger, by the whole link unless told otherwise. */
  const visit = async (page: Page, address: string, fragment = `#${SECRET}`) => {
    await page.context().clearCookies()
    await page.goto(`${address}/statements/sor_01stub${fragment}`)
  }
  const opened = (page: Page) => page.waitForSelector('#reasons h3')

  named('the whole link opens every part of the statement without an account', async (page, stub) => {
    await visit(page, stub.address)
    await opened(page)
    assert.equal(await text(page, 'h1'), 'This prompt was not accepted')
    const shown = await text(page, '#reasons')
    for (const words of [
      'gory detail',
      'nothing was generated',
      'Graphic violence',
      'matched 1 phrase',
      'no context changes',
      'software decided',
      'your account and your other images are not affected',
      'European Union. The rules',
      'violence/graphic/1',
      'moderation 1.0.0',
      'Nothing.',
      'sor_01stub',
      'You can appeal once',
      'out-of-court',
      'go to court',
    ])
      assert.ok(shown.includes(words), words)
    assert.equal(await page.locator('#reasons a').count(), 0, 'nothing here needs an account')
  })

  named('the secret goes into the header alone, never into an address', async (page, stub) => {
    const addresses: string[] = []
    page.on('request', (request) => addresses.push(request.url(), request.headers().referer ?? ''))
    await visit(page, stub.address)
    await opened(page)
    const sent = addresses.filter((address) => new URL(address, stub.address).pathname.startsWith('/v1/'))
    assert.ok(sent.length > 0 && !sent.some((address) => address.includes(SECRET)), sent.join())
  })

  named('a link that was cut short says plainly what is missing, and asks for no sign-in', async (page, stub) => {
    await visit(page, stub.address, '')
    await page.waitForSelector('text=The link is incomplete')
    assert.match(await text(page, '#reasons'), /What follows the # in the link is missing/)
    assert.equal(await page.locator('input, #appeal:not([hidden])').count(), 0)
    await visit(page, stub.address, '#wrong')
    await page.waitForSelector('text=There is no such statement')
  })

  named('an appeal by keyboard alone: reason, purpose, sent; its state has the focus', async (page, stub) => {
    await visit(page, stub.address)
    await opened(page)
    await page.focus('#text')
    await page.keyboard.type('It is a scene from an opera.')
    assert.equal(await text(page, '#text-count'), 'Characters left: 1,972')
    await page.keyboard.press('Tab')
    await page.keyboard.type('ed')
    await page.keyboard.press('Tab')
    assert.equal(await focused(page), 'Send the appeal')
    await page.keyboard.press('Enter')
    await page.waitForSelector('[data-appeal=open]')
    assert.equal(await focused(page), 'Appeal')
    assert.deepEqual([stub.appeals[0]?.text, stub.appeals[0]?.purpose], ['It is a scene from an opera.', 'education'])
    await page.reload()
    await page.waitForSelector('[data-appeal=open]')
    assert.equal(await page.isVisible('#appeal-form'), false)
  })

  named('what is wrong is said beside its field, and what was typed stays', async (page, stub) => {
    await visit(page, stub.address)
    await opened(page)
    const said = async (words: string, typed: string) => {
      await page.fill('#text', typed)
      await page.click('#send')
      await page.waitForSelector(`.error:not([hidden]) >> text=${words}`)
      assert.equal(await page.inputValue('#text'), typed)
    }
    await said('Say why', '   ')
    assert.equal(await page.getAttribute('#text', 'aria-invalid'), 'true')
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'text')
    await said('2000 characters at most', '🙂'.repeat(2001))
    assert.equal(await text(page, '#text-count'), 'Characters too many: 1')
    await said('a character that is no text', 'something odd')
    assert.equal(stub.appeals.length, 0)
    await page.fill('#text', '🙂'.repeat(2000))
    await page.click('#send')
    await page.waitForSelector('[data-appeal=open]')
  })

  named('the reasoned answer is shown, as text whatever is in it', async (page, stub) => {
    const answer = {
      text: '<img src=x onerror="alert(1)"> It stands.',
      outcome: 'upheld',
      decided_at: '2026-11-24T00:00:00Z',
    }
    stub.appeals.push({ text: '', purpose: null, state: 'upheld', answer, ended_at: answer.decided_at })
    await visit(page, stub.address)
    await page.waitForSelector('[data-appeal=upheld]')
    const shown = await text(page, '#appeal')
    assert.ok(shown.includes('<img') && shown.includes('It stands.') && shown.includes('24'), shown)
    assert.equal(await page.locator('#appeal img').count(), 0)
  })

  named('no form where nothing can be appealed, or not any more', async (page, stub) => {
    const { redress } = (await import('./stub-answers.ts')).fullStatement
    assert.ok(redress.kind === 'full')
    stub.stated.redress = { ...redress, appeal_until: '2020-01-01T00:00:00Z' }
    await visit(page, stub.address)
    await page.waitForSelector('text=The time to appeal ended on')
    assert.equal(await page.isVisible('#appeal-form'), false)
    stub.stated.redress = { kind: 'restricted', text: 'You can write to the contact point.' }
    await page.reload()
    await page.waitForSelector('text=You can write to the contact point.')
    assert.equal(await page.isVisible('#appeal'), false)
  })

  for (const colorScheme of ['dark', 'light'] as const)
    named(
      `statement and form fit 360 px and have contrast, ${colorScheme}`,
      async (page, stub) => {
        const check = async (state: string) => {
          const wide = await page.evaluate(
            () => document.documentElement.scrollWidth - Math.ceil(document.body.getBoundingClientRect().width),
          )
          assert.ok(wide <= 0, `${state} scrolls sideways by ${wide} px`)
          assert.deepEqual(await page.evaluate(poorContrast), [], state)
        }
        await visit(page, stub.address)
        await opened(page)
        await page.click('#send')
        await check('form')
        await screenshot(page, `statement-360-${colorScheme}`)
        await page.fill('#text', 'verylongword'.repeat(40))
        await page.click('#send')
        await page.waitForSelector('[data-appeal=open]')
        await check('appealed')
        await visit(page, stub.address, '')
        await page.reload()
        await page.waitForSelector('text=The link is incomplete')
        await check('incomplete')
      },
      { ...phone, colorScheme },
    )
})

// What goes wrong on the statement's page while somebody appeals: tabs that are behind, lines that drop, second presses, what was erased or
// decided meanwhile, hostile and endless texts. Nothing typed is lost.

import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { TEXT } from '../review/voices.ts'
import { fits } from './axe.ts'
import { focused, text } from './on-console.ts'
import { appealsOf, onStatements, opened, stands } from './on-statements.ts'

const phone = { viewport: { width: 360, height: 740 } }

/** Counts what is posted from now on. */
function posts(page: Page): string[] {
  const seen: string[] = []
  page.on('request', (request) => request.method() === 'POST' && seen.push(new URL(request.url()).pathname))
  return seen
}
await onStatements('appeal page, in trouble', (named) => {
  named('a tab that is behind shows the appeal that somebody else filed, and keeps what was typed', async (given) => {
    const { voices, visit, linkOf } = given
    const { statement } = await voices.refused()
    const page = await visit(linkOf(statement.id))
    await opened(page)
    await page.fill('#text', 'My own words.')
    await voices.appealOf(statement.id)
    await page.click('#send')
    await stands(page, 'open')
    assert.equal(await page.inputValue('#text'), 'My own words.')
    assert.ok(await page.isVisible('#text'))
    assert.match(await text(page, '#appeal-error'), /What you wrote was not sent/)
    assert.equal(await page.isVisible('#send'), false)
    assert.deepEqual(
      (await appealsOf(given, statement.id)).map((one) => one.text),
      [TEXT],
    )
  })

  named('a lost connection is said on the page; what was typed stays, and is sent once it is back', async (given) => {
    const { voices, visit, linkOf } = given
    const { statement } = await voices.refused()
    const page = await visit(linkOf(statement.id, 'fr'))
    await opened(page)
    await page.route('**/v1/appeals', (route) => route.abort('failed'))
    await page.fill('#text', 'C’est un opéra.')
    await page.click('#send')
    await page.waitForSelector('text=Il n’y a pas de connexion')
    assert.equal(await page.inputValue('#text'), 'C’est un opéra.')
    await page.unroute('**/v1/appeals')
    await page.click('#send')
    await stands(page, 'open')
    assert.equal((await appealsOf(given, statement.id)).length, 1)
  })

  named('a page that could not be loaded offers to try again', async ({ voices, visit, linkOf, court }) => {
    const { statement } = await voices.refused()
    const page = await visit('/verify')
    await page.route('**/v1/statements/**', (route) => route.abort('failed'))
    await page.goto(`${court.service.url}${linkOf(statement.id, 'de')}`)
    await page.waitForSelector('text=Das Laden hat nicht geklappt')
    await page.unroute('**/v1/statements/**')
    await page.click('text=Noch einmal versuchen')
    await opened(page)
  })

  named('what was erased meanwhile is told, and what was typed stays', async (given) => {
    const { voices, visit, linkOf } = given
    const { statement, requestId } = await voices.refused()
    const page = await visit(linkOf(statement.id, 'de'))
    await opened(page)
    await page.fill('#text', 'Zu spät.')
    assert.ok((await voices.call('client', `/v1/generations/${requestId}`, { method: 'DELETE' })).status < 300)
    await page.click('#send')
    await page.waitForSelector('text=Worüber entschieden wurde, ist gelöscht')
    assert.equal(await page.inputValue('#text'), 'Zu spät.')
    assert.equal(await page.isVisible('#send'), false)
  })

  named('pressing send twice is one appeal', async (given) => {
    const { voices, visit, linkOf } = given
    const { statement } = await voices.refused()
    const page = await visit(linkOf(statement.id))
    await opened(page)
    const seen = posts(page)
    await page.fill('#text', 'Once.')
    // The answer takes its time.
    await page.route('**/v1/appeals', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 500))
      await route.continue()
    })
    await page.dblclick('#send')
    await page.evaluate(() => document.querySelector('form')?.requestSubmit())
    await stands(page, 'open')
    assert.deepEqual(seen, ['/v1/appeals'])
  })

  named('taking back what was decided meanwhile shows the decision; without a connection it says so', async (given) => {
    const { voices, visit, linkOf, rule } = given
    const { statement } = await voices.denied()
    await voices.appealOf(statement.id)
    const page = await visit(linkOf(statement.id))
    await stands(page, 'open')
    await rule('deny', 'violence/graphic/3')
    await page.click('#withdraw-ask')
    await page.route('**/v1/**', (route) => route.abort('failed'))
    await page.click('#withdraw-yes')
    await page.waitForSelector('#withdraw-error >> text=That did not work')
    await page.unroute('**/v1/**')
    await page.click('#withdraw-yes')
    await stands(page, 'upheld')
    assert.equal(await focused(page), 'Appeal')
  })

  named('markup, right-to-left and unbroken text arrive as they were typed', async (given) => {
    const { voices, visit, linkOf } = given
    for (const typed of ['<script>alert(1)</script>"\'&amp;', 'هذا رسم توضيحي لكتاب الجراحة', 'a'.repeat(2000)]) {
      const { statement } = await voices.refused()
      const page = await visit(linkOf(statement.id), phone)
      await opened(page)
      await page.fill('#text', typed)
      await fits(page, typed.slice(0, 20))
      await page.click('#send')
      await stands(page, 'open')
      assert.equal((await appealsOf(given, statement.id))[0]?.text, typed)
    }
  })
})

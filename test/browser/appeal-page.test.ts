// The statement's page on the real service, as the person concerned meets it: three languages, the whole way of an appeal by keyboard, what
// becomes of it while one watches, and everything that can go wrong on the way.

import assert from 'node:assert/strict'
import { sql as raw } from 'kysely'
import { BEARERS } from '../http/service.ts'
import { accessible, fits } from './axe.ts'
import { screenshot } from './chromium.ts'
import { focused, text } from './on-console.ts'
import { appealsOf, onStatements, opened, stands } from './on-statements.ts'

const phone = { viewport: { width: 360, height: 740 } }
const OPERA = 'Ein Bild aus einer Oper.'
const SENT = { en: 'Send the appeal', de: 'Beschwerde absenden', fr: 'Envoyer la réclamation' }

await onStatements('appeal page', (named) => {
  named('the language is what the browser prefers, or what the address asks for', async ({ voices, visit, linkOf }) => {
    const { statement } = await voices.refused()
    const german = await visit(linkOf(statement.id), { locale: 'de-AT' })
    await opened(german)
    assert.equal(await text(german, 'h1'), 'Dieser Prompt wurde nicht angenommen')
    const french = await visit(linkOf(statement.id, 'fr'), { locale: 'de-AT' })
    await opened(french)
    assert.equal(await french.getAttribute('html', 'lang'), 'fr')
    const other = await visit(linkOf(statement.id, 'xx'), { locale: 'pt-BR' })
    await opened(other)
    assert.equal(await text(other, 'h1'), 'This prompt was not accepted')
    assert.equal(await other.isVisible('#binding'), false)
  })

  named(
    'another language keeps the secret and what was typed, and tells no server of either',
    async ({ voices, visit, linkOf }) => {
      const { statement } = await voices.refused()
      const page = await visit('/verify')
      const sent: string[] = []
      page.on('request', (request) => sent.push(request.url(), request.headers().referer ?? ''))
      await page.goto(`${new URL(page.url()).origin}${linkOf(statement.id)}`)
      await opened(page)
      await page.fill('#text', OPERA)
      await page.selectOption('#purpose', 'art')
      await page.reload()
      await opened(page)
      assert.deepEqual([await page.inputValue('#text'), await page.inputValue('#purpose')], [OPERA, 'art'], 'reloaded')
      await page.click('text=Français')
      await page.waitForURL(/lang=fr#/)
      await opened(page)
      assert.deepEqual([await page.inputValue('#text'), await page.inputValue('#purpose')], [OPERA, 'art'])
      assert.match(await text(page, '#text-count'), /1.976$/)
      const secret = BEARERS.secretOf(statement.id)
      assert.ok(page.url().endsWith(`#${secret}`))
      assert.ok(sent.length > 10 && !sent.some((address) => address.split('#')[0]?.includes(secret)))
      await page.click('text=La lire en anglais')
      await page.waitForURL(/lang=en#/)
      await opened(page)
      assert.equal(await text(page, 'h1'), 'This prompt was not accepted')
    },
  )

  named('no line of the page is left in English, with a form and with an answer', async (given) => {
    const { voices, visit, linkOf, rule } = given
    const { statement: fresh } = await voices.refused()
    const { statement: ended } = await voices.denied()
    await voices.appealOf(ended.id)
    await rule('deny', 'violence/graphic/3')
    for (const { id } of [fresh, ended]) {
      const linesOf = async (lang: string) => {
        const page = await visit(linkOf(id, lang))
        await opened(page)
        const lines = (await page.evaluate(() => document.body.innerText)).split('\n').map((line) => line.trim())
        return lines.filter((line) => line !== '' && !/^(sor|req|img|apl)_\w+$/.test(line))
      }
      const english = new Set(await linesOf('en'))
      const same = [
        'Darkroom',
        'API',
        'English',
        'Deutsch',
        'Français',
        'storybook-eye 1.0.0',
        'Software',
        'Score',
        'Image',
        'art',
      ]
      for (const lang of ['de', 'fr'])
        assert.deepEqual(
          (await linesOf(lang)).filter((line) => english.has(line) && !same.includes(line)),
          [],
          lang,
        )
    }
  })

  named(
    'what has no translation is quoted as it was decided, in its own language',
    async ({ court, voices, visit, linkOf }) => {
      const { statement } = await voices.refused()
      const odd = `<img src=x onerror="alert(1)"> שלום ${'unbroken'.repeat(60)}`
      await raw`UPDATE darkroom.statement SET record = jsonb_set(record, '{facts}', ${JSON.stringify(odd)}) WHERE id = ${statement.id}`.execute(
        court.sql,
      )
      const page = await visit(linkOf(statement.id, 'de'), phone)
      await opened(page)
      const quoted = page.locator('#reasons span[lang=en]')
      assert.equal(await quoted.count(), 1)
      assert.equal(await quoted.textContent(), odd)
      assert.match(await text(page, '#reasons'), /zitiert, wie entschieden wurde, auf Englisch/)
      assert.equal(await page.locator('#reasons img').count(), 0)
      await fits(page, 'a long word')
    },
  )

  named('the whole way by keyboard alone, in German on a phone: appeal, think twice, take it back', async (given) => {
    const { voices, visit, linkOf } = given
    const { statement } = await voices.refused()
    const page = await visit(linkOf(statement.id, 'de'), phone)
    await opened(page)
    const press = async (...keys: string[]) => {
      for (const key of keys) await page.keyboard.press(key)
    }
    const tabTo = async (words: string) => {
      for (let tries = 0; tries < 30 && (await focused(page)) !== words; tries++) await press('Tab')
      assert.equal(await focused(page), words)
    }
    await tabTo('Beschwerde einlegen')
    await press('Enter')
    await page.keyboard.type('Das ist eine Szene aus einer Oper.')
    await press('Tab')
    await page.keyboard.type('K')
    await tabTo(SENT.de)
    await press('Enter')
    await stands(page, 'open')
    assert.equal(await focused(page), 'Beschwerde')
    assert.deepEqual(await appealsOf(given, statement.id), [
      { state: 'open', text: 'Das ist eine Szene aus einer Oper.', purpose: 'art' },
    ])
    await tabTo('Beschwerde zurücknehmen')
    await press('Enter')
    assert.match(await focused(page), /bleibt dann bestehen/)
    await press('Escape')
    assert.equal(await page.isVisible('#withdraw-sure'), false)
    assert.equal(await focused(page), 'Beschwerde zurücknehmen')
    await press('Enter')
    await tabTo('Endgültig zurücknehmen')
    await press('Enter')
    await stands(page, 'withdrawn')
    assert.equal(await focused(page), 'Beschwerde')
    assert.equal(await page.isVisible('#withdraw'), false)
    assert.equal((await appealsOf(given, statement.id))[0]?.state, 'withdrawn')
  })

  named('while one watches, the page follows the appeal without being loaded again', async (given) => {
    const { voices, visit, linkOf, court } = given
    const { statement } = await voices.denied()
    await voices.appealOf(statement.id)
    const page = await visit('/verify')
    await page.clock.install()
    await page.goto(`${court.service.url}${linkOf(statement.id)}`)
    await stands(page, 'open')
    assert.match(await text(page, '#appeal-steps [aria-current=step]'), /^Received/)
    assert.match(
      await text(page, '#appeal-steps li:last-child'),
      /By \d+ \w+ \d{4} at the latest|By \w+ \d+, \d{4} at the latest/,
    )
    await page.evaluate(() => Reflect.set(globalThis, 'sameTab', true))
    const claimed = await voices.next('ada')
    await page.clock.fastForward(31_000)
    await stands(page, 'reviewing')
    assert.match(await text(page, '#appeal-state'), /are looking at your appeal/)
    assert.equal(await page.evaluate(() => Reflect.get(globalThis, 'sameTab')), true)
    await page.clock.setFixedTime(Date.now() + 30 * 86_400_000)
    await page.reload()
    await stands(page, 'reviewing')
    assert.match(await text(page, '#appeal-steps'), /It is late, and those who run the service have been told/)
    await voices.post('ada', `/v1/review/items/${claimed.item.id}/release`, { lease: claimed.lease.token })
    await voices.post('client', `/v1/appeals/${await page.innerText('#appeal-answer code')}/withdraw`, {})
  })

  named(
    'a reversal leads to the released picture, for who has an account; others are told where it is',
    async (given) => {
      const { voices, visit, signedIn, linkOf, rule, court } = given
      const { statement, imageId, requestId } = await voices.denied()
      await voices.appealOf(statement.id)
      await rule('allow')
      const page = await visit(linkOf(statement.id))
      await stands(page, 'overturned')
      assert.match(await text(page, '#appeal-answer'), /is being marked and will be released\. You get it where/)
      assert.match(await text(page, '#reasons'), /^What was decided at first\s+This does not stand any more\./)
      await court.finish()
      const own = await signedIn(`/statements/${statement.id}`)
      await stands(own, 'overturned')
      assert.match(await text(own, '#appeal-answer'), new RegExp(`The picture ${imageId} is released`))
      assert.equal(await own.getAttribute('#appeal-answer a', 'href'), `/?generation=${requestId}`)
      assert.equal(await page.locator('#appeal-answer a').count(), 0)
      await accessible(own, 'a reversal')
      await voices.post('client', `/v1/images/${imageId}/withdraw`, {})
      await own.reload()
      await stands(own, 'overturned')
      assert.match(await text(own, '#appeal-answer'), /was released, and is not available any more/)
    },
  )

  named('a refused request that is admitted anew is named', async (given) => {
    const { voices, visit, linkOf, rule } = given
    const { statement } = await voices.refused()
    await voices.appealOf(statement.id)
    await rule('allow')
    const page = await visit(linkOf(statement.id, 'fr'))
    await stands(page, 'overturned')
    assert.match(await text(page, '#reasons'), /^Ce qui avait été décidé d’abord\s+Ceci ne vaut plus\./)
    assert.match(
      await text(page, '#reasons'),
      /Union européenne, Espace économique européen, Royaume-Uni, États-Unis\. Les règles/,
    )
    assert.match(await text(page, '#appeal-answer'), /La demande a été reprise sous le numéro req_/)
  })

  named('another reason leads to its own statement, in the same language and with its own secret', async (given) => {
    const { voices, visit, linkOf, rule } = given
    const { statement } = await voices.denied()
    await voices.appealOf(statement.id)
    await rule('deny', 'weapons/2')
    const page = await visit(linkOf(statement.id, 'de'))
    await stands(page, 'partial')
    assert.match(await text(page, '#reasons'), /^Was zuerst entschieden wurde\s+Dies gilt nicht mehr\./)
    await accessible(page, 'another reason')
    await page.click('#appeal-answer .callout a')
    await page.waitForURL((url) => !url.pathname.endsWith(statement.id))
    await opened(page)
    assert.match(await text(page, '#remedies'), /Dies folgt aus Ihrer Beschwerde/)
    assert.equal(await page.isVisible('#appeal'), false)
  })

  for (const lang of ['en', 'de', 'fr'] as const)
    named(`every state is accessible and fits 360 px, dark and light, in ${lang}`, async (given) => {
      const { voices, visit, linkOf } = given
      for (const colorScheme of ['dark', 'light'] as const) {
        const { statement } = await voices.refused()
        const page = await visit(linkOf(statement.id, lang), { ...phone, colorScheme })
        const check = async (state: string) => {
          await accessible(page, `${state}, ${lang}, ${colorScheme}`)
          await fits(page, `${state}, ${lang}`)
        }
        await opened(page)
        await page.click('#send')
        await check('the form with an error')
        await page.fill('#text', 'x')
        await page.click(`text=${SENT[lang]}`)
        await stands(page, 'open')
        if (lang !== 'en') await screenshot(page, `appeal-${lang}-360-${colorScheme}`)
        await page.click('#withdraw-ask')
        await check('the question before it is taken back')
        await page.click('#withdraw-yes')
        await stands(page, 'withdrawn')
        await check('taken back')
      }
    })
})

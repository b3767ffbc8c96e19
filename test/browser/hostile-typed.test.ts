// Every payload in every text that scripts draw: prompts, reports, appeals, notes, translations, what is found in a foreign file, what a
// refusal quotes, names of models and purposes. Many stand in one text: one that stays a text leaves whatever follows as it was.

import assert from 'node:assert/strict'
import { sql as raw } from 'kysely'
import type { Page } from 'playwright-core'
import { NOTHING_KNOWN } from '../mark/findings.ts'
import { openReceiver } from '../notify/receiver.ts'
import type { Desk, Made } from '../review/desk.ts'
import { payloads } from './hostile.ts'
import { judging, press } from './on-desk.ts'
import { HARMLESS, lines, madeOf, onHostile, same, textsOf } from './on-hostile.ts'

const ALL = payloads.map(({ text }) => text)
const TEXT = ALL.join('\n')
const AT = new Date(0).toISOString()
const WORDS = lines(100)
/** With a character that nobody sees, as some payloads have, which a desk may remark upon. */
const QUIET = `${HARMLESS}\u200b`
const sqlOf = (desk: Desk) => desk.service.ground.database.sql
const receiver = await openReceiver((_request, response) =>
  response
    .writeHead(200, { 'content-type': 'application/json' })
    .end(JSON.stringify({ translatedText: TEXT.slice(0, 31_000), detectedLanguage: { language: WORDS[3] } })),
)
const env = {
  DARKROOM_TRANSLATE_URL: `http://127.0.0.1:${receiver.port}/translate`,
  DARKROOM_PROMPT_MAX_CHARACTERS: '50000',
  DARKROOM_APPEAL_MAX_CHARACTERS: '50000',
}

/** Every text of the item that a person or a classifier wrote. */
async function write({ service }: Desk, { id, requestId, imageId }: Made, text: string): Promise<void> {
  const { sql } = service.ground.database
  const verdict = JSON.stringify({ verdict: text, reason: text, scores: { [text]: 0.5 }, policy: { version: text } })
  await raw`UPDATE darkroom.request SET prompt = ${text}, negative_prompt = ${text}, purpose = ${text}
             WHERE id = ${requestId}`.execute(sql)
  await raw`UPDATE darkroom.image SET verdict = ${verdict} WHERE id = ${imageId}`.execute(sql)
  await raw`UPDATE darkroom.review_item SET handover_note = ${text} WHERE id = ${id}`.execute(sql)
  await raw`UPDATE darkroom.report SET text = ${text}, category = ${text}`.execute(sql)
  await raw`UPDATE darkroom.appeal SET text = ${text}, purpose = ${text}`.execute(sql)
  await raw`UPDATE darkroom.statement SET record = record || jsonb_build_object('facts', ${text}::text, 'rule', ${text}::text,
              'clause', ${text}::text)`.execute(sql)
  await raw`UPDATE darkroom.review_handover SET note = ${text}`.execute(sql)
}

/** As what software calls things is told: as a sentence begins, without underscores. Ids are each item's own. */
const plain = (text: string) =>
  text
    .replace(/sor_[0-9a-z]{26}/, 'sor_1')
    .replaceAll('_', ' ')
    .replace(/^./, (first) => first.toLowerCase())

/** The desk with one item, before and after a verdict. */
async function judged(page: Page, text: string, kind: string) {
  await judging(page)
  await press(page, 'p')
  await page.waitForSelector('#prompt')
  // Who allows what they only saw blurred is asked once more.
  await press(page, 'Space')
  await page.waitForSelector('#picture img[data-view=original]')
  // How much waits comes by the stream, whenever that opens.
  await page.waitForFunction(() => document.getElementById('counts')?.textContent)
  const before = {
    made: await madeOf(page),
    texts: await textsOf(page, '.subject :is(.callout, .words, .stack > div h3)'),
  }
  await page.fill('#note', text.slice(0, 2000))
  await press(page, 'Escape')
  await page.locator('#item-title').focus()
  // After a second look one stays to see what it was.
  await press(page, 'a', '1', kind === 'appeal' ? 'Enter' : 'Shift+Enter')
  await page.waitForSelector('#desk[data-view=told]')
  await page.waitForFunction(() => document.querySelector('#told .said[aria-busy]')?.textContent !== '…')
  return { before, told: { made: await madeOf(page), texts: await textsOf(page, '#told :is(blockquote, p, code)') } }
}

await onHostile('hostile texts', { typed: WORDS, env }, ({ named }) => {
  for (const kind of ['hold', 'report', 'appeal'] as const)
    named(
      `of ${kind === 'appeal' ? 'an' : 'a'} ${kind} everything that was written is shown as it was written`,
      async ({ desk, open }) => {
        const seen: Awaited<ReturnType<typeof judged>>[] = []
        // Whoever judged the one could still take it back while looking at the other.
        for (const [who, text] of [
          ['ada', TEXT],
          ['cy', QUIET],
        ] as const) {
          await desk.clear()
          // Earlier ones would be told beside it.
          await raw`UPDATE darkroom.review_item SET clause = NULL`.execute(sqlOf(desk))
          await desk.as('/v1/review/shift/end', 'bea', { body: { note: HARMLESS } })
          const made = await desk.make(kind)
          await write(desk, made, text)
          const page = await open(who, '/review')
          await page.waitForSelector('#handovers span[dir]')
          assert.deepEqual(await textsOf(page, '#handovers span[dir]'), [text])
          seen.push(await judged(page, text, kind))
        }
        const [hostile, harmless] = seen
        if (hostile === undefined || harmless === undefined) throw new Error('both were seen')
        same(hostile.before.made, harmless.before.made, 'the desk')
        same(hostile.told.made, harmless.told.made, 'what it was')
        const written = (text: string) => (text === TEXT.slice(0, 2000).trim() ? TEXT : text)
        const expected = (text: string) => plain(text).replaceAll(QUIET, () => plain(TEXT))
        assert.deepEqual(
          hostile.before.texts,
          harmless.before.texts.map((text) => text.replaceAll(QUIET, () => TEXT)),
        )
        assert.deepEqual(hostile.told.texts.map(written).map(plain), harmless.told.texts.map(expected))
      },
    )

  named('a translation is a text, whatever language it says that it is from', async ({ desk, open }) => {
    await desk.clear()
    await write(desk, await desk.make('hold'), HARMLESS)
    const page = await open('ada', '/review')
    await judging(page)
    await press(page, 'p')
    await page.click('text=Translate')
    await page.waitForSelector('#prompt blockquote[lang]')
    assert.deepEqual(await textsOf(page, '#prompt blockquote[lang]'), [TEXT.slice(0, 31_000)])
    assert.match((await textsOf(page, '#prompt h3')).join(), /By software, from an unknown language/)
  })

  named('what is typed on the desk and sent comes back as it was', async ({ desk, open }) => {
    await desk.clear()
    await desk.make('hold')
    const page = await open('ada', '/review')
    await judging(page)
    const [part = ''] = [TEXT.slice(0, 1900)]
    await press(page, 'r')
    await page.fill('#leave-note', part)
    await press(page, 'Tab', 'Enter')
    await page.waitForSelector('text=Nothing waits for you')
    await page.click('#end')
    await page.fill('#handover', part)
    await page.click('#shift-dialog >> button:has-text("End the shift")')
    await page.waitForSelector('text=Your shift is over')
    const other = await open('bea', '/review')
    await judging(other)
    assert.deepEqual(await textsOf(other, '.subject .callout span'), [part])
    assert.deepEqual(await textsOf(other, '#handovers span[dir]'), [part])
    await other.fill('#note', part)
    await other.reload()
    await judging(other)
    assert.equal(await other.inputValue('#note'), part)
  })

  named('the playground: what was ordered stands under its result, refused or released', async ({ desk, open }) => {
    const page = await open('client', '/')
    const cards = await page.evaluate(() => JSON.parse(document.getElementById('order')?.dataset.cards ?? '[]').length)
    assert.equal(cards, WORDS.length + 1)
    assert.deepEqual((await textsOf(page, '#model option')).slice(1), WORDS)
    assert.deepEqual((await textsOf(page, '#purpose option')).slice(1), WORDS)
    const made: string[][] = []
    for (const text of [TEXT, HARMLESS, `${TEXT} ${HARMLESS} beheading a man, blood everywhere`]) {
      await page.goto(desk.service.url)
      await page.click('.more summary')
      await page.fill('#prompt', text)
      await page.fill('#negative_prompt', ALL.slice(0, 40).join(' '))
      const developed = text.includes('beheading') ? null : desk.service.developNext(['published'])
      await page.click('#develop:not([disabled])')
      await page.waitForSelector('.settled')
      await page.waitForSelector('#film li')
      await developed
      assert.deepEqual(await textsOf(page, '.caption'), [text])
      made.push(await madeOf(page))
    }
    assert.ok(made.every((one) => one.length > 20))
  })

  named('a refusal quotes what it likes', async ({ desk, open }) => {
    const page = await open('client', '/')
    const problem = (field: string | undefined) => ({
      status: 400,
      contentType: 'application/problem+json',
      body: JSON.stringify({ code: TEXT, title: TEXT, detail: TEXT, field }),
    })
    for (const field of ['prompt', WORDS[40], undefined]) {
      await page.route('**/v1/generations', (route) => route.fulfill(problem(field)))
      await page.fill('#prompt', HARMLESS)
      await page.click('#develop:not([disabled])')
      await page.waitForSelector('.error:not([hidden])')
      assert.deepEqual(await textsOf(page, '.error:not([hidden])'), [TEXT], String(field))
      await page.unroute('**/v1/generations')
      await page.goto(desk.service.url)
    }
    const quality = await open('lead', '/review/quality')
    for (const item of ALL.filter((_, at) => at % 60 === 0)) {
      await quality.fill('#gold-item', item)
      await quality.click('#gold-form button')
      await quality.waitForSelector('#gold-form .error:not([hidden])')
    }
    await page.goto(`${desk.service.url}/verify`)
  })

  named('a foreign file says of itself what it likes, in its name too', async ({ open, found }) => {
    const page = await open(null, '/verify')
    const buffer = Buffer.from('Dear reader')
    const seen: string[][] = []
    for (const texts of [ALL, ALL.map(() => HARMLESS)]) {
      const [one = ''] = texts
      const manifest = { found: true, state: 'Valid' as const, recovered: one }
      found.now = {
        ...NOTHING_KNOWN,
        verdict: 'ours_altered',
        manifest: { ...manifest, signed_by: texts.join(' '), generator: texts.join(' '), problems: texts },
        watermark: { found: true, confidence: 'low', read: true, copy: one, trustmark: null },
        record: { image_id: one, created_at: AT, system: texts.join(' '), version: one, log_index: null },
        notes: texts,
      }
      await page.setInputFiles('#file', { name: `${one}.png`, mimeType: 'image/png', buffer })
      await page.waitForFunction((count) => document.querySelectorAll('.notes li').length === count, texts.length - 1)
      assert.deepEqual(await textsOf(page, '.notes li'), texts.slice(0, -1))
      assert.deepEqual(await textsOf(page, '#answer .said'), texts.slice(-1))
      assert.equal(await page.getAttribute('#answer', 'data-image'), one)
      seen.push(await madeOf(page))
      await page.reload()
    }
    const [hostile = [], harmless = []] = seen
    same(hostile, harmless, 'the answer')
    found.now = NOTHING_KNOWN
    for (const name of ALL.filter((_, at) => at % 20 === 0)) {
      await page.setInputFiles('#file', { name, mimeType: 'image/png', buffer })
      await page.waitForSelector('[data-verdict]')
    }
  })

  named('a statement’s own words, and an appeal from its form to the people who judge it', async (given) => {
    const { desk, open } = given
    await desk.clear()
    const { imageIds } = await desk.pictures(['denied'])
    const [image] = await sqlOf(desk)
      .selectFrom('darkroom.image')
      .select('statement_id')
      .where('id', 'in', imageIds)
      .execute()
    const id = image?.statement_id ?? ''
    const say = (text: string) =>
      raw`UPDATE darkroom.statement SET record = jsonb_set(record, '{facts}', to_jsonb(${text}::text)) WHERE id = ${id}`.execute(
        sqlOf(desk),
      )
    const page = await open('client', '/verify')
    const seen: string[][] = []
    for (const text of [HARMLESS, TEXT]) {
      await say(text)
      await page.goto(`${desk.service.url}/statements/${id}?lang=de`)
      await page.waitForSelector('#appeal-form:not([hidden])')
      assert.deepEqual(await textsOf(page, '#reasons span[lang=en]:first-of-type'), [text])
      seen.push(await madeOf(page))
    }
    const [harmless = [], hostile = []] = seen
    same(hostile, harmless, 'the statement')
    assert.deepEqual((await textsOf(page, '#purpose option')).slice(1), WORDS)
    await page.fill('#text', ALL.slice(0, 30).join('\n'))
    await page.reload()
    await page.waitForSelector('#appeal-form:not([hidden])')
    assert.equal(await page.inputValue('#text'), ALL.slice(0, 30).join('\n'))
  })
})

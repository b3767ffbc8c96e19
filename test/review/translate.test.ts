// Translation of prompts by a service that an operator names: what is sent there and what comes back, over real HTTP; who may ask; and that
// whatever goes wrong is one fault, which no text is quoted in.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { isFault } from '../../src/kernel/fault.ts'
import { openTranslator } from '../../src/review/translate.ts'
import { type Answer, openReceiver, type Receiver } from '../notify/receiver.ts'
import { type Desk, openDesk, PROMPT } from './desk.ts'

const TRANSLATED = { translatedText: 'ein Hafen', detectedLanguage: { language: 'en', confidence: 90 } }
const sends =
  (body: unknown, status = 200): Answer =>
  (_request, response) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

let receiver: Receiver
let answer: Answer
let desk: Desk
before(async () => {
  receiver = await openReceiver((...call) => answer(...call))
  desk = await openDesk({
    DARKROOM_TRANSLATE_URL: `http://127.0.0.1:${receiver.port}/lt/translate`,
    DARKROOM_TRANSLATE_TO: 'de,en',
  })
})
after(async () => {
  await desk[Symbol.asyncDispose]()
  await receiver[Symbol.asyncDispose]()
})
beforeEach(() => {
  answer = sends(TRANSLATED)
  receiver.heard.length = 0
})

const translate = (who: string, id: string, to = 'de') =>
  desk.as(`/v1/review/items/${id}/translate`, who, { body: { to } })

test('a prompt that one is shown is translated, and one that is withheld goes nowhere', async () => {
  const { id, requestId } = await desk.make('hold')
  const { sql } = desk.service.ground.database
  await sql.updateTable('darkroom.request').set({ negative_prompt: 'no boats' }).where('id', '=', requestId).execute()
  await desk.hold('ada', id)
  assert.equal((await translate('ada', id)).status, 403)
  assert.equal((await translate('bea', id)).status, 403, 'who does not hold it')
  assert.equal(receiver.heard.length, 0)
  await desk.as(`/v1/review/items/${id}/reveal`, 'ada', { body: { what: 'prompt' } })
  const { status, body } = await translate('ada', id)
  assert.equal(status, 200)
  assert.deepEqual(body, { from: 'en', to: 'de', text: 'ein Hafen', negative: 'ein Hafen' })
  assert.deepEqual(
    receiver.heard.map((one) => [one.path, JSON.parse(one.body)]),
    [PROMPT, 'no boats'].map((q) => ['/lt/translate', { q, source: 'auto', target: 'de', format: 'text' }]),
  )
  const strange = await translate('ada', id, 'fr')
  assert.deepEqual([strange.status, strange.body.field], [400, 'to'])
  assert.deepEqual((await desk.as('/v1/review/shift', 'ada')).body.translation, { available: true, to: ['de', 'en'] })
})

test('a refused prompt, which is itself what is judged, is translated as it is shown; what was erased is gone', async () => {
  const { id, requestId } = await desk.makePromptAppeal()
  await desk.hold('ada', id)
  answer = sends({ translatedText: 'ein Soldat' })
  assert.deepEqual((await translate('ada', id)).body, { from: null, to: 'de', text: 'ein Soldat', negative: null })
  for (const [language, from] of [
    ['zh-hans', 'zh-Hans'],
    ['auto', null],
    ['<b>', null],
    ['', null],
  ]) {
    answer = sends({ translatedText: 'ein Soldat', detectedLanguage: { language } })
    assert.equal((await translate('ada', id)).body.from, from, String(language))
  }
  const { sql } = desk.service.ground.database
  await sql
    .updateTable('darkroom.request')
    .set({ prompt: null, negative_prompt: null, salt: null, erased_at: new Date() })
    .where('id', '=', requestId)
    .execute()
  assert.equal((await translate('ada', id)).status, 410)
})

test('what is restricted is sent nowhere, also once it was asked for', async () => {
  const { sql } = desk.service.ground.database
  await sql
    .insertInto('darkroom.reviewer')
    .values({ person_id: desk.id('lead'), restricted: true })
    .execute()
  for (const { id } of [await desk.make('hold', { restricted: true }), await desk.make('escalation')]) {
    await desk.hold('lead', id)
    const shown = await desk.as(`/v1/review/items/${id}/reveal`, 'lead', { body: { what: 'prompt' } })
    assert.equal(shown.body.prompt.text, PROMPT)
    const refused = await translate('lead', id)
    assert.deepEqual([refused.status, refused.body.detail], [403, 'what is restricted is not sent elsewhere'])
  }
  assert.equal(receiver.heard.length, 0)
})

test('whatever goes wrong is one fault that tells nothing of the text', async () => {
  const { id } = await desk.make('hold')
  await desk.hold('ada', id)
  await desk.as(`/v1/review/items/${id}/reveal`, 'ada', { body: { what: 'prompt' } })
  for (const wrong of [
    sends({ error: 'no such language' }, 400),
    sends({ error: 'busy' }, 503),
    sends({ text: 'ein Hafen' }),
    sends(null),
    sends({ translatedText: 'x'.repeat(1_048_577) }),
    ((_request, response) => void response.writeHead(200).end('ein Hafen')) satisfies Answer,
    ((_request, response) => void response.writeHead(302, { location: '/elsewhere' }).end()) satisfies Answer,
    ((request) => void request.socket.destroy()) satisfies Answer,
  ]) {
    answer = wrong
    const refused = await translate('ada', id)
    assert.deepEqual([refused.status, refused.body.code], [502, 'translation_failed'])
    assert.ok(!JSON.stringify(refused.body).includes('Hafen'))
  }
  assert.deepEqual(
    new Set(receiver.heard.map((one) => one.path)),
    new Set(['/lt/translate']),
    'no redirect is followed',
  )
})

test('no error quotes what was sent or came back, however it is written out', async () => {
  const translator = openTranslator({ ...desk.service.ground.config.translation, timeoutMs: 100 })
  assert.ok(translator)
  const answers: Answer[] = [
    (_request, response) => void response.writeHead(200).end('a secret text'),
    () => undefined,
    (request) => void request.socket.destroy(),
  ]
  for (const wrong of answers) {
    answer = wrong
    await assert.rejects(translator.translate('a secret text', 'de'), (error) => {
      assert.ok(isFault(error, 'translation_failed'))
      for (let one: unknown = error; one instanceof Error; one = one.cause)
        assert.doesNotMatch(`${one.message} ${one.stack}`, /a secret text/)
      return true
    })
  }
  await assert.rejects(translator.translate('x'.repeat(32_001), 'de'), { code: 'too_large' })
  answer = sends(TRANSLATED)
  assert.equal((await translator.translate('x'.repeat(32_000), 'de')).text, 'ein Hafen')
})

test('the key is sent from its file, and a file that is missing sends nothing', async () => {
  const keyFile = join(desk.service.home, 'translate.key')
  const translator = openTranslator({ ...desk.service.ground.config.translation, keyFile })
  assert.ok(translator)
  await assert.rejects(translator.translate('a harbour', 'de'), { code: 'translation_failed' })
  assert.equal(receiver.heard.length, 0)
  await writeFile(keyFile, 'hush\n')
  await translator.translate('a harbour', 'de')
  assert.equal(JSON.parse(receiver.heard[0]?.body ?? '').api_key, 'hush')
})

test('where none is set up there is no translation', async () => {
  await using bare = await openDesk()
  const { id } = await bare.make('hold')
  await bare.hold('ada', id)
  const refused = await bare.as(`/v1/review/items/${id}/translate`, 'ada', { body: { to: 'en' } })
  assert.deepEqual([refused.status, refused.body.detail], [404, 'no translation is set up here'])
})

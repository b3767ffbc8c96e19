// POST /v1/moderations as OpenAI's own client, unmodified, calls it: texts, pictures, both together, and everything that is refused.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import OpenAI from 'openai'
import sharp from 'sharp'
import { bandOf, TEXT_SCORES } from '../../src/admit/moderations.ts'
import { ALLOWED, FORBIDDEN, json, openService, type Service } from '../http/service.ts'

const OPENAI_CATEGORIES = [
  'harassment',
  'harassment/threatening',
  'hate',
  'hate/threatening',
  'illicit',
  'illicit/violent',
  'self-harm',
  'self-harm/instructions',
  'self-harm/intent',
  'sexual',
  'sexual/minors',
  'violence',
  'violence/graphic',
]
const CLASSIFIERS = [{ id: 'storybook-eye', version: '1.0.0', digest: 'e'.repeat(64) }]

let service: Service
let openai: OpenAI
let picture: string

before(async () => {
  service = await openService({ DARKROOM_UPLOAD_LIMIT_BYTES: '100000', DARKROOM_UPLOAD_LIMIT_PIXELS: '100000' })
  openai = new OpenAI({ apiKey: service.key('client'), baseURL: `${service.url}/v1`, maxRetries: 0 })
  picture = dataUrl(await blank(64, 64))
})
after(() => service[Symbol.asyncDispose]())
beforeEach(() => see({ weapons: 0.02, 'violence/graphic': 0.03 }))

function see(categories: Record<string, number> | null): void {
  service.eye.sees = categories === null ? null : { categories, classifiers: CLASSIFIERS, opinions: [] }
}

function blank(width: number, height: number): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: 'teal' } })
    .png()
    .toBuffer()
}

function dataUrl(bytes: Buffer, type = 'image/png'): string {
  return `data:${type};base64,${bytes.toString('base64')}`
}

function part(url: string) {
  return { type: 'image_url', image_url: { url } } as const
}

test('a harmless text is flagged nowhere; every category of OpenAI is there, and ours', async () => {
  const { id, model, results } = await openai.moderations.create({ input: ALLOWED, model: 'omni-moderation-latest' })
  assert.match(id, /^modr-/)
  assert.match(model, /^darkroom-moderation-\d/)
  const [result] = results
  assert.ok(result && results.length === 1)
  assert.equal(result.flagged, false)
  for (const part of [result.categories, result.category_scores, result.category_applied_input_types])
    assert.deepEqual(Object.keys(part), [...OPENAI_CATEGORIES, 'weapons'])
  assert.deepEqual(result.category_applied_input_types['violence/graphic'], ['text'])
  assert.deepEqual(result.category_applied_input_types['hate/threatening'], [], 'not told apart, so not judged')
  assert.equal(result.category_scores['hate/threatening'], 0)
})

test('a forbidden text is flagged in its category, with the score that is documented for a finding', async () => {
  const { results } = await openai.moderations.create({ input: [ALLOWED, FORBIDDEN] })
  assert.deepEqual(
    results.map(({ flagged }) => flagged),
    [false, true],
  )
  const [, result] = results
  assert.equal(result?.categories['violence/graphic'], true)
  assert.equal(result?.category_scores['violence/graphic'], TEXT_SCORES.found)
  assert.equal(result?.category_scores.sexual, TEXT_SCORES.notFound)
  assert.equal(result?.categories.sexual, false)
})

test('a picture is flagged by its classifiers’ scores, from where the policy would hold it', async () => {
  const scoreOf = async (score: number) => {
    see({ weapons: 0.02, 'violence/graphic': score })
    const [result] = (await openai.moderations.create({ input: [part(picture)] })).results
    assert.ok(result)
    assert.deepEqual(result.category_applied_input_types['violence/graphic'], ['image'])
    assert.deepEqual(result.category_applied_input_types.sexual, [], 'no classifier here sees it')
    assert.equal(result.category_scores['violence/graphic'], bandOf(score))
    assert.equal(result.flagged, result.categories['violence/graphic'])
    return result.flagged
  }
  // hold 0.35, margin 0.03
  assert.equal(await scoreOf(0.31), false)
  assert.equal(await scoreOf(0.33), true)
  assert.equal(await scoreOf(0.99), true)
})

test('scores are told by tenths, so that no threshold can be searched for', () => {
  assert.deepEqual([0, 0.099, 0.1, 0.31, 0.33, 0.999, 1].map(bandOf), [0.05, 0.05, 0.15, 0.35, 0.35, 0.95, 0.95])
  assert.deepEqual(Object.values(TEXT_SCORES), Object.values(TEXT_SCORES).map(bandOf))
})

test('text and picture in one list are one input with one result', async () => {
  see({ weapons: 0.97, 'violence/graphic': 0.1 })
  const { results } = await openai.moderations.create({ input: [{ type: 'text', text: FORBIDDEN }, part(picture)] })
  const [result] = results
  assert.ok(result && results.length === 1)
  assert.deepEqual(result.category_applied_input_types['violence/graphic'], ['text', 'image'])
  assert.equal(result.category_scores['violence/graphic'], TEXT_SCORES.found)
  assert.equal(Object(result.categories).weapons, true)
})

const REFUSED: [string, string, () => unknown | Promise<unknown>, number?][] = [
  ['nothing', 'input', () => ({})],
  ['a number', 'input', () => ({ input: 5 })],
  ['an empty list', 'input', () => ({ input: [] })],
  ['too many texts', 'input', () => ({ input: Array(129).fill('x') })],
  ['too long a text', 'input.0', () => ({ input: ['x'.repeat(32_001)] })],
  ['half a character', 'input', () => ({ input: '\ud800' })],
  ['an address', 'input.0.image_url.url', () => ({ input: [part('http://169.254.169.254/latest/meta-data')] })],
  ['a file’s address', 'input.0.image_url.url', () => ({ input: [part('file:///etc/passwd')] })],
  ['no base64', 'input.0.image_url.url', () => ({ input: [part('data:image/png;base64,%%%')] })],
  ['a text as a picture', 'input.0.image_url.url', () => ({ input: [part(dataUrl(Buffer.from('hello')))] }), 415],
  [
    'a drawing',
    'input.0.image_url.url',
    () => ({ input: [part(dataUrl(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'image/svg+xml'))] }),
    415,
  ],
  ['too large a file', 'input.0.image_url.url', () => ({ input: [part(dataUrl(Buffer.alloc(100_010)))] }), 413],
  ['too many pixels', 'input.0.image_url.url', async () => ({ input: [part(dataUrl(await blank(400, 300)))] }), 413],
  ['too many pictures', 'input', () => ({ input: Array(5).fill(part(picture)) })],
  ['a picture for a model of texts', 'input', () => ({ input: [part(picture)], model: 'text-moderation-latest' })],
  ['an unknown model', 'model', () => ({ input: 'x', model: 'gpt-5' }), 404],
  ['an unknown field', 'level', () => ({ input: 'x', level: 'low' })],
]
for (const [name, param, body, status = 400] of REFUSED)
  test(`${name} is refused by its field, ${param}`, async () => {
    const response = await service.call('/v1/moderations', json(await body()))
    const { error } = await response.json()
    assert.equal(response.status, status, JSON.stringify(error))
    assert.equal(error.param, param)
    assert.deepEqual(Object.keys(error).sort(), ['code', 'message', 'param', 'type'])
    assert.ok(!JSON.stringify(error).includes('169.254'))
  })

test('a body over what a picture may take is refused with its own limit', async () => {
  const response = await service.call('/v1/moderations', json({ input: 'x'.repeat(1_100_000) }))
  assert.equal(response.status, 413)
  assert.match((await response.json()).error.message, /limit of 1048576 bytes/)
})

test('where no classifier looks, a picture is refused and not called harmless', async () => {
  see(null)
  await assert.rejects(openai.moderations.create({ input: [part(picture)] }), OpenAI.BadRequestError)
})

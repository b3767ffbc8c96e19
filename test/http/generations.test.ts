import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ALLOWED, FORBIDDEN, failWhole, json, openService, type Service } from './service.ts'

let service: Service
before(async () => {
  service = await openService()
})
after(() => service[Symbol.asyncDispose]())

const order = async (body: object) => {
  const response = await service.call('/v1/generations', json({ prompt: ALLOWED, ...body }))
  assert.equal(response.status, 202)
  const resource = await response.json()
  assert.equal(response.headers.get('location'), `/v1/generations/${resource.id}`)
  return resource
}
const read = async (path: string) => (await service.call(path)).json()

test('an order is answered at once, followed by its address, and ends published with its provenance', async () => {
  const queued = await order({ n: 2, seed: 5, quality: 'low' })
  assert.equal(queued.state, 'queued')
  assert.deepEqual(queued.progress, { step: 0, steps: 8, position: 0, ahead: 0, eta_seconds: null })
  assert.equal(queued.images.length, 2)
  assert.equal(queued.images[0].url, null)
  await service.develop(queued.id, ['published', 'published'])
  const done = await read(`/v1/generations/${queued.id}`)
  assert.deepEqual([done.state, done.outcome, done.failure, done.progress], ['done', 'published', null, null])
  const [first] = done.images
  assert.deepEqual([first.seed, done.images[1].seed], [5, 6])
  assert.equal(first.url, `/v1/images/${first.id}/content`)
  assert.deepEqual(first.provenance, {
    manifest_id: `urn:c2pa:${first.id}`,
    validation_state: 'Trusted',
    watermark: { psnr_db: 41.5, confidence: 'high' },
    digests: { file: 'f', manifest: 'm', pixels: 'p' },
    label: null,
  })
  assert.deepEqual(await read(`/v1/images/${first.id}`), first)
})

test('what is asked of sampling is kept with the order and told of it; nothing asked is null', async () => {
  const scheduler_options = { use_karras_sigmas: true }
  const asked = { prompt_syntax: 'weighted', guidance_rescale: 0.7, timesteps: [999, 500, 20], scheduler_options }
  const queued = await order({ prompt: 'a (red:1.2) boat', ...asked })
  assert.deepEqual([queued.sampling, queued.steps], [asked, 3])
  assert.deepEqual((await read(`/v1/generations/${queued.id}`)).sampling, asked)
  const nothing = { prompt_syntax: 'plain', guidance_rescale: 0, timesteps: null, sigmas: null, scheduler_options: {} }
  assert.equal((await order(nothing)).sampling, null)
  const { darkroom } = await read('/v1/models/storybook')
  assert.deepEqual(darkroom.prompt_syntaxes, ['plain', 'weighted'])
  assert.deepEqual([darkroom.negative_prompt, darkroom.guidance_rescale, darkroom.true_guidance], [true, true, false])
})

test('weights hide nothing: the words that a model reads of a weighted prompt are refused', async () => {
  const hidden = { prompt: 'go(re:1.3), close up' }
  assert.equal((await order(hidden)).state, 'queued')
  const refused = await order({ ...hidden, prompt_syntax: 'weighted' })
  assert.equal(refused.state, 'refused')
  assert.equal(refused.statement.category, 'violence/graphic')
})

test('a picture is read through a link that needs no key, and its manifest with one', async () => {
  const { id } = await order({})
  await service.develop(id, ['published'])
  const { images } = await read(`/v1/generations/${id}`)
  const redirect = await service.call(images[0].url)
  assert.equal(redirect.status, 302)
  const location = redirect.headers.get('location') ?? ''
  const picture = await service.call(location, { as: null })
  assert.equal(picture.status, 200)
  assert.equal(picture.headers.get('content-type'), 'image/png')
  assert.equal(picture.headers.get('content-disposition'), 'inline')
  assert.equal(picture.headers.get('x-content-type-options'), 'nosniff')
  assert.match(picture.headers.get('cache-control') ?? '', /^private, max-age=\d+/)
  const bytes = Buffer.from(await picture.arrayBuffer())
  assert.deepEqual([...bytes.subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47])
  assert.deepEqual(await read(images[0].manifest_url), { sizeBytes: bytes.length, contentType: 'image/png' })
  const head = await service.call(location, { as: null, method: 'HEAD' })
  assert.equal(head.headers.get('content-length'), String(bytes.length))
})

test('a link that was changed, cut or has run out reads as nothing', async () => {
  const { id } = await order({})
  await service.develop(id, ['published'])
  const { images } = await read(`/v1/generations/${id}`)
  const location = new URL((await service.call(images[0].url)).headers.get('location') ?? '', service.url)
  const variants = [
    location.pathname,
    `${location.pathname}?expires=${location.searchParams.get('expires')}`,
    location.href.replace(/expires=\d+/, 'expires=99999999999'),
    location.href.replace(/signature=(.)/, (_, first) => `signature=${first === '_' ? '-' : '_'}`),
    location.href.replace('/objects/', '/objects/../quarantine/'),
    location.href.replace('/objects/', '/objects/%2e%2e/quarantine/'),
    `${location.href}&signature=x`,
    location.href.replace(images[0].id, 'img_00000000000000000000000000'),
  ]
  for (const variant of variants) {
    const response = await service.call(variant, { as: null })
    assert.equal(response.status, 404, variant)
    assert.equal((await response.json()).code, 'not_found')
  }
  const expired = await service.ground.images.signedUrl(`${images[0].id}.png`, -1)
  assert.equal((await service.call(expired, { as: null })).status, 404)
})

test('what is held, denied, failed or not made yet has no address for its pixels', async () => {
  const { id } = await order({ n: 4 })
  await service.develop(id, ['held', 'denied', { failed: 'nan' }, 'published'])
  const done = await read(`/v1/generations/${id}`)
  assert.equal(done.outcome, 'partly_published')
  assert.deepEqual(
    done.images.map((image: { state: string }) => image.state),
    ['held', 'denied', 'failed', 'published'],
  )
  assert.equal(done.images[2].failure, 'nan')
  assert.equal(done.images[1].statement.stage, 'output')
  for (const image of done.images.slice(0, 3)) {
    assert.deepEqual([image.url, image.manifest_url, image.provenance], [null, null, null])
    for (const part of ['content', 'manifest']) {
      const response = await service.call(`/v1/images/${image.id}/${part}`)
      assert.equal(response.status, 409)
      assert.equal((await response.json()).code, 'conflict')
    }
    for (const key of [`${image.id}/generated`, `${image.id}.png`, `quarantine/${image.id}/generated`])
      assert.equal((await service.call(`/objects/${key}`, { as: null })).status, 404)
    // Even a link that the store itself would sign leads nowhere: the pixels are in another store.
    const forged = await service.ground.images.signedUrl(`${image.id}/generated`, 60)
    assert.equal((await service.call(forged, { as: null })).status, 404)
  }
})

test('a refusal is an answer: 202, refused, with a statement that reads in full', async () => {
  const refused = await order({ prompt: FORBIDDEN })
  assert.equal(refused.state, 'refused')
  assert.equal(refused.images[0].state, 'cancelled')
  const { statement } = refused
  assert.equal(statement.stage, 'input')
  assert.ok(statement.notice.includes(statement.id))
  const full = await read(statement.url)
  assert.equal(full.id, statement.id)
  assert.equal(full.appeal_url, statement.appeal_url)
  assert.ok(full.notice.sentences.length > 5)
  assert.equal(full.subject.id, refused.id)
  assert.ok(!JSON.stringify(full).includes('beheading'))
})

test('a queued generation is cancelled with its images; what has ended cannot be', async () => {
  const { id } = await order({ n: 2 })
  const response = await service.call(`/v1/generations/${id}/cancel`, { method: 'POST' })
  assert.equal(response.status, 200)
  const cancelled = await response.json()
  assert.equal(cancelled.state, 'cancelled')
  assert.deepEqual(
    cancelled.images.map((image: { state: string }) => image.state),
    ['cancelled', 'cancelled'],
  )
  const again = await service.call(`/v1/generations/${id}/cancel`, { method: 'POST' })
  assert.deepEqual([again.status, (await again.json()).state], [200, 'cancelled'])
  const done = await order({})
  await service.develop(done.id, ['published'])
  const late = await service.call(`/v1/generations/${done.id}/cancel`, { method: 'POST' })
  assert.deepEqual([late.status, (await late.json()).code], [409, 'conflict'])
})

test('a list pages by its own cursor', async () => {
  const first = await read('/v1/generations?limit=2')
  assert.equal(first.data.length, 2)
  assert.equal(first.has_more, true)
  assert.ok(!first.next.includes(first.data[1].id))
  const second = await read(`/v1/generations?limit=2&after=${first.next}`)
  assert.ok(second.data[0].id < first.data[1].id)
  const all = await read('/v1/generations?limit=100')
  assert.deepEqual([all.has_more, all.next], [false, null])
})

type Event = { name: string; data: unknown }
async function readEvents(response: Response): Promise<Event[]> {
  return (await response.text())
    .split('\n\n')
    .filter((block) => block.startsWith('event: '))
    .map((block) => {
      const [name = '', data = ''] = block.split('\n')
      return { name: name.slice(7), data: JSON.parse(data.slice(6)) }
    })
}

test('events tell the state at once, then progress and each move, and end with the generation', async () => {
  const { id } = await order({})
  const response = await service.call(`/v1/generations/${id}/events`)
  assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
  await service.develop(id, ['published'])
  const events = await readEvents(response)
  const states = events
    .filter((event) => event.name === 'state')
    .map((event) => (event.data as { state: string }).state)
  assert.equal(states[0], 'queued')
  assert.equal(states.at(-1), 'done')
  assert.ok(events.some((event) => event.name === 'progress' && (event.data as { steps: number }).steps === 20))
})

test('events of what has ended are its state and the end', async () => {
  const { id } = await order({ prompt: FORBIDDEN })
  const events = await readEvents(await service.call(`/v1/generations/${id}/events`))
  assert.deepEqual(
    events.map((event) => event.name),
    ['state'],
  )
})

test('a lost message costs a second: events still end when nobody tells', { timeout: 30_000 }, async () => {
  const { id } = await order({})
  const response = await service.call(`/v1/generations/${id}/events`)
  const { tell } = service.ground.bell
  Reflect.set(service.ground.bell, 'tell', () => undefined)
  try {
    await failWhole(service, id, 'out_of_memory')
  } finally {
    Reflect.set(service.ground.bell, 'tell', tell)
  }
  const last = (await readEvents(response)).at(-1)?.data as { state: string; failure: string }
  assert.deepEqual([last.state, last.failure], ['failed', 'out_of_memory'])
})

test('models list their sizes and qualities; health, readiness, metrics and the reference answer', async () => {
  const models = await read('/v1/models')
  assert.equal(models.data[0].darkroom.default_size, '128x128')
  assert.deepEqual(await read('/healthz'), { status: 'ok', version: '0.0.0-test' })
  assert.deepEqual(await read('/readyz'), { status: 'ready', checks: { database: 'ok' } })
  const metrics = await (await service.call('/metrics', { as: null })).text()
  assert.match(
    metrics,
    /darkroom_http_request_duration_seconds_count\{method="GET",route="\/v1\/generations\/:id",status="200"\}/,
  )
  assert.ok(!metrics.includes('req_'))
  assert.equal((await service.call('/docs/', { as: null })).status, 200)
})

// The journey on each form that the service has: PGlite and files in one process, PostgreSQL and files with workers beside it, and
// PostgreSQL, Redis and S3 with homes that nothing shares. One suite, three grounds: what it says holds on all of them.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import OpenAI, { toFile } from 'openai'
import sharp from 'sharp'
import { Webhook } from 'standardwebhooks'
import { eventsOf, type ServerEvent } from '../http/sse.ts'
import { withPostgres } from '../support/postgres.ts'
import { withProduction } from '../support/production.ts'
import {
  client,
  type Keys,
  readKeys,
  type ServiceProcess,
  startServe,
  startWorker,
  untilEnded,
} from '../support/service-process.ts'
import { freePort, suiteOn } from '../support/services.ts'

const LIMIT_MS = 90_000
const PROMPT = 'a red boat on the sea at sunset'
const RECEIVER = {
  DARKROOM_WEBHOOK_ALLOW_CIDRS: '127.0.0.1/32',
  DARKROOM_WEBHOOK_HTTP_HOSTS: '127.0.0.1',
  DARKROOM_WEBHOOK_PORTS: '1024-65535',
}

type Form = { env: Record<string, string>; workers: boolean; sharedHome: boolean }
type Image = {
  id: string
  state: string
  url: string | null
  failure: string | null
  statement: { id: string } | null
}
type Generation = {
  id: string
  state: string
  outcome: string | null
  sandbox: boolean
  final: boolean
  statement: { id: string } | null
  images: Image[]
}

const embedded: Form = { env: {}, workers: false, sharedHome: true }

describe('the journey on PGlite and files', () => journeyOn(embedded))
suiteOn('the journey on PostgreSQL, its own doorbell and files', await withPostgres(), (postgres) =>
  journeyOn({ env: { DATABASE_URL: postgres.url }, workers: true, sharedHome: true }),
)
suiteOn('the journey on PostgreSQL, Redis and S3', await withProduction(), (production) =>
  journeyOn({ env: { ...production.env }, workers: true, sharedHome: false }),
)

function journeyOn(form: Form): void {
  const home = mkdtempSync(join(tmpdir(), 'darkroom-form-'))
  const heard: { type: string; id: string }[] = []
  let receiver: Awaited<ReturnType<typeof openReceiver>>
  let service: ServiceProcess
  let worker: ServiceProcess | null = null
  let keys: Keys

  before(async () => {
    const common = { ...form.env, ...RECEIVER, DARKROOM_PROVIDER: 'cpu', DARKROOM_THREADS: '1' }
    const homeOf = (name: string) => (form.sharedHome ? home : join(home, name))
    const serveHome = homeOf('serve')
    service = await startServe({ ...common, DARKROOM_HOME: serveHome }, form.workers ? ['--without-workers'] : [])
    if (form.workers) worker = await startWorker({ ...common, DARKROOM_HOME: homeOf('worker') }, [])
    keys = readKeys(serveHome)
    receiver = await openReceiver(heard)
  })
  after(async () => {
    await Promise.all([service?.kill(), worker?.kill()])
    await receiver?.[Symbol.asyncDispose]()
    rmSync(home, { recursive: true, force: true })
  })

  const call = (path: string, init: RequestInit & { json?: object; as?: keyof Keys } = {}): Promise<Response> => {
    const { json, as = 'client', ...rest } = init
    const headers = new Headers(rest.headers)
    headers.set('authorization', `Bearer ${keys[as]}`)
    if (json !== undefined) headers.set('content-type', 'application/json')
    const body = json === undefined ? {} : { body: JSON.stringify(json) }
    return fetch(new URL(path, service.url), { redirect: 'manual', ...rest, ...body, headers })
  }
  const read = async <T>(response: Response, status: number): Promise<T> => {
    assert.equal(response.status, status, response.ok ? '' : await response.clone().text())
    return (await response.json()) as T
  }
  const order = async (json: object): Promise<Generation> =>
    read(await call('/v1/generations', { method: 'POST', json }), 202)
  const ended = async (id: string): Promise<Generation> => {
    await untilEnded(client(service.url, keys.client), [id], LIMIT_MS)
    return read(await call(`/v1/generations/${id}`), 200)
  }
  const openai = () => new OpenAI({ apiKey: keys.client, baseURL: `${service.url}/v1`, maxRetries: 0 })

  test('an administrator lets the tenant rehearse, and the tenant asks to be told', async () => {
    const { data } = await read<{ data: { id: string; name: string }[] }>(
      await call('/v1/admin/tenants', { as: 'admin' }),
      200,
    )
    const tenant = data.find(({ name }) => name === 'First client') ?? assert.fail('there is no first client')
    await read(
      await call(`/v1/admin/tenants/${tenant.id}`, { method: 'PATCH', as: 'admin', json: { sandbox: true } }),
      200,
    )
    const json = { url: receiver.url, events: ['*'] }
    const { secret } = await read<{ secret: string }>(await call('/v1/webhooks', { method: 'POST', json }), 201)
    receiver.secret = secret
  })

  test('an order is followed to its picture, which is signed, marked and found to be ours', async () => {
    const { id } = await order({ prompt: PROMPT, quality: 'low', seed: 7 })
    const events: ServerEvent[] = []
    for await (const event of eventsOf(await call(`/v1/generations/${id}/events`))) events.push(event)
    const done = await ended(id)
    assert.equal(done.outcome, 'published')
    assert.equal(events.filter(({ name }) => name === 'state').at(-1)?.data.state, 'done')
    const resumed: ServerEvent[] = []
    const first = events.find(({ id: eventId }) => eventId !== null)?.id ?? assert.fail('no event has an id')
    const headers = { 'last-event-id': first }
    for await (const event of eventsOf(await call(`/v1/generations/${id}/events`, { headers }))) resumed.push(event)
    assert.ok(resumed.length > 0 && resumed.every((event) => event.id !== first))

    const link = await call(done.images[0]?.url ?? '')
    assert.equal(link.status, 302)
    const picture = await fetch(new URL(link.headers.get('location') ?? '', service.url))
    assert.equal(picture.status, 200)
    const body = new FormData()
    body.set('file', new Blob([await picture.arrayBuffer()]), 'picture')
    const verdict = await fetch(`${service.url}/v1/provenance/verify`, { method: 'POST', body })
    assert.equal((await read<{ verdict: string }>(verdict, 200)).verdict, 'ours')
  })

  test('every other end comes with its reason', async () => {
    const ends: [prompt: string, check: (generation: Generation) => void][] = [
      ['sandbox:refused', ({ state, statement }) => assert.ok(state === 'refused' && statement !== null)],
      ['sandbox:denied', ({ outcome, images }) => assert.ok(outcome === 'denied' && images[0]?.statement)],
      ['sandbox:held', ({ outcome }) => assert.equal(outcome, 'held')],
      [
        'sandbox:failed:nan',
        ({ outcome, images }) => assert.deepEqual([outcome, images[0]?.failure], ['failed', 'nan']),
      ],
    ]
    const orders = await Promise.all(ends.map(([prompt]) => order({ prompt })))
    for (const [index, { id }] of orders.entries()) {
      const generation = await ended(id)
      assert.equal(generation.final, true)
      ends[index]?.[1](generation)
      const statement = generation.statement ?? generation.images[0]?.statement ?? null
      if (statement !== null) assert.equal((await call(`/v1/statements/${statement.id}`)).status, 200)
    }
  })

  test('a rendering request stops when it is cancelled', async () => {
    const { id } = await order({ prompt: 'sandbox:slow' })
    while ((await read<Generation>(await call(`/v1/generations/${id}`), 200)).state !== 'generating') await sleep(50)
    assert.equal((await call(`/v1/generations/${id}/cancel`, { method: 'POST' })).status, 200)
    assert.equal((await ended(id)).state, 'cancelled')
  })

  test('an order under a key is one order', async () => {
    const headers = { 'idempotency-key': 'forms-1' }
    const json = { prompt: 'sandbox:published' }
    const send = () => call('/v1/generations', { method: 'POST', json, headers })
    const [first, second] = [await read<Generation>(await send(), 202), await read<Generation>(await send(), 202)]
    assert.equal(first.id, second.id)
    const other = await call('/v1/generations', { method: 'POST', json: { prompt: 'sandbox:held' }, headers })
    assert.equal(other.status, 409)
  })

  test("OpenAI's client streams with partial images, edits with a mask, and moderates", async () => {
    const stream = await openai().images.generate({ prompt: PROMPT, stream: true, partial_images: 2, quality: 'high' })
    const types: string[] = []
    for await (const { type, b64_json } of stream) {
      types.push(type)
      assert.ok((await sharp(Buffer.from(b64_json, 'base64')).metadata()).width)
    }
    assert.equal(types.at(-1), 'image_generation.completed')
    assert.ok(types.includes('image_generation.partial_image'), types.join(' '))
    const image = await toFile(await flat('teal'), 'sea.png', { type: 'image/png' })
    const mask = await toFile(await flat({ r: 0, g: 0, b: 0, alpha: 0 }), 'mask.png', { type: 'image/png' })
    const edited = await openai().images.edit({
      image,
      mask,
      prompt: PROMPT,
      quality: 'low',
      response_format: 'b64_json',
    })
    assert.ok(edited.data?.[0]?.b64_json)
    const { results } = await openai().moderations.create({ input: PROMPT })
    assert.equal(results[0]?.flagged, false)
  })

  test('what is erased is gone, links and all', async () => {
    const { id } = await order({ prompt: 'sandbox:published' })
    const { images } = await ended(id)
    const location = (await call(images[0]?.url ?? '')).headers.get('location') ?? ''
    const link = new URL(location, service.url)
    assert.equal((await fetch(link)).status, 200)
    assert.equal((await call(`/v1/generations/${id}`, { method: 'DELETE' })).status, 204)
    assert.equal((await call(images[0]?.url ?? '')).status, 410)
    assert.ok([403, 404, 410].includes((await fetch(link)).status))
  })

  test('of each end the tenant was told', async () => {
    const generations = ['completed', 'refused', 'cancelled'].map((end) => `generation.${end}`)
    const wanted = [...generations, 'image.published', 'image.held', 'image.denied', 'image.failed']
    const deadline = Date.now() + 15_000
    const told = () => new Set(heard.map(({ type }) => type))
    while (!wanted.every((type) => told().has(type)) && Date.now() < deadline) await sleep(100)
    assert.deepEqual(
      wanted.filter((type) => !told().has(type)),
      [],
    )
    assert.ok(!told().has('unsigned'))
  })
}

type Colour = string | { r: number; g: number; b: number; alpha: number }

function flat(background: Colour): Promise<Buffer> {
  const channels = typeof background === 'string' ? 3 : 4
  return sharp({ create: { width: 128, height: 128, channels, background } })
    .png()
    .toBuffer()
}

/** Keeps what it is told; what is not signed by `secret` is told as `unsigned`. */
async function openReceiver(heard: { type: string; id: string }[]) {
  const receiver = { secret: '' }
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (part: Buffer) => {
      body += part.toString()
    })
    request.on('end', () => {
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
      try {
        new Webhook(receiver.secret).verify(body, headers)
        const { type, data } = JSON.parse(body)
        heard.push({ type, id: data.id })
      } catch {
        heard.push({ type: 'unsigned', id: '' })
      }
      response.writeHead(204).end()
    })
  })
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return Object.assign(receiver, {
    url: `http://127.0.0.1:${port}/`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}

// Transcripts of OpenAI's unmodified client: every exchange on the wire and what the client made of it. What changes from run to run
// (ids, times, seeds, signatures, pixels, ports) is replaced by its name, so a transcript changes only when the contract does.
import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import OpenAI from 'openai'

export type Scene<Stage> = {
  /** Also the file's name. */
  name: string
  act: (client: (options?: ClientOptions) => OpenAI, stage: Stage) => Promise<unknown>
}
type ClientOptions = { as?: string; maxRetries?: number; timeout?: number; baseURL?: string; apiKey?: string }
type Transcript = { scene: string; exchanges: unknown[]; client: unknown }

const DIRECTORY = join(import.meta.dirname, 'transcripts')
const HEADERS = ['content-type', 'retry-after', 'www-authenticate', 'x-request-id', 'x-should-retry']

/** Plays a scene against a service at `url` and writes down all of it. */
export async function play<Stage>(
  scene: Scene<Stage>,
  url: string,
  keyOf: (name: string) => string,
  stage: Stage,
): Promise<Transcript> {
  const exchanges: Promise<unknown>[] = []
  const client = ({ as = 'client', ...options }: ClientOptions = {}) =>
    new OpenAI({
      apiKey: keyOf(as),
      baseURL: `${url}/v1`,
      maxRetries: 0,
      ...options,
      fetch: async (address, init) => {
        // The client tries what `fetch` can do with forms.
        if (String(address).startsWith('data:')) return fetch(address, init)
        const asked = await requestOf(String(address), init)
        try {
          const response = await fetch(address, init)
          exchanges.push(responseOf(response.clone()).then((answered) => ({ asked, answered })))
          return response
        } catch (error) {
          exchanges.push(Promise.resolve({ asked, answered: null }))
          throw error
        }
      },
    })
  const outcome = await scene.act(client, stage).then(
    (returned) => ({ returned }),
    (error: unknown) => ({ thrown: thrownOf(error) }),
  )
  const said = { scene: scene.name, exchanges: await Promise.all(exchanges), client: outcome }
  return JSON.parse(JSON.stringify(said, (key, value) => plain(key, value, url)))
}

export async function record(transcript: Transcript): Promise<void> {
  await mkdir(DIRECTORY, { recursive: true })
  await writeFile(fileOf(transcript.scene), `${JSON.stringify(transcript, null, 2)}\n`)
}

/** Asserts that a scene went as it is written down. */
export async function compare(transcript: Transcript): Promise<void> {
  const expected: unknown = JSON.parse(await readFile(fileOf(transcript.scene), 'utf8'))
  assert.deepEqual(transcript, expected, 'record it anew if the contract was meant to change: test/openai/record.ts')
}

function fileOf(scene: string): string {
  return join(DIRECTORY, `${scene}.json`)
}

async function requestOf(address: string, init: RequestInit | undefined): Promise<object> {
  const { method, body, headers } = new Request(address, { ...init, signal: null })
  const kind = headers.get('content-type')?.split(';', 1)[0] ?? null
  const retries = headers.get('x-stainless-retry-count')
  const asked = { method, path: new URL(address).pathname, ...(retries === '0' ? {} : { retry: retries }) }
  if (body === null) return asked
  if (typeof init?.body === 'string') return { ...asked, type: kind, body: JSON.parse(init.body) }
  const form = await new Request(address, { ...init, signal: null }).formData()
  const fields = [...form].map(([name, value]) => [name, typeof value === 'string' ? value : `<file ${value.type}>`])
  return { ...asked, type: kind, form: fields }
}

async function responseOf(response: Response): Promise<object> {
  const headers = Object.fromEntries(
    HEADERS.flatMap((name) => {
      const value = response.headers.get(name)
      return value === null ? [] : [[name, name === 'retry-after' ? '<seconds>' : value]]
    }),
  )
  const text = await response.text().catch(() => '<broken off>')
  const { status } = response
  const type = headers['content-type'] ?? ''
  if (type.startsWith('text/event-stream')) return { status, headers, events: eventsIn(text) }
  return { status, headers, body: type.includes('json') ? JSON.parse(text) : text }
}

/** Comments and how many partial pictures there were depend on the clock: the first partial of a row stands for all. */
function eventsIn(text: string): unknown[] {
  const events = text.split('\n\n').flatMap((block) => {
    const [event, data] = block.split('\n')
    if (!event?.startsWith('event: ') || !data?.startsWith('data: ')) return []
    return [{ event: event.slice(7), data: JSON.parse(data.slice(6)) }]
  })
  const isPartial = (one: { event: string } | undefined) => one?.event.endsWith('.partial_image') ?? false
  return events.filter((one, at) => !(isPartial(one) && isPartial(events[at - 1])))
}

function thrownOf(error: unknown): object {
  if (!(error instanceof OpenAI.APIError)) throw error
  const { status = null, code = null, type = null, param = null } = error
  return { class: error.constructor.name, status, code, type, param, message: error.message }
}

const IDS = /\b(req|img|sor|http|modr)[_-][0-9a-z-]{20,}/g
const NAMED: Readonly<Record<string, string>> = { created: '<time>', created_at: '<time>', seed: '<seed>' }

function plain(key: string, value: unknown, url: string): unknown {
  // Probabilities differ in their last digits from device to device.
  if (typeof value === 'number') return NAMED[key] ?? Number(value.toFixed(2))
  if (typeof value !== 'string') return value
  if (key === 'b64_json') return pictureIn(value)
  return value
    .replaceAll(url, '<base>')
    .replace(/^data:(image\/\w+);base64,.+$/, 'data:$1;base64,<picture>')
    .replace(/(<base>\/objects\/)\S+/, '$1<signed>')
    .replace(/(\/statements\/\w+)#[\w-]{22}$/, '$1#<secret>')
    .replace(IDS, '<$1>')
    .replace(/\b[0-9a-f]{64}\b/g, '<digest>')
    .replace(/127\.0\.0\.1:\d+/g, '<host>')
}

function pictureIn(base64: string): string {
  const head = Buffer.from(base64.slice(0, 64), 'base64')
  if (head.subarray(1, 4).toString() === 'PNG') return `<png ${head.readUInt32BE(16)}x${head.readUInt32BE(20)}>`
  if (head.subarray(8, 12).toString() === 'WEBP') return '<webp>'
  return head[0] === 0xff && head[1] === 0xd8 ? '<jpeg>' : '<not a picture>'
}

// Scenes whose ends the test decides (../http/service.ts): each error class of OpenAI's client, on the wire and as it is thrown.
// The API never answers 422, so UnprocessableEntityError has no scene.
import type OpenAI from 'openai'
import { authenticate } from '../../src/tenant/caller.ts'
import type { End } from '../http/develop.ts'
import { ALLOWED, FORBIDDEN, type Service } from '../http/service.ts'
import type { Scene } from './transcript.ts'

const prompt = ALLOWED

async function developed(service: Service, ends: readonly End[], ask: () => Promise<unknown>): Promise<unknown> {
  const [answer] = await Promise.allSettled([ask(), service.developNext(ends)])
  if (answer.status === 'rejected') throw answer.reason
  return answer.value
}

async function events(stream: PromiseLike<AsyncIterable<{ type: string }>>): Promise<string[]> {
  const types: string[] = []
  for await (const event of await stream) types.push(event.type)
  return types
}

/** `ends` is what the workers do. */
function drawn(name: string, ends: readonly End[], order: Partial<OpenAI.ImageGenerateParamsNonStreaming> = {}) {
  const act: Scene<Service>['act'] = (client, service) =>
    developed(service, ends, async () => {
      const { data } = await client().images.generate({ prompt, n: ends.length, ...order })
      return { pictures: data?.length ?? 0 }
    })
  return { name, act }
}

function refused(name: string, ask: (openai: OpenAI) => Promise<unknown>): Scene<Service> {
  return { name, act: (client) => ask(client()) }
}

/** A body that the SDK's types forbid. */
const post = (body: object) => (openai: OpenAI) => openai.post('/images/generations', { body })

export const SCENES: readonly Scene<Service>[] = [
  drawn('generate-mixed-batch', ['denied', 'published', 'held', { failed: 'nan' }], { response_format: 'url' }),
  drawn('bad-request-moderation-held', ['held', 'denied']),
  drawn('bad-request-moderation-blocked-output', ['denied']),
  refused('bad-request-moderation-blocked-input', (openai) => openai.images.generate({ prompt: FORBIDDEN })),
  refused('bad-request-size', (openai) => openai.images.generate({ prompt, size: '1024x1024' })),
  refused('bad-request-transparent', (openai) => openai.images.generate({ prompt, background: 'transparent' })),
  refused('bad-request-style', (openai) => openai.images.generate({ prompt, style: 'vivid' })),
  refused('bad-request-unknown-parameter', post({ prompt, colour: 'red' })),
  refused('bad-request-missing-parameter', post({ n: 1 })),
  refused('bad-request-wrong-type', post({ prompt, n: 'two' })),
  refused('bad-request-moderation-address', (openai) =>
    openai.moderations.create({ input: [{ type: 'image_url', image_url: { url: 'https://example.com/a.png' } }] }),
  ),
  { name: 'authentication', act: (client) => client({ apiKey: 'dk_live_wrong' }).models.list() },
  { name: 'permission-denied', act: (client) => client({ as: 'reviewer' }).images.generate({ prompt }) },
  refused('not-found-model', (openai) => openai.images.generate({ prompt, model: 'dall-e-3' })),
  refused('not-found-url', (openai) => openai.post('/images/variations', { body: {} })),
  refused('method-not-supported', (openai) => openai.get('/moderations')),
  {
    name: 'conflict-cancelled',
    act: async (client, service) => {
      const asked = client({ maxRetries: 2 }).images.generate({ prompt })
      asked.catch(() => undefined)
      await service.call(`/v1/generations/${await queuedId(service)}/cancel`, { method: 'POST' })
      return asked
    },
  },
  {
    name: 'rate-limit',
    act: async (client, service) => {
      await limited(service, { requests: { per_minute: 60, burst: 1 } })
      try {
        await client({ as: 'second_client' })
          .images.generate({ prompt: FORBIDDEN })
          .catch(() => undefined)
        return await client({ as: 'second_client' }).images.generate({ prompt })
      } finally {
        await limited(service, {})
      }
    },
  },
  {
    name: 'rate-limit-quota',
    act: async (client, service) => {
      await limited(service, { images_per_day: 0 })
      try {
        return await client({ as: 'second_client' }).images.generate({ prompt })
      } finally {
        await limited(service, {})
      }
    },
  },
  {
    name: 'internal-server-nan',
    act: (client, service) =>
      developed(service, [{ failed: 'nan' }], () => client({ maxRetries: 2 }).images.generate({ prompt })),
  },
  {
    name: 'internal-server-wait-timeout',
    act: async (client, service) => {
      const asked = client({ maxRetries: 2 }).images.generate({ prompt })
      const [answer] = await Promise.allSettled([asked])
      await service.developNext(['published'])
      if (answer.status === 'rejected') throw answer.reason
      return answer.value
    },
  },
  {
    name: 'stream-mixed-batch',
    act: (client, service) =>
      developed(service, ['published', 'denied'], () =>
        events(client().images.generate({ prompt, n: 2, stream: true })),
      ),
  },
  {
    name: 'stream-moderation-blocked',
    act: (client, service) =>
      developed(service, ['denied'], () => events(client().images.generate({ prompt, stream: true }))),
  },
  {
    name: 'connection',
    act: (client) => client({ baseURL: 'http://127.0.0.1:9/v1' }).images.generate({ prompt }),
  },
  {
    name: 'connection-timeout',
    act: async (client, service) => {
      const [answer] = await Promise.allSettled([client({ timeout: 300 }).images.generate({ prompt })])
      await cancelled(service)
      if (answer.status === 'rejected') throw answer.reason
      return answer.value
    },
  },
  {
    name: 'user-abort',
    act: async (client, service) => {
      const leaving = new AbortController()
      const asked = client().images.generate({ prompt }, { signal: leaving.signal })
      asked.catch(() => undefined)
      await queuedId(service)
      leaving.abort()
      await cancelled(service)
      return asked
    },
  },
]

async function limited(service: Service, limits: object): Promise<void> {
  const { tenantId } = await authenticate(service.ground, service.key('second_client'))
  await service.ground.database.sql
    .updateTable('darkroom.tenant')
    .set({ quota: JSON.stringify(limits) })
    .where('id', '=', tenantId)
    .execute()
}

async function queuedId(service: Service): Promise<string> {
  for (;;) {
    const { sql } = service.ground.database
    const row = await sql.selectFrom('darkroom.request').select('id').where('state', '=', 'queued').executeTakeFirst()
    if (row !== undefined) return row.id
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Waits until nobody's request is queued any more: its client went away. */
async function cancelled(service: Service): Promise<void> {
  for (;;) {
    const { sql } = service.ground.database
    const row = await sql.selectFrom('darkroom.request').select('id').where('state', '=', 'queued').executeTakeFirst()
    if (row === undefined) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

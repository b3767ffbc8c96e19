// The console over a server that only pretends to make pictures: what becomes of a prompt is in its words, so that each state of
// each page can be looked at in seconds. console.test.ts and verify.test.ts use it; playground.test.ts the real server.

import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import sharp from 'sharp'
import { type ConsoleOptions, registerConsole } from '../../src/console/console.ts'
import type { Generation } from '../../src/console/modules/api.ts'
import type { StatementResource } from '../../src/http/statement-schemas.ts'
import { fullStatement, picture, release, SECRET, scene, statement, storybook } from './stub-answers.ts'
import { openStubCheck } from './stub-check.ts'

type StubAppeal = { text: string; purpose: string | null; state: string; answer: object | null; ended_at?: string }
type Order = { prompt: string; n?: number; seed?: number; label?: boolean }
export type Stub = Awaited<ReturnType<typeof startStub>>

export async function startStub() {
  const app = Fastify()
  const png = await sharp(Buffer.from(scene)).png().toBuffer()
  const generations = new Map<string, Generation>()
  const prompts = new Map<string, string>()
  const keys = new Map<string, string>()
  const reports: unknown[] = []
  const seen = { posts: 0, verified: 0, reports }
  /** What was handed in, and what a test wants the statement to say otherwise. */
  const appeals: StubAppeal[] = []
  const stated: Partial<StatementResource> = {}
  const received = {
    ...{ id: 'apl_1', created_at: new Date().toISOString(), reviewing_at: null, ended_at: null, result: null },
    due_at: new Date(Date.now() + 7 * 86_400_000).toISOString(),
  }
  /** Prompts with "slow" in them advance only as far as this. */
  const gate = { step: Number.POSITIVE_INFINITY }

  const find = (id: string) => generations.get(id)
  const problem = (status: number, code: string, detail: string, field?: string) => ({
    status,
    body: { type: `https://darkroom.invalid/problems/${code}`, title: code, status, code, detail, field },
  })

  // As the service does, in a scope of its own.
  const checking = await openStubCheck(png, seen)
  const options: ConsoleOptions = {
    session: async (request) =>
      request.headers.cookie?.includes('darkroom_session=good')
        ? {
            ...{ tenantId: 'ten_1', tenantName: 'Lantern & Co', personId: null },
            ...{ roles: ['client'], purposes: ['general', 'education'] },
          }
        : null,
    models: [storybook],
    desk: null,
    appealPurposes: ['general', 'education'],
    reportCategories: [
      { id: 'weapons', name: 'Weapons' },
      { id: 'other', name: 'Something else' },
    ],
    verify: checking.options,
  }
  await app.register(async (scope) => registerConsole(scope, options))

  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  )
  app.post<{ Body: { key: string } }>('/session', async (request, reply) => {
    if (request.body.key !== 'good-key')
      return reply.code(401).send(problem(401, 'unauthenticated', 'No such key.').body)
    return signedIn(request, reply)
  })

  const signedIn = ({ headers }: FastifyRequest, reply: FastifyReply) => {
    reply.header('set-cookie', 'darkroom_session=good; HttpOnly; SameSite=Strict; Path=/')
    return headers['content-type'] === 'application/json' ? reply.send({ to: '/' }) : reply.redirect('/', 303)
  }

  app.get('/v1/generations', async () => ({
    object: 'list',
    data: [...generations.values()].reverse(),
    has_more: false,
    next: null,
  }))

  app.post<{ Body: Order }>('/v1/generations', async (request, reply) => {
    seen.posts += 1
    const { prompt, n = 1, seed = 7, label = false } = request.body
    if (prompt.includes('too long')) {
      return reply
        .code(400)
        .send(problem(400, 'invalid_request', 'The prompt is longer than 4000 characters.', 'prompt').body)
    }
    const key = String(request.headers['idempotency-key'])
    const id = keys.get(key) ?? `req_${generations.size + 1}`
    keys.set(key, id)
    prompts.set(id, prompt)
    const refused = prompt.includes('refuse')
    const generation: Generation = {
      ...{ id, object: 'generation', state: refused ? 'refused' : 'queued', outcome: null, failure: null },
      ...{ model: 'storybook', model_version: '1.0.0', size: '128x128', quality: 'medium', steps: 20, seed, n },
      ...{
        guidance_scale: 4,
        scheduler: 'dpmpp_2m',
        sampling: null,
        output_format: 'png',
        output_compression: null,
        purpose: null,
      },
      ...{ label, prompt_truncated: false, final: refused, sandbox: false },
      progress: { step: 0, steps: 20, position: 2, ahead: 0, eta_seconds: null },
      statement: refused ? statement : null,
      images: refused ? [] : Array.from({ length: n }, (_, index) => picture(id, index, seed + index)),
      created_at: new Date().toISOString(),
      updated_at: new Date().toISOString(),
    }
    generations.set(id, generations.get(id) ?? generation)
    return reply.code(202).send(generations.get(id))
  })

  app.get<{ Params: { id: string } }>('/v1/generations/:id', async (request, reply) => {
    const generation = find(request.params.id)
    if (generation === undefined) return reply.code(404).send(problem(404, 'not_found', 'No such generation.').body)
    // Asking moves it on too, for the prompts whose stream drops.
    if (prompts.get(generation.id)?.includes('drop')) finish(generation)
    return generation
  })

  app.post<{ Params: { id: string } }>('/v1/generations/:id/cancel', async (request) => {
    const generation = find(request.params.id)
    if (generation === undefined) return
    generation.state = 'cancelled'
    for (const image of generation.images) image.state = 'cancelled'
    return generation
  })

  app.get<{ Params: { id: string } }>('/v1/generations/:id/events', async (request, reply) => {
    const generation = find(request.params.id)
    if (generation === undefined) return reply.code(404).send(problem(404, 'not_found', 'No such generation.').body)
    reply.hijack()
    const stream = reply.raw
    const tell = (event: string, value: unknown) => stream.write(`event: ${event}\ndata: ${JSON.stringify(value)}\n\n`)
    stream.writeHead(200, { 'content-type': 'text/event-stream' })
    tell('state', generation)
    const prompt = prompts.get(generation.id) ?? ''
    if (prompt.includes('drop')) return stream.end()
    const paced = prompt.includes('slow')
    const cancelled = () => find(generation.id)?.state === 'cancelled'
    for (let step = 1; step <= 20 && !cancelled(); step++) {
      while (paced && step > gate.step && !cancelled()) await sleep(20)
      if (step === 1 && !cancelled()) tell('state', Object.assign(generation, { state: 'generating' }))
      generation.progress = { step, steps: 20, position: null, ahead: null, eta_seconds: null }
      tell('progress', { step, steps: 20 })
      await sleep(5)
    }
    if (!cancelled()) finish(generation)
    tell('state', generation)
    stream.end()
  })

  const finish = (generation: Generation) => {
    const prompt = prompts.get(generation.id) ?? ''
    const failed = prompt.includes('fail')
    generation.state = failed ? 'failed' : 'done'
    generation.failure = failed ? 'nan' : null
    generation.outcome = failed
      ? 'failed'
      : prompt.includes('hold')
        ? 'held'
        : prompt.includes('mixed')
          ? 'partly_published'
          : 'published'
    const mixed = ['published', 'denied', 'held', 'failed'] as const
    generation.images.forEach((image, index) => {
      image.state = failed ? 'failed' : prompt.includes('hold') ? 'held' : 'published'
      if (prompt.includes('mixed')) image.state = mixed[index] ?? 'published'
      if (image.state === 'failed') image.failure = 'nan'
      if (image.state === 'denied') image.statement = { ...statement, stage: 'output' }
      if (image.state === 'published') release(image)
    })
  }

  app.get('/v1/images/:id/content', async (_request, reply) => reply.redirect('/objects/picture?signature=x', 302))
  app.get('/objects/picture', async (_request, reply) => reply.type('image/png').send(png))
  app.get('/v1/statements/:id', async (request, reply) => {
    const secret = request.headers['darkroom-statement-secret']
    const signedIn = request.headers.cookie?.includes('darkroom_session=good')
    if (secret === undefined && !signedIn)
      return reply.code(401).send(problem(401, 'unauthenticated', 'Send the secret of the link.').body)
    if (secret !== undefined && secret !== SECRET)
      return reply.code(401).send(problem(401, 'unauthenticated', 'This is not the secret of a statement.').body)
    if (Object(request.params).id !== statement.id)
      return reply.code(404).send(problem(404, 'not_found', 'No such statement.').body)
    const appeal = appeals[0] === undefined ? null : { ...received, ...appeals[0] }
    return { ...fullStatement, ...stated, appeal }
  })
  app.post<{ Body: { statement_id: string; text: string; purpose?: string } }>(
    '/v1/appeals',
    async (request, reply) => {
      const { statement_id, text, purpose = null } = request.body
      if (request.headers['darkroom-statement-secret'] !== SECRET)
        return reply.code(401).send(problem(401, 'unauthenticated', 'Send the secret of the link.').body)
      if (text.includes('again')) return reply.code(409).send(problem(409, 'already_appealed', 'No.').body)
      if (text.includes('odd'))
        return reply.code(400).send(problem(400, 'invalid_request', 'That is odd.', 'text').body)
      const appeal = { id: 'apl_1', object: 'appeal', statement_id, text, purpose, state: 'open', answer: null }
      appeals.push(appeal)
      return reply.code(201).send(appeal)
    },
  )

  app.post<{ Body: { text: string | null } }>('/v1/reports', async (request, reply) => {
    seen.reports.push(request.body)
    if (request.body.text === 'again')
      return reply.code(429).send(problem(429, 'rate_limited', 'Too often.', 'text').body)
    return reply.code(202).send({ id: 'rep_1', object: 'report' })
  })

  const address = await app.listen({ port: 0, host: '127.0.0.1' })
  return {
    address,
    png,
    seen,
    gate,
    generations,
    appeals,
    stated,
    reset() {
      appeals.length = 0
      for (const name of Object.keys(stated)) Reflect.deleteProperty(stated, name)
      generations.clear()
      keys.clear()
      gate.step = Number.POSITIVE_INFINITY
      Object.assign(seen, { posts: 0, verified: 0 })
    },
    async [Symbol.asyncDispose]() {
      gate.step = Number.POSITIVE_INFINITY
      app.server.closeAllConnections()
      app.server.close()
      await once(app.server, 'close')
      await checking[Symbol.asyncDispose]()
    },
  }
}

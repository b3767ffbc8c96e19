// What is stored about one user of a tenant, as that tenant reads it: everything of theirs, nothing of anybody else's, nothing that it may
// not tell; whatever the user is called. Erasure is test/publish/user-erasure.test.ts.
import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { after, before, test } from 'node:test'
import { sql as raw } from 'kysely'
import { ALLOWED, FORBIDDEN, json, openService, type Service } from './service.ts'

let service: Service
before(async () => {
  service = await openService({ DARKROOM_DEFAULT_MODEL: 'storybook' })
})
after(() => service[Symbol.asyncDispose]())

const addressOf = (user: string) => `/v1/users/${encodeURIComponent(user)}/data`
const read = async (user: string, { as = 'client', query = '' } = {}) => {
  const response = await service.call(`${addressOf(user)}${query}`, { as })
  return { status: response.status, body: await response.json() }
}
const order = async (user: string, { as = 'client', ...body }: { as?: string; [name: string]: unknown } = {}) => {
  const response = await service.call('/v1/generations', { ...json({ prompt: ALLOWED, user, ...body }), as })
  const generation = await response.json()
  assert.equal(response.status, 202, JSON.stringify(generation))
  return generation
}
const idsOf = (body: { generations: { generation: { id: string } }[] }) =>
  body.generations.map((one) => one.generation.id)

/** As its bytes say it: no client makes anything else of the path. */
function readRaw(path: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const headers = { authorization: `Bearer ${service.key('client')}` }
  const { hostname, port } = new URL(service.url)
  httpRequest({ hostname, port, path, headers }, (response) => {
    response.resume()
    resolve(response.statusCode ?? 0)
  })
    .on('error', reject)
    .end()
  return promise
}

test('everything of the user is there: prompts, pictures with links, decisions, appeals with texts and answers, the log', async () => {
  const made = await order('ada', { prompt: ALLOWED, negative_prompt: 'rain', n: 2, seed: 7 })
  await service.develop(made.id, ['published', 'denied'])
  const refused = await order('ada', { prompt: FORBIDDEN })
  const text = 'It is for a book of history.'
  const appeal = await (await service.call('/v1/appeals', json({ statement_id: refused.statement.id, text }))).json()
  await service.call(`/v1/appeals/${appeal.id}/withdraw`, { method: 'POST' })

  const { status, body } = await read('ada')
  assert.deepEqual([status, body.user, body.erasing_since, body.has_more], [200, 'ada', null, false])
  assert.deepEqual(idsOf(body), [refused.id, made.id])
  const [second, first] = body.generations
  assert.deepEqual([first.prompt, first.negative_prompt, first.generation.seed], [ALLOWED, 'rain', 7])
  const [published, denied] = first.generation.images
  assert.deepEqual([published.state, denied.state], ['published', 'denied'])
  assert.equal((await service.call(published.url)).status, 302)
  assert.deepEqual(
    first.statements.map((one: { id: string }) => one.id),
    [denied.statement.id],
  )
  assert.ok(first.statements[0].notice.sentences.length > 2)
  assert.equal(second.prompt, FORBIDDEN)
  assert.equal(second.statements[0].id, refused.statement.id)
  assert.deepEqual(
    second.appeals.map((one: { id: string; text: string; state: string }) => [one.id, one.text, one.state]),
    [[appeal.id, text, 'withdrawn']],
  )
  const kinds = (log: { kind: string }[]) => log.map(({ kind }) => kind)
  assert.deepEqual(kinds(second.log), [
    'request.received',
    'image.planned',
    'image.cancelled',
    'request.refused',
    'appeal.open',
    'appeal.withdrawn',
  ])
  assert.ok(kinds(first.log).includes('image.published'))
  assert.ok(body.not_included.length > 4)
  const told = JSON.stringify(body)
  const { rows } = await raw<{ user_digest: string }>`
    SELECT user_digest FROM darkroom.request WHERE id = ${made.id}`.execute(service.ground.database.sql)
  assert.ok(!told.includes(rows[0]?.user_digest ?? 'none'), 'the digest is nobody’s business')
})

test('OpenAI’s safety_identifier names the user as user does', async () => {
  const answering = service.call('/v1/images/generations', json({ prompt: ALLOWED, safety_identifier: 'cy' }))
  const id = await service.developNext(['published'])
  assert.equal((await answering).status, 200)
  assert.deepEqual(idsOf((await read('cy')).body), [id])
})

test('the same name in another tenant is somebody else, and so is a user whom no order named', async () => {
  const theirs = await order('bo', { as: 'second_client' })
  assert.deepEqual(idsOf((await read('bo')).body), [])
  assert.deepEqual(idsOf((await read('bo', { as: 'second_client' })).body), [theirs.id])
  const nobody = await read('nobody')
  assert.deepEqual([nobody.status, nobody.body.generations], [200, []])
  for (const as of ['reviewer', 'compliance', 'admin']) assert.equal((await read('bo', { as })).status, 403, as)
})

test('many are paged, each once, and a cursor is good for its user alone', async () => {
  const ordered: string[] = []
  for (let i = 0; i < 5; i++) ordered.push((await order('many')).id)
  const found: string[] = []
  let next: string | null = null
  do {
    const query: string = `?limit=2${next === null ? '' : `&after=${encodeURIComponent(next)}`}`
    const { body } = await read('many', { query })
    found.push(...idsOf(body))
    next = body.next
    if (next !== null) {
      const wrong = await read('another', { query: `?after=${encodeURIComponent(next)}` })
      assert.deepEqual([wrong.status, wrong.body.field], [400, 'after'])
    }
  } while (next !== null)
  assert.deepEqual(found, ordered.toReversed())
})

test('a case that the law restricts is left out, and what is said of what is left out is the same as before', async () => {
  const kept = await order('dee')
  const restricted = await order('dee', { prompt: FORBIDDEN })
  const before = (await read('dee')).body
  assert.equal(before.generations.length, 2)
  await raw`UPDATE darkroom.statement SET record = jsonb_set(record, '{redress}', '{"kind":"restricted","text":"x"}')
             WHERE id = ${restricted.statement.id}`.execute(service.ground.database.sql)
  const { body } = await read('dee')
  assert.deepEqual(idsOf(body), [kept.id])
  assert.ok(!JSON.stringify(body).includes(restricted.id))
  assert.deepEqual(body.not_included, before.not_included)
})

test('a legal hold, a report and an open case change nothing of what is told', async () => {
  const { id } = await order('eve')
  await service.develop(id, ['published'])
  const told = async () => ({ ...(await read('eve')).body, read_at: null })
  const before = await told()
  const [image] = before.generations[0].generation.images
  const hold = json({ request_id: id, reason: 'a court asked for it' })
  assert.equal((await service.call('/v1/admin/legal-holds', { ...hold, as: 'compliance' })).status, 201)
  for (const category of service.policy.categories.map((one) => one.id))
    await service.call('/v1/reports', { ...json({ image_id: image.id, category }), as: null })
  const { rows } = await raw<{ kind: string }>`
    SELECT kind FROM darkroom.move WHERE subject = 'note' AND subject_id IN (${id}, ${image.id})`.execute(
    service.ground.database.sql,
  )
  assert.ok(rows.length >= 3, 'the log has notes of it')
  assert.deepEqual(await told(), before)
})

const HOSTILE = [
  'anna@example.com',
  'a/b/../c',
  '%2e%2e%2f',
  '?x=1#y',
  ' ',
  '\u0001\u001f\u007f\u0085',
  '\r\nset-cookie: x=1',
  'é',
  'e\u0301',
  '用户',
  '\u202eresu',
  '\u{1f469}\u200d\u{1f680}',
  '\u{20000}\u{e0001}\u{f0000}\u{10fffd}',
  '\ufffd',
  "'; DROP TABLE darkroom.request; --",
  '\u{1f600}'.repeat(512),
  'a'.repeat(512),
]

test('whatever an order may name is found by exactly that name', async () => {
  const made = new Map<string, string>()
  for (const user of HOSTILE) made.set(user, (await order(user)).id)
  for (const [user, id] of made) {
    const { status, body } = await read(user)
    assert.deepEqual([status, body.user, idsOf(body)], [200, user, [id]], JSON.stringify(user))
  }
})

test('what no order may name is refused by its name, in the order and in the address alike', async () => {
  for (const user of ['a'.repeat(513), '\u{1f600}'.repeat(513), 'a\0b', '\ud800']) {
    const response = await service.call('/v1/generations', json({ prompt: ALLOWED, user }))
    assert.equal(response.status, 400, JSON.stringify(user.slice(0, 4)))
    assert.equal((await response.json()).field, 'user')
  }
  const long = await read('a'.repeat(513))
  assert.deepEqual([long.status, long.body.field], [400, 'user'])
  for (const [path, status] of [
    ['/v1/users//data', 400],
    ['/v1/users/%00/data', 404],
    ['/v1/users/%ed%a0%80/data', 404],
    ['/v1/users/%ff/data', 404],
    ['/v1/users/a/b/data', 404],
    [`/v1/users/${'a'.repeat(3000)}/data`, 404],
    // Programs that leave the path as it is may name these users, too.
    ['/v1/users/%2e%2e/data', 200],
  ] as const)
    assert.equal(await readRaw(path), status, path.slice(0, 40))
})

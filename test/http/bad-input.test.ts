// Everything a client can get wrong, each answered with the field (or the limit) at fault, in both dialects; nothing is admitted.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ALLOWED, json, openService, type Service } from './service.ts'

let service: Service
before(async () => {
  service = await openService({
    DARKROOM_BODY_LIMIT_BYTES: '40000',
    DARKROOM_PROMPT_MAX_CHARACTERS: '1000',
    DARKROOM_UPLOAD_LIMIT_BYTES: '20000',
  })
})
after(() => service[Symbol.asyncDispose]())

const BOTH: [string, string, unknown][] = [
  ['an unknown field', 'colour', { prompt: ALLOWED, colour: 'red' }],
  ['no prompt', 'prompt', {}],
  ['a prompt that is null', 'prompt', { prompt: null }],
  ['an empty prompt', 'prompt', { prompt: '' }],
  ['a blank prompt', 'prompt', { prompt: '   ' }],
  ['a prompt that is too long', 'prompt', { prompt: 'x'.repeat(1001) }],
  ['a prompt that is a number', 'prompt', { prompt: 7 }],
  ['a prompt in a list', 'prompt', { prompt: [ALLOWED] }],
  ['a prompt with a NUL', 'prompt', { prompt: 'a\0b' }],
  ['n as text', 'n', { prompt: ALLOWED, n: '2' }],
  ['n of nothing', 'n', { prompt: ALLOWED, n: 0 }],
  ['n past ten', 'n', { prompt: ALLOWED, n: 11 }],
  ['n of one and a half', 'n', { prompt: ALLOWED, n: 1.5 }],
  ['a model that is not there', 'model', { prompt: ALLOWED, model: 'dall-e-3' }],
  ['a size the model cannot do', 'size', { prompt: ALLOWED, size: '1024x1024' }],
  ['a size that is no size', 'size', { prompt: ALLOWED, size: 'big' }],
  ['a quality that is not there', 'quality', { prompt: ALLOWED, quality: 'finest' }],
  ['a format that is not there', 'output_format', { prompt: ALLOWED, output_format: 'gif' }],
  ['compression of a png', 'output_compression', { prompt: ALLOWED, output_compression: 50 }],
  ['compression past 100', 'output_compression', { prompt: ALLOWED, output_format: 'jpeg', output_compression: 101 }],
]
const NATIVE: [string, string, unknown][] = [
  ...BOTH,
  ['too many steps', 'steps', { prompt: ALLOWED, steps: 151 }],
  ['no steps', 'steps', { prompt: ALLOWED, steps: 0 }],
  ['a seed past 32 bits', 'seed', { prompt: ALLOWED, seed: 4_294_967_296 }],
  ['guidance past the limit', 'guidance_scale', { prompt: ALLOWED, guidance_scale: 31 }],
  ['a scheduler that is not there', 'scheduler', { prompt: ALLOWED, scheduler: 'Magic' }],
  ['a syntax that is not there', 'prompt_syntax', { prompt: ALLOWED, prompt_syntax: 'a1111' }],
  ['a syntax that is no text', 'prompt_syntax', { prompt: ALLOWED, prompt_syntax: true }],
  ['a weight beyond all bounds', 'prompt', { prompt: '(boat:1001)', prompt_syntax: 'weighted' }],
  [
    'a weight beyond all bounds in what is unwanted',
    'negative_prompt',
    { prompt: ALLOWED, negative_prompt: '(fog:99999)', prompt_syntax: 'weighted' },
  ],
  ['rescale past 1', 'guidance_rescale', { prompt: ALLOWED, guidance_rescale: 1.1 }],
  ['rescale below 0', 'guidance_rescale', { prompt: ALLOWED, guidance_rescale: -0.1 }],
  ['rescale as text', 'guidance_rescale', { prompt: ALLOWED, guidance_rescale: '0.7' }],
  ['true guidance of a model without', 'true_guidance_scale', { prompt: ALLOWED, true_guidance_scale: 4 }],
  ['true guidance past 50', 'true_guidance_scale', { prompt: ALLOWED, true_guidance_scale: 51 }],
  [
    'an option of no scheduler',
    'scheduler_options.use_karas_sigmas',
    { prompt: ALLOWED, scheduler_options: { use_karas_sigmas: true } },
  ],
  [
    'an option of training',
    'scheduler_options.beta_start',
    { prompt: ALLOWED, scheduler_options: { beta_start: 0.1 } },
  ],
  [
    'an option out of range',
    'scheduler_options.solver_order',
    { prompt: ALLOWED, scheduler_options: { solver_order: 4 } },
  ],
  ['options as a list', 'scheduler_options', { prompt: ALLOWED, scheduler_options: ['use_karras_sigmas'] }],
  ['no timesteps', 'timesteps', { prompt: ALLOWED, timesteps: [] }],
  [
    'timesteps past a hundred',
    'timesteps',
    { prompt: ALLOWED, timesteps: Array.from({ length: 101 }, (_, i) => 200 - i) },
  ],
  ['timesteps as a number', 'timesteps', { prompt: ALLOWED, timesteps: 999 }],
  ['timesteps that go up', 'timesteps', { prompt: ALLOWED, timesteps: [1, 2] }],
  ['a sigma below 0', 'sigmas.1', { prompt: ALLOWED, sigmas: [1, -1] }],
  ['timesteps and sigmas', 'sigmas', { prompt: ALLOWED, timesteps: [2, 1], sigmas: [2, 1] }],
  ['steps that are not the timesteps', 'steps', { prompt: ALLOWED, timesteps: [2, 1], steps: 20 }],
  ['a purpose the policy does not know', 'purpose', { prompt: ALLOWED, purpose: 'fun' }],
  ['a negative prompt that is too long', 'negative_prompt', { prompt: ALLOWED, negative_prompt: 'x'.repeat(1001) }],
  ['an OpenAI field', 'response_format', { prompt: ALLOWED, response_format: 'url' }],
]
const OPENAI: [string, string, unknown][] = [
  ...BOTH,
  ['a native field', 'seed', { prompt: ALLOWED, seed: 1 }],
  ['a native syntax', 'prompt_syntax', { prompt: ALLOWED, prompt_syntax: 'weighted' }],
  ['a native schedule', 'timesteps', { prompt: ALLOWED, timesteps: [2, 1] }],
  ['a transparent background', 'background', { prompt: ALLOWED, background: 'transparent' }],
  ['partial images without a stream', 'partial_images', { prompt: ALLOWED, partial_images: 2 }],
  ['too many partial images', 'partial_images', { prompt: ALLOWED, stream: true, partial_images: 4 }],
  ['links in a stream', 'response_format', { prompt: ALLOWED, stream: true, response_format: 'url' }],
  ['a quality of other models', 'quality', { prompt: ALLOWED, quality: 'xhigh' }],
  ['an animation', 'output_format', { prompt: ALLOWED, output_format: 'gif' }],
  ['frames', 'frame_count', { prompt: ALLOWED, frame_count: 4 }],
  ['a drawing in SVG', 'svg', { prompt: ALLOWED, svg: { model: 'x' } }],
  ['a style', 'style', { prompt: ALLOWED, style: 'vivid' }],
  ['planning', 'complexity', { prompt: ALLOWED, complexity: 'low' }],
  ['a response format that is not there', 'response_format', { prompt: ALLOWED, response_format: 'file' }],
  ['weaker moderation', 'moderation', { prompt: ALLOWED, moderation: 'off' }],
]

for (const [name, field, body] of NATIVE)
  test(`native: ${name} is refused by its field, ${field}`, async () => {
    const response = await service.call('/v1/generations', json(body))
    const problem = await response.json()
    assert.equal(response.status, 400, JSON.stringify(problem))
    assert.equal(response.headers.get('content-type'), 'application/problem+json; charset=utf-8')
    assert.equal(problem.field, field)
    assert.equal(problem.instance, response.headers.get('x-request-id'))
    assert.ok(problem.detail.length > 10)
  })

for (const [name, field, body] of OPENAI)
  test(`openai: ${name} is refused by its field, ${field}`, async () => {
    const response = await service.call('/v1/images/generations', json(body))
    const { error } = await response.json()
    assert.equal(response.status, field === 'model' ? 404 : 400)
    assert.deepEqual(Object.keys(error).sort(), ['code', 'message', 'param', 'type'])
    assert.equal(error.type, 'invalid_request_error')
    assert.equal(error.param, field)
  })

const SHAPES: [string, number, RegExp, RequestInit][] = [
  [
    'malformed JSON',
    400,
    /not a JSON document/,
    { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"prompt": ' },
  ],
  [
    'an empty body',
    400,
    /not a JSON object/,
    { method: 'POST', headers: { 'content-type': 'application/json' }, body: '' },
  ],
  ['no body', 400, /not a JSON object|not a JSON document/, { method: 'POST' }],
  ['a list', 400, /not a JSON object/, json([])],
  ['a text', 400, /not a JSON object/, json('draw')],
  ['null', 400, /not a JSON object/, json(null)],
  [
    'a forged prototype',
    400,
    /JSON|malformed/,
    { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"prompt":"x","__proto__":{"n":2}}' },
  ],
  ['too large a body', 413, /limit of 40000 bytes/, json({ prompt: 'x'.repeat(50_000) })],
  ['XML', 415, /content type/, { method: 'POST', headers: { 'content-type': 'application/xml' }, body: '<prompt/>' }],
  ['plain text', 415, /content type/, { method: 'POST', body: 'draw a boat' }],
]
for (const [name, status, words, init] of SHAPES)
  for (const path of ['/v1/generations', '/v1/images/generations'])
    test(`${path}: ${name} is answered ${status}, clearly`, async () => {
      const response = await service.call(path, init)
      const body = await response.json()
      assert.equal(response.status, status, JSON.stringify(body))
      assert.match(body.detail ?? body.error.message, words)
    })

test('nulls mean what leaving out means', async () => {
  const response = await service.call(
    '/v1/generations',
    json({ prompt: ALLOWED, n: null, size: null, seed: null, user: null }),
  )
  assert.equal(response.status, 202)
  const { id } = await response.json()
  await service.call(`/v1/generations/${id}/cancel`, { method: 'POST' })
})

test('a cursor that is none, and a page out of range, name their field', async () => {
  for (const [query, field] of [
    ['after=xyz', 'after'],
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=ten', 'limit'],
    ['page=2', 'page'],
  ]) {
    const response = await service.call(`/v1/generations?${query}`)
    assert.equal(response.status, 400, query)
    assert.equal((await response.json()).field, field)
  }
})

const upload = (name: string, bytes: number): RequestInit => {
  const body = new FormData()
  body.set(name, new Blob([Buffer.alloc(bytes, 1)]), 'x.png')
  return { method: 'POST', body, as: null } as RequestInit
}
test('an upload is taken as the one field file, within its limit, and nothing else is', async () => {
  const ask = (init: RequestInit) => service.call('/v1/provenance/verify', { ...init, as: null })
  assert.equal((await ask(upload('file', 1000))).status, 200)
  const cases: [RequestInit, number, string][] = [
    [upload('file', 30_000), 413, 'file'],
    [upload('file', 60_000), 413, 'file'],
    [upload('file', 0), 400, 'file'],
    [upload('picture', 10), 400, 'picture'],
    [{ method: 'POST', body: new FormData() }, 400, 'file'],
    [json({ url: 'http://169.254.169.254/' }), 400, 'url'],
    [json({}), 400, 'url'],
    [{ method: 'POST', body: 'text' }, 415, 'content-type'],
    [{ method: 'POST', headers: { 'content-type': 'multipart/form-data; boundary=x' }, body: 'torn' }, 400, 'file'],
    [{ method: 'POST', headers: { 'content-type': 'multipart/form-data' }, body: 'torn' }, 400, 'file'],
  ]
  for (const [init, status, field] of cases) {
    const response = await ask(init)
    const problem = await response.json()
    assert.equal(response.status, status, JSON.stringify(problem))
    assert.equal(problem.field, field)
  }
  const two = new FormData()
  two.append('file', new Blob(['a']), 'a.png')
  two.append('file', new Blob(['b']), 'b.png')
  assert.ok([200, 400].includes((await ask({ method: 'POST', body: two })).status))
})

test('whatever must have a form says in words which, so that nobody is shown a pattern', async () => {
  const { paths } = await (await service.call('/openapi.json', { as: null })).json()
  const without: string[] = []
  let found = 0
  const look = (at: unknown, path: string): void => {
    if (typeof at !== 'object' || at === null) return
    if ('pattern' in at && typeof at.pattern === 'string') {
      found++
      if (!('description' in at)) without.push(path)
    }
    for (const [name, value] of Object.entries(at)) look(value, `${path} ${name}`)
  }
  for (const [path, methods] of Object.entries<Record<string, { requestBody?: unknown }>>(paths))
    for (const [method, { requestBody }] of Object.entries(methods)) look(requestBody, `${method} ${path}`)
  assert.ok(found > 5)
  assert.deepEqual(without, [])
})

test('after all of this nothing was admitted but what was cancelled', async () => {
  const requests = await service.ground.database.sql.selectFrom('darkroom.request').select('state').execute()
  assert.deepEqual(
    requests.map((request) => request.state),
    ['cancelled'],
  )
})

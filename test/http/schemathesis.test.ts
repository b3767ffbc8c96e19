// Schemathesis with every check against /openapi.json of the real service: no server error, no undocumented status, content type, header
// or shape, wrong requests refused and right ones taken. By a client, an administrator and nobody; and a pass on a small plan,
// which meets its 429. Tenants rehearse (sandbox prompts), so nearly no picture costs a model's work.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readKeys, type ServiceProcess, startServe } from '../support/service-process.ts'
import { suiteOn } from '../support/services.ts'
import { tools } from '../support/tools.ts'
import { type Document, type Found, runSchemathesis } from './schemathesis-run.ts'

const SEED = '20261123'
const LIMIT_MS = 240_000
const DEFAULT_ACCEPTED = ['2xx', '3xx', 401, 403, 404, 409, 429]

/**
 * No check is left out. Where what is right cannot be said by a schema, a right-looking request may be answered 400 too: opaque
 * cursors and event ids, names of models, schedulers and purposes that this deployment has, what a policy's clause forbids, periods
 * in order, addresses that are public, bytes that are a picture, roles that fit the tenant.
 */
const MAY_BE_400 = [
  'GET /c2pa/matches/byBinding',
  'GET /v1/appeals',
  'GET /v1/generations',
  'GET /v1/generations/{id}/events',
  'GET /v1/statements',
  'GET /v1/usage',
  'GET /v1/users/{user}/data',
  'DELETE /v1/users/{user}/data',
  'GET /v1/admin/policies',
  'GET /v1/admin/tenants',
  'GET /v1/admin/tenants/{id}/people',
  'GET /v1/admin/tenants/{id}/usage',
  'GET /v1/admin/tenants/{id}/keys',
  'GET /v1/webhooks/{id}/deliveries',
  'PATCH /v1/admin/people/{id}',
  'PATCH /v1/admin/tenants/{id}',
  'PATCH /v1/webhooks/{id}',
  'POST /c2pa/matches/byBinding',
  'POST /c2pa/matches/byContent',
  'POST /session',
  'POST /v1/admin/keys/{id}/rotate',
  'POST /v1/admin/tenants',
  'POST /v1/admin/tenants/{id}/keys',
  'POST /v1/admin/tenants/{id}/people',
  'POST /v1/appeals',
  'POST /v1/generations',
  'POST /v1/images/edits',
  'POST /v1/images/generations',
  'POST /v1/moderations',
  'POST /v1/provenance/feedback',
  'POST /v1/provenance/verify',
  'POST /v1/webhooks',
  'POST /v1/webhooks/{id}/replay',
  'PUT /v1/review/people/{id}',
]
/** Any bytes fit the form; few of them are a picture. */
const NO_PICTURE = 415
const PICTURES = ['POST /v1/provenance/verify', 'POST /c2pa/matches/byContent']
/** What was erased by the same run is 410, wherever its name is still known. */
const ERASABLE = /^\S+ \/v1\/(generations|images)\/\{id\}/
/** Waiting ends here after a second, and the document says 504 for what goes on by itself. */
const WAITING = ['POST /v1/images/generations', 'POST /v1/images/edits']

function configOf(operations: readonly string[]): string {
  const lists = operations.flatMap((name) => {
    const accepted = [
      ...DEFAULT_ACCEPTED,
      ...(MAY_BE_400.includes(name) ? [400] : []),
      ...(ERASABLE.test(name) ? [410] : []),
      ...(WAITING.includes(name) ? [504] : []),
      ...(PICTURES.includes(name) ? [NO_PICTURE] : []),
    ]
    const healthy = ['2xx', '3xx', '4xx', 504]
    return [
      '[[operations]]',
      `include-name = ${JSON.stringify(name)}`,
      `checks.positive_data_acceptance.expected-statuses = ${JSON.stringify(accepted)}`,
      ...(WAITING.includes(name) ? [`checks.not_a_server_error.expected-statuses = ${JSON.stringify(healthy)}`] : []),
    ]
  })
  return [
    'dictionaries.prompts.values = ["sandbox:published", "sandbox:refused", "sandbox:denied", "sandbox:held"]',
    'dictionaries.models.values = ["storybook"]',
    'dictionaries.counts.values = [1]',
    '[parameters]',
    '"body.prompt" = { dictionary = "prompts", probability = 1.0 }',
    '"body.model" = { dictionary = "models", probability = 0.9 }',
    '"body.n" = { dictionary = "counts", probability = 0.9 }',
    '[cache]',
    'enabled = false',
    ...lists,
  ].join('\n')
}

const namesOf = ({ paths }: Document) =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )

/** The document with a rehearsal as the example of each prompt, one that is decided at once. */
function rehearsing(document: Document): Document {
  return JSON.parse(JSON.stringify(document), (name, value) =>
    name === 'prompt' && value?.type === 'string' ? { ...value, examples: ['sandbox:refused'] } : value,
  )
}

suiteOn('schemathesis', await tools('schemathesis'), ({ schemathesis: program }) => {
  let home: string
  let service: ServiceProcess
  let document: Document
  let keys: ReturnType<typeof readKeys>

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'darkroom-schemathesis-home-'))
    service = await startServe({
      DARKROOM_HOME: home,
      DARKROOM_LOG_LEVEL: 'error',
      DARKROOM_WAIT_MS: '1000',
      DARKROOM_PUBLIC_REQUESTS_PER_MINUTE: '1000000',
      DARKROOM_LOGINS_PER_MINUTE: '1000000',
      DARKROOM_FAILED_KEYS_PER_MINUTE: '1000000',
    })
    keys = readKeys(home)
    document = await (await fetch(`${service.url}/openapi.json`)).json()
    await setTerms('client', { sandbox: true, plan: 'unlimited' })
    await setTerms('second_client', { sandbox: true, plan: 'trial' })
  })
  after(async () => {
    await service[Symbol.asyncDispose]()
    await rm(home, { recursive: true, force: true })
  })

  async function setTerms(name: 'client' | 'second_client', terms: object): Promise<void> {
    const headers = (key: string) => ({ authorization: `Bearer ${key}`, 'content-type': 'application/json' })
    const me = await (await fetch(`${service.url}/v1/me`, { headers: headers(keys[name]) })).json()
    const address = `${service.url}/v1/admin/tenants/${me.tenant.id}`
    const init = { method: 'PATCH', headers: headers(keys.admin), body: JSON.stringify(terms) }
    assert.equal((await fetch(address, init)).status, 200)
  }

  async function pass(key: string | null, args: string[]): Promise<Found> {
    const headers: Record<string, string> = key === null ? {} : { Authorization: `Bearer ${key}` }
    const config = configOf(namesOf(document))
    const { url } = service
    const given = ['--seed', SEED, ...args]
    const pass = { program, url, document: rehearsing(document), config, headers, args: given, limitMs: LIMIT_MS }
    return runSchemathesis(pass)
  }

  function judge(found: Found, operations: readonly string[], say: (text: string) => void): void {
    const statuses = [...found.statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${status}×${count}`)
    say(
      `${found.cases} cases on ${found.operations.length} operations in ${found.phases.join(', ')}: ${statuses.join(' ')}`,
    )
    for (const failure of found.failures) say(failure)
    assert.equal(found.failures.length, 0, found.failures.join('\n'))
    assert.ok(operations.length > 0)
    assert.deepEqual(
      operations.filter((name) => !found.operations.includes(name)),
      [],
      'every operation was asked',
    )
  }

  const isAdmin = (name: string) => name.includes('/v1/admin')

  test('a client meets what the document says, and nothing else', async (t) => {
    const found = await pass(keys.client, ['--exclude-path-regex', '^/v1/admin', '--max-examples', '4'])
    judge(
      found,
      namesOf(document).filter((name) => !isAdmin(name)),
      (text) => t.diagnostic(text),
    )
    assert.ok(found.statuses.get(202), 'generations were admitted')
  })

  test('nobody is let in, and told so as documented', async (t) => {
    const found = await pass(null, ['--max-examples', '1', '--phases', 'coverage'])
    judge(found, namesOf(document), (text) => t.diagnostic(text))
    const letIn = [...found.statuses.keys()].filter((status) => status < 300)
    // Anybody may report a picture, and is answered 202 whatever there is.
    assert.deepEqual(
      letIn.filter((status) => status !== 200 && status !== 202),
      [],
    )
  })

  test('who asks too often is told 429 as documented', async (t) => {
    const found = await pass(keys.second_client, [
      ...['--include-name-regex', '^POST /v1/(generations|moderations)$'],
      ...['--phases', 'coverage'],
    ])
    judge(found, ['POST /v1/generations', 'POST /v1/moderations'], (text) => t.diagnostic(text))
    assert.ok((found.statuses.get(429) ?? 0) > 10, 'the plan was used up')
  })

  // Last: an administrator changes what the others are.
  test('an administrator meets what the document says, and nothing else', async (t) => {
    const found = await pass(keys.admin, ['--include-path-regex', '^/v1/(admin|me)', '--max-examples', '6'])
    judge(found, namesOf(document).filter(isAdmin), (text) => t.diagnostic(text))
    assert.ok(found.statuses.get(201), 'things were made')
  })
})

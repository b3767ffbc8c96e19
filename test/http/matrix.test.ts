// Every route that the server has, tried by everybody there is, with real things of the first tenant. What must come of it follows from
// the access that /openapi.json documents; matrix.ts judges, matrix-cast.ts has the people and the things.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql as raw } from 'kysely'
import { registerConsole } from '../../src/console/console.ts'
import type { ServerDeps } from '../../src/http/deps.ts'
import { isRole } from '../../src/tenant/roles.ts'
import { LOOPBACK, openReceiver, type Receiver } from '../notify/receiver.ts'
import { type Cell, drawMatrix, type Exceptions, tryEverybody } from './matrix.ts'
import { type Cast, openCast, WAITED } from './matrix-cast.ts'
import { type Route, routesOf } from './matrix-routes.ts'
import { CARD, openService, type Service } from './service.ts'

const DOCUMENTED_PUBLIC = [
  'GET /c2pa/manifests/:id',
  'GET /c2pa/matches/byBinding',
  'GET /c2pa/services/supportedAlgorithms',
  'GET /healthz',
  'GET /log/checkpoint',
  'GET /log/key',
  'GET /log/tile/*',
  'GET /log/timestamp',
  'GET /log/timestamp/:size',
  'GET /readyz',
  'GET /session/oidc/callback',
  'GET /session/oidc/start',
  'POST /c2pa/matches/byBinding',
  'POST /c2pa/matches/byContent',
  'POST /session',
  'POST /session/end',
  'POST /v1/provenance/feedback',
  'POST /v1/provenance/verify',
  'POST /v1/reports',
]
/** Left out of the document: pages, their files, links that carry their own right, and the document itself. */
const HIDDEN = [
  'GET /',
  'GET /console/:version/*',
  'GET /docs/',
  'GET /docs/json',
  'GET /docs/static/*',
  'GET /docs/static/index.html',
  'GET /docs/static/swagger-initializer.js',
  'GET /docs/yaml',
  'GET /metrics',
  'GET /objects/*',
  'GET /openapi.json',
  'GET /statements/:id',
  'GET /verify',
  'POST /verify',
  'POST /verify/feedback',
]
const EXCEPTIONS: Exceptions = {
  // The statement is named in the body.
  'POST /v1/appeals': { client_2: 404 },
  // Nobody is above a lead.
  'POST /v1/review/items/:id/escalate': { lead: 409 },
  // No translation is set up.
  'POST /v1/review/items/:id/translate': { reviewer: 404, lead: 404 },
  // A cookie acts for no page of another origin, even where nobody need sign in.
  'POST /v1/provenance/verify': { foreign_page: 403 },
  'POST /verify': { foreign_page: 403 },
  'POST /verify/feedback': { foreign_page: 403 },
  'POST /session': { foreign_page: 403 },
  'POST /session/end': { foreign_page: 403 },
}
const ENV = {
  ...LOOPBACK,
  DARKROOM_WEBHOOK_ENDPOINTS_PER_TENANT: '100',
  DARKROOM_FAILED_KEYS_PER_MINUTE: '100000',
  DARKROOM_PUBLIC_REQUESTS_PER_MINUTE: '100000',
  DARKROOM_LOGINS_PER_MINUTE: '100000',
  DARKROOM_OIDC_ISSUER: 'http://127.0.0.1:9',
  DARKROOM_OIDC_CLIENT_ID: 'console',
  DARKROOM_OIDC_ALLOW_HTTP: 'true',
}
const console_: Extract<Parameters<typeof openService>[1], (...given: never) => unknown> = ({
  ground,
  publicCheck,
}) => [
  (scope) =>
    registerConsole(scope, {
      models: [CARD],
      desk: null,
      session: async ({ caller }) => caller,
      verify: { check: publicCheck, ground },
    }),
]

let service: Service
let routes: Route[]
let receiver: Receiver
let cast: Cast
let documented: Map<string, unknown>

before(async () => {
  receiver = await openReceiver()
  const { opened, routes: seen } = await routesOf(() => openService(ENV, console_))
  service = opened
  routes = seen
  cast = await openCast(service, receiver.url)
  const document: { paths: Record<string, Record<string, object>> } = await (
    await service.call('/openapi.json', { as: null })
  ).json()
  documented = new Map(
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => [
        `${method.toUpperCase()} ${path.replace('{*}', '*').replace(/\{(\w+)\}/g, ':$1')}`,
        Reflect.get(operation, 'x-darkroom-access'),
      ]),
    ),
  )
})
after(async () => {
  await service[Symbol.asyncDispose]()
  await receiver[Symbol.asyncDispose]()
})

const isHead = ({ method }: Route) => method === 'HEAD'
const complaints = (cells: readonly Cell[]) =>
  cells
    .filter(({ complaint }) => complaint !== null)
    .map(({ actor, route, complaint }) => `${actor} ${route}: ${complaint}`)

/** Every table but those that asking itself writes. */
async function fingerprint(): Promise<string> {
  const { sql } = service.ground.database
  const asked = ['rate', 'session', 'api_key', 'device', 'dispatcher']
  const tables = await raw<{ name: string }>`
    SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'darkroom' ORDER BY 1`.execute(sql)
  const prints: string[] = []
  for (const { name } of tables.rows.filter((table) => !asked.includes(table.name))) {
    const print = await raw<{ md5: string }>`
      SELECT md5(coalesce(string_agg(one::text, ',' ORDER BY one::text), '')) FROM ${raw.id('darkroom', name)} AS one`.execute(
      sql,
    )
    prints.push(`${name}:${print.rows[0]?.md5}`)
  }
  const keys = await raw<{ md5: string }>`
    SELECT md5(string_agg(id || coalesce(revoked_at::text, '') || coalesce(expires_at::text, ''), ',' ORDER BY id))
      FROM darkroom.api_key`.execute(sql)
  return [...prints, `api_key:${keys.rows[0]?.md5}`].join(' ')
}

test('every route is in the document with the access that it has, or is one of those that are left out on purpose', () => {
  const real = routes.filter((route) => !isHead(route))
  assert.deepEqual(
    real
      .filter(({ hidden }) => hidden)
      .map(({ name }) => name)
      .sort(),
    HIDDEN,
  )
  assert.deepEqual(
    real
      .filter(({ hidden }) => !hidden)
      .map(({ name }) => name)
      .sort(),
    [...documented.keys()].sort(),
  )
  for (const { name, access, hidden } of real) if (!hidden) assert.deepEqual(documented.get(name), access, name)
  for (const { name, access } of real)
    assert.ok(typeof access === 'string' || (access.length > 0 && access.every(isRole)), name)
})

test('what anybody may call is exactly this', () => {
  const open = routes.filter((route) => !isHead(route) && ['public', 'optional'].includes(String(route.access)))
  assert.deepEqual(open.map(({ name }) => name).sort(), [...DOCUMENTED_PUBLIC, ...HIDDEN].sort())
})

test('every route answers everybody as its documented access says, and what is refused changes nothing', async (t) => {
  const stop = new AbortController()
  const developing = developWaited(stop.signal)
  const cells = await tryEverybody(cast, routes, { exceptions: EXCEPTIONS, unchanged: fingerprint }).finally(() =>
    stop.abort(),
  )
  await developing
  t.diagnostic(`${cells.length} cells: ${routes.length} routes by ${cast.actors.length} callers`)
  for (const line of drawMatrix(cells, cast.actors).split('\n')) t.diagnostic(line)
  assert.deepEqual(complaints(cells), [])
})

/** Develops what somebody waits for, until told to stop. */
async function developWaited(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const waited = await service.ground.database.sql
      .selectFrom('darkroom.request')
      .select('id')
      .where('state', '=', 'queued')
      .where('prompt', '=', WAITED)
      .execute()
    for (const { id } of waited) await service.develop(id, ['published'])
    await sleep(50)
  }
}

test('the harness tells of a route that forgets whose a thing is, that tells what exists, or that lets anybody in', async () => {
  const leaky: ServerDeps['pages'][number] = async (scope) => {
    const config = { access: ['client'] } as const
    scope.get('/leaks/forgets/:id', { config }, async () => ({ here: 'it is' }))
    scope.get<{ Params: { id: string } }>('/leaks/tells/:id', { config }, async ({ params, caller }, reply) => {
      const row = await raw<{ tenant_id: string }>`
        SELECT tenant_id FROM darkroom.request WHERE id = ${params.id}`.execute(opened.ground.database.sql)
      const owner = row.rows[0]?.tenant_id
      if (owner === caller?.tenantId) return { here: 'it is' }
      return reply.code(404).send({ detail: owner === undefined ? 'there is none' : 'it is not yours' })
    })
    scope.get('/leaks/open', { config: { access: 'public' } }, async () => ({ here: 'it is' }))
    scope.get('/leaks/list', { config: { access: 'caller' } }, async () => ({ data: [...here.made] }))
    scope.post('/leaks/acts', { config: { access: 'public' } }, async (_request, reply) => {
      await raw`UPDATE darkroom.tenant SET weight = weight + 1`.execute(opened.ground.database.sql)
      return reply.code(403).send({})
    })
  }
  const { opened, routes: all } = await routesOf(() => openService(ENV, [leaky]))
  await using _opened = opened
  const here = await openCast(opened, receiver.url)
  const generation = here.things['/v1/generations/:id']
  assert.ok(generation)
  Object.assign(here.things, { '/leaks/forgets/:id': generation, '/leaks/tells/:id': generation })
  const weights = async () =>
    JSON.stringify((await raw`SELECT sum(weight) FROM darkroom.tenant`.execute(opened.ground.database.sql)).rows)
  const found = all
    .filter(({ name }) => /^(GET|POST) \/leaks/.test(name))
    // Two routes that lost the access which they had.
    .map((route) => (/open|acts/.test(route.path) ? { ...route, access: ['admin'] as const } : route))
  assert.equal(found.length, 5)
  const told = complaints(await tryEverybody(here, found, { unchanged: weights }))
  const against = (path: string) =>
    told.filter((one) => one.includes(`${path}`)).map((one) => one.replace(/^(\S+) .*$/, '$1'))
  assert.deepEqual(against('/leaks/forgets'), ['client_2'])
  assert.deepEqual(against('/leaks/tells'), ['client_2'])
  const everybodyElse = here.actors.map(({ name }) => name).filter((name) => name !== 'admin')
  assert.deepEqual(against('/leaks/open'), everybodyElse)
  assert.deepEqual(against('/leaks/list'), ['client_2', 'tenant_admin_2', 'reviewer', 'lead', 'compliance'])
  assert.ok(told.some((one) => one.startsWith('* *: refusals changed')))
  await assert.rejects(
    tryEverybody(here, [
      { name: 'GET /v1/boats/:id', method: 'GET', path: '/v1/boats/:id', access: 'caller', hidden: false },
    ]),
    /knows no thing for \/v1\/boats\/:id/,
  )
})

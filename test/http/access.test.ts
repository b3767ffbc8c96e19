// What everybody is told who may not call, and what every answer forbids. Who may call what: ./matrix.test.ts.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { json, openService, type Service } from './service.ts'

const OPENAI = ['/v1/images/gen', '/v1/images/edits', '/v1/models', '/v1/moderations']

type Route = { method: string; path: string; open: boolean }
let service: Service
let routes: Route[]

before(async () => {
  service = await openService()
  const document: { paths: Record<string, Record<string, { security?: object[] }>> } = await (
    await service.call('/openapi.json', { as: null })
  ).json()
  routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security }]) => ({
      method: method.toUpperCase(),
      path,
      // Nothing at all is asked for, or nothing is one of what may be.
      open: security?.length === 0 || security?.some((one) => Object.keys(one).length === 0) === true,
    })),
  )
})
after(() => service[Symbol.asyncDispose]())

const nameOf = ({ method, path }: Route) => `${method} ${path}`
const protectedRoutes = () => routes.filter(({ open }) => !open)
const fill = (path: string, id: string) =>
  path.replace('{model}', 'storybook').replace('{index}', '0').replace('{id}', id)

test('without a key every other route answers 401 with a challenge, in its own dialect', async () => {
  assert.ok(protectedRoutes().length >= 12)
  for (const route of protectedRoutes()) {
    for (const authorization of [undefined, 'Bearer nonsense', 'Basic abc', 'Bearer dk_live_'.padEnd(40, '0')]) {
      const headers = authorization === undefined ? {} : { authorization }
      const response = await service.call(fill(route.path, 'req_x'), { method: route.method, as: null, headers })
      assert.equal(response.status, 401, nameOf(route))
      assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer realm=/)
      const body = await response.json()
      if (OPENAI.some((start) => route.path.startsWith(start)))
        assert.deepEqual(Object.keys(body.error).sort(), ['code', 'message', 'param', 'type'])
      else assert.equal(body.code, 'unauthenticated')
    }
  }
})

test('every answer forbids sniffing and framing, and is kept by nobody', async () => {
  for (const path of ['/healthz', '/v1/models', '/nowhere', '/v1/generations']) {
    const response = await service.call(path)
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
    assert.match(response.headers.get('content-security-policy') ?? '', /default-src 'none'.*frame-ancestors 'none'/)
    assert.equal(response.headers.get('cache-control'), 'no-store')
    assert.ok(response.headers.get('x-request-id'))
    assert.equal(response.headers.get('strict-transport-security'), null)
  }
})

test('behind https the browser is told to stay there, and cookies too', async () => {
  await using secure = await openService({ DARKROOM_PUBLIC_URL: 'https://pictures.example/' })
  const response = await secure.call('/session', { ...json({ key: secure.key('client') }), as: null })
  assert.match(response.headers.get('strict-transport-security') ?? '', /max-age=\d{8}/)
  assert.match(response.headers.get('set-cookie') ?? '', /; Secure/)
})

test('an address that is not there is a 404 problem', async () => {
  const response = await service.call('/v1/nothing')
  assert.equal(response.status, 404)
  assert.equal(response.headers.get('content-type'), 'application/problem+json; charset=utf-8')
  assert.equal((await response.json()).code, 'not_found')
})

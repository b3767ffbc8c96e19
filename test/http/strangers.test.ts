// Strangers are limited by address, in memory: public questions, logins, and keys that are wrong. A good key is not locked out by
// somebody else's bad ones from the same address.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openService, type Service } from './service.ts'

let service: Service
before(async () => {
  service = await openService({
    DARKROOM_PUBLIC_REQUESTS_PER_MINUTE: '2',
    DARKROOM_LOGINS_PER_MINUTE: '3',
    DARKROOM_FAILED_KEYS_PER_MINUTE: '4',
    DARKROOM_TRUSTED_PROXIES: '127.0.0.1, ::1',
  })
})
after(() => service[Symbol.asyncDispose]())

/** As if it came from `address` through the proxy that this service trusts. */
const from = (address: string, path: string, init: RequestInit & { as?: string | null } = {}) =>
  service.call(path, { ...init, headers: { ...init.headers, 'x-forwarded-for': address } })
const ask = (address: string) =>
  from(address, '/v1/provenance/verify', { method: 'POST', as: null, body: new FormData() })
const wrongKey = (address: string) =>
  from(address, '/v1/me', { as: null, headers: { authorization: `Bearer dk_live_${'0'.repeat(30)}` } })

test('an address may ask its share of public questions; another address has its own', async () => {
  assert.equal((await ask('192.0.2.1')).status, 400)
  assert.equal((await ask('192.0.2.1')).status, 400)
  const third = await ask('192.0.2.1')
  assert.equal(third.status, 429)
  assert.equal(third.headers.get('ratelimit-policy'), '"public";q=2;w=60')
  assert.ok(Number(third.headers.get('retry-after')) >= 28)
  assert.equal((await third.json()).code, 'rate_limited')
  assert.equal((await ask('192.0.2.2')).status, 400)
})

test('the addresses of one IPv6 network count as one', async () => {
  assert.equal((await ask('2001:db8:1:2::1')).status, 400)
  assert.equal((await ask('2001:db8:1:2:ffff::9')).status, 400)
  assert.equal((await ask('2001:db8:1:2:1::1')).status, 429)
  assert.equal((await ask('2001:db8:1:3::1')).status, 400)
})

test('logins have a share of their own', async () => {
  const login = () =>
    from('192.0.2.10', '/session', {
      method: 'POST',
      as: null,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ key: 'dk_live_wrong' }),
    })
  const seen = []
  for (let i = 0; i < 4; i++) seen.push((await login()).status)
  assert.deepEqual(seen, [401, 401, 401, 429])
})

test('after too many wrong keys an address is not looked up any more, but who was good there stays', async () => {
  assert.equal((await from('192.0.2.20', '/v1/me')).status, 200)
  for (let i = 0; i < 4; i++) assert.equal((await wrongKey('192.0.2.20')).status, 401)
  const locked = await wrongKey('192.0.2.20')
  assert.equal(locked.status, 429)
  assert.ok(Number(locked.headers.get('retry-after')) > 0)
  assert.equal((await from('192.0.2.20', '/v1/me')).status, 200)
  assert.equal((await from('192.0.2.20', '/healthz', { as: null })).status, 200)
  assert.equal((await wrongKey('192.0.2.21')).status, 401)
})

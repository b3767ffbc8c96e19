// Where a webhook may not go, however it is written.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from '../../src/kernel/config.ts'
import { checkUrl, isAllowed, pinAddresses, resolveByDns } from '../../src/notify/address.ts'

const policy = readConfig({}).webhooks
const never = async () => {
  throw new Error('nobody should ask')
}

test('whatever is not public unicast is refused', () => {
  for (const address of [
    '127.0.0.1',
    '127.255.255.254',
    '0.0.0.0',
    '0.1.2.3',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '100.127.255.255',
    '192.0.0.8',
    '192.0.2.1',
    '192.88.99.1',
    '198.18.0.1',
    '198.19.255.255',
    '198.51.100.7',
    '203.0.113.9',
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::7f00:1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '::ffff:a9fe:a9fe',
    '::ffff:0:8.8.8.8',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b::808:808',
    '64:ff9b:1::a00:1',
    '2002:a00:1::',
    '2002:808:808::1',
    '2001::1',
    '2001:db8::1',
    '2001:10::1',
    '2001:20::1',
    '3fff::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '100::1',
    '5f00::1',
    '4000::1',
    'e000::1',
    'not an address',
    '',
  ])
    assert.equal(isAllowed(address, []), false, address)
  for (const address of ['8.8.8.8', '93.184.216.34', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450::1'])
    assert.equal(isAllowed(address, []), true, address)
})

test('an operator opens exactly the ranges that are named', () => {
  const ranges = ['10.1.0.0/16', 'fd00:1::/32']
  assert.equal(isAllowed('10.1.2.3', ranges), true)
  assert.equal(isAllowed('10.2.0.1', ranges), false)
  assert.equal(isAllowed('fd00:1::5', ranges), true)
  assert.equal(isAllowed('fd00:2::5', ranges), false)
  assert.equal(isAllowed('::ffff:10.1.2.3', ranges), false, 'a mapped form is another address')
})

test('every spelling of a private address in a URL is refused without asking anybody', async () => {
  for (const host of [
    '169.254.169.254',
    '127.0.0.1',
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    '0177.0.0.1',
    '127.1',
    '017700000001',
    '0',
    '%31%32%37.0.0.1',
    '１２７.0.0.1',
    '127。0。0。1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[0:0:0:0:0:ffff:a9fe:a9fe]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
    '[fd00:ec2::254]',
    '[fe80::1]',
    '127.0.0.1.',
  ]) {
    const url = checkUrl(`https://${host}/hook`, policy)
    assert.ok(typeof url !== 'string', `${host}: ${url}`)
    assert.equal(await pinAddresses(url, policy, never, 100), 'address_refused', host)
  }
})

test('a URL is https on a usual port, without credentials or fragment, unless the operator says more', () => {
  for (const [url, because] of [
    ['http://example.com/', /https/],
    ['ftp://example.com/', /https/],
    ['file:///etc/passwd', /https/],
    ['//example.com', /absolute/],
    ['https://user@example.com/', /user name/],
    ['https://:secret@example.com/', /password/],
    ['https://example.com/#', /fragment/],
    ['https://example.com:22/', /port 22/],
    ['https://example.com:6379/', /port 6379/],
    [`https://example.com/${'a'.repeat(2048)}`, /2048/],
    ['https://', /absolute/],
    ['https://exa mple.com', /absolute/],
  ] as const) {
    const refused = checkUrl(url, policy)
    assert.ok(typeof refused === 'string', url)
    assert.match(refused, because)
  }
  for (const url of ['https://example.com/hook?token=1', 'https://example.com:8443/', 'https://example.com:80/'])
    assert.ok(typeof checkUrl(url, policy) !== 'string', url)
  const open = readConfig({
    DARKROOM_WEBHOOK_HTTP_HOSTS: 'hooks.internal',
    DARKROOM_WEBHOOK_PORTS: '9443,9000-9001',
  }).webhooks
  assert.ok(typeof checkUrl('http://hooks.internal:9001/', open) !== 'string')
  assert.ok(typeof checkUrl('http://example.com/', open) === 'string')
  assert.ok(typeof checkUrl('https://example.com:9002/', open) === 'string')
})

test('one private address among public ones refuses the name; a name without an address has its own code', async () => {
  const url = new URL('https://hook.example/')
  assert.equal(await pinAddresses(url, policy, async () => ['8.8.8.8', '10.0.0.1'], 100), 'address_refused')
  assert.equal(await pinAddresses(url, policy, async () => ['8.8.8.8', '::ffff:8.8.4.4'], 100), 'address_refused')
  assert.equal(await pinAddresses(url, policy, async () => ['8.8.8.8', 'nonsense'], 100), 'address_refused')
  assert.equal(await pinAddresses(url, policy, async () => [], 100), 'dns_failed')
  assert.equal(await pinAddresses(url, policy, never, 100), 'dns_failed')
  assert.deepEqual(await pinAddresses(url, policy, async () => ['8.8.8.8', '2606:4700::1'], 100), [
    { address: '8.8.8.8', family: 4 },
    { address: '2606:4700::1', family: 6 },
  ])
})

test('localhost is loopback without asking, and so refused; a name that cannot be found fails in time', async () => {
  assert.equal(await pinAddresses(new URL('https://localhost/'), policy, resolveByDns, 100), 'address_refused')
  assert.equal(await pinAddresses(new URL('https://a.localhost/'), policy, resolveByDns, 100), 'address_refused')
  const before = performance.now()
  assert.equal(await pinAddresses(new URL('https://nowhere.invalid/'), policy, resolveByDns, 400), 'dns_failed')
  assert.ok(performance.now() - before < 3000)
})

test('settings at their edges', () => {
  assert.equal(readConfig({ DARKROOM_WEBHOOK_RETRY_HOURS: '168' }).webhooks.retryHours, 168)
  for (const [name, value] of [
    ['DARKROOM_WEBHOOK_RETRY_HOURS', '169'],
    ['DARKROOM_WEBHOOK_RETRY_HOURS', '0'],
    ['DARKROOM_WEBHOOK_TIMEOUT_MS', '60001'],
    ['DARKROOM_WEBHOOK_POLL_MS', '49'],
    ['DARKROOM_WEBHOOK_CONCURRENCY', '1025'],
    ['DARKROOM_WEBHOOK_CONCURRENCY_PER_ENDPOINT', '65'],
    ['DARKROOM_WEBHOOK_ENDPOINTS_PER_TENANT', '101'],
    ['DARKROOM_WEBHOOK_DISABLE_DAYS', '91'],
    ['DARKROOM_WEBHOOK_KEEP_DAYS', '366'],
    ['DARKROOM_WEBHOOK_ALLOW_CIDRS', '10.0.0.0'],
    ['DARKROOM_WEBHOOK_ALLOW_CIDRS', '10.0.0.0/33'],
    ['DARKROOM_WEBHOOK_HTTP_HOSTS', 'http://x'],
    ['DARKROOM_WEBHOOK_PORTS', '0'],
    ['DARKROOM_WEBHOOK_PORTS', '70000'],
    ['DARKROOM_WEBHOOK_PORTS', '9-8'],
  ] as const)
    assert.throws(() => readConfig({ [name]: value }), new RegExp(name), `${name}=${value}`)
})

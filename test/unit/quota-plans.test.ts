// The file of plans: strict, every limit written out, and wrong ones refused by line. And what a tenant's own limits do.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { readConfig } from '../../src/kernel/config.ts'
import { isFault } from '../../src/kernel/fault.ts'
import { isOverrides, limitsOf, loadPlans, parsePlans } from '../../src/policy/quotas.ts'

const FILE = new URL('../../policies/quotas.yaml', import.meta.url).pathname
const text = readFileSync(FILE, 'utf8')
const lineOf = (part: string) => text.slice(0, text.indexOf(part)).split('\n').length

function problemsOf(changed: string): string {
  try {
    parsePlans(Buffer.from(changed), 'policies/quotas.yaml')
  } catch (error) {
    assert.ok(isFault(error, 'policy_invalid'))
    return error.message
  }
  return 'nothing is wrong'
}

test('the shipped plans load, and only the one that says so is unlimited', async () => {
  const plans = await loadPlans(FILE)
  assert.deepEqual([...plans.keys()], ['default', 'trial', 'unlimited'])
  for (const [name, plan] of plans)
    for (const [limit, value] of Object.entries(plan))
      assert.equal(value === null, name === 'unlimited', `${name} ${limit}`)
})

test('a limit that is left out, misspelt, negative or in words is refused with its line', () => {
  const cases: [string, string, RegExp, string][] = [
    ['    images_per_day: 100000\n', '', /lacks images_per_day/, 'default:'],
    ['images_per_day: 100000', 'images_per_dya: 100000', /unknown key "images_per_dya"/, 'images_per_day: 100000'],
    ['images_per_day: 100000', 'images_per_day: -1', /images_per_day/, 'images_per_day: 100000'],
    ['images_per_day: 100000', 'images_per_day: many', /images_per_day/, 'images_per_day: 100000'],
    ['burst: 600 }', 'burst: 0 }', /burst/, 'burst: 600 }'],
  ]
  for (const [from, to, reason, at] of cases) {
    const message = problemsOf(text.replace(from, to))
    assert.match(message, reason)
    assert.match(message, new RegExp(`quotas\\.yaml:${lineOf(at)}:`))
  }
})

test('a file without the plan of new tenants is refused', () => {
  assert.match(problemsOf(text.replace('  default:', '  usual:')), /lacks the plan "default"/)
})

test('a tenant’s own limits replace its plan’s one by one, and null lifts one', async () => {
  const plans = await loadPlans(FILE)
  const limits = limitsOf(plans, { plan: 'trial', quota: { images_per_day: 7, listeners: null } })
  assert.deepEqual([limits.images_per_day, limits.listeners, limits.concurrent_requests], [7, null, 10])
  assert.equal(isOverrides({ images_per_day: 1.5 }), false)
  assert.equal(isOverrides({ images: 1 }), false)
  assert.throws(
    () => limitsOf(plans, { plan: 'gone', quota: {} }),
    (error) => isFault(error, 'plan_missing'),
  )
  assert.throws(
    () => limitsOf(plans, { plan: 'trial', quota: { requests: 5 } }),
    (error) => isFault(error, 'plan_missing'),
  )
})

test('limits of the service hold at the edges of their ranges', () => {
  const edges: [string, number, number][] = [
    ['DARKROOM_PUBLIC_REQUESTS_PER_MINUTE', 1, 1_000_000],
    ['DARKROOM_LOGINS_PER_MINUTE', 1, 1_000_000],
    ['DARKROOM_FAILED_KEYS_PER_MINUTE', 1, 1_000_000],
    ['DARKROOM_ADDRESSES_REMEMBERED', 100, 10_000_000],
    ['DARKROOM_BACKLOG_LIMIT_TASKS', 1, 10_000_000],
    ['DARKROOM_BACKLOG_LIMIT_SECONDS', 1, 604_800],
    ['DARKROOM_EVENT_LOOP_DELAY_LIMIT_MS', 10, 60_000],
    ['DARKROOM_DATABASE_WAITING_LIMIT', 1, 100_000],
    ['DARKROOM_DISPATCH_SLOTS', 1, 1024],
    ['DARKROOM_DEVICE_SLOTS', 1, 64],
    ['DARKROOM_DEVICE_MS_PER_COST', 1, 10_000_000],
    ['DARKROOM_BODY_LIMIT_BYTES', 1024, 268_435_456],
    ['DARKROOM_UPLOAD_LIMIT_BYTES', 1024, 1_073_741_824],
    ['DARKROOM_UPLOAD_LIMIT_PIXELS', 4096, 1_000_000_000],
    ['DARKROOM_VERIFICATIONS_AT_ONCE', 1, 1024],
    ['DARKROOM_PROMPT_MAX_CHARACTERS', 1, 1_000_000],
    ['DARKROOM_MAX_IMAGES_PER_REQUEST', 1, 10],
    ['DARKROOM_MAX_STEPS', 1, 1000],
    ['DARKROOM_WAIT_MS', 1000, 3_600_000],
  ]
  for (const [name, least, most] of edges) {
    readConfig({ [name]: String(least) })
    readConfig({ [name]: String(most) })
    assert.throws(() => readConfig({ [name]: String(least - 1) }), new RegExp(name))
    assert.throws(() => readConfig({ [name]: String(most + 1) }), new RegExp(name))
  }
})

test('slots follow the devices unless they are set, and proxies are addresses or networks', () => {
  assert.equal(readConfig({}).dispatch.slots, null)
  assert.equal(readConfig({ DARKROOM_DISPATCH_SLOTS: '7' }).dispatch.slots, 7)
  const proxies = '10.0.0.0/8, ::1, fd00::/8'
  assert.deepEqual(readConfig({ DARKROOM_TRUSTED_PROXIES: proxies }).strangers.trustedProxies.length, 3)
  for (const wrong of ['proxy.example', '10.0.0.0/33', '10.0.0.0/8/8', '10.0.0.0/'])
    assert.throws(() => readConfig({ DARKROOM_TRUSTED_PROXIES: wrong }), /DARKROOM_TRUSTED_PROXIES/)
})

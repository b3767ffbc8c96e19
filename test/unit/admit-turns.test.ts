// A tenant's admissions take turns in this process, and nobody waits for another tenant's.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openTurns } from '../../src/admit/turns.ts'
import { isFault } from '../../src/kernel/fault.ts'

test('a tenant has as many admissions at once as it may, in order, and another tenant passes by', async () => {
  const turns = openTurns({ atOnce: 2, waiting: 10 })
  const order: string[] = []
  let running = 0
  let most = 0
  const gates: (() => void)[] = []
  const work = (name: string) => async () => {
    order.push(name)
    running++
    most = Math.max(most, running)
    await new Promise<void>((resolve) => gates.push(resolve))
    running--
    return name
  }
  const all = ['a', 'b', 'c', 'd'].map((name) => turns('flood', work(name)))
  assert.deepEqual(order, ['a', 'b'])
  assert.equal(await turns('other', async () => 'at once'), 'at once')
  while (gates.length > 0) {
    gates.shift()?.()
    await new Promise(setImmediate)
  }
  assert.deepEqual(await Promise.all(all), ['a', 'b', 'c', 'd'])
  assert.deepEqual([order.join(''), most], ['abcd', 2])
})

test('the line has an end, and a turn that fails is given on', async () => {
  const turns = openTurns({ atOnce: 1, waiting: 1 })
  let fail: (error: Error) => void = () => undefined
  const first = turns('t', () => new Promise((_, reject) => (fail = reject)))
  const second = turns('t', async () => 'second')
  await assert.rejects(
    turns('t', async () => 'third'),
    (error) => isFault(error, 'rate_limited') && error.facts.retryAfterMs === 1000,
  )
  fail(new Error('no'))
  await assert.rejects(first, /no/)
  assert.equal(await second, 'second')
  assert.equal(await turns('t', async () => 'again'), 'again')
})

// Places for pictures that are taken in (src/http/shares.ts): one caller's half of them, and all of them.
import assert from 'node:assert/strict'
import test from 'node:test'
import { openShares } from '../../src/http/shares.ts'
import { isFault } from '../../src/kernel/fault.ts'

const refused = (code: 'busy' | 'rate_limited') => (error: unknown) => isFault(error, code) && error.retry === 'later'

test('one caller holds half of the places at most, whatever else is free', () => {
  const take = openShares(4)
  const leave = take('one')
  take('one')
  assert.throws(() => take('one'), refused('rate_limited'))
  take('two')
  leave()
  leave()
  take('one')
  assert.throws(() => take('one'), refused('rate_limited'))
})

test('when every place is taken everybody is told that the service is busy', () => {
  const take = openShares(2)
  const leave = take('one')
  take('two')
  assert.throws(() => take('three'), refused('busy'))
  assert.throws(() => take('one'), refused('busy'))
  leave()
  take('three')
})

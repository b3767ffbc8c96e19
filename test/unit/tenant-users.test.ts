// The digest by which a user of a tenant is found: another for each tenant, key and name, however like each other those are.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isFault } from '../../src/kernel/fault.ts'
import { checkUser, MAX_USER_CHARACTERS, userDigestOf } from '../../src/tenant/users.ts'

const [ONE, TWO] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]

test('it is of one tenant, one key and one name alone', () => {
  const digests = [
    userDigestOf(ONE, 'ten_1', 'ada'),
    userDigestOf(ONE, 'ten_2', 'ada'),
    userDigestOf(TWO, 'ten_1', 'ada'),
    userDigestOf(ONE, 'ten_1', 'Ada'),
    userDigestOf(ONE, 'ten_1', 'ada\n'),
  ]
  assert.equal(new Set(digests).size, digests.length)
  for (const digest of digests) assert.match(digest, /^[0-9a-f]{64}$/)
})

test('whatever text of a fitting length is a user, and two that differ are two', () => {
  const name = fc
    .string({ unit: 'binary', minLength: 1, maxLength: MAX_USER_CHARACTERS })
    .filter((text) => !text.includes('\0'))
  fc.assert(
    fc.property(name, name, (first, second) => {
      assert.equal(checkUser(first), first)
      assert.equal(userDigestOf(ONE, 't', first) === userDigestOf(ONE, 't', second), first === second)
    }),
  )
  const refused = ['', 'a'.repeat(MAX_USER_CHARACTERS + 1), 'a\0', '\ud800', '\udfff!']
  for (const wrong of refused)
    assert.throws(
      () => checkUser(wrong),
      (error) => isFault(error, 'invalid_request') && error.field === 'user',
    )
})

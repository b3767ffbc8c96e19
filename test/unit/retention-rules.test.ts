// policies/retention.yaml: the one that ships loads; a wrong one is refused as a whole, with the line and the reason of every problem.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { before, test } from 'node:test'
import { isFault } from '../../src/kernel/fault.ts'
import { loadRetentionRules, parseRetentionRules } from '../../src/policy/retention-rules.ts'

const FILE = 'policies/retention.yaml'
let good: string
before(async () => {
  good = await readFile(FILE, 'utf8')
})

test('the rules that ship load, with the SHA-256 of their bytes', async () => {
  const rules = await loadRetentionRules(FILE)
  assert.equal(rules.digest, createHash('sha256').update(good).digest('hex'))
  assert.deepEqual([rules.graceDays, rules.restrictedDays, rules.releasedOriginalDays], [7, 365, 30])
  assert.ok(Object.isFrozen(rules))
})

test('a mistake is refused by line and reason', () => {
  for (const [from, to, reason] of [
    ['grace_days: 7', 'grace_days: 0', /grace_days/],
    ['grace_days: 7', 'grace_days: 7.5', /grace_days/],
    ['grace_days: 7', 'grace_days: soon', /grace_days/],
    ['restricted_days: 365', '', /lacks restricted_days/],
    ['restricted_days: 365', 'restricted_days: 3', /may not be kept for less/],
    ['released_original_days: 30', 'released_original_days: 30\nnever_days: 1', /unknown key "never_days"/],
    ['id: retention', 'id: review', /id/],
  ] as const) {
    assert.equal(good.split(from).length, 2, from)
    assert.throws(
      () => parseRetentionRules(Buffer.from(good.replace(from, to)), FILE),
      (error) => {
        assert.ok(isFault(error, 'policy_invalid'))
        assert.match(error.field ?? '', /^policies\/retention\.yaml:\d+:\d+$/)
        assert.match(error.message, reason)
        return true
      },
    )
  }
})

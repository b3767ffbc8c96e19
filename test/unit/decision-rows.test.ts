// How the rows of a tenant's decisions stand at a moment: what is late, what can be appealed no more, and what took another's place.
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { decisionsPage } from '../../src/console/pages/decisions.ts'
import { loadModerationPolicy } from '../../src/policy/load.ts'
import type { AppealState } from '../../src/statement/standing.ts'
import type { Statement } from '../../src/statement/statement.ts'
import { person } from '../http/restrictions.ts'

const NOW = new Date('2026-12-10T12:00:00Z')
const tally = { weeks: [], open: 0, appealed: 0, decided: 0, reversed: 0 }
let statement: Statement
before(async () => {
  const policy = await loadModerationPolicy('policies/moderation.yaml')
  const clause = policy.clauses.get('violence/graphic/3')
  assert.ok(clause)
  statement = person(policy, clause, 'img_test', {
    decidedAt: new Date('2026-11-01T00:00:00Z'),
    appealUntil: new Date('2026-12-01T00:00:00Z'),
  })
})

const appeal: AppealState = {
  ...{ id: 'apl_1', state: 'open', created_at: '2026-12-01T00:00:00Z', reviewing_at: null, ended_at: null },
  ...{ due_at: '2026-12-09T00:00:00Z', answer: null, result: null },
}

function drawn(more: { appeal?: AppealState; replacedBy?: string; link?: string | null }): string {
  const row = { statement, appeal: null, replacedBy: null, link: null, ...more }
  return String(
    decisionsPage({ asked: { state: null, about: '' }, tally, rows: [row], next: null, first: true, now: NOW }),
  )
}

test('what is overdue is late, and what is due is not', () => {
  assert.match(drawn({ appeal }), /class="error">late since <time [^>]*>Dec 9, 2026/)
  assert.match(drawn({ appeal: { ...appeal, due_at: '2026-12-11T00:00:00Z' } }), /class="hint">by <time [^>]*>Dec 11/)
})

test('after its last day a decision could be appealed, and no more', () => {
  assert.match(drawn({}), /could be appealed until <time [^>]*>Dec 1, 2026/)
})

test('the statement that took its place is one step away', () => {
  const partial: AppealState = { ...appeal, state: 'partial', ended_at: '2026-12-05T00:00:00Z' }
  assert.match(drawn({ appeal: partial, replacedBy: 'sor_2' }), /<a href="\/statements\/sor_2">the new statement/)
})

test('who has no link is told so, and a link is only ever text in its place', () => {
  assert.match(drawn({}), /no link/)
  assert.match(drawn({ link: 'http://x/#"><b>' }), /data-copy="http:\/\/x\/#&quot;&gt;&lt;b&gt;"/)
})

// What statements say where a person or an owner acted: who found it, who decided, what can still be done; the link that opens one; and
// rows that were written before the newest fields.
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { isFault } from '../../src/kernel/fault.ts'
import { loadModerationPolicy } from '../../src/policy/load.ts'
import type { Clause, ModerationPolicy } from '../../src/policy/policy.ts'
import { appealPath, openBearers, publicPath } from '../../src/statement/bearer.ts'
import { statementJson, userNotice } from '../../src/statement/outputs.ts'
import { writeOwnerStatement } from '../../src/statement/owner.ts'
import { asStatement } from '../../src/statement/records.ts'
import type { CitedClause, StatementInput } from '../../src/statement/statement.ts'
import { submissionOf } from '../../src/statement/transparency.ts'
import { person } from '../http/restrictions.ts'

let policy: ModerationPolicy
let clause: Clause
before(async () => {
  policy = await loadModerationPolicy('policies/moderation.yaml')
  clause = clauseOf('violence/graphic/3')
})
const clauseOf = (id: string): Clause => {
  const found = policy.clauses.get(id)
  assert.ok(found)
  return found
}
const incomplete = (field: string) => (error: unknown) =>
  isFault(error, 'statement_incomplete') && error.field === field
const by = (more: Partial<StatementInput> = {}) => person(policy, clause, 'img_test', more)

/** The policy with a template for what people find. */
function reviewed(): ModerationPolicy {
  assert.ok(clause.statement)
  const review = { text: '', parts: ['A person found ', { place: 'what' }, ' (rule ', { place: 'clause' }, ').'] }
  const findings = new Map([['what', ['an open wound', 'blood']]])
  const statement = { ...clause.statement, facts: { ...clause.statement.facts, review }, findings }
  const changed: Clause & CitedClause = { ...clause, statement }
  return { ...policy, clauses: new Map([...policy.clauses, [clause.id, changed]]) }
}

describe('statements where a person decided', () => {
  it('after a hold: software found it, a person decided, and neither is told for the other', () => {
    const json = statementJson(by())
    assert.deepEqual([json.automated_detection, json.automated_decision, json.decided_by], [true, false, 'person'])
    assert.equal(json.restriction.kind, 'image_withheld')
    assert.equal(submissionOf(by())?.payload.automated_decision, 'AUTOMATED_DECISION_PARTIALLY')
  })

  it('facts are the phrases that the person chose, and only those that the policy offers', () => {
    const input = { policy: reviewed(), findings: { what: 'blood' } }
    assert.equal(by(input).facts, 'A person found blood (rule violence/graphic/3).')
    assert.throws(() => by({ ...input, findings: { what: 'Anna’s knee' } }), incomplete('findings.what'))
    assert.throws(() => by({ ...input, findings: { who: 'blood' } }), incomplete('findings.who'))
    assert.throws(() => by({ ...input, findings: {} }), incomplete('facts.what'))
    // Nothing that is chosen can take the place of what the record itself says.
    const clash = { ...input, findings: { what: 'blood', clause: 'x' } }
    assert.throws(() => by(clash), incomplete('findings.clause'))
  })

  it('a published picture that was taken back after a notice says so, and that it was paid for', () => {
    const statement = by({ detection: 'notice', restriction: 'image_withdrawn' })
    const json = statementJson(statement)
    assert.deepEqual([json.source, json.restriction.kind, json.charged], ['notice', 'image_withdrawn', true])
    assert.deepEqual([json.automated_detection, json.automated_decision], [false, false])
    const { title, sentences } = userNotice(statement)
    assert.equal(title, 'This image was withdrawn')
    assert.ok(sentences.includes('Somebody told us of this, and a person decided.'))
    assert.ok(!sentences.includes('You were not charged.'))
    const payload = submissionOf(statement)?.payload
    assert.deepEqual(
      [payload?.source_type, payload?.decision_visibility, payload?.automated_decision],
      ['SOURCE_TYPE_OTHER_NOTIFICATION', ['DECISION_VISIBILITY_CONTENT_REMOVED'], 'AUTOMATED_DECISION_NOT_AUTOMATED'],
    )
  })

  it('one that follows from an appeal leaves courts and settlement, and no appeal', () => {
    const statement = by({ appealUntil: null })
    assert.equal(statement.redress.kind, 'final')
    const text = userNotice(statement).sentences.join(' ')
    assert.match(text, /court/)
    assert.doesNotMatch(text, /You can appeal/)
    assert.equal(submissionOf(statement)?.payload.automated_decision, 'AUTOMATED_DECISION_NOT_AUTOMATED')
  })

  it('what does not fit together is no statement', () => {
    assert.throws(() => by({ restriction: 'request_refused' }), incomplete('restriction'))
    assert.throws(() => by({ detection: 'notice', decidedBy: 'automated' }), incomplete('detection'))
    assert.throws(() => by({ contentDate: new Date(Number.NaN) }), incomplete('contentDate'))
  })

  it('one that the Transparency Database would refuse is not written', () => {
    assert.throws(() => by({ id: 'sor with a space' }), incomplete('transparency.puid'))
    assert.ok(clause.statement)
    const wordy = { ...clause, statement: { ...clause.statement, ground: 'x'.repeat(501) } }
    const changed = { ...policy, clauses: new Map([[clause.id, wordy]]) }
    assert.throws(() => by({ policy: changed }), incomplete('transparency.incompatible_content_ground'))
  })

  it('a restricted case has a draft, and a policy for other parts of the world has no payload', () => {
    const restricted = person(policy, clauseOf('sexual/minors/1'), 'img_test', {})
    assert.equal(submissionOf(restricted)?.draft, true)
    assert.equal(submissionOf(by({ policy: { ...policy, territory: ['US'] } })), null)
    assert.deepEqual(submissionOf(by({ policy: { ...policy, territory: ['DE', 'US'] } }))?.payload.territorial_scope, [
      'DE',
    ])
  })
})

describe('what an owner takes back', () => {
  it('is stated without a rule, is nobody’s restriction and goes nowhere', () => {
    const decidedAt = new Date('2026-11-23T12:00:00Z')
    const statement = writeOwnerStatement({ id: 'sor_own', policy, imageId: 'img_test', decidedAt })
    assert.deepEqual(
      [statement.decidedBy, statement.ground.kind, statement.clause, statement.redress.kind, statement.source],
      ['owner', 'owner', null, 'none', 'owner'],
    )
    assert.equal(submissionOf(statement), null)
    const { sentences } = userNotice(statement)
    assert.ok(
      sentences.every((sentence) => sentence.trim() !== '' && !/null|undefined/.test(sentence)),
      sentences.join(),
    )
    assert.throws(
      () => writeOwnerStatement({ id: 'sor_own', policy, imageId: '', decidedAt }),
      incomplete('subject.id'),
    )
  })
})

describe('whoever bears a statement’s link', () => {
  const bearers = openBearers(Buffer.alloc(32, 1))
  it('is admitted by its very secret, of 128 bits, under this key alone', () => {
    const secret = bearers.secretOf('sor_a')
    assert.match(secret, /^[\w-]{22}$/)
    assert.equal(bearers.admits('sor_a', secret), true)
    assert.notEqual(bearers.secretOf('sor_b'), secret)
    const others = [bearers.secretOf('sor_b'), openBearers(Buffer.alloc(32, 2)).secretOf('sor_a'), '', 'A'.repeat(22)]
    // Other spellings of the same bytes, and more of them.
    for (const wrong of [...others, `${secret}=`, `${secret}AA`, `${secret} `, secret.slice(0, -1)])
      assert.equal(bearers.admits('sor_a', wrong), false, wrong)
  })

  it('gets the page, and the appeal where one is open; a restricted statement has no link', () => {
    const open = by()
    assert.equal(publicPath(bearers, open), `/statements/${open.id}#${bearers.secretOf(open.id)}`)
    assert.equal(appealPath(bearers, open), publicPath(bearers, open))
    assert.equal(appealPath(bearers, by({ appealUntil: null })), null)
    assert.notEqual(publicPath(bearers, by({ appealUntil: null })), null)
    assert.equal(publicPath(bearers, person(policy, clauseOf('sexual/minors/1'), 'img_test', {})), null)
  })
})

describe('rows of older releases', () => {
  it('are read with what was then always true, and every output can be made of them', () => {
    const statement = by({ decidedBy: 'automated', decision: { ...decisionOf(), band: 'high' } })
    const { source: _, contentDate: __, inputKind: ___, ...old } = statement
    const read = asStatement(JSON.parse(JSON.stringify(old)))
    assert.deepEqual([read.source, read.contentDate, read.inputKind], ['own_initiative', null, 'image'])
    assert.deepEqual(statementJson(read), statementJson(statement))
    assert.deepEqual(submissionOf(read), submissionOf(statement))
    assert.throws(() => asStatement({ id: 'sor_test' }), TypeError)
  })
  const decisionOf = () => ({
    ...{ clause: clause.id, category: clause.category, categories: [clause.category], band: 'high' as const },
    policy: { id: policy.id, version: policy.version, digest: policy.digest },
  })
})

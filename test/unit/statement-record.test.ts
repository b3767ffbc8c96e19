// Statements of reasons: complete for every clause at every stage, or a fault; and nothing of the user's in any output.
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { screenPrompt } from '../../src/admit/screen.ts'
import { Fault, isFault } from '../../src/kernel/fault.ts'
import { judgeImage } from '../../src/moderate/verdict.ts'
import { loadModerationPolicy } from '../../src/policy/load.ts'
import type { ModerationPolicy } from '../../src/policy/policy.ts'
import { moderationDetails, statementJson, userNotice } from '../../src/statement/outputs.ts'
import { type StatementInput, writeStatement } from '../../src/statement/statement.ts'

const CLASSIFIER = { id: 'storybook-safety', version: '1.0.0', digest: 'ab'.repeat(32) }
const DECIDED = new Date('2026-11-23T12:00:00Z')
const UNTIL = new Date('2027-05-25T12:00:00Z')
let policy: ModerationPolicy
before(async () => {
  policy = await loadModerationPolicy('policies/moderation.yaml')
})

/** A decision that cites `clause` at `stage`, as the stages make them. */
function cite(clause: string, category: string, stage: 'input' | 'output'): StatementInput {
  return {
    id: 'sor_test',
    policy,
    stage,
    subject: stage === 'input' ? { kind: 'request', id: 'req_test' } : { kind: 'image', id: 'img_test' },
    decision: {
      clause,
      category,
      categories: [category],
      band: stage === 'input' ? 'matched' : 'high',
      policy: { id: policy.id, version: policy.version, digest: policy.digest },
      ...(stage === 'input' ? { facts: { lists: ['gore'], phrases: 2, languages: ['de', 'en'] } } : {}),
    },
    detection: 'automated',
    decidedBy: 'automated',
    classifiers: stage === 'input' ? [] : [CLASSIFIER],
    decidedAt: DECIDED,
    appealUntil: UNTIL,
  }
}
const denied = () => cite('violence/graphic/3', 'violence/graphic', 'output')

/** Every text of a value, with the path that leads to it. */
function texts(value: unknown, path = ''): [path: string, text: string][] {
  if (typeof value === 'string') return [[path, value]]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, part]) => texts(part, `${path}.${key}`))
}

describe('statements of reasons', () => {
  it('every clause has a complete statement at every stage that can cite it', () => {
    let written = 0
    for (const clause of policy.clauses.values()) {
      for (const stage of ['input', 'output'] as const) {
        if (clause.statement?.facts[stage] == null) continue
        const statement = writeStatement(cite(clause.id, clause.category, stage))
        for (const output of [statement, statementJson(statement), userNotice(statement)])
          for (const [path, text] of texts(output)) {
            assert.notEqual(text.trim(), '', `${clause.id} ${stage} ${path}`)
            assert.doesNotMatch(text, /undefined|\[object|\{|\}/, `${clause.id} ${stage} ${path}`)
          }
        assert.ok(statement.facts.length <= 5000 && statement.ground.text.length <= 500)
        written++
      }
    }
    assert.ok(written >= 25, `only ${written} statements`)
  })

  it('every clause that can refuse at a stage has facts for that stage', () => {
    for (const { clauses, image } of policy.categories)
      for (const clause of clauses) {
        if (clause.input !== null && clause.input.action !== 'allow')
          assert.ok(clause.statement?.facts.input, clause.id)
        if (clause.output !== null && clause.output.action !== 'allow')
          assert.ok(clause.statement?.facts.output, clause.id)
        if (image?.clause === clause.id) assert.ok(clause.statement?.facts.output, clause.id)
      }
  })

  it('states a refused prompt from the screening itself', () => {
    const refusal = screenPrompt(policy, { prompt: 'zanzibar massacre', tenant: 't' })
    assert.ok(refusal.verdict === 'refuse')
    const statement = writeStatement({ ...cite(refusal.clause, refusal.category, 'input'), decision: refusal })
    assert.equal(statement.restriction, 'request_refused')
    assert.equal(statement.inputKind, 'prompt')
    assert.equal(statement.charged, false)
    assert.match(statement.facts, /matched 1 phrase of the list: graphic injury \(English\)/)
    assert.doesNotMatch(
      JSON.stringify([statement, statementJson(statement), userNotice(statement)]),
      /zanzibar|massacre/,
    )
    assert.deepEqual(moderationDetails(statement), { moderation_stage: 'input', categories: ['violence/graphic'] })
  })

  it('states a refused upload as input, by the band of its score and never as a prompt', () => {
    const evidence = { categories: { weapons: 0.01, 'violence/graphic': 0.5 }, classifiers: [CLASSIFIER], opinions: [] }
    const verdict = judgeImage(policy, evidence, { tenant: 't' })
    assert.equal(verdict.verdict, 'hold')
    const refused = {
      ...cite(verdict.clause ?? '', verdict.category ?? '', 'input'),
      decision: verdict,
      inputKind: 'image',
    } as const
    const statement = writeStatement({ ...refused, classifiers: verdict.classifiers })
    assert.deepEqual(
      [statement.stage, statement.inputKind, statement.restriction, statement.band],
      ['input', 'image', 'request_refused', 'elevated'],
    )
    assert.match(statement.facts, /band: elevated \(classifiers: storybook-safety 1\.0\.0\)/)
    assert.equal(userNotice(statement).title, 'This picture was not accepted')
    // Software that saw a picture is named; a prompt has no score.
    assert.throws(
      () => writeStatement({ ...refused, classifiers: [] }),
      (error) => isFault(error, 'statement_incomplete'),
    )
    assert.throws(
      () => writeStatement({ ...refused, inputKind: 'prompt', classifiers: verdict.classifiers }),
      (error) => isFault(error, 'statement_incomplete'),
    )
  })

  it('states a denied image from the verdict itself, by band and never by score', () => {
    const evidence = {
      categories: { weapons: 0.01, 'violence/graphic': 0.87654321 },
      classifiers: [CLASSIFIER],
      opinions: [],
    }
    const verdict = judgeImage(policy, evidence, { tenant: 't' })
    assert.equal(verdict.verdict, 'deny')
    const statement = writeStatement({ ...denied(), decision: verdict, classifiers: verdict.classifiers })
    assert.equal(statement.band, 'high')
    assert.match(statement.facts, /band: high \(classifiers: storybook-safety 1\.0\.0\)/)
    assert.doesNotMatch(JSON.stringify([statement, statementJson(statement), userNotice(statement)]), /0?\.8765/)
  })

  it('keeps automated detection and automated decision apart', () => {
    const { findings = new Map() } = policy.clauses.get(denied().decision.clause ?? '')?.statement ?? {}
    const chosen = Object.fromEntries([...findings].map(([place, phrases]) => [place, phrases[0]]))
    const statement = writeStatement({ ...denied(), decidedBy: 'person', findings: chosen })
    const json = statementJson(statement)
    assert.deepEqual([json.automated_detection, json.automated_decision], [true, false])
    assert.ok(userNotice(statement).sentences.includes('Software found this, and a person decided.'))
  })

  it('says how to appeal, out of court and in court, and until when', () => {
    const { redress, notice } = statementJson(writeStatement(denied()))
    assert.ok(redress.kind === 'full')
    assert.equal(redress.appeal_until, UNTIL.toISOString())
    assert.ok(redress.out_of_court.length > 0 && redress.courts.length > 0)
    assert.ok(notice.sentences.some((sentence) => sentence.includes('until 2027-05-25')))
    assert.ok(notice.sentences.includes('You were not charged.'))
  })

  it('a restricted clause gives a minimal notice without appeal details', () => {
    const json = statementJson(writeStatement(cite('sexual/minors/1', 'sexual/minors', 'input')))
    assert.equal(json.redress.kind, 'restricted')
    assert.doesNotMatch(JSON.stringify(json), /appeal_until|You can appeal/)
  })

  it('is plain JSON: it survives being stored', () => {
    const statement = writeStatement(denied())
    assert.deepEqual(JSON.parse(JSON.stringify(statement)), statement)
  })

  const decision = (part: Partial<StatementInput['decision']>) => () => ({
    decision: { ...denied().decision, ...part },
  })
  const INCOMPLETE: readonly (readonly [name: string, field: string, change: () => Partial<StatementInput>])[] = [
    ['no id', 'id', () => ({ id: '' })],
    ['no subject', 'subject.id', () => ({ subject: { kind: 'image', id: '' } })],
    ['the wrong kind of subject', 'subject.kind', () => ({ subject: { kind: 'request', id: 'req_test' } })],
    ['no clause', 'clause', decision({ clause: null })],
    ['an unknown clause', 'clause', decision({ clause: 'violence/99' })],
    [
      'a clause that never refuses',
      'ground',
      decision({ clause: 'weapons/1', category: 'weapons', categories: ['weapons'] }),
    ],
    ['a category that is not the clause’s', 'category', decision({ category: 'hate' })],
    ['categories without the cited one', 'category', decision({ categories: ['hate'] })],
    ['an input refusal without its facts', 'facts.phrases', () => inputWithoutFacts()],
    ['a band of the other stage', 'band', decision({ band: 'matched' })],
    [
      'another version of the policy',
      'policy',
      decision({ policy: { id: 'moderation', version: '0.9.0', digest: 'old' } }),
    ],
    ['no classifiers though software found it', 'classifiers', () => ({ classifiers: [] })],
    ['a classifier without its digest', 'classifiers', () => ({ classifiers: [{ ...CLASSIFIER, digest: '' }] })],
    ['no time of decision', 'decidedAt', () => ({ decidedAt: new Date(Number.NaN) })],
    ['no time to appeal', 'redress.appealUntil', () => ({ appealUntil: new Date(Number.NaN) })],
    ['a window that is over before it opens', 'redress.appealUntil', () => ({ appealUntil: DECIDED })],
  ]
  function inputWithoutFacts(): Partial<StatementInput> {
    const { facts: _, ...bare } = cite('violence/graphic/2', 'violence/graphic', 'input').decision
    return { stage: 'input', subject: { kind: 'request', id: 'req_test' }, decision: bare }
  }
  for (const [name, field, change] of INCOMPLETE)
    it(`${name}: there is no statement`, () => {
      assert.throws(
        () => writeStatement({ ...denied(), ...change() }),
        (error) => error instanceof Fault && error.code === 'statement_incomplete' && error.field === field,
      )
    })
})

// Image verdicts: each threshold exactly, everything unknown held, and no clause that lifts a deny.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { before, describe, it } from 'node:test'
import { Fault } from '../../src/kernel/fault.ts'
import { type ImageContext, type ImageEvidence, judgeImage } from '../../src/moderate/verdict.ts'
import { loadModerationPolicy, parseModerationPolicy } from '../../src/policy/load.ts'
import type { ModerationPolicy } from '../../src/policy/policy.ts'

const FILE = 'policies/moderation.yaml'
const CLASSIFIER = { id: 'storybook-safety', version: '1.0.0', digest: 'ab'.repeat(32) }
let policy: ModerationPolicy
before(async () => {
  policy = await loadModerationPolicy(FILE)
})

const CLEAN = { weapons: 0.01, 'violence/graphic': 0.01 }
const evidence = (categories: Record<string, number>): ImageEvidence => ({
  categories,
  classifiers: [CLASSIFIER],
  opinions: [{ id: CLASSIFIER.id, categories }],
})
const judge = (scores: Record<string, number>, context: Partial<ImageContext> = {}) =>
  judgeImage(policy, evidence({ ...CLEAN, ...scores }), { tenant: 'ten_test', ...context })

/** The next double below. */
function below(x: number): number {
  const bits = new DataView(new ArrayBuffer(8))
  bits.setFloat64(0, x)
  bits.setBigUint64(0, bits.getBigUint64(0) - 1n)
  return bits.getFloat64(0)
}

describe('image verdicts', () => {
  it('allows a clean image, and says by which policy and classifiers', () => {
    const verdict = judge({})
    assert.equal(verdict.verdict, 'allow')
    assert.equal(verdict.band, 'low')
    assert.deepEqual(verdict.scores, CLEAN)
    assert.deepEqual(verdict.classifiers, [CLASSIFIER])
    assert.deepEqual(verdict.policy, { id: policy.id, version: policy.version, digest: policy.digest })
    assert.deepEqual(verdict.categories, [])
  })

  // violence/graphic: hold 0.35, deny 0.8, margin 0.03
  const EDGES: readonly (readonly [score: number, verdict: string, reason: string, band: string])[] = [
    [0, 'allow', 'clear', 'low'],
    [below(0.32), 'allow', 'clear', 'low'],
    [0.32, 'hold', 'near_hold', 'borderline'],
    [0.35, 'hold', 'near_hold', 'borderline'],
    [below(0.38), 'hold', 'near_hold', 'borderline'],
    [0.38, 'hold', 'hold_band', 'elevated'],
    [below(0.77), 'hold', 'hold_band', 'elevated'],
    [0.77, 'hold', 'near_deny', 'borderline'],
    [0.8, 'hold', 'near_deny', 'borderline'],
    [below(0.83), 'hold', 'near_deny', 'borderline'],
    [0.83, 'deny', 'deny_band', 'high'],
    [1, 'deny', 'deny_band', 'high'],
  ]
  for (const [score, expected, reason, band] of EDGES)
    it(`violence/graphic at ${score} is ${expected} (${reason})`, () => {
      const verdict = judge({ 'violence/graphic': score })
      assert.deepEqual([verdict.verdict, verdict.reason, verdict.band], [expected, reason, band])
      if (expected === 'allow') return
      assert.equal(verdict.category, 'violence/graphic')
      assert.equal(verdict.clause, 'violence/graphic/3')
      assert.equal(verdict.score, score)
      assert.deepEqual(verdict.categories, ['violence/graphic'])
    })

  it('every threshold of every category lies exactly where the policy says', () => {
    for (const { id, image } of policy.categories) {
      if (image === null) continue
      const at = (score: number) => judge({ [id]: score }).verdict
      assert.equal(at(below(image.nearHoldFrom)), 'allow', id)
      assert.equal(at(image.nearHoldFrom), 'hold', id)
      assert.equal(at(1), image.denyFrom === null ? 'hold' : 'deny', id)
      if (image.denyFrom === null) continue
      assert.equal(at(below(image.denyFrom)), 'hold', id)
      assert.equal(at(image.denyFrom), 'deny', id)
    }
  })

  it('holds everything when the model names no calibrated classifier', () => {
    for (const nothing of [null, { categories: CLEAN, classifiers: [], opinions: [] }]) {
      const verdict = judgeImage(policy, nothing, { tenant: 't' })
      assert.deepEqual([verdict.verdict, verdict.reason, verdict.band], ['hold', 'no_classifier', 'unscored'])
    }
  })

  for (const broken of [Number.NaN, Number.POSITIVE_INFINITY, -0.001, 1.001])
    it(`holds when a score is ${broken}, even beside one that would deny`, () => {
      const verdict = judge({ weapons: broken, 'violence/graphic': 0.99 })
      assert.deepEqual([verdict.verdict, verdict.reason, verdict.category], ['hold', 'score_invalid', 'weapons'])
      for (const score of Object.values(verdict.scores)) assert.ok(Number.isFinite(score))
    })

  const said = (...opinions: Record<string, number>[]): ImageEvidence => ({
    categories: Object.fromEntries(
      Object.keys(CLEAN).map((category) => [category, Math.max(...opinions.map((one) => one[category] ?? 0))]),
    ),
    classifiers: opinions.map((_, i) => ({ ...CLASSIFIER, id: `classifier-${i}` })),
    opinions: opinions.map((one, i) => ({ id: `classifier-${i}`, categories: { ...CLEAN, ...one } })),
  })
  const DISPUTES: readonly (readonly [scores: number[], verdict: string, reason: string])[] = [
    [[0.01, 0.99], 'hold', 'disagree'],
    [[0.99, 0.01], 'hold', 'disagree'],
    [[0.01, 0.5], 'hold', 'disagree'],
    [[0.9, 0.01, 0.95], 'hold', 'disagree'],
    // Exactly the margin, which is 0.3 where the policy does not say.
    [[0.1, 0.4], 'hold', 'disagree'],
    [[0.1, below(0.399999)], 'hold', 'hold_band'],
    [[0.31, 0.35], 'hold', 'near_hold'],
    // None of them would allow.
    [[0.4, 0.99], 'deny', 'deny_band'],
    // None of them would not.
    [[0, 0.31], 'allow', 'clear'],
  ]
  for (const [scores, expected, reason] of DISPUTES)
    it(`classifiers that say ${scores.join(' and ')} of gore: ${expected} (${reason})`, () => {
      const verdict = judgeImage(policy, said(...scores.map((gore) => ({ 'violence/graphic': gore }))), {
        tenant: 't',
        contexts: ['fiction'],
      })
      assert.deepEqual([verdict.verdict, verdict.reason], [expected, reason])
      assert.equal(verdict.opinions.length, scores.length)
      if (reason !== 'disagree') return
      assert.deepEqual([verdict.category, verdict.categories], ['violence/graphic', ['violence/graphic']])
      assert.equal(verdict.clause, 'violence/graphic/3')
    })

  it('a policy says by how much its classifiers may differ', async () => {
    const text = (await readFile(FILE, 'utf8')).replace(/( +)margin: 0.03\n/, '$&$1disagree: 0.6\n')
    const lax = parseModerationPolicy(Buffer.from(text), FILE)
    const rule = lax.categories.find(({ image }) => image?.disagreeFrom === 0.6)
    assert.ok(rule?.image)
    assert.ok(policy.categories.every(({ image }) => image === null || image.disagreeFrom === 0.3))
    const high = rule.image.holdFrom
    const reason = (low: number) =>
      judgeImage(lax, said({ [rule.id]: low }, { [rule.id]: high }), { tenant: 't' }).reason
    assert.notEqual(reason(0.01), 'disagree')
  })

  it('what one category is denied for does not outrank what the classifiers dispute', () => {
    const evidence = said({ 'violence/graphic': 0.99, weapons: 0.01 }, { 'violence/graphic': 0.98, weapons: 0.99 })
    const verdict = judgeImage(policy, evidence, { tenant: 't' })
    assert.deepEqual([verdict.verdict, verdict.reason, verdict.category], ['hold', 'disagree', 'weapons'])
  })

  for (const [silent, reason] of [
    ['missing', 'classifier_missing'],
    ['failed', 'classifier_failed'],
  ] as const)
    it(`a classifier that is ${silent} holds, whatever the others say`, () => {
      for (const score of [0.01, 0.99]) {
        const others = said({ 'violence/graphic': score })
        const opinions = [...others.opinions, { id: 'nudenet', silent }]
        const verdict = judgeImage(policy, { ...others, opinions }, { tenant: 't' })
        assert.deepEqual([verdict.verdict, verdict.reason, verdict.category], ['hold', reason, null])
        assert.deepEqual(verdict.opinions.at(-1), { id: 'nudenet', silent })
      }
      const alone = { categories: {}, classifiers: [], opinions: [{ id: 'nudenet', silent }] }
      assert.equal(judgeImage(policy, alone, { tenant: 't' }).reason, reason)
    })

  it('holds when a required category has no score', () => {
    for (const category of ['weapons', 'violence/graphic'] as const) {
      const { [category]: _, ...rest } = CLEAN
      const verdict = judgeImage(policy, evidence(rest), { tenant: 't' })
      assert.deepEqual([verdict.verdict, verdict.reason, verdict.category], ['hold', 'score_missing', category])
    }
  })

  it('holds when a score has no thresholds in the policy', () => {
    for (const category of ['novelty', 'sexual/minors', '__proto__x'])
      assert.deepEqual(
        [judge({ [category]: 0.01 }).verdict, judge({ [category]: 0.01 }).reason],
        ['hold', 'category_unknown'],
      )
  })

  it('a deny outranks a hold, and the gravest category is cited', () => {
    const verdict = judge({ weapons: 0.99, 'violence/graphic': 0.9, sexual: 0.99 })
    assert.deepEqual([verdict.verdict, verdict.category], ['deny', 'violence/graphic'])
    assert.deepEqual(verdict.categories, ['violence/graphic', 'sexual'])
  })

  it('a weapon alone is held, and never denied', () => {
    assert.equal(judge({ weapons: 0.46 }).verdict, 'allow')
    assert.equal(judge({ weapons: 0.47 }).verdict, 'hold')
    assert.equal(judge({ weapons: 1 }).verdict, 'hold')
  })

  it('a sword in a fairy tale is let through, but not with blood on it', () => {
    const tale = { contexts: ['fiction'] }
    assert.deepEqual(
      [judge({ weapons: 0.99 }, tale).verdict, judge({ weapons: 0.99 }, tale).reason],
      ['allow', 'lifted'],
    )
    assert.equal(judge({ weapons: 0.99, 'violence/graphic': 0.25 }, tale).verdict, 'hold')
    assert.equal(judge({ weapons: 0.99, 'violence/graphic': 0.9 }, tale).verdict, 'deny')
  })

  it('the first context that holds replaces the thresholds, and the others leave them', () => {
    const at = (score: number, ...contexts: string[]) => judge({ 'violence/graphic': score }, { contexts }).verdict
    assert.deepEqual(
      [at(0.41), at(0.41, 'medical'), at(0.41, 'education'), at(0.41, 'fiction')],
      ['hold', 'allow', 'hold', 'hold'],
    )
    assert.equal(at(0.41, 'education', 'medical'), 'allow', 'medical stands first in the policy')
    assert.deepEqual([at(0.99), at(0.99, 'medical')], ['deny', 'hold'], 'a person judges what medicine shows')
  })

  it('a picture that the prompt asked a person to judge is held, and denied all the same', () => {
    const hold = { clause: 'harassment/1', category: 'harassment', categories: ['harassment'] }
    const asked = judge({}, { hold })
    assert.deepEqual(
      [asked.verdict, asked.reason, asked.clause, asked.category, asked.score],
      ['hold', 'asked', 'harassment/1', 'harassment', null],
    )
    assert.deepEqual(asked.categories, ['harassment'])
    assert.equal(judge({ 'violence/graphic': 0.99 }, { hold }).verdict, 'deny')
    assert.equal(judge({ 'violence/graphic': 0.5 }, { hold }).reason, 'hold_band')
  })

  it('no allow clause lifts a deny or what is nearly one', async () => {
    const text = (await readFile(FILE, 'utf8')).replace(
      'hold: 0.5\n      margin',
      'hold: 0.5\n      deny: 0.9\n      margin',
    )
    const strict = parseModerationPolicy(Buffer.from(text), FILE)
    const at = (weapons: number) =>
      judgeImage(strict, evidence({ ...CLEAN, weapons }), { tenant: 't', contexts: ['fiction'] }).verdict
    assert.deepEqual([at(0.6), at(0.9), at(0.95)], ['allow', 'hold', 'deny'])
  })

  it('clauses at output can hold, deny and escalate by condition', async () => {
    const text = await readFile(FILE, 'utf8')
    for (const [action, expected, reason] of [
      ['hold', 'hold', 'rule'],
      ['deny', 'deny', 'rule'],
      ['escalate', 'hold', 'escalated'],
    ]) {
      const rule = `        output:\n          when: 'tenant == "ten_test"'\n          action: ${action}\n        statement:`
      const own = text.replace(/(rule: A picture may not show blood or gore\.\n) {8}statement:/, `$1${rule}`)
      const verdict = judgeImage(parseModerationPolicy(Buffer.from(own), FILE), evidence(CLEAN), { tenant: 'ten_test' })
      assert.deepEqual([verdict.verdict, verdict.reason, verdict.clause], [expected, reason, 'violence/graphic/3'])
    }
  })

  it('a condition that fails while it runs is a fault, never a verdict', async () => {
    const text = (await readFile(FILE, 'utf8')).replace(
      `&& scores["violence/graphic"] < 0.2'`,
      `&& scores["violence/graphic"] < double(tenant)'`,
    )
    const failing = parseModerationPolicy(Buffer.from(text), FILE)
    assert.throws(
      () => judgeImage(failing, evidence({ ...CLEAN, weapons: 0.99 }), { tenant: 'no number', contexts: ['fiction'] }),
      (error) => error instanceof Fault && error.code === 'policy_invalid' && error.field === 'weapons/1',
    )
  })
})

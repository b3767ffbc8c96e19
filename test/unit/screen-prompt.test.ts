// Prompt screening against the policy that ships: what passes, what is refused, what cannot hide, and how long it takes.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { before, describe, it } from 'node:test'
import { findInText } from '../../src/admit/moderations.ts'
import { screenPrompt } from '../../src/admit/screen.ts'
import { Fault } from '../../src/kernel/fault.ts'
import { loadModerationPolicy, parseModerationPolicy } from '../../src/policy/load.ts'
import type { ModerationPolicy } from '../../src/policy/policy.ts'
import { BYPASSES, MUST_PASS, MUST_REFUSE } from './screen-tables.ts'

const FILE = 'policies/moderation.yaml'
let policy: ModerationPolicy
before(async () => {
  policy = await loadModerationPolicy(FILE)
})
const screen = (prompt: string) => screenPrompt(policy, { prompt, tenant: 'ten_test' })

describe('prompt screening', () => {
  for (const prompt of MUST_PASS)
    it(`lets pass: ${prompt}`, () => {
      const outcome = screen(prompt)
      assert.equal(
        outcome.verdict,
        'allow',
        outcome.verdict === 'refuse' ? `${outcome.clause} ${outcome.facts.lists}` : '',
      )
    })

  for (const [prompt, category] of MUST_REFUSE)
    it(`refuses as ${category}: ${prompt}`, () => assert.equal(categoryOf(prompt), category))

  for (const [how, prompt, category] of BYPASSES)
    it(`sees through ${how}`, () => assert.equal(categoryOf(prompt), category))

  it('names the policy that decided, whichever way', () => {
    const ref = { id: policy.id, version: policy.version, digest: policy.digest }
    assert.deepEqual(screen('a red house').policy, ref)
    assert.deepEqual(screen('gore').policy, ref)
  })

  it('a declared purpose counts as its context', () => {
    assert.equal(screenPrompt(policy, { prompt: 'a penis', purpose: 'medical', tenant: 't' }).verdict, 'allow')
    assert.equal(screenPrompt(policy, { prompt: 'a penis', tenant: 't' }).verdict, 'refuse')
  })

  it('no purpose opens what harms children', () => {
    for (const purpose of policy.purposes)
      assert.equal(screenPrompt(policy, { prompt: 'a nude child', purpose, tenant: 't' }).verdict, 'refuse')
  })

  it('an unknown purpose is an invalid request that names the field', () => {
    assert.throws(
      () => screenPrompt(policy, { prompt: 'a house', purpose: 'fun', tenant: 't' }),
      (error) => error instanceof Fault && error.code === 'invalid_request' && error.field === 'purpose',
    )
  })

  it('what a negative prompt keeps out is not held against it', () => {
    const outcome = screenPrompt(policy, {
      prompt: 'a woman on a beach',
      negativePrompt: 'nsfw, nude, gore',
      tenant: 't',
    })
    assert.equal(outcome.verdict, 'allow')
  })

  it('a negative prompt that takes the clothes off a person is refused', () => {
    const outcome = screenPrompt(policy, {
      prompt: 'a woman on a beach',
      negativePrompt: 'clothes, bikini',
      tenant: 't',
    })
    assert.equal(outcome.verdict === 'refuse' && outcome.clause, 'sexual/4')
  })

  it('lists every category that refuses, the gravest first', () => {
    const outcome = screen('porn, gore, a swastika')
    assert.ok(outcome.verdict === 'refuse')
    assert.deepEqual(outcome.categories, ['violence/graphic', 'hate', 'sexual'])
    assert.deepEqual(outcome.clauses, ['violence/graphic/2', 'hate/2', 'sexual/1'], 'one clause of each')
  })

  it('a lifted clause is skipped and no other', () => {
    const skip = (clause: string) =>
      screenPrompt(policy, { prompt: 'gore', tenant: 't', skipClauses: [clause] }).verdict
    assert.equal(skip('violence/graphic/2'), 'allow')
    assert.equal(skip('violence/1'), 'refuse')
  })

  it('facts hold names and numbers of ours, never a word of the prompt', () => {
    const outcome = screen('zanzibar xylophone massacre enthauptet')
    assert.ok(outcome.verdict === 'refuse')
    assert.deepEqual(outcome.facts, {
      lists: ['gore'],
      phrases: 2,
      languages: ['de', 'en'],
      contexts: [],
      purpose: 'none',
      escalate: false,
    })
    assert.doesNotMatch(JSON.stringify(outcome), /zanzibar|xylophone|massacre|enthauptet/)
  })

  it('asks that a person be told of what is escalated', () => {
    const outcome = screen('a nude child')
    assert.ok(outcome.verdict === 'refuse' && outcome.facts.escalate)
  })

  it('a clause that holds lets the prompt through for a person, and a refusal of another category comes first', async () => {
    const text = (await readFile(FILE, 'utf8')).replace(
      /(when: '"harassment" in .*\n {10}action: )deny/,
      (_, start: string) => `${start}hold`,
    )
    const holding = parseModerationPolicy(Buffer.from(text), FILE)
    const outcome = screenPrompt(holding, { prompt: 'a picture to mock my classmate', tenant: 't' })
    assert.ok(outcome.verdict === 'allow')
    assert.deepEqual(outcome.hold, { clause: 'harassment/1', category: 'harassment', categories: ['harassment'] })
    assert.equal(screenPrompt(holding, { prompt: 'mock my classmate, gore', tenant: 't' }).verdict, 'refuse')
    const plain = screen('a red house')
    assert.ok(plain.verdict === 'allow' && plain.hold === null)
    const flagged = findInText(holding, 'a picture to mock my classmate', 't').byCategory.get('harassment')
    assert.equal(flagged?.flagged, true)
  })

  it('a condition that fails while it runs is a fault, never an allow', async () => {
    const text = (await readFile(FILE, 'utf8')).replace(
      `when: '"hate" in prompt.matches'`,
      `when: '"hate" in prompt.matches || double(tenant) > 1.0'`,
    )
    const failing = parseModerationPolicy(Buffer.from(text), FILE)
    assert.throws(
      () => screenPrompt(failing, { prompt: 'a red house', tenant: 'no number' }),
      (error) => error instanceof Fault && error.code === 'policy_invalid' && error.field === 'hate/1',
    )
  })

  it('gives the same answer every time', () => {
    assert.deepEqual(screen('gore and a gun pointed at a child'), screen('gore and a gun pointed at a child'))
  })

  it('takes linear time on hostile texts: eight times the text takes far less than 64 times the time', () => {
    const units = [
      'gun ',
      'g o r e ',
      'a-',
      'a-------',
      '$a',
      'a1',
      'aaaa',
      'e\u0301',
      '\u0301',
      'а',
      'g\u200b',
      "a'",
      'kill a b ',
    ]
    for (const unit of units) {
      const text = (length: number) => unit.repeat(Math.ceil(length / unit.length)).slice(0, length)
      // Other work on the machine slows a run down; it never makes quadratic work look linear, so one fair try is enough.
      const ratios: number[] = []
      do ratios.push(fastest(text(48_000)) / fastest(text(6000)))
      while (ratios.length < 6 && (ratios.at(-1) ?? 0) > 32)
      assert.ok(
        Math.min(...ratios) <= 32,
        `${JSON.stringify(unit)}: ${ratios.map((r) => r.toFixed(1)).join(', ')} times`,
      )
    }
  })
})

function categoryOf(prompt: string): string {
  const outcome = screen(prompt)
  return outcome.verdict === 'refuse' ? outcome.category : 'allowed'
}

/** Milliseconds of the fastest of five runs. */
function fastest(prompt: string): number {
  let best = Number.POSITIVE_INFINITY
  for (let run = 0; run < 5; run++) {
    const start = performance.now()
    screen(prompt)
    best = Math.min(best, performance.now() - start)
  }
  return best
}

// What a policy is refused for beyond its shape: clauses that nobody reaches, thresholds that cannot work, and what no reviewer could state.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseModerationPolicy } from '../../src/policy/load.ts'
import { type Case, FILE, good, problemsOf, refused } from './policy-refusals.ts'

describe('the clauses of a policy', () => {
  const CASES: readonly Case[] = [
    [
      'a condition that is never true',
      `when: '"hate" in prompt.matches'`,
      `when: '"hate" in prompt.matches && !("hate" in prompt.matches)'`,
      /unreachable: this condition is never true/,
    ],
    [
      'a condition that is always true',
      `when: '"hate" in prompt.matches'`,
      `when: '"hate" in prompt.matches || !("hate" in prompt.matches)'`,
      /ambiguous: this condition is always true/,
    ],
    [
      'a clause that an earlier one covers',
      `when: '"hate_symbols" in prompt.matches && !("education" in prompt.contexts)'`,
      `when: '"hate" in prompt.matches && "hate_symbols" in prompt.matches'`,
      /unreachable: .* earlier clause has decided \(hate\/1\)/,
    ],
    [
      'an allow that hides what comes after it',
      `when: '"hate" in prompt.matches'\n          action: deny`,
      `when: '"hate" in prompt.matches || "hate_symbols" in prompt.matches'\n          action: allow`,
      /this allow hides every clause after it \(hate\/2\)/,
    ],
    [
      'a rule at output where nothing is scored',
      `        input:\n          when: '"harassment" in prompt.matches`,
      `        output:\n          when: 'tenant == "x"'\n          action: hold\n        input:\n          when: '"harassment" in prompt.matches`,
      /no picture is scored in a category without `image`/,
      `        output:\n          when: 'tenant == "x"'`,
    ],
    [
      'a purpose in a list that does not exist',
      'purpose == "education"',
      'purpose in ["education", "teaching"]',
      /"teaching" is no purpose/,
    ],
    [
      'a context that does not exist for thresholds',
      '{ context: art, hold',
      '{ context: arts, hold',
      /"arts" is no context/,
    ],
    [
      'a context twice for thresholds',
      '{ context: art, hold',
      '{ context: medical, hold',
      /"medical" stands here twice/,
      '{ context: medical, hold: 0.4, margin: 0.03 }\n    clauses:\n      - id: sexual/1',
    ],
    [
      'thresholds of a context that overlap',
      '{ context: art, hold: 0.4,',
      '{ context: art, hold: 0.4, deny: 0.42,',
      /margins .* overlap/,
    ],
    ['loosest thresholds that loosen nothing', 'loosest: { hold: 0.55', 'loosest: { hold: 0.45', /loosens nothing/],
    [
      'a loosest deny where no score denies',
      'hold: 0.5\n      margin',
      'hold: 0.5\n      loosest: { deny: 0.9 }\n      margin',
      /nothing to loosen/,
      'loosest: { deny: 0.9 }',
    ],
    [
      'a clause that a reviewer cannot state',
      '            review: "A person looked at this and found what rule {clause} forbids."\n',
      '',
      /a reviewer could not state/,
      'statement:\n          ground: Moderation policy, sexual/minors',
    ],
    [
      'a place that no finding fills',
      '{symbol}; {setting}',
      '{symbols}; {setting}',
      /\{symbols\} is unknown at review/,
    ],
    [
      'a finding that no place uses',
      '{symbol}; {setting}',
      'something; {setting}',
      /the finding "symbol" is used by no place/,
      'symbol:\n              - a symbol of National',
    ],
    [
      'a finding without a choice',
      '            weapon:\n              - a realistic firearm\n',
      '            weapon:\n',
      /at least 2 phrases/,
      'weapon:\n              - a firearm that is plainly',
    ],
    ['a phrase with braces', '- a realistic firearm\n', '- a {realistic} firearm\n', /plain text in one line/],
    [
      'a phrase that is too long',
      '- a realistic firearm\n',
      `- a ${'very '.repeat(24)}realistic firearm\n`,
      /at most 120/,
    ],
    [
      'a finding phrase twice',
      '- shown openly\n',
      '- shown by drawn figures\n',
      /stands here twice/,
      '- shown by drawn figures\n      - id: sexual/2',
    ],
    [
      'a finding with a name that is taken',
      '            symbol:\n',
      '            category:\n',
      /give the finding another name/,
    ],
  ]
  for (const [name, from, to, reason, needle] of CASES)
    it(`refuses ${name}, with its line`, () => refused(from, to, reason, needle ?? to))

  it('refuses a hold of a prompt whose picture no reviewer could deny by it, and takes one without facts for input', () => {
    const [input, output] = ['input: An automated check', 'output: A review'].map(
      (start) =>
        `            ${start} of the ${start.startsWith('input') ? 'text' : 'image'} found what rule {clause} forbids.\n`,
    )
    const holding = good.replace('action: escalate', 'action: hold')
    assert.match(problemsOf(holding.replace(output ?? '', '')).lines.join(), /no facts for output/)
    assert.ok(parseModerationPolicy(Buffer.from(holding.replace(input ?? '', '')), FILE))
  })
})

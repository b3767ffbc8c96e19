// Loading a policy: the one that ships loads; a wrong one is refused with the line and the reason of every problem.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { Fault } from '../../src/kernel/fault.ts'
import { loadModerationPolicy, parseModerationPolicy } from '../../src/policy/load.ts'
import { type Case, changed, FILE, good, lineOf, problemsOf, refused } from './policy-refusals.ts'

const OPENAI = ['violence', 'violence/graphic', 'sexual', 'sexual/minors', 'hate', 'harassment', 'self-harm', 'illicit']
describe('loading the moderation policy', () => {
  it('the policy that ships loads, with the SHA-256 of its bytes', async () => {
    const policy = await loadModerationPolicy(FILE)
    assert.equal(policy.digest, createHash('sha256').update(good).digest('hex'))
    assert.equal(policy.id, 'moderation')
    for (const id of [...OPENAI, 'weapons'])
      assert.ok(
        policy.categories.some((c) => c.id === id),
        id,
      )
    for (const category of policy.categories) assert.ok(category.shouldNot.length > 0 && category.can.length > 0)
  })

  it('a file that is not there is refused by name, without the path of this machine', async () => {
    await assert.rejects(loadModerationPolicy('/nowhere/policies/moderation.yaml'), (error) => {
      assert.ok(error instanceof Fault && error.code === 'policy_invalid')
      assert.equal(error.field, FILE)
      assert.doesNotMatch(error.message, /nowhere/)
      return true
    })
  })

  it('the field is the place of the first problem, and every problem has a line', () => {
    const text = changed('owner: Trust and safety', 'owner: Trust and safety\ncolour: red').replace(
      'severity: 100',
      'severity: high',
    )
    const { field, lines } = problemsOf(text)
    assert.equal(field, `${FILE}:${lineOf(text, 'colour: red')}:1`)
    assert.equal(lines.length, 2)
    assert.match(lines[1] ?? '', new RegExp(`:${lineOf(text, 'severity: high')}:\\d+: .*must be integer`))
  })

  const CASES: readonly Case[] = [
    [
      'an unknown key',
      'owner: Trust and safety',
      'owner: Trust and safety\nthreshold: 3',
      /unknown key "threshold"/,
      'threshold: 3',
    ],
    ['an unknown key deep inside', 'hold: 0.6', 'hold: 0.6\n      denny: 0.9', /unknown key "denny"/, 'denny'],
    ['a missing part', '    severity: 45\n', '', /lacks severity/, 'id: illicit\n'],
    ['a key twice', 'severity: 45', 'severity: 45\n    severity: 46', /unique/i, 'severity: 46'],
    ['broken YAML', 'severity: 45', 'severity: [45', /./, 'should_not:\n      - Explain how'],
    ['an unknown action', 'action: escalate', 'action: shrug', /must be one of allow, hold, deny, escalate/],
    ['a date that is none', '"2026-11-30"', '"2026-02-30"', /is no date/],
    ['a version that is none', 'version: "1.2.0"', 'version: "one"', /pattern/],
    [
      'a category twice',
      '- id: harassment\n',
      '- id: illicit\n',
      /category "illicit" stands here twice/,
      'id: illicit\n    name: harassment',
    ],
    ['a clause twice', 'id: violence/2', 'id: violence/1 # again', /clause "violence\/1" exists already/],
    ['a clause of another category', 'id: hate/2', 'id: hatred/2', /is no clause id of this category/],
    ['a severity twice', 'severity: 45', 'severity: 50 # again', /severity "50" stands here twice/],
    [
      'hold at deny',
      'hold: 0.5\n      deny: 0.9',
      'hold: 0.9\n      deny: 0.9',
      /unreachable/,
      'deny: 0.9\n      margin',
    ],
    [
      'hold over deny',
      'hold: 0.5\n      deny: 0.9',
      'hold: 0.95\n      deny: 0.9',
      /unreachable/,
      'deny: 0.9\n      margin',
    ],
    ['a deny that no score reaches', 'deny: 0.9\n', 'deny: 0.99\n', /unreachable: deny plus margin/],
    ['a hold that holds everything', 'hold: 0.6', 'hold: 0.02', /every image would be held/],
    [
      'margins that overlap',
      'hold: 0.5\n      deny',
      'hold: 0.87\n      deny',
      /overlap/,
      'margin: 0.03\n      loosest',
    ],
    ['a threshold over one', 'hold: 0.6', 'hold: 1.6', /<= 1/],
    ['thresholds that cite no clause', 'clause: illicit/1', 'clause: illicit/9', /is no clause of this category/],
    ['CEL that does not parse', `when: '"hate" in prompt.matches'`, `when: '"hate" in'`, /CEL: /],
    ['CEL that does not type-check', `when: '"hate" in prompt.matches'`, `when: 'tenant + 1 == 2'`, /CEL: .*overload/],
    ['CEL that is no condition', `when: '"hate" in prompt.matches'`, `when: 'tenant'`, /gives string, expected bool/],
    ['CEL that depends on nothing', `when: '"hate" in prompt.matches'`, `when: 'false'`, /always or never/],
    ['CEL on an unknown variable', `when: '"hate" in prompt.matches'`, `when: 'user == "x"'`, /Unknown variable: user/],
    [
      'scores at input',
      `when: '"hate" in prompt.matches'`,
      `when: 'scores["weapons"] > 0.5'`,
      /Unknown variable: scores/,
    ],
    [
      'a list that does not exist',
      `when: '"hate" in prompt.matches'`,
      `when: '"haet" in prompt.matches'`,
      /"haet" is no list/,
    ],
    [
      'a context that does not exist',
      '!("education" in prompt.contexts)\'\n          action: deny\n        statement:\n          ground: Moderation policy, hate',
      '!("school" in prompt.contexts)\'\n          action: deny\n        statement:\n          ground: Moderation policy, hate',
      /"school" is no context/,
      '("school"',
    ],
    [
      'a score that not every image has',
      'scores["violence/graphic"] < 0.2',
      'scores["hate"] < 0.2',
      /"hate" is no category that every image/,
    ],
    ['a purpose that does not exist', 'purpose == "education"', 'purpose == "teaching"', /"teaching" is no purpose/],
    [
      'two clauses with one condition',
      `when: '"armed_child" in prompt.matches && !("education" in prompt.contexts)'`,
      `when: '"violence_person" in prompt.matches  && !("education" in prompt.contexts || "art" in prompt.contexts)'`,
      /ambiguous: clause violence\/1/,
    ],
    [
      'a list that no condition uses',
      'lists:\n',
      'lists:\n  spare:\n    name: spare words\n    phrases: {en: [sparrow]}\n',
      /no condition uses the list "spare"/,
      'spare:',
    ],
    [
      'a phrase twice',
      '        - gore\n',
      '        - gore\n        - gore # again\n',
      /"gore" stands here twice/,
      'gore # again',
    ],
    ['a phrase that is a pattern', '        - gore\n', '        - "(gore)+"\n', /plain words/],
    ['a beginning that is too short', '        - gore\n', '        - "go*"\n', /at least 4 letters/],
    ['a gap at the end', '        - gore\n', '        - gore ~3\n', /a gap stands between/],
    ['a gap that is too wide', '        - gore\n', '        - gore ~99 x\n', /1 to 12 words/],
    [
      'facts with an unknown place',
      'found that it was made to humiliate or expose a person (score band {band})',
      'found {prompt}',
      /\{prompt\} is unknown at output/,
    ],
    [
      'facts of the wrong stage',
      'An automated check of the text found what rule {clause} forbids.',
      'Score band {band}.',
      /\{band\} is unknown at input/,
    ],
    [
      'a clause that refuses without facts',
      '            input: An automated check of the text found what rule {clause} forbids.\n',
      '',
      /no facts for input/,
      'statement:\n          ground: Moderation policy, sexual/minors',
    ],
    [
      'a blank ground',
      'ground: Moderation policy, harassment, clause 1, which is part of the terms of service.',
      'ground: "    "',
      /could not be filled: this is blank/,
    ],
    ['no redress', '    restricted: This decision', '    spare: This decision', /unknown key "spare"/],
    [
      'an alias',
      'territory: [EU, EEA, GB, US]',
      'territory: &t [EU]\npurposes2: *t',
      /aliases are not read/,
      '# What may be asked',
    ],
  ]
  for (const [name, from, to, reason, needle] of CASES)
    it(`refuses ${name}, with its line`, () => refused(from, to, reason, needle ?? to))

  it('refuses what is not UTF-8, or is empty', () => {
    assert.throws(() => parseModerationPolicy(Uint8Array.of(0xff, 0xfe), FILE), /not UTF-8/)
    assert.throws(() => parseModerationPolicy(new Uint8Array(), FILE), Fault)
  })
})

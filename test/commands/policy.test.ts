// `darkroom policy`: what it explains is what the service would do, what it compares is the meaning, and its exit codes can be relied on.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { explainPolicy } from '../../src/commands/policy-explain.ts'
import { tellExplanation } from '../../src/commands/policy-told.ts'
import { diffPolicies } from '../../src/policy/diff.ts'
import { loadModerationPolicy, readModerationPolicy } from '../../src/policy/load.ts'
import type { ModerationPolicy } from '../../src/policy/policy.ts'
import { policyOf } from '../../src/policy/settings.ts'

const FILE = 'policies/moderation.yaml'
const run = promisify(execFile)
let policy: ModerationPolicy
let text: string
let folder: string
before(async () => {
  policy = await loadModerationPolicy(FILE)
  text = await readFile(FILE, 'utf8')
  folder = await mkdtemp(join(tmpdir(), 'darkroom-policy-'))
})
after(() => rm(folder, { recursive: true, force: true }))

const darkroom = async (...args: string[]) => {
  const env = { PATH: process.env.PATH, DARKROOM_HOME: folder }
  const done = run(process.execPath, ['src/main.ts', 'policy', ...args], { env })
  return done.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  )
}
const documentOf = (source: string) => readModerationPolicy(Buffer.from(source), FILE).document
function edited(from: string, to: string): string {
  assert.equal(text.split(from).length, 2, `expected once: ${from}`)
  return text.replace(from, () => to)
}

test('an explanation tells which clause decided, by what, and which thresholds counted', () => {
  const asked = { prompt: 'gore in the snow', tenant: 't', negativePrompt: 'a shirt' }
  const { matched, input, output } = explainPolicy(policy, asked, { 'violence/graphic': 0.5 })
  assert.deepEqual(
    matched.map(({ id, where }) => [id, where]),
    [
      ['gore', 'prompt'],
      ['clothing_words', 'negative'],
    ],
  )
  assert.ok(input.verdict.verdict === 'refuse' && input.verdict.clause === 'violence/graphic/2')
  const clauses = input.categories.find(({ id }) => id === 'violence/graphic')?.clauses ?? []
  assert.deepEqual(
    clauses.map(({ id, why, holds }) => [id, why, holds]),
    [
      ['violence/graphic/1', 'does not hold', false],
      ['violence/graphic/2', 'decides', true],
    ],
  )
  assert.deepEqual(clauses[1]?.because, [
    { text: '"gore" in prompt.matches', holds: true },
    { text: '"medical" in prompt.contexts', holds: false },
    { text: '"education" in prompt.contexts', holds: false },
    { text: '"art" in prompt.contexts', holds: false },
  ])
  assert.deepEqual(output?.assumedZero, ['weapons'])
  assert.deepEqual(output?.categories[0]?.thresholds, { hold: 0.35, deny: 0.8, margin: 0.03, context: null })
  assert.deepEqual([output?.verdict.verdict, output?.verdict.reason], ['hold', 'hold_band'])
})

test('an explanation reads as a tenant’s settings make it', () => {
  const asked = { prompt: 'a massacre, surgical illustration', tenant: 't', purpose: 'medical' }
  const plain = tellExplanation(explainPolicy(policy, asked, { 'violence/graphic': 0.9 }))
  assert.match(plain, /contexts {2}medical, by the declared purpose\n/)
  assert.match(plain, /=> allowed\n/)
  assert.match(plain, /hold 0\.45, no score denies, margin 0\.03 in the context medical\) -> hold/)
  const own = policyOf(policy, { categories: { 'violence/graphic': { ignore_contexts: true, deny: 0.7 } } })
  const strict = tellExplanation(explainPolicy(own, asked, { 'violence/graphic': 0.9 }))
  assert.match(strict, /with the tenant's settings \(sha256 [0-9a-f]{64}\)/)
  assert.match(strict, /=> refused by violence\/graphic\/2/)
  assert.match(strict, /deny 0\.7, margin 0\.03\) -> deny/)
})

test('a difference is one of meaning, each told where it is', () => {
  const same = `# another comment\n${text.replace('hold: 0.35', 'hold:   0.350')}`
  assert.deepEqual(diffPolicies(documentOf(text), documentOf(same)), [])
  const cases: [string, string, string, string | null, string | null][] = [
    ['owner: Trust and safety', 'owner: Safety', 'policy owner', 'Trust and safety', 'Safety'],
    [
      '        - very|extremely|super|really|extra|ultra|most gory\n',
      '',
      'list gore phrases en',
      'very|extremely|super|really|extra|ultra|most gory',
      null,
    ],
    ['    en: [man, woman, men,', '    en: [woman, men,', 'words person en', 'man', null],
    ['  en: [massacre, massacred,', '  en: [massacre,', 'unmistakable words en', 'massacred', null],
    ['purposes: [art]', 'purposes: [art, education]', 'context art purposes', '["art"]', '["art","education"]'],
    ['action: escalate', 'action: deny', 'clause sexual/minors/1 input.action', 'escalate', 'deny'],
    ['hold: 0.5\n      margin', 'hold: 0.45\n      margin', 'category weapons image hold', '0.5', '0.45'],
    ['{ context: art, hold: 0.4,', '{ context: art, hold: 0.38,', 'category sexual image art.hold', '0.4', '0.38'],
    [
      'is part of the terms of service.\n          explanation: The clause applies because the picture appears to show a weapon',
      'holds.\n          explanation: The clause applies because the picture appears to show a weapon',
      'clause weapons/2 statement.ground',
      'Moderation policy, weapons, clause 2, which is part of the terms of service.',
      'Moderation policy, weapons, clause 2, which holds.',
    ],
  ]
  for (const [from, to, at, before, after] of cases)
    assert.deepEqual(diffPolicies(documentOf(text), documentOf(edited(from, to)))[0], { at, before, after })
})

test('check, diff and in-force say what they found by their exit codes', async () => {
  const [good, bad, other] = ['good.yaml', 'bad.yaml', 'other.yaml'].map((name) => join(folder, name))
  assert.ok(good && bad && other)
  await writeFile(good, text)
  await writeFile(bad, edited('hold: 0.5\n      margin', 'hold: 1.5\n      margin'))
  await writeFile(other, edited('hold: 0.5\n      margin', 'hold: 0.45\n      margin'))
  const checked = await darkroom('check', good)
  assert.deepEqual([checked.code, checked.stdout.includes(policy.digest)], [0, true])
  const refused = await darkroom('check', bad)
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /bad\.yaml:\d+:\d+: categories\.8\.image\.hold/)
  assert.equal((await darkroom('diff', good, good)).code, 0)
  const differing = await darkroom('diff', good, other, '--json')
  assert.deepEqual([differing.code, JSON.parse(differing.stdout).length], [1, 1])
  const asked = await darkroom('in-force', '--at', '2026-11-01T00:00:00Z')
  assert.equal(asked.code, 1)
  assert.match(asked.stderr, /embedded records belong to the running service/)
  assert.match((await darkroom('nonsense')).stderr, /say check/)
})

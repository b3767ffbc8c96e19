// A tenant's own settings: stricter always, looser only as far as the policy says, and never by what does not fit any more.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { before, test } from 'node:test'
import fc from 'fast-check'
import { screenPrompt } from '../../src/admit/screen.ts'
import { canonical, sha256 } from '../../src/kernel/canonical.ts'
import { isFault } from '../../src/kernel/fault.ts'
import { judgeImage } from '../../src/moderate/verdict.ts'
import { loadModerationPolicy, parseModerationPolicy } from '../../src/policy/load.ts'
import type { ModerationPolicy } from '../../src/policy/policy.ts'
import { misfitsOf, policyOf, requireFitting, type Settings } from '../../src/policy/settings.ts'

const FILE = 'policies/moderation.yaml'
const CLASSIFIER = { id: 'eye', version: '1.0.0', digest: 'ab'.repeat(32) }
let policy: ModerationPolicy
before(async () => {
  policy = await loadModerationPolicy(FILE)
})

const of = (categories: Settings['categories']): Settings => ({ categories })
const judge = (settings: Settings | null, scores: Record<string, number>, ...contexts: string[]) =>
  judgeImage(
    policyOf(policy, settings),
    { categories: { weapons: 0, 'violence/graphic': 0, ...scores }, classifiers: [CLASSIFIER], opinions: [] },
    { tenant: 't', contexts },
  )

test('stricter thresholds count, in every context too; looser ones within what the policy allows, outside contexts', () => {
  const strict = of({ 'violence/graphic': { hold: 0.2, deny: 0.6 } })
  requireFitting(policy, strict)
  const at = (score: number, ...contexts: string[]) => judge(strict, { 'violence/graphic': score }, ...contexts).verdict
  assert.deepEqual([at(0.1), at(0.3), at(0.7)], ['allow', 'hold', 'deny'])
  assert.deepEqual([at(0.1, 'medical'), at(0.3, 'medical'), at(0.7, 'medical')], ['allow', 'hold', 'deny'])
  const loose = of({ violence: { hold: 0.54, deny: 0.94 } })
  requireFitting(policy, loose)
  assert.deepEqual([judge(null, { violence: 0.5 }).verdict, judge(loose, { violence: 0.5 }).verdict], ['hold', 'allow'])
  assert.equal(judge(loose, { violence: 0.95 }).verdict, 'hold')
})

test('a category that no score denies can be denied by a tenant', () => {
  const own = of({ weapons: { hold: 0.5, deny: 0.9 } })
  requireFitting(policy, own)
  assert.deepEqual([judge(null, { weapons: 1 }).verdict, judge(own, { weapons: 1 }).verdict], ['hold', 'deny'])
})

test('what does not fit is refused by the name of its field', () => {
  const wrong: [Settings['categories'], string, RegExp][] = [
    [{ nonsense: {} }, 'policy.categories.nonsense', /no category nonsense/],
    [{ violence: { hold: 0.56 } }, 'policy.categories.violence.hold', /0\.55 at the most.*0\.56 is looser/],
    [{ violence: { deny: 0.96 } }, 'policy.categories.violence.deny', /0\.95 at the most/],
    [{ weapons: { hold: 0.51 } }, 'policy.categories.weapons.hold', /0\.5 at the most/],
    [{ violence: { deny: 0.52 } }, 'policy.categories.violence.deny', /margins .* overlap/],
    [{ violence: { hold: 0.02 } }, 'policy.categories.violence.hold', /every image would be held/],
    [
      { 'violence/graphic': { deny: 0.42 } },
      'policy.categories.violence/graphic.deny',
      /in the context medical: unreachable/,
    ],
    [{ harassment: { hold: 0.5 } }, 'policy.categories.harassment.hold', /no picture is scored/],
  ]
  for (const [categories, field, reason] of wrong)
    assert.throws(
      () => requireFitting(policy, of(categories)),
      (error) => isFault(error, 'invalid_request') && error.field === field && reason.test(error.message),
      field,
    )
  requireFitting(policy, of({ harassment: { ignore_contexts: true } }))
})

test('ignored contexts only ever make a category stricter, for prompts and for pictures', async () => {
  const ignoring = policyOf(policy, of({ 'violence/graphic': { ignore_contexts: true } }))
  const ask = (one: ModerationPolicy) => screenPrompt(one, { prompt: 'a massacre, surgical illustration', tenant: 't' })
  assert.deepEqual([ask(policy).verdict, ask(ignoring).verdict], ['allow', 'refuse'])
  const at = (settings: Settings | null) => judge(settings, { 'violence/graphic': 0.99 }, 'medical').verdict
  assert.deepEqual([at(null), at(of({ 'violence/graphic': { ignore_contexts: true } }))], ['hold', 'deny'])
  // A context that the policy holds against a request still counts.
  const text = (await readFile(FILE, 'utf8'))
    .replace(
      '{ context: medical, hold: 0.45, margin: 0.03 }',
      '{ context: medical, hold: 0.1, deny: 0.3, margin: 0.03 }',
    )
    .replace(
      `when: '"illicit" in prompt.matches'`,
      `when: '"illicit" in prompt.matches || "fiction" in prompt.contexts'`,
    )
  const strange = parseModerationPolicy(Buffer.from(text), FILE)
  const own = policyOf(
    strange,
    of({ 'violence/graphic': { ignore_contexts: true }, illicit: { ignore_contexts: true } }),
  )
  const evidence = { categories: { weapons: 0, 'violence/graphic': 0.34 }, classifiers: [CLASSIFIER], opinions: [] }
  assert.equal(judgeImage(own, evidence, { tenant: 't', contexts: ['medical'] }).verdict, 'deny')
  assert.equal(screenPrompt(own, { prompt: 'a castle', tenant: 't' }).verdict, 'refuse')
})

test('what applied is named by the digest of its canonical JSON, and made once', () => {
  const settings = of({ violence: { hold: 0.3 } })
  const own = policyOf(policy, settings)
  assert.equal(own, policyOf(policy, structuredClone(settings)))
  assert.deepEqual(judge(settings, {}).policy, {
    id: 'moderation',
    version: policy.version,
    digest: policy.digest,
    settings: sha256(canonical(settings)),
  })
  assert.equal(policyOf(policy, null), policy)
  assert.equal('settings' in judge(null, {}).policy, false)
  assert.throws(
    () => policyOf(policy, { categories: { violence: { hold: 'much' } } }),
    (error) => isFault(error, 'policy_invalid'),
  )
})

test('stored settings, whatever they are, never make a verdict looser than the policy allows', () => {
  const rank = { allow: 0, hold: 1, deny: 2 }
  const threshold = fc.option(
    fc.integer({ min: 0, max: 100 }).map((n) => n / 100),
    { nil: undefined },
  )
  const loosest = policyOf(policy, of({ violence: { hold: 0.55, deny: 0.95 } }))
  fc.assert(
    fc.property(
      fc.constantFrom('violence', 'violence/graphic', 'sexual', 'weapons'),
      threshold,
      threshold,
      fc.boolean(),
      fc.subarray(['medical', 'education', 'art', 'fiction']),
      fc.integer({ min: 0, max: 1000 }),
      (id, hold, deny, ignore_contexts, contexts, thousandths) => {
        const own = {
          ...(hold === undefined ? {} : { hold }),
          ...(deny === undefined ? {} : { deny }),
          ignore_contexts,
        }
        const settings = of({ [id]: own })
        const scores = { [id]: thousandths / 1000 }
        const evidence = {
          categories: { weapons: 0, 'violence/graphic': 0, ...scores },
          classifiers: [CLASSIFIER],
          opinions: [],
        }
        const fits = misfitsOf(policy, settings).length === 0
        const bound = fits && id === 'violence' ? loosest : policy
        const least = judgeImage(bound, evidence, { tenant: 't', contexts }).verdict
        const found = judge(settings, scores, ...contexts).verdict
        assert.ok(
          rank[found] >= rank[least],
          `${JSON.stringify(settings)} ${JSON.stringify(scores)} ${contexts}: ${found}`,
        )
      },
    ),
    { numRuns: 3000 },
  )
})

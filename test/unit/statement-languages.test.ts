// Statements and answers in other languages: whatever the shipped policy can say has words in each, nothing of them is guessed, and what
// cannot be said is left as it was decided and named.
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { type Answer, answerOf } from '../../src/appeal/answer.ts'
import { isFault } from '../../src/kernel/fault.ts'
import { loadModerationPolicy } from '../../src/policy/load.ts'
import type { Clause, ModerationPolicy } from '../../src/policy/policy.ts'
import { loadReviewRules, type ReviewRules } from '../../src/policy/review-rules.ts'
import { loadTranslations, parseTranslation, sentencesOf, type Translations } from '../../src/policy/translations.ts'
import { statementJson } from '../../src/statement/outputs.ts'
import { writeOwnerStatement } from '../../src/statement/owner.ts'
import { preferredSpeech, SPEECHES } from '../../src/statement/speech/languages.ts'
import { type Statement, type StatementInput, writeStatement } from '../../src/statement/statement.ts'
import { openTongues, type Tongues, translated } from '../../src/statement/translate.ts'

const UNTIL = new Date('2027-05-25T12:00:00Z')
const decidedAt = new Date('2026-11-23T12:00:00Z')
const CLASSIFIER = { id: 'storybook-safety', version: '1.0.0', digest: 'ab'.repeat(32) }
const OTHERS = SPEECHES.slice(1).map(({ language }) => language)

let policy: ModerationPolicy
let rules: ReviewRules
let translations: Translations
let tongues: Tongues
before(async () => {
  policy = await loadModerationPolicy('policies/moderation.yaml')
  rules = await loadReviewRules('policies/review.yaml')
  translations = await loadTranslations('policies/translations', sentencesOf(policy, rules))
  tongues = openTongues(translations)
})

const file = (sentences: Record<string, string>) =>
  parseTranslation(Buffer.from(JSON.stringify({ sentences })), 'translations/de.yaml', sentencesOf(policy, rules))
const refusedWith = (words: RegExp) => (error: unknown) =>
  isFault(error, 'policy_invalid') &&
  words.test(error.message) &&
  /^translations\/de\.yaml:1:\d+$/.test(error.field ?? '')

function written(clause: Clause, more: Partial<StatementInput>): Statement {
  const { id, version, digest } = policy
  const input = more.stage !== 'output'
  return writeStatement({
    ...{ id: 'sor_test', policy, stage: 'input', decidedAt, appealUntil: UNTIL },
    subject: { kind: input ? 'request' : 'image', id: 'one' },
    decision: {
      ...{ clause: clause.id, category: clause.category, categories: [clause.category] },
      band: input ? 'matched' : 'high',
      policy: { id, version, digest },
      ...(input ? { facts: { lists: ['gore', 'hate'], phrases: 2, languages: ['de', 'mul'] } } : {}),
    },
    ...{ detection: 'automated', decidedBy: 'automated', classifiers: input ? [] : [CLASSIFIER] },
    ...more,
  })
}

/** Everything that a clause can make a statement say. */
function* statementsOf(clause: Clause): Generator<Statement> {
  if (clause.statement === null) return
  const { facts, findings } = clause.statement
  if (facts.input !== null) {
    yield written(clause, {})
    yield written(clause, { decidedBy: 'person', appealUntil: null })
  }
  if (facts.output === null) return
  yield written(clause, { stage: 'output' })
  const most = Math.max(1, ...[...findings.values()].map((phrases) => phrases.length))
  for (let index = 0; index < most; index++) {
    const chosen = [...findings].map(([place, phrases]) => [place, phrases[index % phrases.length] ?? ''])
    const restriction = index % 2 === 0 ? ('image_withdrawn' as const) : ('image_withheld' as const)
    const found = { findings: Object.fromEntries(chosen), restriction, decidedBy: 'person' as const }
    yield written(clause, { stage: 'output', detection: 'notice', classifiers: [], ...found })
  }
}

describe('the files of translations', () => {
  it('each shipped one has every sentence of the shipped policy, and no other', () => {
    assert.deepEqual([...translations.keys()].sort(), [...OTHERS].sort())
    for (const [language, sentences] of translations)
      assert.deepEqual([...sentences.keys()].sort(), [...sentencesOf(policy, rules)].sort(), language)
  })

  it('what the policy does not say cannot be translated: the file is refused, with the sentence', () => {
    assert.throws(
      () => file({ 'No such rule.': 'Keine Regel.' }),
      refusedWith(/the policy has no sentence "No such rule\."/),
    )
    assert.equal(file({ hate: 'Hass' }).get('hate'), 'Hass')
  })

  it('a template keeps its places, and nothing is translated by nothing', () => {
    const [template = ''] = [...sentencesOf(policy, rules)].filter((one) => one.includes('{lists}'))
    assert.throws(
      () => file({ [template]: 'Eine Prüfung fand etwas: {lists}.' }),
      refusedWith(/has not the same places/),
    )
    assert.throws(() => file({ hate: ' ' }), refusedWith(/is blank/))
  })

  it('a language that the service does not speak is refused by the name of its file', () => {
    assert.throws(
      () => openTongues(new Map([['xx', new Map()]])),
      (error) => isFault(error, 'policy_invalid') && error.field === 'translations/xx.yaml',
    )
  })

  it('no folder is no translation', async () => {
    assert.equal((await loadTranslations('policies/nowhere', new Set())).size, 0)
  })
})

describe('the service’s own words', () => {
  /** Each text by the path that leads to it. */
  function texts(value: unknown, path = ''): [path: string, text: string][] {
    if (typeof value === 'string') return [[path, value]]
    if (typeof value !== 'object' || value === null) return []
    return Object.entries(value).flatMap(([key, part]) => texts(part, `${path}.${key}`))
  }
  const placesIn = (text: string) => [...(text.match(/\{\w+\}/g) ?? [])].sort().join()

  it('every language has every one, none blank, each with the places of the English', () => {
    const [english] = SPEECHES
    for (const speech of SPEECHES) {
      const own = new Map(texts(speech))
      assert.deepEqual(
        [...own.keys()].sort(),
        texts(english)
          .map(([path]) => path)
          .sort(),
        speech.language,
      )
      for (const [path, text] of texts(english)) {
        const here = own.get(path) ?? ''
        assert.notEqual(here.trim(), '', `${speech.language} ${path}`)
        assert.equal(placesIn(here), placesIn(text), `${speech.language} ${path}`)
      }
    }
  })

  it('a browser gets the language that it likes best of those there are, else English', () => {
    const chosen = (header: string | undefined) => preferredSpeech(header).language
    assert.equal(chosen('fr-CH, de;q=0.9, en;q=0.8'), 'fr')
    assert.equal(chosen('pt-BR, en;q=0.3, DE-at;q=0.7'), 'de')
    assert.equal(chosen('de;q=0, en;q=0.1'), 'en')
    for (const none of [undefined, '', '*', 'pt', ';;;=,', 'de'.repeat(5000)]) assert.equal(chosen(none), 'en', none)
  })
})

describe('a statement in another language', () => {
  it('is said whole for every clause, at every stage, with every finding', () => {
    let said = 0
    for (const language of OTHERS)
      for (const clause of policy.clauses.values())
        for (const statement of statementsOf(clause)) {
          const here = translated(statement, tongues(language))
          assert.deepEqual(here.quoted, [], `${language} ${clause.id}: ${statement.facts}`)
          assert.notEqual(here.statement.facts, statement.facts)
          assert.doesNotMatch(`${here.statement.facts} ${here.statement.rule}`, /[{}]|\b(the|found|and|of)\b/)
          said++
        }
    assert.ok(said > 150, `only ${said}`)
  })

  it('its composed facts carry the same count, lists and languages', () => {
    const clause = policy.clauses.get('violence/graphic/2')
    assert.ok(clause)
    const { facts } = translated(written(clause, {}), tongues('de')).statement
    assert.equal(
      facts,
      'Eine automatische Prüfung des Textes fand 2 Ausdrücke der Liste: drastische Verletzungen, Hass gegen Gruppen (Deutsch, Mehrsprachig); ein Zusammenhang mit Medizin, Lehre oder Kunstgeschichte wurde nicht gefunden.',
    )
  })

  it('what an owner took back is said too', () => {
    const statement = writeOwnerStatement({ id: 'sor_1', policy, imageId: 'img_1', decidedAt })
    for (const language of OTHERS) assert.deepEqual(translated(statement, tongues(language)).quoted, [])
  })

  it('sentences of another policy stay as they were decided, and are named; all others are translated', () => {
    const clause = policy.clauses.get('hate/1')
    assert.ok(clause)
    const before = { ...written(clause, {}), facts: 'It matched 2 phrases of something.', rule: 'An older rule.' }
    const { statement, quoted } = translated(before, tongues('fr'))
    assert.deepEqual(quoted, ['rule', 'facts'])
    assert.deepEqual([statement.rule, statement.facts], [before.rule, before.facts])
    assert.match(statement.scope, /^Uniquement cette demande/)
  })

  it('a sentence that only looks like a template is not taken for one', () => {
    const { say } = tongues('de')
    assert.equal(say('An automated check of the text found what rule <b>violence/1</b> forbids.'), null)
    assert.equal(say('A review of the image found an explicit sexual act (score band unheard of).'), null)
    assert.ok(say('A review of the image found an explicit sexual act (score band high).'))
  })

  it('the notice speaks the language, its last day included; English is as it always was', () => {
    const clause = policy.clauses.get('hate/1')
    assert.ok(clause)
    const statement = written(clause, {})
    const { speech } = tongues('de')
    const { notice } = statementJson(translated(statement, tongues('de')).statement, speech)
    assert.equal(notice.title, 'Dieser Prompt wurde nicht angenommen')
    assert.ok(notice.sentences.some((sentence) => sentence.endsWith('Die Frist endet am 25. Mai 2027.')))
    assert.deepEqual(translated(statement, tongues('en')), { statement, quoted: [] })
    assert.ok(statementJson(statement).notice.sentences.some((one) => one.endsWith('You can appeal until 2027-05-25.')))
  })
})

describe('an answer in another language', () => {
  const ruled = (agreed: number, people: number, more: Partial<Parameters<typeof answerOf>[2]>): Answer =>
    answerOf(policy, rules, {
      outcome: 'upheld',
      ruling: { reason: 'not_depicted', reviewers: Array.from({ length: people }, (_, i) => `p${i}`), agreed },
      ...{
        clause: 'violence/graphic/3',
        facts: null,
        newClause: null,
        refusedAnew: false,
        newStatementId: null,
        decidedAt,
      },
      ...more,
    })

  it('is said whole for each outcome, of one mind and split', () => {
    const clause = policy.clauses.get('violence/graphic/3')
    assert.ok(clause)
    const [facts] = [...statementsOf(clause)].map((one) => one.facts).reverse()
    const other = policy.clauses.get('violence/1')
    assert.ok(other)
    const [anew] = [...statementsOf(other)].map((one) => one.facts)
    for (const language of OTHERS)
      for (const [agreed, people] of [
        [2, 2],
        [2, 3],
      ] as const)
        for (const answer of [
          ruled(agreed, people, { facts: facts ?? '' }),
          ruled(agreed, people, { outcome: 'overturned' }),
          ruled(agreed, people, { outcome: 'partial', facts: facts ?? '', newClause: 'weapons/2' }),
          ruled(agreed, people, { outcome: 'partial', facts: anew ?? '', newClause: 'violence/1', refusedAnew: true }),
          ruled(0, 0, { outcome: 'omitted', ruling: { reason: 'content_erased', reviewers: [], agreed: 0 } }),
        ]) {
          const said = tongues(language).say(answer.text)
          assert.ok(said, `${language}: ${answer.text}`)
          assert.doesNotMatch(said, /[{}]|\b(the|and|found|people)\b/)
        }
    const inGerman = (agreed: number, people: number) =>
      tongues('de').say(ruled(agreed, people, { outcome: 'overturned' }).text) ?? ''
    assert.equal(
      inGerman(2, 3),
      'Die Sache wurde von drei Personen, die an der Entscheidung nicht beteiligt waren und sie nicht kannten, noch einmal geprüft. Mit zwei Stimmen gegen eine wurde festgestellt, dass Regel violence/graphic/3 nicht gilt: was die Regel verbietet, wurde nicht gefunden. Die Entscheidung wird aufgehoben; das kostet Sie nichts.',
    )
    assert.match(
      inGerman(1, 1),
      /von einer Person, die .* beteiligt war und sie nicht kannte, noch einmal geprüft\. Dabei wurde festgestellt, dass/,
    )
  })
})

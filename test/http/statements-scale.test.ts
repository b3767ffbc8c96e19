// A thousand requests and what became of them: every payload is one that the Transparency Database would take, by a checker of its own
// that knows nothing but the documented rules; the report reconciles with the records to zero; and one statement that was altered or
// taken away, or that nothing stands behind, is found out.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql as raw } from 'kysely'
import { countReport, type Report } from '../../src/statement/report.ts'
import { refusedPrompts, takeToEnds } from './restrictions.ts'
import { openService, type Service } from './service.ts'

const REFUSED = 700
const DEVELOPED = 300
const PERIOD = { from: new Date('2020-01-01T00:00:00Z'), to: new Date('2100-01-01T00:00:00Z') }
const QUERY = `from=${PERIOD.from.toISOString()}&to=${PERIOD.to.toISOString()}`

let service: Service
/** What was refused, by clause, and what became of pictures. */
const refused = new Map<string, number>()
let ends: Awaited<ReturnType<typeof takeToEnds>>

before(async () => {
  service = await openService()
  await raw`UPDATE darkroom.tenant SET plan = 'unlimited'`.execute(service.ground.database.sql)
  const prompts = [...(await refusedPrompts(service.policy)).entries()]
  for (const [clause, made] of prompts) assert.ok(made.length > 0, `nothing is refused by ${clause}`)
  for (let index = 0; index < REFUSED; index++) {
    const [clause, made] = prompts[index % prompts.length] ?? ['', []]
    const order = made[Math.floor(index / prompts.length) % made.length]
    assert.ok(order)
    const { state } = await service.admit(order, index % 2 === 0 ? 'client' : 'second_client')
    assert.equal(state, 'refused')
    refused.set(clause, (refused.get(clause) ?? 0) + 1)
  }
  ends = await takeToEnds(service, DEVELOPED)
})
after(() => service[Symbol.asyncDispose]())

const restrictedOf = () => refused.get('sexual/minors/1') ?? 0

async function payloads(): Promise<Record<string, unknown>[]> {
  const all: Record<string, unknown>[] = []
  for (let next: string | null = ''; next !== null; ) {
    const response = await service.call(`/v1/audit/statements?${QUERY}${next === '' ? '' : `&after=${next}`}`, {
      as: 'compliance',
    })
    assert.equal(response.status, 200)
    const page: { data: Record<string, unknown>[]; next: string | null } = await response.json()
    assert.ok(page.data.length <= 100)
    all.push(...page.data)
    next = page.next
  }
  return all
}

const COUNTRIES = 'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK'.split(' ')
const isText = (value: unknown, most: number) =>
  typeof value === 'string' && value.trim() !== '' && value.length <= most
const isDay = (value: unknown) =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value) && new Date(value).toISOString().startsWith(value)

/** What the database's documentation asks of a submission, and what is wrong with this one. */
function faultsOf(payload: Record<string, unknown>): string[] {
  const { puid, decision_ground: ground, category, content_type: content, territorial_scope: scope } = payload
  const rules: [string, boolean][] = [
    ['puid', isText(puid, 500) && /^[a-zA-Z0-9-_]+$/.test(String(puid))],
    [
      'a decision',
      ['visibility', 'monetary', 'provision', 'account'].some((name) => payload[`decision_${name}`] !== undefined),
    ],
    ['decision_visibility', Array.isArray(payload.decision_visibility) && payload.decision_visibility.length > 0],
    [
      'decision_visibility_other',
      String(payload.decision_visibility).includes('VISIBILITY_OTHER') ===
        (payload.decision_visibility_other !== undefined),
    ],
    [
      'decision_ground',
      ground === 'DECISION_GROUND_ILLEGAL_CONTENT' || ground === 'DECISION_GROUND_INCOMPATIBLE_CONTENT',
    ],
    [
      'ground',
      ground === 'DECISION_GROUND_ILLEGAL_CONTENT'
        ? isText(payload.illegal_content_legal_ground, 500) && isText(payload.illegal_content_explanation, 2000)
        : isText(payload.incompatible_content_ground, 500) && isText(payload.incompatible_content_explanation, 2000),
    ],
    [
      'content_type',
      Array.isArray(content) &&
        content.length > 0 &&
        content.every((one) => /^CONTENT_TYPE_(TEXT|IMAGE|SYNTHETIC_MEDIA)$/.test(one)),
    ],
    ['category', /^STATEMENT_CATEGORY_[A-Z_]+$/.test(String(category))],
    [
      'territorial_scope',
      Array.isArray(scope) &&
        scope.length > 0 &&
        new Set(scope).size === scope.length &&
        scope.every((one) => COUNTRIES.includes(one)),
    ],
    ['content_date', isDay(payload.content_date) && String(payload.content_date) <= String(payload.application_date)],
    ['application_date', isDay(payload.application_date)],
    ['decision_facts', isText(payload.decision_facts, 5000)],
    [
      'source_type',
      /^SOURCE_(ARTICLE_16|TRUSTED_FLAGGER|TYPE_OTHER_NOTIFICATION|VOLUNTARY)$/.test(String(payload.source_type)),
    ],
    ['automated_detection', payload.automated_detection === 'Yes' || payload.automated_detection === 'No'],
    [
      'automated_decision',
      /^AUTOMATED_DECISION_(FULLY|PARTIALLY|NOT_AUTOMATED)$/.test(String(payload.automated_decision)),
    ],
  ]
  return rules.filter(([, kept]) => !kept).map(([name]) => name)
}

test('every restriction has a payload that the database takes, once; restricted cases and owners’ wishes have none', async () => {
  const all = await payloads()
  assert.deepEqual(
    all.flatMap((payload) => faultsOf(payload).map((fault) => `${payload.puid}: ${fault}`)),
    [],
  )
  assert.equal(new Set(all.map(({ puid }) => puid)).size, all.length)
  const { denied, denied_by_person, withdrawn_by_notice } = ends
  assert.equal(all.length, REFUSED - restrictedOf() + denied + denied_by_person + withdrawn_by_notice)
  assert.ok(restrictedOf() > 0 && !all.some(({ category }) => category === 'STATEMENT_CATEGORY_PROTECTION_OF_MINORS'))
  const count = (name: string, value: string) => all.filter((payload) => String(payload[name]) === value).length
  assert.equal(count('source_type', 'SOURCE_TYPE_OTHER_NOTIFICATION'), withdrawn_by_notice)
  assert.equal(count('decision_visibility', 'DECISION_VISIBILITY_CONTENT_REMOVED'), withdrawn_by_notice)
  assert.equal(count('decision_visibility', 'DECISION_VISIBILITY_CONTENT_DISABLED'), denied + denied_by_person)
  assert.equal(count('automated_decision', 'AUTOMATED_DECISION_PARTIALLY'), denied_by_person)
  assert.equal(count('automated_decision', 'AUTOMATED_DECISION_NOT_AUTOMATED'), withdrawn_by_notice)
  assert.equal(count('content_type', 'CONTENT_TYPE_TEXT'), REFUSED - restrictedOf())
})

test('the checker of this test finds each rule broken', async () => {
  const [sound] = await payloads()
  assert.ok(sound)
  const broken: [string, Record<string, unknown>][] = [
    ['puid', { puid: 'sor 1' }],
    ['decision_visibility', { decision_visibility: [] }],
    ['ground', { incompatible_content_explanation: 'x'.repeat(2001) }],
    ['content_date', { content_date: '2999-01-01' }],
    ['territorial_scope', { territorial_scope: ['US'] }],
    ['decision_facts', { decision_facts: '' }],
    ['automated_decision', { automated_decision: 'Yes' }],
  ]
  for (const [rule, change] of broken) assert.ok(faultsOf({ ...sound, ...change }).includes(rule), rule)
})

test('the report counts what was done, by whom, and reconciles to zero', async () => {
  const response = await service.call(`/v1/audit/report?${QUERY}`, { as: 'admin' })
  const report: Report = await response.json()
  assert.deepEqual(
    report.reconciliation.differences.filter(({ difference }) => difference !== 0),
    [],
  )
  assert.equal(report.reconciliation.complete, true)
  const count = (of: (row: (typeof report.measures)[number]) => boolean) =>
    report.measures.filter(of).reduce((sum, row) => sum + row.count, 0)
  assert.equal(
    count(({ kind }) => kind === 'request_refused'),
    REFUSED,
  )
  assert.equal(
    count(({ automated_decision }) => automated_decision),
    REFUSED + ends.denied,
  )
  assert.equal(
    count(({ kind, automated_decision }) => kind === 'image_withheld' && !automated_decision),
    ends.denied_by_person,
  )
  assert.deepEqual(report.withdrawn_pictures, {
    by_person: ends.withdrawn_by_notice,
    by_owner: ends.withdrawn_by_owner,
  })
  const [eye] = report.classifiers
  assert.deepEqual(
    [eye?.id, eye?.flagged, eye?.precision],
    ['storybook-eye', ends.denied + ends.denied_by_person, null],
  )
  for (const clause of service.policy.clauses.values())
    if (clause.input !== null && clause.input.action !== 'allow')
      assert.ok((refused.get(clause.id) ?? 0) > 0, clause.id)
})

/** Does something to the records, says which parts no longer reconcile, and undoes it. */
async function differencesAfter(harm: ReturnType<typeof raw>): Promise<Record<string, number>> {
  const { database } = service.ground
  const nothing = new Error('undone')
  let found: Record<string, number> = {}
  await database
    .transact(async (tx) => {
      await harm.execute(tx)
      const { reconciliation } = await countReport(tx, PERIOD, () => null)
      const wrong = reconciliation.differences.filter(({ difference }) => difference !== 0)
      found = Object.fromEntries(wrong.map(({ name, difference }) => [name, difference]))
      throw nothing
    })
    .catch((error: unknown) => assert.equal(error, nothing))
  return found
}

test('one statement that was altered, taken away or made up is found out', async () => {
  const one = raw`(SELECT id FROM darkroom.statement ORDER BY id LIMIT 1 OFFSET 400)`
  assert.deepEqual(await differencesAfter(raw`SELECT 1`), {})
  for (const change of [`{"band": "low"}`, `{"decidedBy": "person"}`, `{"extra": true}`])
    assert.deepEqual(
      await differencesAfter(raw`UPDATE darkroom.statement SET record = record || ${change}::jsonb WHERE id = ${one}`),
      { statements_unchanged: 1 },
    )
  assert.deepEqual(await differencesAfter(raw`DELETE FROM darkroom.statement WHERE id = ${one}`), {
    moves_with_statement: 1,
  })
  assert.deepEqual(
    await differencesAfter(raw`
      INSERT INTO darkroom.statement (id, tenant_id, subject, subject_id, record, appeal_until, created_at)
      SELECT 'sor_zzz', tenant_id, subject, subject_id, record, appeal_until, created_at FROM darkroom.statement WHERE id = ${one}`),
    { statements_with_move: 1 },
  )
})

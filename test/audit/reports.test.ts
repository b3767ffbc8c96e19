// Each figure of each report is the number of what happened in a known cast of events (reports-cast.ts), and what was added, removed or
// altered behind the service's back shows as a difference. What people said, who they are and what is restricted is in none of them.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type RawBuilder, sql as raw } from 'kysely'
import { type AuditReport, REPORT_NAMES, type ReportName } from '../../src/audit/reports/report.ts'
import { countOn } from '../../src/audit/reports/reports.ts'
import { openReportTools, reportPeriod } from '../../src/http/audit-reports.ts'
import { figure, figuresOf, openTold, rowsOf, type Told } from './reports-cast.ts'

let told: Told
before(async () => {
  told = await openTold()
})
after(() => told[Symbol.asyncDispose]())

const HEX = /^[0-9a-f]{12}$/

test('marks: what released pictures carry, what the recheck found, and nothing of what was not measured', async () => {
  const report = await told.report('marks')
  const carried = {
    trustmark: '0/8',
    manifest: '8/8',
    timestamp: '0/8',
    undated: '0/8',
    label: '1/8',
    fingerprint: '8/8',
  }
  const { findable: _, ...figures } = figuresOf(report)
  assert.deepEqual(figures, {
    ...{ released: 8, rehearsed: 1, watermark: '8/8', leaf: '8/8', read_back: '8/8', disclosure: null },
    ...carried,
    ...{ mark_failed: '0/8', mark_unverified: '0/8', rechecks: 2, rechecked_as_released: '1/2' },
  })
  assert.match(figure(report, 'disclosure').unmeasured ?? '', /do not say which fields/)
  const { low, high } = figure(report, 'rechecked_as_released').interval ?? assert.fail('no interval')
  // Wilson's 95 % interval of 1 in 2: (0.5 + z²/4 ± z·sqrt(1/8 + z²/16)) / (1 + z²/2).
  assert.deepEqual([low.toFixed(4), high.toFixed(4)], ['0.0945', '0.9055'])
  assert.deepEqual(rowsOf(report, 'by_epoch', ['epoch', 'released']), [['1', 8]])
  assert.deepEqual(rowsOf(report, 'by_tenant', ['model', 'tenant', 'released', 'label', 'failed']), [
    ['storybook', 'First client', 7, 1, 0],
    ['storybook', 'Second client', 1, 0, 0],
  ])
  assert.deepEqual(rowsOf(report, 'recheck_problems', ['problem', 'count']), [['file.missing', 1]])
  assert.deepEqual([report.complete, report.over], [true, false])
})

test('moderation: the rows of the transparency report, and as many payloads as are to be fetched', async () => {
  const report = await told.report('moderation')
  const { median_hours: median, ...figures } = figuresOf(report)
  assert.deepEqual(figures, {
    ...{ restrictions: 7, automated: '5/7', withdrawn_by_person: 1, withdrawn_by_owner: 1, complaints: 2 },
    ...{ reversed: '1/2', payloads: 6, rehearsed: 0 },
  })
  assert.ok(typeof median === 'number' && median > 0 && median < 1)
  assert.deepEqual(rowsOf(report, 'complaints', ['category', 'total', 'upheld', 'reversed', 'open']), [
    ['violence/graphic', 2, 1, 1, 0],
  ])
  assert.equal(
    rowsOf(report, 'measures', ['count'])
      .flat()
      .reduce<number>((sum, one) => sum + Number(one), 0),
    7,
  )
  const { from, to } = await told.period()
  const path = `/v1/audit/statements?from=${from}T00:00:00Z&to=${to}T00:00:00Z`
  const payloads = await (await told.stage.court.service.call(path, { as: 'compliance' })).json()
  assert.equal(payloads.data.length, 6)
  assert.equal(report.complete, true)
})

test('detector: answers by day, way in and verdict, and what was said of them', async () => {
  const report = await told.report('detector')
  assert.deepEqual(figuresOf(report), {
    ...{ checks: 3, ours: '2/3', ours_altered: '0/3', inconclusive: '0/3', foreign_manifest: '0/3', none_found: '1/3' },
    feedback_agrees: '2/3',
  })
  assert.deepEqual(rowsOf(report, 'by_day', ['surface', 'given', 'checks', 'ours', 'none_found']), [
    ['api', 'file', 3, 2, 1],
  ])
  assert.deepEqual(rowsOf(report, 'feedback', ['verdict', 'agrees', 'disagrees']), [['ours', 2, 1]])
})

test('retention: what was erased and what is kept; a restricted case and what is held are counted and told no further', async () => {
  const report = await told.report('retention')
  const { due, ...figures } = figuresOf(report)
  assert.deepEqual(figures, {
    ...{ erased_by_owner: 1, pictures_by_time: 0, requests_by_time: 0, erased_later: 0 },
    ...{ holds_placed: 1, holds_lifted: 0, preservations_ended: 0, holds: 1, held: 0 },
    ...{ preserved: 1, preservations_due: 0, overdue: 0 },
  })
  assert.ok(Number(due) <= 1)
  // Of three refused orders one is held and one is restricted.
  assert.deepEqual(rowsOf(report, 'quarantine', ['class', 'under_day', 'older', 'total']), [
    ['order refused', 1, 0, 1],
    ['picture denied', 2, 0, 2],
    ['picture published', 6, 0, 6],
    ['picture withdrawn', 2, 0, 2],
  ])
  assert.equal(report.complete, true)
})

test('decisions: by policy, act, clause and decider, with what was overturned; people are pseudonyms of a month', async () => {
  const report = await told.report('decisions')
  assert.deepEqual(figuresOf(report), {
    ...{ decisions: 17, withheld: 1, rehearsed: 1, by_software: '10/15', by_people: '4/15', by_owner: '1/15' },
    ...{ overturned: '1/7', partly: '0/7' },
  })
  const rows = rowsOf(report, 'decisions', ['version', 'action', 'clause', 'count', 'overturned', 'decider'])
  const kinds = rows.map((row) =>
    row.map((cell) =>
      String(cell)
        .split(' ')
        .every((one) => HEX.test(one))
        ? 'people'
        : cell,
    ),
  )
  const { version } = told.stage.court.policy
  assert.deepEqual(
    kinds.map((row) => JSON.stringify(row)).sort(),
    [
      [version, 'allowed', null, 6, 0, 'software'],
      [version, 'allowed', null, 1, 0, 'people'],
      [version, 'allowed', null, 1, 0, 'people'],
      [version, 'order refused', 'violence/graphic/2', 2, 0, 'software'],
      [version, 'picture withdrawn', 'weapons/2', 1, 0, 'people'],
      [version, 'picture withdrawn', null, 1, 0, 'owner'],
      [version, 'picture withheld', 'violence/graphic/3', 2, 1, 'software'],
      [version, 'picture withheld', 'weapons/2', 1, 0, 'people'],
    ]
      .map((row) => JSON.stringify(row))
      .sort(),
  )
  assert.deepEqual(rowsOf(report, 'second_looks', ['kind', 'outcome', 'count']), [
    ['appeal', 'allow', 1],
    ['appeal', 'deny', 1],
    ['report', 'deny', 1],
  ])
  const verdicts = rowsOf(report, 'verdicts', ['person', 'kind', 'count'])
  assert.deepEqual([verdicts.length, new Set(verdicts.map(([person]) => person)).size], [7, 4])
  assert.ok(verdicts.every(([person]) => HEX.test(String(person))))
  assert.deepEqual(rowsOf(report, 'policies', ['id', 'version', 'live_until']), [['moderation', version, null]])
  assert.deepEqual(rowsOf(report, 'changes', ['change', 'by']), [['policy put in force', '0.0.0-test']])
  assert.equal(report.complete, true)
})

test('no prompt, name, address, id of a person or of a restricted case is in any report', async () => {
  const { sql, stage, restricted } = told
  const people = await sql.selectFrom('darkroom.person').select(['id', 'name']).execute()
  const secret = [restricted, 'sexual/minors/1', ...people.flatMap(({ id, name }) => [id, name])]
  const { prompt } = await sql
    .selectFrom('darkroom.request')
    .select('prompt')
    .where('id', '=', restricted)
    .executeTakeFirstOrThrow()
  const all = JSON.stringify(await Promise.all(REPORT_NAMES.map((name) => told.report(name))))
  for (const said of [...secret, prompt ?? assert.fail(), 'red boat', 'rifle', 'a court asked'])
    assert.ok(!all.includes(`"${said}"`) && !(said.length > 8 && all.includes(said)), said)
  assert.ok(stage.court.people.ada.id.length > 0)
})

const untrigger = raw`ALTER TABLE darkroom.move DISABLE TRIGGER move_is_append_only`
const oneMove = (kind: string) => raw`(SELECT max(id) FROM darkroom.move WHERE kind = ${kind})`
const retold = (kind: string) => raw`
  INSERT INTO darkroom.move (tenant_id, subject, subject_id, kind, from_state, to_state, facts, at, tenant_pseudonym,
                             tenant_sequence, previous_leaf, leaf_hash, leaf_salt)
  SELECT tenant_id, subject, 'img_made_up', kind, from_state, to_state, facts, at, tenant_pseudonym,
         1000000, previous_leaf, encode(sha256(leaf_hash::bytea), 'hex'), leaf_salt FROM darkroom.move WHERE id = ${oneMove(kind)}`
const gone = (kind: string) => raw`DELETE FROM darkroom.move WHERE id = ${oneMove(kind)}`

/** What is done behind the service's back, and the pairs of numbers by which a report shows it. */
const TAMPERED: readonly [what: string, report: ReportName, shown: string[], statement: RawBuilder<unknown>][] = [
  ['the move of a release is removed', 'marks', ['releases_told'], gone('image.published')],
  ['a release is made up', 'marks', ['releases_counted'], retold('image.published')],
  [
    'a file is named otherwise',
    'marks',
    ['files_unchanged', 'marks_unchanged'],
    raw`UPDATE darkroom.image
      SET marked = jsonb_set(marked, '{digests,file}', '"0"') WHERE id = (SELECT min(id) FROM darkroom.image WHERE state = 'published')`,
  ],
  [
    'a mark is recorded otherwise',
    'marks',
    ['marks_unchanged'],
    raw`UPDATE darkroom.image
      SET marked = jsonb_set(marked, '{watermark,epoch}', '7') WHERE id = (SELECT min(id) FROM darkroom.image WHERE state = 'published')`,
  ],
  ['what a look found is removed', 'marks', ['rechecks_told'], gone('image.recheck_failed')],
  [
    'a statement is altered',
    'moderation',
    ['statements_unchanged'],
    raw`UPDATE darkroom.statement
      SET record = jsonb_set(record, '{clause}', '"other/1"') WHERE id = (SELECT min(id) FROM darkroom.statement)`,
  ],
  ['an erasure is made up', 'retention', ['erasures_done'], retold('generation.erased')],
  ['the move of an erasure is removed', 'retention', ['erasures_told'], gone('generation.erased')],
  ['the move of a legal hold is removed', 'retention', ['holds_told'], gone('legal_hold.placed')],
  [
    'a verdict is altered',
    'decisions',
    ['verdicts_told'],
    raw`UPDATE darkroom.review_verdict SET outcome = 'omit'
      WHERE id = (SELECT min(id) FROM darkroom.review_verdict WHERE outcome = 'allow')`,
  ],
  [
    'a statement is taken away',
    'decisions',
    ['moves_with_statement'],
    raw`DELETE FROM darkroom.statement
      WHERE id = (SELECT max(id) FROM darkroom.statement WHERE id NOT IN (SELECT statement_id FROM darkroom.appeal))`,
  ],
]

for (const [what, name, shown, statement] of TAMPERED)
  test(`${name}: where ${what}, the report says so`, async () => {
    const report = await tampered(name, statement)
    const wrong = report.differences.filter(({ difference }) => difference !== 0)
    assert.deepEqual([report.complete, wrong.map((one) => one.name)], [false, shown])
  })

/** A report of records that were changed so, after which they are as before. */
async function tampered(name: ReportName, statement: RawBuilder<unknown>): Promise<AuditReport> {
  const period = reportPeriod(await told.period())
  const tools = await openReportTools(told.ground)
  const reports: AuditReport[] = []
  const undone = new Error('undone')
  await told.ground.database
    .transact(async (tx) => {
      for (const one of [untrigger, statement]) await one.execute(tx)
      reports.push(await countOn(tx, tools, name, period))
      throw undone
    })
    .catch((error: unknown) => assert.equal(error, undone))
  return reports[0] ?? assert.fail('no report')
}

// The rows of the transparency report (src/statement/report.ts) as a report of an audit, with the number of payloads that the Transparency
// Database takes.
import type { Tx } from '../../kernel/database.ts'
import { countPayloads } from '../../statement/exports.ts'
import { countReport, type Report } from '../../statement/report.ts'
import { type Counted, count, type Figure, type Given, share, sumOf, type Table, table, unmeasured } from './report.ts'

export async function moderationReport(tx: Tx, { period }: Given): Promise<Counted> {
  const report = await countReport(tx, period, () => null)
  return {
    figures: [
      ...restrictionFigures(report),
      ...complaintFigures(report),
      count(
        [
          'payloads',
          'Payloads',
          'Statements that the Transparency Database takes: GET /v1/audit/statements of the same period. Restricted cases, rehearsals and what owners took back are not among them.',
        ],
        await countPayloads(tx, period),
      ),
      count(
        ['rehearsed', 'Rehearsals', 'Statements of the sandbox, which restrict nobody. They are in no other figure.'],
        report.rehearsed,
      ),
    ],
    tables: [measures(report), complaintsTable(report), classifiers(report)],
    differences: report.reconciliation.differences,
  }
}

function restrictionFigures({ measures, withdrawn_pictures: withdrawn }: Report): Figure[] {
  const restrictions = sumOf(measures, (row) => row.count)
  return [
    count(
      [
        'restrictions',
        'Restrictions',
        'Statements of reasons of the period: refusals, pictures withheld, and pictures withdrawn by people.',
      ],
      restrictions,
    ),
    share(
      ['automated', 'Decided by software alone', 'Of these restrictions: those that no person decided.'],
      sumOf(measures, (row) => (row.automated_decision ? row.count : 0)),
      restrictions,
    ),
    count(
      [
        'withdrawn_by_person',
        'Withdrawn by people',
        'Published pictures that people of the service took back in the period.',
      ],
      withdrawn.by_person,
    ),
    count(
      [
        'withdrawn_by_owner',
        'Withdrawn by owners',
        'Published pictures that their owners took back. They are in no other figure.',
      ],
      withdrawn.by_owner,
    ),
  ]
}

const MEDIAN = [
  'median_hours',
  'Median hours to a decision',
  'From an appeal’s coming to its decision on the merits: half took less.',
] as const

function complaintFigures({ complaints }: Report): Figure[] {
  const { total, upheld, reversed, partially_reversed } = complaints.total
  const decided = upheld + reversed + partially_reversed
  return [
    count(
      ['complaints', 'Appeals', 'Appeals that came in during the period; what became of them is as of now.'],
      total,
    ),
    share(
      [
        'reversed',
        'Reversed on appeal',
        'Of these appeals, where decided on the merits: those reversed in full or in part.',
      ],
      reversed + partially_reversed,
      decided,
    ),
    complaints.median_hours === null
      ? unmeasured(MEDIAN, 'No appeal of the period was decided on its merits.')
      : count(MEDIAN, Math.round(complaints.median_hours * 100) / 100),
  ]
}

function measures({ measures }: Report): Table {
  return table(
    ['measures', 'Restrictions', 'By category, kind and source, and by whether software found and decided.'],
    {
      category: 'Category',
      kind: 'Kind',
      source: 'Source',
      detection: 'Found by',
      decision: 'Decided by',
      count: 'Restrictions',
    },
    ['count'],
    measures.map((row) => ({
      ...row,
      detection: row.automated_detection ? 'software' : 'people',
      decision: row.automated_decision ? 'software' : 'people',
    })),
  )
}

function complaintsTable({ complaints }: Report): Table {
  const outcomes = {
    total: 'Appeals',
    upheld: 'Upheld',
    partially_reversed: 'Partly reversed',
    reversed: 'Reversed',
    omitted: 'Omitted',
    withdrawn: 'Withdrawn',
    open: 'Open',
  }
  return table(
    ['complaints', 'Appeals', 'By the category that was contested, and by what became of them.'],
    { category: 'Category', ...outcomes },
    Object.keys(outcomes),
    complaints.rows,
  )
}

function classifiers({ classifiers }: Report): Table {
  const audited = {
    true_positive: 'Flagged, rightly',
    false_positive: 'Flagged, wrongly',
    false_negative: 'Let pass, wrongly',
    true_negative: 'Let pass, rightly',
  }
  return table(
    [
      'classifiers',
      'Classifiers',
      'Restrictions that rest on each version, and what people found in the audits that ended in the period. Accuracy, precision and recall are not estimated.',
    ],
    { id: 'Classifier', version: 'Version', flagged: 'Restrictions', ...audited },
    ['flagged', ...Object.keys(audited)],
    classifiers.map(({ id, version, flagged, audited }) => ({ id, version, flagged, ...audited })),
  )
}

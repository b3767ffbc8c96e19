// What is known of each classifier's errors: how often it flagged, and what people found when they looked at a random sample of what it
// had flagged and of what it had let pass. Raw counts, and the same weighted by how likely each item was to be drawn. Accuracy, precision
// and recall are estimates with a base rate behind them: somebody makes them from these counts, or they stay null.
import { sql as raw } from 'kysely'
import type { Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import { type Period, statementsIn } from './period.ts'

/** Shares in [0, 1]. */
type Shares = { accuracy: number; precision: number; recall: number }
export type Audited = { true_positive: number; false_positive: number; false_negative: number; true_negative: number }
export type Estimate = (classifier: {
  id: string
  version: string
  audited: Audited
  weighted: Audited
}) => Shares | null

export type ClassifierRow = {
  id: string
  version: string
  /** Restrictions of the period that rest on it. */
  flagged: number
  audited: Audited
  weighted: Audited
  accuracy: number | null
  precision: number | null
  recall: number | null
  /** Why the three are null. */
  reason: string | null
}

const NO_ESTIMATE = 'nobody has estimated these from the audits'
const NOTHING: Audited = { true_positive: 0, false_positive: 0, false_negative: 0, true_negative: 0 }

type Cell = { id: string; version: string; flagged: boolean; wrong: boolean; count: number; weight: number }

export async function classifierRows(tx: Tx, period: Period, estimate: Estimate): Promise<ClassifierRow[]> {
  const flagged = await raw<{ id: string; version: string; count: number }>`
    SELECT classifier ->> 'id' AS id, classifier ->> 'version' AS version, count(*)::integer AS count
      FROM ${statementsIn(period)} CROSS JOIN LATERAL jsonb_array_elements(statement.record -> 'classifiers') AS classifier
     WHERE NOT statement.rehearsed AND statement.record ->> 'detection' = 'automated'
     GROUP BY 1, 2`.execute(tx)
  const audits = await readAudits(tx, period)
  const names = new Map([...flagged.rows, ...audits].map(({ id, version }) => [`${id} ${version}`, { id, version }]))
  return [...names.entries()]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, name]) => {
      const mine = <Row extends { id: string; version: string }>(rows: Row[]) =>
        rows.filter(({ id, version }) => id === name.id && version === name.version)
      const audited = tally(mine(audits), 'count')
      const weighted = tally(mine(audits), 'weight')
      const shares = checked(estimate({ ...name, audited, weighted }))
      const count = mine(flagged.rows)[0]?.count ?? 0
      return {
        ...name,
        flagged: count,
        audited,
        weighted,
        ...shares,
        reason: shares.accuracy === null ? NO_ESTIMATE : null,
      }
    })
}

/** Audits that ended in the period, by the last verdict that counted. What software held counts as flagged. */
async function readAudits(tx: Tx, { from, to }: Period): Promise<Cell[]> {
  const { rows } = await raw<Cell>`
    SELECT classifier ->> 'id' AS id, classifier ->> 'version' AS version,
           image.verdict ->> 'verdict' <> 'allow' AS flagged, verdict.outcome = 'deny' AS wrong,
           count(*)::integer AS count, sum(1 / coalesce(item.probability, 1))::double precision AS weight
      FROM darkroom.review_item AS item
      JOIN darkroom.image AS image ON image.id = item.image_id
      CROSS JOIN LATERAL (
        SELECT outcome FROM darkroom.review_verdict
         WHERE item_id = item.id AND counted_at IS NOT NULL AND undone_at IS NULL
         ORDER BY counted_at DESC, id DESC LIMIT 1) AS verdict
      CROSS JOIN LATERAL jsonb_array_elements(
        CASE jsonb_typeof(image.verdict -> 'classifiers') WHEN 'array' THEN image.verdict -> 'classifiers' ELSE '[]' END
      ) AS classifier
     WHERE item.kind = 'audit' AND item.closed_at >= ${from} AND item.closed_at < ${to} AND verdict.outcome <> 'omit'
     GROUP BY 1, 2, 3, 4`.execute(tx)
  return rows
}

function tally(cells: readonly Cell[], by: 'count' | 'weight'): Audited {
  const of = (flagged: boolean, wrong: boolean) =>
    cells
      .filter((cell) => cell.flagged === flagged && cell.wrong === wrong)
      .reduce((total, cell) => total + cell[by], 0)
  if (cells.length === 0) return NOTHING
  return {
    true_positive: of(true, true),
    false_positive: of(true, false),
    false_negative: of(false, true),
    true_negative: of(false, false),
  }
}

/** Fault: invalid_request for what is no share. */
function checked(shares: Shares | null): Shares | { accuracy: null; precision: null; recall: null } {
  if (shares === null) return { accuracy: null, precision: null, recall: null }
  for (const [field, share] of Object.entries(shares))
    if (!(share >= 0 && share <= 1))
      throw new Fault('invalid_request', { field, detail: `${field} is no share in [0, 1]` })
  return shares
}

// Which marks the pictures that were released in a period carry, as the mark stage recorded what it read back from each finished file, and
// what the recheck found since. A picture that was released again counts once; rehearsals of the sandbox count apart.
import { sql as raw } from 'kysely'
import type { Tx } from '../../kernel/database.ts'
import { recheckFigures } from './recheck.ts'
import {
  type Counted,
  count,
  difference,
  type Figure,
  type Given,
  type Row,
  share,
  sumOf,
  type Table,
  table,
  unmeasured,
} from './report.ts'

/** What is counted of a group of released pictures. */
const CARRIED = {
  watermark: [
    'Watermark',
    'Their record names the key epoch under which the mark was read back from the finished file.',
  ],
  trustmark: ['TrustMark', 'The second mark was still readable in the finished file.'],
  manifest: ['Signed manifest', 'A C2PA manifest was read back from the finished file and its signature is trusted.'],
  timestamp: ['RFC 3161 timestamp', 'The manifest’s signature is dated by an authority on time.'],
  undated: ['Preferred timestamp missing', 'An authority was to date the signature, and the file went on without.'],
  label: ['Visible label', 'Words were drawn into the picture.'],
  fingerprint: ['Fingerprint', 'Its fingerprint is recorded, by which a copy without marks can be compared.'],
  findable: ['Found by looks', 'The fingerprint is distinct enough to search by.'],
  leaf: ['Leaf in the log', 'The record of the release lies in the tree that the log signed last.'],
  read_back: [
    'Read back before release',
    'The log’s record of the marking says that all layers of the finished file were read back as this picture.',
  ],
} as const
type Carried = keyof typeof CARRIED
const NAMES = Object.keys(CARRIED).filter((name): name is Carried => name in CARRIED)

type Group = Record<Carried, number> & {
  model: string
  model_version: string
  tenant_id: string
  tenant: string
  rehearsed: boolean
  epoch: string | null
  released: number
  same_file: number
  same_marks: number
}

export async function marksReport(tx: Tx, given: Given): Promise<Counted> {
  const groups = await readGroups(tx, given)
  const real = groups.filter(({ rehearsed }) => !rehearsed)
  const released = sumOf(real, (group) => group.released)
  const failures = await readFailures(tx, given)
  const rechecked = await recheckFigures(tx, given)
  return {
    figures: [
      count(
        [
          'released',
          'Released pictures',
          'Pictures with a move to published in the period; one that came back after an appeal counts once.',
        ],
        released,
      ),
      count(
        [
          'rehearsed',
          'Rehearsals',
          'Pictures of the sandbox that were released in the period. They are in no other figure.',
        ],
        sumOf(groups, (group) => (group.rehearsed ? group.released : 0)),
      ),
      ...carriedFigures(real, released),
      ...failureFigures(failures),
      ...rechecked.figures,
    ],
    tables: [byEpoch(real), byTenant(real, failures), ...rechecked.tables],
    differences: [...(await heldAgainst(tx, given, groups)), ...rechecked.differences],
  }
}

function carriedFigures(real: readonly Group[], released: number): Figure[] {
  return [
    ...NAMES.map((name) =>
      share(
        [name, ...CARRIED[name]],
        sumOf(real, (group) => group[name]),
        released,
      ),
    ),
    unmeasured(
      [
        'disclosure',
        'Disclosure fields',
        'The provider, source type and other fields that a file’s manifest and XMP say of its origin.',
      ],
      'The records do not say which fields each file has. What every file says is set for all of them: see the documentation of provenance.',
    ),
  ]
}

async function readGroups(tx: Tx, { period: { from, to } }: Given): Promise<Group[]> {
  const { rows } = await raw<Group>`
    WITH released AS (
      SELECT DISTINCT ON (subject_id) subject_id AS id, log_index, facts ->> 'file' AS file
        FROM darkroom.move WHERE kind = 'image.published' AND at >= ${from} AND at < ${to} ORDER BY subject_id, id DESC)
    SELECT request.model, request.model_version, image.tenant_id, tenant.name AS tenant, request.sandbox IS NOT NULL AS rehearsed,
           image.marked -> 'watermark' ->> 'epoch' AS epoch, count(*)::int AS released,
           count(image.marked -> 'watermark' ->> 'epoch')::int AS watermark,
           count(image.marked ->> 'trustmark')::int AS trustmark,
           count(*) FILTER (WHERE image.manifest_id IS NOT NULL AND image.marked ->> 'validationState' = 'Trusted')::int AS manifest,
           count(image.marked -> 'timestamp' ->> 'time')::int AS timestamp,
           count(image.marked -> 'timestamp' ->> 'missing')::int AS undated,
           count(image.marked ->> 'label')::int AS label,
           count(image.fingerprint)::int AS fingerprint,
           count(*) FILTER (WHERE image.fingerprint_weak = false)::int AS findable,
           count(*) FILTER (WHERE released.log_index < (SELECT tree_size FROM darkroom.log))::int AS leaf,
           count(*) FILTER (WHERE told.record ->> 'validationState' = 'Trusted')::int AS read_back,
           count(*) FILTER (WHERE released.file = image.marked -> 'digests' ->> 'file')::int AS same_file,
           count(*) FILTER (WHERE told.record = image.marked)::int AS same_marks
      FROM released
      JOIN darkroom.image AS image ON image.id = released.id
      JOIN darkroom.request AS request ON request.id = image.request_id
      JOIN darkroom.tenant AS tenant ON tenant.id = image.tenant_id
      LEFT JOIN LATERAL (
        SELECT facts -> 'record' AS record FROM darkroom.move
         WHERE subject_id = released.id AND kind = 'image.marked' AND from_state = 'cleared' ORDER BY id DESC LIMIT 1) AS told ON true
     GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 4, 3, 6`.execute(tx)
  return rows
}

function byEpoch(real: readonly Group[]): Table {
  const epochs = Map.groupBy(real, ({ epoch }) => epoch ?? 'none')
  const rows = [...epochs].map(([epoch, groups]) => ({ epoch, released: sumOf(groups, (group) => group.released) }))
  return table(
    ['by_epoch', 'By watermark epoch', 'Released pictures by the epoch of the key that their watermark is under.'],
    { epoch: 'Epoch', released: 'Released' },
    ['released'],
    rows.sort((a, b) => (a.epoch < b.epoch ? -1 : 1)),
  )
}

type Failed = {
  model: string
  model_version: string
  tenant_id: string
  tenant: string
  reason: string
  failed: number
  marked: number
}

/** Of what was to be marked in the period: what was, and what failed. */
async function readFailures(tx: Tx, { period: { from, to } }: Given): Promise<Failed[]> {
  const { rows } = await raw<Failed>`
    SELECT request.model, request.model_version, image.tenant_id, tenant.name AS tenant, coalesce(move.facts ->> 'reason', '') AS reason,
           count(*) FILTER (WHERE move.kind = 'image.failed')::int AS failed,
           count(*) FILTER (WHERE move.kind = 'image.marked')::int AS marked
      FROM darkroom.move AS move
      JOIN darkroom.image AS image ON image.id = move.subject_id
      JOIN darkroom.request AS request ON request.id = image.request_id
      JOIN darkroom.tenant AS tenant ON tenant.id = image.tenant_id
     WHERE move.at >= ${from} AND move.at < ${to} AND request.sandbox IS NULL
       AND (move.kind = 'image.marked' AND move.from_state = 'cleared'
            OR move.kind = 'image.failed' AND move.facts ->> 'reason' IN ('mark_failed', 'mark_unverified'))
     GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 4, 3, 5`.execute(tx)
  return rows
}

function failureFigures(rows: readonly Failed[]): Figure[] {
  const all = sumOf(rows, ({ failed, marked }) => failed + marked)
  const failed = (reason: string) => sumOf(rows, (row) => (row.reason === reason ? row.failed : 0))
  return [
    share(
      [
        'mark_failed',
        'Marking failed',
        'Of the pictures whose marking ended in the period: those that could not be marked or signed. None of them was released.',
      ],
      failed('mark_failed'),
      all,
    ),
    share(
      [
        'mark_unverified',
        'Marks not read back',
        'Of the same: those whose finished file did not read back as this picture. None of them was released.',
      ],
      failed('mark_unverified'),
      all,
    ),
  ]
}

const BY_TENANT = {
  model: 'Model',
  model_version: 'Version',
  tenant: 'Tenant',
  tenant_id: 'Its id',
  released: 'Released',
  watermark: 'Watermark',
  trustmark: 'TrustMark',
  manifest: 'Manifest',
  timestamp: 'Timestamp',
  label: 'Label',
  leaf: 'In the log',
  failed: 'Marking failed',
} as const

function byTenant(real: readonly Group[], failures: readonly Failed[]): Table {
  const keyOf = (row: Group | Failed) => JSON.stringify([row.model, row.model_version, row.tenant_id])
  const keys = Map.groupBy([...real, ...failures.filter(({ failed }) => failed > 0)], keyOf)
  const rows = [...keys].map(([key, [first]]): Row => {
    const mine = real.filter((group) => keyOf(group) === key)
    const failed = sumOf(failures, (row) => (keyOf(row) === key ? row.failed : 0))
    const carried = NAMES.map((name) => [name, sumOf(mine, (group) => group[name])])
    const { model = '', model_version = '', tenant = '', tenant_id = '' } = first ?? {}
    const released = sumOf(mine, (group) => group.released)
    return { model, model_version, tenant, tenant_id, released, ...Object.fromEntries(carried), failed }
  })
  return table(
    ['by_tenant', 'By model and tenant', 'The same figures for each model and tenant.'],
    BY_TENANT,
    ['released', 'failed', ...NAMES],
    rows,
  )
}

async function heldAgainst(tx: Tx, { period: { from, to } }: Given, groups: readonly Group[]) {
  const { rows } = await raw<{ told: number; kept: number; stated: number }>`
    SELECT (SELECT count(DISTINCT subject_id)::int FROM darkroom.move
             WHERE kind = 'image.published' AND at >= ${from} AND at < ${to}) AS told,
           (SELECT count(*)::int FROM darkroom.image WHERE published_at >= ${from} AND published_at < ${to}) AS kept,
           (SELECT count(*)::int FROM darkroom.image AS image WHERE published_at >= ${from} AND published_at < ${to}
               AND EXISTS (SELECT FROM darkroom.move WHERE subject_id = image.id AND kind = 'image.published'
                              AND abs(extract(epoch FROM move.at - published_at)) < 60)) AS stated`.execute(tx)
  const { told = 0, kept = 0, stated = 0 } = rows[0] ?? {}
  const released = sumOf(groups, (group) => group.released)
  return [
    difference('releases_counted', 'pictures that the log’s moves released, and those in this report', told, released),
    difference(
      'releases_told',
      'pictures that the records say were released in the period, and those with a move that says so',
      kept,
      stated,
    ),
    difference(
      'files_unchanged',
      'released pictures, and those whose record names the file that the move of the release names',
      released,
      sumOf(groups, (group) => group.same_file),
    ),
    difference(
      'marks_unchanged',
      'released pictures, and those whose marks are recorded as the move of the marking has them',
      released,
      sumOf(groups, (group) => group.same_marks),
    ),
  ]
}

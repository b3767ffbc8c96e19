// Which versions of a policy were in force in a period, and who put what in force when: moves of the operator's and the tenants' logs.
import { sql as raw } from 'kysely'
import type { Tx } from '../../kernel/database.ts'
import { type Given, type Table, table } from './report.ts'

type Version = {
  id: string
  version: string
  digest: string
  live_from: Date
  live_until: Date | null
  program: string
}
type Change = {
  at: Date
  kind: string
  version: string | null
  digest: string | null
  person: string | null
  program: string | null
  key: string | null
}

export async function readPolicies(tx: Tx, { period: { from, to } }: Given): Promise<Table> {
  const { rows } = await raw<Version>`
    SELECT id, version, digest, live_from, live_until, program FROM darkroom.policy_version
     WHERE live_from < ${to} AND (live_until IS NULL OR live_until > ${from}) ORDER BY id, live_from, number`.execute(
    tx,
  )
  return table(
    [
      'policies',
      'Policies in force',
      'Each version that was in force at some time of the period. No end: it is in force still.',
    ],
    {
      id: 'Policy',
      version: 'Version',
      digest: 'Digest',
      live_from: 'From',
      live_until: 'Until',
      program: 'By program',
    },
    [],
    rows.map((row) => ({
      ...row,
      digest: row.digest.slice(0, 12),
      live_from: row.live_from.toISOString(),
      live_until: row.live_until?.toISOString() ?? null,
    })),
  )
}

const CHANGES = {
  'policy.live': 'policy put in force',
  'review.routing_changed': 'routing of review changed',
  'tenant.changed': 'policy settings of a tenant changed',
} as const

export async function readChanges(tx: Tx, { period: { from, to }, pseudonymOf }: Given): Promise<Table> {
  const { rows } = await raw<Change>`
    SELECT at, kind, facts ->> 'version' AS version, facts ->> 'digest' AS digest, facts -> 'by' ->> 'person' AS person,
           facts -> 'by' ->> 'program' AS program, facts -> 'by' ->> 'key' AS key
      FROM darkroom.move
     WHERE at >= ${from} AND at < ${to}
       AND (kind IN ('policy.live', 'review.routing_changed') OR kind = 'tenant.changed' AND facts -> 'fields' ? 'policy')
     ORDER BY at, id`.execute(tx)
  return table(
    [
      'changes',
      'What was changed',
      'Policies put in force, routing rules and tenants’ policy settings that were changed in the period, and by whom: a program’s version, or a person by the pseudonym of that month.',
    ],
    { at: 'When', change: 'Change', version: 'Version', digest: 'Digest', by: 'By' },
    [],
    rows.map(({ at, kind, version, digest, person, program, key }) => ({
      at: at.toISOString(),
      change: Object.entries(CHANGES).find(([name]) => name === kind)?.[1] ?? kind,
      version,
      digest: digest?.slice(0, 12) ?? null,
      by:
        person !== null
          ? pseudonymOf(person, at.toISOString().slice(0, 7))
          : (program ?? (key === null ? null : 'a key of nobody')),
    })),
  )
}

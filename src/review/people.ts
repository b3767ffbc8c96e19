// What each reviewer is given and kept from, set by leads. Only an administrator opens what is restricted, and nobody for themself;
// nobody withdraws a conflict of their own either. A change is one note in the operator's log, with the names of the fields alone.
import { sql as raw } from 'kysely'
import { note } from '../advance.ts'
import { sha256 } from '../kernel/canonical.ts'
import type { Database, Sql, Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { ModerationPolicy } from '../policy/policy.ts'
import { actorOf } from '../tenant/actor.ts'
import { lockOperator } from '../tenant/administered.ts'
import type { Caller } from '../tenant/caller.ts'

export type ReviewerTerms = {
  /** Null: all. */
  categories: readonly string[] | null
  languages: readonly string[] | null
  tenants: readonly string[] | null
  max_severity: number
  /** Tenants that the person has to do with. */
  conflicts: readonly string[]
  lead_id: string | null
  away_until: Date | null
}
export type ReviewerRow = ReviewerTerms & { person_id: string; name: string; lead: boolean; restricted: boolean }

/** Everybody who may review, by name. */
export async function listReviewers(sql: Sql): Promise<ReviewerRow[]> {
  const { rows } = await raw<ReviewerRow>`${ROWS} ORDER BY person.name, person.id`.execute(sql)
  return rows
}

/** Fault: not_found. */
export async function getReviewer(sql: Sql | Tx, personId: string): Promise<ReviewerRow> {
  const row = await findReviewer(sql, personId)
  if (row === null) throw new Fault('not_found', { detail: 'there is no such reviewer' })
  return row
}

async function findReviewer(sql: Sql | Tx, personId: string): Promise<ReviewerRow | null> {
  const { rows } = await raw<ReviewerRow>`${ROWS} WHERE who.person_id = ${personId}`.execute(sql)
  return rows[0] ?? null
}

const ROWS = raw`
  SELECT who.person_id, person.name, who.lead, who.restricted, who.categories, who.languages, who.tenants, who.max_severity,
         who.conflicts, reviewer.lead_id, who.away_until
    FROM darkroom.active_reviewer AS who
    JOIN darkroom.person ON person.id = who.person_id
    JOIN darkroom.tenant ON tenant.id = person.tenant_id AND tenant.operator
    LEFT JOIN darkroom.reviewer ON reviewer.person_id = who.person_id`

/** `version`: that of the terms which these were made from; null: whatever stands. */
type Asked = ReviewerTerms & { restricted?: boolean; version: string | null }

/**
 * Sets what a person reviews, as a whole; `restricted` stays unless named. Faults: not_found, conflict (somebody changed it meanwhile),
 * forbidden, invalid_request (with its field).
 */
export async function setReviewer(
  { transact }: Database,
  policy: ModerationPolicy,
  caller: Caller,
  personId: string,
  { version, ...asked }: Asked,
): Promise<void> {
  await transact(async (tx) => {
    const operatorId = await lockOperator(tx)
    const before = await getReviewer(tx, personId)
    if (version !== null && version !== versionOf(before))
      throw new Fault('conflict', {
        detail: 'Somebody has changed what this person reviews meanwhile. Nothing was saved.',
        facts: { version: versionOf(before) },
      })
    const terms = { ...asked, restricted: asked.restricted ?? before.restricted }
    requireRight(caller, before, terms)
    await requireSense(tx, policy, terms, personId)
    const fields = FIELDS.filter((field) => textOf(before[field]) !== textOf(terms[field]))
    if (fields.length === 0) return
    const row = {
      categories: copyOf(terms.categories),
      languages: copyOf(terms.languages),
      tenants: copyOf(terms.tenants),
      max_severity: terms.max_severity,
      conflicts: [...terms.conflicts],
      lead_id: terms.lead_id,
      away_until: terms.away_until,
      restricted: terms.restricted,
    }
    await tx
      .insertInto('darkroom.reviewer')
      .values({ person_id: personId, ...row })
      .onConflict((on) => on.column('person_id').doUpdateSet(row))
      .execute()
    await note(tx, operatorId, 'reviewer.changed', personId, { fields, by: actorOf(caller) })
  })
}

const FIELDS = [
  ...(['categories', 'languages', 'tenants', 'max_severity', 'conflicts', 'lead_id', 'away_until'] as const),
  'restricted',
] as const

function copyOf(list: readonly string[] | null): string[] | null {
  return list === null ? null : [...list]
}

/** Names the terms that stand: whoever sets them anew tells by it that they have seen these. */
export function versionOf(row: ReviewerRow): string {
  return sha256(FIELDS.map((field) => textOf(row[field])).join('\n'))
}

/** Lists are sets here. */
function textOf(value: ReviewerRow[(typeof FIELDS)[number]]): string {
  return JSON.stringify(Array.isArray(value) ? value.toSorted() : value)
}

function requireRight(caller: Caller, before: ReviewerRow, terms: ReviewerTerms & { restricted: boolean }): void {
  const own = caller.personId === before.person_id
  if (terms.restricted !== before.restricted && (own || !caller.roles.includes('admin')))
    throw new Fault('forbidden', {
      field: 'restricted',
      detail: own
        ? 'nobody opens or closes what is restricted for themself'
        : 'only an administrator opens or closes what is restricted',
    })
  if (own && before.conflicts.some((tenant) => !terms.conflicts.includes(tenant)))
    throw new Fault('forbidden', { field: 'conflicts', detail: 'a conflict of your own is withdrawn by somebody else' })
}

async function requireSense(tx: Tx, policy: ModerationPolicy, terms: ReviewerTerms, personId: string): Promise<void> {
  const strange = terms.categories?.find((id) => !policy.categories.some((category) => category.id === id))
  if (strange !== undefined) throw invalid('categories', `the policy has no category ${strange}`)
  for (const field of ['tenants', 'conflicts'] as const) {
    const ids = terms[field] ?? []
    const known = ids.length === 0 ? [] : await knownTenants(tx, ids)
    const unknown = ids.find((id) => !known.includes(id))
    if (unknown !== undefined) throw invalid(field, `there is no customer ${unknown}`)
  }
  if (terms.lead_id === null) return
  if (terms.lead_id === personId) throw invalid('lead_id', 'nobody is their own lead')
  const lead = await findReviewer(tx, terms.lead_id)
  if (lead?.lead !== true) throw invalid('lead_id', 'this person is no lead')
}

/** Those of these customers that there are. */
export async function knownTenants(tx: Sql | Tx, ids: readonly string[]): Promise<string[]> {
  const rows = await tx
    .selectFrom('darkroom.tenant')
    .select('id')
    .where('id', 'in', [...ids])
    .where('operator', '=', false)
    .execute()
  return rows.map((row) => row.id)
}

function invalid(field: string, detail: string): Fault {
  return new Fault('invalid_request', { field, detail })
}

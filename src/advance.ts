// The only writer of state. `advance` moves one subject: compare-and-swap on its version, one append-only move with its place in
// the tenant's chain of leaves, the statement where the move restricts somebody, and the next tasks, in the caller's
// transaction. `note` records what moves nothing. Zero rows updated means that somebody moved first: the fault `conflict`.
import { randomBytes } from 'node:crypto'
import { sql as raw, type UpdateObject } from 'kysely'
import { BIRTH, mayMove, needsAppeal, needsStatement, type StateOf, type Subject } from './journey.ts'
import { canonical, type Json, leafHash, sha256 } from './kernel/canonical.ts'
import { account } from './kernel/charge.ts'
import type { Tx } from './kernel/database.ts'
import { Fault } from './kernel/fault.ts'
import { leafOf, SALT_BYTES } from './kernel/leaf.ts'
import { tellEndpoints } from './kernel/outbox.ts'
import { withholdPreviews } from './kernel/previews.ts'
import type { Tables } from './kernel/tables.ts'
import { addTask, type Due, type NewTask } from './kernel/tasks.ts'

/** Facts carry ids, scores, versions and salted digests: nothing that erasure would have to reach. */
export type Facts = { [name: string]: Json }

export type Birth = { subject: Subject; id: string; facts: Facts }

/** `decidedBy`: ids of the people whose decision it states; none where software decided alone. */
export type Statement = { id: string; appealUntil: Date; record: Json; decidedBy?: readonly string[] }

type Kept = 'id' | 'tenant_id' | 'state' | 'version' | 'statement_id' | 'created_at' | 'updated_at'

type MoveOf<S extends Subject, Table extends keyof Tables> = {
  subject: S
  id: string
  tenantId: string
  from: StateOf<S>
  version: number
  to: StateOf<S>
  facts: Facts
  set?: Omit<UpdateObject<Tables, Table>, Kept>
  statement?: Statement
  /** The appeal that overturned the refusal, where a move needs one. */
  appealId?: string
  tasks?: NewTask[]
  /** As for `recordBirths`, where nobody has called it: their leaves come before the move's, in the same statement. */
  births?: readonly Birth[]
}
export type RequestMove = MoveOf<'request', 'darkroom.request'>
export type ImageMove = MoveOf<'image', 'darkroom.image'>
export type AppealMove = Omit<MoveOf<'appeal', 'darkroom.appeal'>, 'statement' | 'appealId' | 'births' | 'tasks'>
type Move = RequestMove | ImageMove | AppealMove

/** Moves one subject. Returns the tasks to ring once the transaction has committed. Faults: conflict, statement_incomplete. */
export async function advance(tx: Tx, move: Move): Promise<Due[]> {
  const { statement, appealId, births = [], tasks = [] } = move.subject === 'appeal' ? NOTHING_MORE : move
  if (!mayMove(move.subject, move.from, move.to))
    throw new TypeError(`no such move: ${move.subject} ${move.from} → ${move.to}`)
  if (needsStatement(move.subject, move.to) !== (statement !== undefined))
    throw new Fault('statement_incomplete', { facts: { subject: move.subject, to: move.to } })
  if (needsAppeal(move.subject, move.from, move.to) && appealId === undefined)
    throw new TypeError('a denied image is released only through an appeal')
  if (statement !== undefined && move.subject !== 'appeal') await writeStatement(tx, move, statement)
  if (!(await compareAndSwap(tx, move)))
    throw new Fault('conflict', { retry: 'now', facts: { subject: move.subject, id: move.id, to: move.to } })
  const appended = await appendLeaves(tx, move.tenantId, [
    ...births.map(birthLeaf),
    {
      subject: move.subject,
      subjectId: move.id,
      kind: `${move.subject}.${move.to}`,
      from: move.from,
      to: move.to,
      facts: {
        ...move.facts,
        ...(statement === undefined ? {} : statementFacts(statement)),
        ...(appealId === undefined ? {} : { appeal: appealId }),
      },
    },
  ])
  if (move.subject !== 'appeal') await account(tx, move)
  if (move.subject === 'image') await withholdPreviews(tx, move.id, move.to)
  await tellEndpoints(tx, {
    ...appended,
    tenantId: move.tenantId,
    subject: move.subject,
    subjectId: move.id,
    to: move.to,
    outcome: textOf(move.facts.outcome),
    failure: move.to === 'failed' ? textOf(move.facts.reason) : null,
    statementId: statement?.id ?? null,
  })
  const due: Due[] = []
  for (const task of tasks) due.push(await addTask(tx, task))
  return due
}

const NOTHING_MORE: Pick<ImageMove, 'statement' | 'appealId' | 'births' | 'tasks'> = {}

async function compareAndSwap(tx: Tx, move: Move): Promise<boolean> {
  return (await updateOf(tx, move).executeTakeFirst()).numUpdatedRows === 1n
}

function updateOf(tx: Tx, move: Move) {
  const always = { version: move.version + 1, updated_at: raw<Date>`darkroom.now()` }
  switch (move.subject) {
    case 'request':
      return tx
        .updateTable('darkroom.request')
        .set({ ...move.set, ...always, ...statementOf(move), state: move.to })
        .where('state', '=', move.from)
        .where('id', '=', move.id)
        .where('tenant_id', '=', move.tenantId)
        .where('version', '=', move.version)
    case 'image':
      return tx
        .updateTable('darkroom.image')
        .set({ ...move.set, ...always, ...statementOf(move), state: move.to })
        .where('state', '=', move.from)
        .where('id', '=', move.id)
        .where('tenant_id', '=', move.tenantId)
        .where('version', '=', move.version)
    case 'appeal':
      return tx
        .updateTable('darkroom.appeal')
        .set({ ...move.set, ...always, state: move.to })
        .where('state', '=', move.from)
        .where('id', '=', move.id)
        .where('tenant_id', '=', move.tenantId)
        .where('version', '=', move.version)
    default:
      return move satisfies never
  }
}

/** The log pins the record: one that is changed or taken away afterwards is found out. Its random id is its salt. */
function statementFacts({ id, record }: Statement): Facts {
  return { statement: id, statement_digest: statementDigest(record) }
}

/** SHA-256 of a statement's record in canonical form, as its move's facts have it. */
export function statementDigest(record: Json): string {
  return sha256(canonical(record))
}

function statementOf({ statement }: RequestMove | ImageMove) {
  return statement === undefined ? {} : { statement_id: statement.id }
}

/**
 * What was restricted stays so for another reason than before: a new statement takes the place of the one that was appealed, and no
 * state moves. In the transaction of the appeal's own move. Fault: conflict.
 */
export async function restate(
  tx: Tx,
  restricted: Restricted & { version: number },
  { statement, replaces, appealId, facts }: { statement: Statement; replaces: string; appealId: string; facts: Facts },
): Promise<void> {
  const { subject, id, tenantId, version } = restricted
  await writeStatement(tx, restricted, statement)
  const { numUpdatedRows } = await tx
    .updateTable(subject === 'image' ? 'darkroom.image' : 'darkroom.request')
    .set({ statement_id: statement.id, version: version + 1, updated_at: raw<Date>`darkroom.now()` })
    .where('id', '=', id)
    .where('statement_id', '=', replaces)
    .where('version', '=', version)
    .executeTakeFirst()
  if (numUpdatedRows !== 1n) throw new Fault('conflict', { retry: 'now', facts: { subject, id } })
  await tx.updateTable('darkroom.statement').set({ replaced_by: statement.id }).where('id', '=', replaces).execute()
  const said = { ...facts, ...statementFacts(statement), appeal: appealId }
  await note(tx, tenantId, `${subject}.restated`, id, said)
}

/** The first leaves of subjects of one tenant, whose rows the caller has just inserted in their birth state. */
export async function recordBirths(tx: Tx, tenantId: string, births: readonly Birth[]): Promise<void> {
  await appendLeaves(tx, tenantId, births.map(birthLeaf))
}

function birthLeaf({ subject, id, facts }: Birth): Leaf {
  const to = BIRTH[subject]
  return { subject, subjectId: id, kind: `${subject}.${to}`, from: null, to, facts }
}

/** A fact that moves nothing: a policy went live, a key was rotated, an export was made. `kind` is `noun.verb`. */
export async function note(tx: Tx, tenantId: string, kind: string, subjectId: string, facts: Facts): Promise<void> {
  await appendLeaves(tx, tenantId, [{ subject: 'note', subjectId, kind, from: null, to: null, facts }])
}

type Leaf = {
  subject: Subject | 'note'
  subjectId: string
  kind: string
  from: string | null
  to: string | null
  facts: Facts
}

/**
 * Links leaves to the tenant's chain; answers the last one's number and time. The tenant's row is locked from here to the end of the
 * transaction: a chain has no branches.
 */
async function appendLeaves(
  tx: Tx,
  tenantId: string,
  leaves: readonly Leaf[],
): Promise<{ sequence: string; at: Date }> {
  const chain = await raw<{ pseudonym: string; sequence: string; head: string; at: Date }>`
    UPDATE darkroom.tenant SET sequence = sequence + ${leaves.length} WHERE id = ${tenantId}
    RETURNING pseudonym, sequence - ${leaves.length} AS sequence, head, darkroom.now() AS at`.execute(tx)
  const tenant = chain.rows[0]
  if (tenant === undefined) throw new TypeError('a move belongs to a tenant')
  let { head } = tenant
  const rows = leaves.map((leaf, index) => {
    const row = {
      tenant_id: tenantId,
      subject: leaf.subject,
      subject_id: leaf.subjectId,
      kind: leaf.kind,
      from_state: leaf.from,
      to_state: leaf.to,
      facts: leaf.facts,
      at: tenant.at,
      tenant_pseudonym: tenant.pseudonym,
      tenant_sequence: String(BigInt(tenant.sequence) + BigInt(index + 1)),
      previous_leaf: head,
      leaf_salt: randomBytes(SALT_BYTES),
    }
    head = leafHash(leafOf(row))
    return { ...row, facts: JSON.stringify(leaf.facts), leaf_hash: head }
  })
  await tx
    .with('appended', (query) => query.insertInto('darkroom.move').values(rows))
    .updateTable('darkroom.tenant')
    .set({ head })
    .where('id', '=', tenantId)
    .execute()
  return { sequence: rows.at(-1)?.tenant_sequence ?? tenant.sequence, at: tenant.at }
}

function textOf(fact: Json | undefined): string | null {
  return typeof fact === 'string' ? fact : null
}

type Restricted = { subject: 'request' | 'image'; id: string; tenantId: string }

async function writeStatement(tx: Tx, move: Restricted, statement: Statement): Promise<void> {
  await tx
    .insertInto('darkroom.statement')
    .values({
      id: statement.id,
      tenant_id: move.tenantId,
      subject: move.subject,
      subject_id: move.id,
      record: JSON.stringify(statement.record),
      appeal_until: statement.appealUntil,
      decided_by: [...(statement.decidedBy ?? [])],
      created_at: raw`darkroom.now()`,
    })
    .execute()
}

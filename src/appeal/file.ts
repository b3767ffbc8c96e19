// Filing an appeal: once for each statement, until its last day, by the tenant or by whoever bears the statement's secret; they share
// the one appeal. What the appellant writes stays in the appeal's own row, where erasure reaches it, and the log has a salted digest.
// The review item that it becomes keeps out whoever decided before.
import { randomBytes } from 'node:crypto'
import { sql as raw } from 'kysely'
import { recordBirths } from '../advance.ts'
import { saltedDigest } from '../kernel/canonical.ts'
import type { Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { Ground } from '../kernel/ground.ts'
import { newId } from '../kernel/ids.ts'
import { lockRequest } from '../outcome.ts'
import { addItem, type ReviewTools } from '../review/item.ts'
import { type Contested, readContested } from './contested.ts'

/** Ids of a key or person of the tenant; both null for the bearer of the statement's secret. */
export type Appellant = { readonly tenantId: string; readonly keyId: string | null; readonly personId: string | null }

export type NewAppeal = { statementId: string; text: string; purpose: string | null }

const SALT_BYTES = 16

/**
 * Files an appeal; returns its id. Faults: not_found (another tenant's, too), already_appealed, appeal_closed (too late, or there is
 * nothing to appeal), gone (erased), invalid_request (field text or purpose).
 */
export async function fileAppeal(
  ground: Ground,
  tools: ReviewTools,
  appellant: Appellant,
  appeal: NewAppeal,
): Promise<string> {
  const text = checkText(appeal.text, ground.config.limits.appealCharacters)
  const { purpose } = appeal
  if (purpose !== null && !tools.policy.purposes.includes(purpose))
    throw invalid('purpose', `purpose is one of ${tools.policy.purposes.join(', ')}`)
  return ground.database.transact(async (tx) => {
    const { requestId } = await readContested(tx, appellant.tenantId, appeal.statementId)
    await lockRequest(tx, requestId)
    const contested = await readContested(tx, appellant.tenantId, appeal.statementId)
    await requireOpen(tx, contested)
    return insertAppeal(tx, tools, appellant, contested, { text, purpose })
  })
}

async function insertAppeal(
  tx: Tx,
  tools: ReviewTools,
  { tenantId, keyId, personId }: Appellant,
  contested: Contested,
  { text, purpose }: { text: string; purpose: string | null },
): Promise<string> {
  const id = newId('apl')
  const salt = randomBytes(SALT_BYTES)
  const { statementId, requestId, imageId, clause, category } = contested
  await tx
    .insertInto('darkroom.appeal')
    .values({
      id,
      tenant_id: tenantId,
      statement_id: statementId,
      state: 'open',
      request_id: requestId,
      image_id: imageId,
      clause,
      text,
      purpose,
      salt,
      key_id: keyId,
      person_id: personId,
      created_at: raw<Date>`darkroom.now()`,
      updated_at: raw<Date>`darkroom.now()`,
    })
    .execute()
  await addItem(tx, tools, {
    kind: 'appeal',
    tenantId,
    requestId,
    imageId,
    appealId: id,
    category,
    clause,
    prompt: contested.prompt,
    exclude: contested.decidedBy.map((decider) => ({ personId: decider, reason: 'first_decider' as const })),
  })
  const by = { key: keyId, person: personId, bearer: keyId === null && personId === null }
  const facts = { contested: statementId, request: requestId, image: imageId, clause, purpose, by }
  await recordBirths(tx, tenantId, [{ subject: 'appeal', id, facts: { ...facts, text: saltedDigest(salt, text) } }])
  return id
}

/** Under the request's lock: nobody else files meanwhile. */
async function requireOpen(tx: Tx, contested: Contested): Promise<void> {
  const { statementId } = contested
  const earlier = await tx
    .selectFrom('darkroom.appeal')
    .select('id')
    .where('statement_id', '=', statementId)
    .executeTakeFirst()
  if (earlier !== undefined)
    throw new Fault('already_appealed', {
      detail: `this decision was appealed already: ${earlier.id}`,
      facts: { appeal: earlier.id },
    })
  if (contested.redress !== 'full')
    throw closed('this decision cannot be appealed here; its statement says what else can be done')
  const { rows } = await raw<{ late: boolean }>`
    SELECT appeal_until < darkroom.now() AS late FROM darkroom.statement WHERE id = ${statementId}`.execute(tx)
  if (rows[0]?.late !== false) throw closed('the time to appeal this decision is over')
  if (contested.erased)
    throw new Fault('gone', { detail: 'what was decided about was erased; nothing is left to look at' })
  if (!contested.stands) throw closed('this decision does not stand any more')
}

function checkText(text: string, limit: number): string {
  const trimmed = text.trim()
  const length = [...trimmed].length
  if (length === 0) throw invalid('text', 'say in a few words why the decision is wrong')
  if (length > limit) throw invalid('text', `text has ${length} characters; at most ${limit} are read`)
  if (trimmed.includes('\0') || !trimmed.isWellFormed())
    throw invalid('text', 'text has a character that is not text (U+0000 or half a surrogate pair)')
  return trimmed
}

function invalid(field: string, detail: string): Fault {
  return new Fault('invalid_request', { field, detail })
}

function closed(detail: string): Fault {
  return new Fault('appeal_closed', { detail })
}

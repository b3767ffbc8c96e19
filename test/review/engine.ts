// The review engine to stand tests on: real records, the shipped rules, people of the operator's tenant, and items of two customers'
// requests. Effects are the test's: `recorder` keeps what took effect, and when. Time passes only when the test says so.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { type Insertable, sql as raw } from 'kysely'
import type { Database } from '../../src/kernel/database.ts'
import { newId } from '../../src/kernel/ids.ts'
import type { ReviewerTable } from '../../src/kernel/review-tables.ts'
import { loadModerationPolicy } from '../../src/policy/load.ts'
import { loadReviewRules } from '../../src/policy/review-rules.ts'
import { addItem, type NewItem, type ReviewTools } from '../../src/review/item.ts'
import type { Reviewer } from '../../src/review/reviewer.ts'
import type { Ruling } from '../../src/review/ruling.ts'
import type { Effect, Effects } from '../../src/review/settle.ts'
import type { Verdict } from '../../src/review/verdict.ts'
import { openWorld, queueRequest, type Tenant, type World } from '../support/world.ts'

const POLICIES = join(import.meta.dirname, '../../policies')

export type Engine = World & {
  tools: ReviewTools
  /** The operator's tenant, whose people review. */
  operatorId: string
}

/** `draw`: what random samples go by; by default nothing is sampled. */
export async function openEngine(options: { database?: Database; draw?: () => number } = {}): Promise<Engine> {
  const world = await openWorld(options.database === undefined ? {} : { database: options.database })
  const operatorId = newId('ten')
  await world.ground.database.sql
    .insertInto('darkroom.tenant')
    .values({
      id: operatorId,
      name: 'the operator',
      operator: true,
      pseudonym: randomBytes(16).toString('hex'),
      head: '0'.repeat(64),
    })
    .execute()
  const [policy, rules] = await Promise.all([
    loadModerationPolicy(join(POLICIES, 'moderation.yaml')),
    loadReviewRules(join(POLICIES, 'review.yaml')),
  ])
  return { ...world, operatorId, tools: { policy, rules, draw: options.draw ?? (() => 1 - Number.EPSILON) } }
}

export type Profile = Omit<Insertable<ReviewerTable>, 'person_id'>

/** Somebody of the operator's tenant. */
export async function addReviewer(
  { ground, operatorId }: Engine,
  options: { lead?: boolean; profile?: Profile } = {},
): Promise<Reviewer> {
  const { lead = false, profile } = options
  const personId = newId('per')
  const { sql } = ground.database
  const roles = lead ? ['reviewer', 'lead'] : ['reviewer']
  await sql
    .insertInto('darkroom.person')
    .values({ id: personId, tenant_id: operatorId, name: 'somebody', roles })
    .execute()
  if (profile !== undefined)
    await sql
      .insertInto('darkroom.reviewer')
      .values({ person_id: personId, ...profile })
      .execute()
  return { personId, lead }
}

/** A request of a customer, its image in any state that the test needs. */
export async function addSubject(
  engine: Engine,
  options: { tenant?: Tenant; n?: number } = {},
): Promise<{ tenantId: string; requestId: string; imageIds: string[] }> {
  const tenant = options.tenant ?? engine.tenants[0]
  const { requestId, imageIds } = await queueRequest(engine, tenant, { n: options.n ?? 1 })
  await engine.ground.database.sql.deleteFrom('darkroom.task').where('subject_id', '=', requestId).execute()
  return { tenantId: tenant.id, requestId, imageIds }
}

/** An item, of a new request unless it names one; an appeal's has its statement and its appeal. */
export async function putItem(engine: Engine, item: Partial<NewItem> = {}): Promise<string> {
  const subject =
    item.requestId === undefined || item.tenantId === undefined
      ? await addSubject(engine)
      : { tenantId: item.tenantId, requestId: item.requestId, imageIds: [] }
  const clause = item.clause === undefined ? CLAUSE : item.clause
  const given: NewItem = {
    kind: 'hold',
    category: 'weapons',
    ...item,
    clause,
    tenantId: subject.tenantId,
    requestId: subject.requestId,
    imageId: item.imageId === undefined ? (subject.imageIds[0] ?? null) : item.imageId,
  }
  if (given.kind === 'appeal' && given.appealId === undefined) given.appealId = await addAppeal(engine, given)
  return engine.ground.database.transact((tx) => addItem(tx, engine.tools, given))
}

async function addAppeal({ ground }: Engine, { tenantId, requestId, imageId, clause }: NewItem): Promise<string> {
  const { sql } = ground.database
  const statementId = newId('sor')
  const id = newId('apl')
  await sql
    .insertInto('darkroom.statement')
    .values({
      id: statementId,
      tenant_id: tenantId,
      subject: imageId ? 'image' : 'request',
      subject_id: imageId ?? requestId,
      record: '{}',
      appeal_until: new Date(Date.now() + 86_400_000),
      created_at: raw`darkroom.now()`,
    })
    .execute()
  await sql
    .insertInto('darkroom.appeal')
    .values({
      id,
      tenant_id: tenantId,
      statement_id: statementId,
      state: 'open',
      request_id: requestId,
      image_id: imageId ?? null,
      clause,
    })
    .execute()
  return id
}

/** A clause of `weapons` that a reviewer can state of a picture, with its findings. */
export const CLAUSE = 'weapons/2'
export const ALLOW: Verdict = { outcome: 'allow', clause: null, findings: {}, reason: 'not_depicted', note: null }
export function deny({ policy }: ReviewTools, clause: string = CLAUSE): Verdict {
  const findings = policy.clauses.get(clause)?.statement?.findings ?? new Map<string, readonly string[]>()
  return {
    outcome: 'deny',
    clause,
    findings: Object.fromEntries([...findings].map(([place, phrases]) => [place, phrases[0] ?? ''])),
    reason: null,
    note: null,
  }
}

export async function pass({ ground }: Engine, seconds: number): Promise<void> {
  await raw`UPDATE darkroom.clock_offset SET by = by + ${seconds} * interval '1 second'`.execute(ground.database.sql)
}

export type Applied = { itemId: string; ruling: Ruling; at: Date }

/** Effects that only keep what took effect. */
export function recorder(): { applied: Applied[]; effects: Effects } {
  const applied: Applied[] = []
  const effect: Effect = async (item, ruling) => async (tx) => {
    const { rows } = await raw<{ at: Date }>`SELECT darkroom.now() AS at`.execute(tx)
    applied.push({ itemId: item.id, ruling, at: rows[0]?.at ?? new Date(Number.NaN) })
    return []
  }
  const effects = { hold: effect, appeal: effect, audit: effect, report: effect, gold: effect, escalation: effect }
  return { applied, effects }
}

// The versions of the routing rules: the newest is in force, and every one is kept with who set it and when. A version is set only on
// top of the one that was read. The operator's log names it by its digest: version, number of rules, who; never their words.
import { note } from '../advance.ts'
import { canonical, sha256 } from '../kernel/canonical.ts'
import type { Database, Sql, Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { ModerationPolicy } from '../policy/policy.ts'
import { actorOf } from '../tenant/actor.ts'
import { lockOperator, type Page, pageOf } from '../tenant/administered.ts'
import type { Caller } from '../tenant/caller.ts'
import { reviewerOf } from './reviewer.ts'
import { type RoutingRule, RulesShape, requireSense } from './routing-rules.ts'

export type Routing = {
  /** 0: nobody has set any rules yet. */
  readonly version: number
  readonly rules: readonly RoutingRule[]
  readonly changed: { readonly at: Date; readonly personId: string; readonly name: string } | null
}

const NONE: Routing = { version: 0, rules: [], changed: null }

export async function routingInForce(sql: Sql | Tx): Promise<Routing> {
  const [newest] = (await listRoutings(sql, { limit: 1, after: null })).rows
  return newest ?? NONE
}

/** Newest first. `after`: the version of the last one of the page before. */
export async function listRoutings(sql: Sql | Tx, page: Page): Promise<{ rows: Routing[]; hasMore: boolean }> {
  const rows = await sql
    .selectFrom('darkroom.review_routing as routing')
    .innerJoin('darkroom.person as person', 'person.id', 'routing.changed_by')
    .select(['routing.version', 'routing.rules', 'routing.changed_at', 'routing.changed_by', 'person.name'])
    .$if(page.after !== null, (query) => query.where('routing.version', '<', Number(page.after)))
    .orderBy('routing.version', 'desc')
    .limit(page.limit + 1)
    .execute()
  const routings = rows.map(({ version, rules, changed_at: at, changed_by: personId, name }) => ({
    version,
    rules: RulesShape.Parse(rules),
    changed: { at, personId, name },
  }))
  return pageOf(routings, page)
}

/** `rule`: its place in the list of that version, from 0. */
export type Routed = { readonly version: number; readonly rule: number; readonly name: string | null }

/** What sent an item where it went; null: no rule matched when it came. */
export async function ruleThatRouted(
  sql: Sql,
  { routing_version: version, routing_rule: rule }: { routing_version: number | null; routing_rule: number | null },
): Promise<Routed | null> {
  if (version === null || rule === null) return null
  const { rules } = await sql
    .selectFrom('darkroom.review_routing')
    .select('rules')
    .where('version', '=', version)
    .executeTakeFirstOrThrow()
  return { version, rule, name: RulesShape.Parse(rules)[rule]?.name ?? null }
}

export type NewRouting = { readonly version: number; readonly rules: readonly RoutingRule[] }

/**
 * Puts rules in force in place of version `version`; the same rules again change nothing. Faults: forbidden (nobody's key), invalid_request
 * (with its field), conflict (another version is in force).
 */
export async function setRouting(
  { transact }: Database,
  policy: ModerationPolicy,
  caller: Caller,
  { version: read, rules }: NewRouting,
): Promise<void> {
  const { personId } = reviewerOf(caller)
  await transact(async (tx) => {
    const operatorId = await lockOperator(tx)
    const before = await routingInForce(tx)
    if (before.version !== read)
      throw new Fault('conflict', {
        field: 'version',
        detail: `version ${before.version} is in force, and this was made from ${read}: somebody changed the rules meanwhile`,
      })
    await requireSense(tx, policy, rules)
    const text = canonical([...rules])
    if (text === canonical([...before.rules])) return
    const version = read + 1
    const digest = sha256(text)
    await tx
      .insertInto('darkroom.review_routing')
      .values({ version, rules: text, digest, changed_by: personId })
      .execute()
    await note(tx, operatorId, 'review.routing_changed', operatorId, {
      version,
      count: rules.length,
      digest,
      by: actorOf(caller),
    })
  })
}

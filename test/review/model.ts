// A model of the review engine to drive it with: who holds what by which token, and an oracle of who may have which item that shares no
// line with the engine's SQL. Each step acts on the real records and judges the answer; `judgeRecords` judges the records after it.
import assert from 'node:assert/strict'
import { sql as raw, type Selectable } from 'kysely'
import { isFault } from '../../src/kernel/fault.ts'
import type { ReviewVerdictTable } from '../../src/kernel/review-tables.ts'
import { claimItem, claimNext, hashOf, type Lease, releaseItem, renewLease } from '../../src/review/claim.ts'
import { decide, escalate, undo } from '../../src/review/decide.ts'
import type { ItemRow } from '../../src/review/item.ts'
import type { Reviewer } from '../../src/review/reviewer.ts'
import { type Effects, settleDue } from '../../src/review/settle.ts'
import type { Verdict } from '../../src/review/verdict.ts'
import { type Applied, type Engine, type Profile, pass } from './engine.ts'

export type Person = Reviewer & { profile: Profile }
type Given = Lease & { person: Person }

export type Model = {
  engine: Engine
  people: Person[]
  effects: Effects
  applied: Applied[]
  /** Every lease ever given, the last of each item being the only one that may be alive. */
  leases: Given[]
  last: Map<string, Given>
  /** Verdicts that were given under a live lease, by their ids. */
  lawful: Set<string>
}

export type Action =
  | { do: 'claim'; person: number; item: number }
  | { do: 'next'; person: number }
  | { do: 'renew'; lease: number }
  | { do: 'escalate'; lease: number }
  | { do: 'release'; lease: number; to: number | null; aside: boolean }
  | { do: 'decide'; lease: number; verdict: Verdict }
  | { do: 'undo'; person: number; item: number }
  | { do: 'pass'; seconds: number }
  | { do: 'settle' }

type Verdicts = Selectable<ReviewVerdictTable>[]
type Records = { items: ItemRow[]; verdicts: Verdicts; excluded: { item_id: string; person_id: string }[]; now: Date }

export async function readRecords({ engine }: Model): Promise<Records> {
  const { sql } = engine.ground.database
  const items = await sql.selectFrom('darkroom.review_item').selectAll().orderBy('rank_at').orderBy('id').execute()
  const verdicts = await sql.selectFrom('darkroom.review_verdict').selectAll().orderBy('at').orderBy('id').execute()
  const excluded = await sql.selectFrom('darkroom.review_exclusion').selectAll().execute()
  const { rows } = await raw<{ now: Date }>`SELECT darkroom.now() AS now`.execute(sql)
  return { items, verdicts, excluded, now: rows[0]?.now ?? new Date(Number.NaN) }
}

/** The oracle: whether this person may ever have this item, as things stand. */
export function mayHave(
  { items, verdicts, excluded }: Records,
  { personId, lead, profile }: Person,
  item: ItemRow,
): boolean {
  const {
    categories = null,
    languages = null,
    tenants = null,
    conflicts = [],
    max_severity = 100,
    restricted,
  } = profile
  const took = (itemId: string) =>
    verdicts.some((one) => one.item_id === itemId && one.person_id === personId && one.undone_at === null)
  if (item.severity > max_severity || (item.lead_only && !lead) || (item.restricted && restricted !== true))
    return false
  if (conflicts.includes(item.tenant_id) || (tenants !== null && !tenants.includes(item.tenant_id))) return false
  if (categories !== null && item.category !== null && !categories.includes(item.category)) return false
  if (languages !== null && item.language !== null && !languages.includes(item.language)) return false
  if (excluded.some((one) => one.item_id === item.id && one.person_id === personId) || took(item.id)) return false
  const second = item.kind === 'appeal' || item.kind === 'gold'
  return (
    !second || !items.some((other) => other.request_id === item.request_id && other.id !== item.id && took(other.id))
  )
}

/** Open, held by nobody and kept for nobody else. */
function isFree({ now }: Records, { personId }: Person, item: ItemRow): boolean {
  if (item.state !== 'open' || (item.lease_until !== null && item.lease_until > now)) return false
  const until = item.reserved_until
  return item.reserved_for === null || item.reserved_for === personId || (until !== null && until <= now)
}

/** Held by this person, under whatever token: they may take it over. */
const isTheirs = ({ now }: Records, { personId }: Person, item: ItemRow): boolean =>
  item.state === 'open' && item.lease_person === personId && item.lease_until !== null && item.lease_until > now

/** Given back by this person lately, to be had by others first. */
const isAside = ({ now }: Records, { personId }: Person, item: ItemRow): boolean =>
  item.aside_by === personId && item.aside_until !== null && item.aside_until > now

const at = <T>(list: readonly T[], index: number): T | undefined => list[index % Math.max(1, list.length)]

/** Does one thing, and judges whether it should have been done. */
export async function act(model: Model, action: Action): Promise<void> {
  const { engine, people } = model
  const { database } = engine.ground
  const { rules } = engine.tools
  const before = await readRecords(model)
  switch (action.do) {
    case 'pass':
      return pass(engine, action.seconds)
    case 'settle':
      await settleDue(engine.ground, engine.tools, model.effects)
      return
    case 'claim':
    case 'undo': {
      const [person, item] = [at(people, action.person), at(before.items, action.item)]
      if (person === undefined || item === undefined) return
      const lease = await unlessRefused(
        action.do === 'claim'
          ? claimItem(database, rules, person, item.id)
          : undo(database, engine.tools, person, item.id),
      )
      const lawful =
        action.do === 'claim'
          ? (isFree(before, person, item) || isTheirs(before, person, item)) && mayHave(before, person, item)
          : mayUndo(before, person, item)
      assert.equal(lease !== null, lawful, `${action.do} of ${item.id} in ${item.state}`)
      return keep(model, person, lease)
    }
    case 'next': {
      const person = at(people, action.person)
      if (person === undefined) return
      const lease = await claimNext(database, rules, person)
      const first = before.items.find(
        (item) => isFree(before, person, item) && !isAside(before, person, item) && mayHave(before, person, item),
      )
      assert.equal(lease?.itemId, first?.id, 'the next item is the first of the order that this person may have')
      return keep(model, person, lease)
    }
    default:
      return actOnLease(model, before, action)
  }
}

async function actOnLease(model: Model, before: Records, action: Extract<Action, { lease: number }>): Promise<void> {
  const { ground, tools } = model.engine
  const given = at(model.leases, action.lease)
  if (given === undefined) return
  const { person, itemId, token } = given
  const item = before.items.find((one) => one.id === itemId)
  const alive =
    item?.state === 'open' && item.lease_hash === hashOf(token) && (item.lease_until ?? before.now) > before.now
  if (action.do === 'renew') {
    const until = await unlessRefused(renewLease(ground.database.sql, tools.rules, person, itemId, token))
    assert.equal(until !== null, alive, 'a lease is renewed while it lives')
  } else if (action.do === 'release') {
    const to = action.to === null ? null : at(model.people, action.to)
    const receiver = to?.personId ?? null
    const back = await unlessRefused(
      releaseItem(ground.database.sql, tools.rules, person, itemId, token, {
        note: null,
        to: receiver,
        aside: action.aside,
      }).then(() => true),
    )
    assert.equal(back !== null, alive && item !== undefined && (to == null || mayHave(before, to, item)), 'release')
  } else if (action.do === 'escalate') {
    const up = await unlessRefused(escalate(ground.database.sql, person, itemId, token, 'please').then(() => true))
    assert.equal(up !== null, alive && !person.lead, 'escalation')
  } else {
    const decided = await unlessRefused(decide(ground.database, tools, person, itemId, token, action.verdict))
    const again = decided !== null && before.verdicts.find((one) => one.id === decided.verdictId)
    if (again) {
      const { outcome, clause, reason } = action.verdict
      assert.equal(again.lease_hash, hashOf(token), 'a verdict that was given already was given with this token')
      assert.deepEqual([again.person_id, again.undone_at], [person.personId, null])
      assert.deepEqual([again.outcome, again.clause, again.reason], [outcome, clause, reason], 'and is the same')
      return
    }
    const lawful = alive && item !== undefined && mayHave(before, person, item)
    assert.equal(decided !== null, lawful, 'a verdict counts under a live lease of somebody who may give it')
    if (decided !== null) model.lawful.add(decided.verdictId)
  }
}

function mayUndo({ verdicts, now }: Records, { personId }: Person, item: ItemRow): boolean {
  const own = verdicts.some(
    (one) => one.item_id === item.id && one.person_id === personId && one.undone_at === null && one.counted_at === null,
  )
  return own && item.state === 'decided' && item.effect_at !== null && item.effect_at > now
}

function keep(model: Model, person: Person, lease: Lease | null): void {
  if (lease === null) return
  const given = { ...lease, person }
  model.leases.push(given)
  model.last.set(lease.itemId, given)
}

const REFUSALS = ['conflict', 'conflict_of_interest', 'not_found', 'lease_expired', 'invalid_request'] as const

async function unlessRefused<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer
  } catch (error) {
    if (REFUSALS.some((code) => isFault(error, code))) return null
    throw error
  }
}

/** What always holds of the records. */
export async function judgeRecords(model: Model): Promise<Records> {
  const records = await readRecords(model)
  const { items, verdicts, excluded, now } = records
  for (const item of items) {
    const held = item.lease_until !== null && item.lease_until > now
    if (held) {
      const given = model.last.get(item.id)
      assert.equal(item.lease_hash, given && hashOf(given.token), 'the newest token is the only one that lives')
      assert.equal(item.lease_person, given?.person.personId)
      assert.ok(
        !excluded.some((one) => one.item_id === item.id && one.person_id === item.lease_person),
        'held by an excluded person',
      )
    }
    const effects = model.applied.filter((one) => one.itemId === item.id)
    assert.equal(
      effects.length,
      item.state === 'closed' ? 1 : 0,
      `${item.id}, ${item.state}: its effect is applied once, when it closes`,
    )
    for (const { ruling, at: when } of effects) {
      const counted = verdicts.filter((one) => ruling.verdicts.includes(one.id))
      assert.equal(counted.length, ruling.verdicts.length)
      for (const one of counted) {
        assert.ok(one.undone_at === null && one.counted_at !== null, 'only verdicts that stand have an effect')
        assert.ok(
          when.getTime() - one.at.getTime() >= model.engine.tools.rules.undoMs,
          'an effect waits for its undo time',
        )
      }
      assert.ok(new Set(ruling.reviewers).size >= item.needs || item.needs > 1 || ruling.reviewers.length === 1)
      assert.equal(new Set(ruling.reviewers).size, ruling.reviewers.length, 'nobody counts twice')
    }
  }
  const standing = verdicts.filter((one) => one.undone_at === null)
  assert.equal(
    new Set(standing.map((one) => `${one.item_id} ${one.person_id}`)).size,
    standing.length,
    'nobody decides twice',
  )
  for (const one of verdicts) assert.ok(model.lawful.has(one.id), 'a verdict came from a live lease')
  for (const appeal of items.filter((item) => item.kind === 'appeal')) judgeAppeal(records, appeal)
  return records
}

/** Nobody decides on an appeal after having decided anything of the same request. */
function judgeAppeal({ items, verdicts }: Records, appeal: ItemRow): void {
  const siblings = items
    .filter((item) => item.request_id === appeal.request_id && item.id !== appeal.id)
    .map(({ id }) => id)
  for (const verdict of verdicts.filter((one) => one.item_id === appeal.id)) {
    const earlier = verdicts.find(
      (one) =>
        siblings.includes(one.item_id) &&
        one.person_id === verdict.person_id &&
        one.at < verdict.at &&
        (one.undone_at === null || one.undone_at > verdict.at),
    )
    assert.equal(earlier, undefined, 'somebody decided on an appeal of their own decision')
  }
}

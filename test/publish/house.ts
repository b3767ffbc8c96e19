// A court (test/review/court.ts) with what tests of retention need: pictures in a given state, a clock in days, what lies in the stores, and
// a ground that breaks at a chosen step, before or after that step took effect.
import assert from 'node:assert/strict'
import { sql as raw } from 'kysely'
import { Fault } from '../../src/kernel/fault.ts'
import type { Ground } from '../../src/kernel/ground.ts'
import type { ObjectStore } from '../../src/kernel/object-store.ts'
import { loadRetentionRules } from '../../src/policy/retention-rules.ts'
import { finishErasures } from '../../src/publish/erase.ts'
import { removeLeftovers } from '../../src/publish/leftovers.ts'
import { finishRemovals } from '../../src/publish/removals.ts'
import { endRetention } from '../../src/publish/retention.ts'
import { claimItem } from '../../src/review/claim.ts'
import { decide } from '../../src/review/decide.ts'
import type { Verdict } from '../../src/review/verdict.ts'
import { ALLOWED, FORBIDDEN, json } from '../http/service.ts'
import { openCourt, type ReviewerName, type Scores } from '../review/court.ts'

export const DAY_SECONDS = 86_400
export type House = Awaited<ReturnType<typeof openHouse>>

export async function openHouse(env: Record<string, string> = {}) {
  const court = await openCourt({ env: { DARKROOM_APPEAL_WINDOW_DAYS: '30', ...env } })
  const { service, ground, sql } = court
  const rules = await loadRetentionRules('policies/retention.yaml')

  async function draw(...scores: Scores[]) {
    const { requestId } = await service.admit({ prompt: ALLOWED, n: scores.length })
    const imageIds = await court.develop(requestId, scores)
    await court.finish()
    return { requestId, imageIds, imageId: imageIds[0] ?? '' }
  }
  const rowOf = (table: 'request' | 'image', id: string) =>
    sql.selectFrom(`darkroom.${table}`).selectAll().where('id', '=', id).executeTakeFirstOrThrow()

  return {
    ...court,
    rules,
    rowOf,
    published: () => draw({}),
    denied: () => draw({ 'violence/graphic': 0.99 }),
    draw,
    refused: async () => (await service.admit({ prompt: FORBIDDEN })).requestId,
    /** Software's denials are dated by this machine's clock, so what a test denies it denies today. */
    today: () => raw`UPDATE darkroom.clock_offset SET by = interval '0'`.execute(sql),
    /** Lets time pass without anything being done. */
    days: (days: number) =>
      raw`UPDATE darkroom.clock_offset SET by = by + ${days * DAY_SECONDS} * interval '1 second'`.execute(sql),
    /** What the janitor does, until nothing is left to do at once. */
    janitor: async (on: Ground = ground) => {
      const ended = await endRetention(on, rules)
      await finishErasures(on)
      await removeLeftovers(on)
      await finishRemovals(on)
      return ended
    },
    call: async (path: string, init: RequestInit & { as?: string | null } = {}) => {
      const response = await service.call(path, init)
      const text = await response.text()
      const isJson = response.headers.get('content-type')?.includes('json') === true
      return { status: response.status, body: isJson ? JSON.parse(text) : text, headers: response.headers }
    },
    appeal: async (statementId: string) => {
      const body = { statement_id: statementId, text: 'This is a mistake.' }
      const response = await service.call('/v1/appeals', json(body))
      assert.equal(response.status, 201)
      return (await response.json()).id
    },
    /** Keeps what belongs to a request, as compliance; returns the hold's id. */
    hold: async (requestId: string): Promise<string> => {
      const body = { request_id: requestId, reason: 'a court asked for it' }
      const response = await service.call('/v1/admin/legal-holds', { ...json(body), as: 'compliance' })
      assert.equal(response.status, 201)
      return (await response.json()).id
    },
    lift: (holdId: string) =>
      service.call(`/v1/admin/legal-holds/${holdId}/lift`, { method: 'POST', as: 'compliance' }),
    notesOf: async (subjectId: string) =>
      (
        await sql
          .selectFrom('darkroom.move')
          .select(['kind', 'facts'])
          .where('subject_id', '=', subjectId)
          .where('subject', '=', 'note')
          .orderBy('id')
          .execute()
      ).map(({ kind, facts }) => ({ kind, facts })),
    /** Makes a statement a restricted one, without a fixture that would deserve it. */
    restrict: (statementId: string | null) =>
      raw`UPDATE darkroom.statement SET record = jsonb_set(record, '{redress}', '{"kind":"restricted","text":"restricted"}')
           WHERE id = ${statementId}`.execute(sql),
    /** A reviewer decides an item, and the undo time goes by. */
    rule: async (
      itemId: string,
      verdict: Partial<Verdict> & Pick<Verdict, 'outcome'>,
      by: ReviewerName | 'lead' = 'ada',
    ) => {
      const reviewer = { personId: court.people[by].id, lead: by === 'lead' }
      const { token } = await claimItem(ground.database, court.tools.rules, reviewer, itemId)
      const whole = { clause: null, findings: {}, reason: null, note: null, ...verdict }
      await decide(ground.database, court.tools, reviewer, itemId, token, whole)
      await court.pass(61)
    },
    /** The first phrase for each place of a clause. */
    findingsOf: (clause: string): Record<string, string> => {
      const { findings = new Map<string, readonly string[]>() } = court.policy.clauses.get(clause)?.statement ?? {}
      return Object.fromEntries([...findings].map(([place, phrases]) => [place, phrases[0] ?? '']))
    },
  }
}

export async function has(store: ObjectStore, key: string): Promise<boolean> {
  return store.get(key).then(
    () => true,
    () => false,
  )
}

const METHODS = ['putIfAbsent', 'get', 'remove', 'removeUnder'] as const

/** The ground, whose transaction or call to a store of that number fails: before it did anything, or after it did all. */
export function breakAt(
  ground: Ground,
  step: number,
  when: 'before' | 'after',
): { ground: Ground; broke: () => boolean } {
  let steps = 0
  let broken = false
  async function taken<T>(does: () => Promise<T>): Promise<T> {
    const here = steps++ === step
    if (here) broken = true
    if (here && when === 'before') throw new Fault('storage_error', { retry: 'later' })
    const done = await does()
    if (here) throw new Fault('storage_error', { retry: 'later' })
    return done
  }
  const breaking = <S extends ObjectStore>(store: S): S => {
    const broken_: S = { ...store }
    for (const method of METHODS) {
      const does = Reflect.get(store, method)
      Reflect.set(broken_, method, (...given: unknown[]) => taken(() => Reflect.apply(does, store, given)))
    }
    return broken_
  }
  const { transact } = ground.database
  const database: Ground['database'] = Object.assign(Object.create(ground.database), {
    transact: ((work) => taken(() => transact(work))) satisfies typeof transact,
  })
  return {
    ground: { ...ground, database, images: breaking(ground.images), quarantine: breaking(ground.quarantine) },
    broke: () => broken,
  }
}

/** Does `work` on grounds that break at each of its steps in turn, before and after; `check` follows once the janitor has come. */
export async function breakEverywhere(
  house: House,
  work: (ground: Ground) => Promise<unknown>,
  { prepare, check }: { prepare: () => Promise<void>; check: (where: string) => Promise<void> },
): Promise<number> {
  let steps = 0
  for (const when of ['before', 'after'] as const)
    for (let step = 0; ; step++) {
      await prepare()
      const { ground, broke } = breakAt(house.ground, step, when)
      await work(ground).catch((error: unknown) => {
        if (!(error instanceof Fault) || error.code !== 'storage_error') throw error
      })
      // Whoever tried is dead; another janitor comes when its time has run out.
      await house.days(0.01)
      await work(house.ground)
      await house.janitor()
      await check(`step ${step}, ${when}`)
      if (!broke()) break
      steps++
    }
  return steps
}

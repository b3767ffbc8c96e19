// Tells people their part of the queue, and again whenever it changed: one cheap question a second for the whole process while anybody
// listens. A part is read anew when the records' pulse has moved, when something of it ran out, or after half a minute, for time
// alone changes who may have what. The bell makes it quick; a lost message costs a second. Nobody is told more than once a second.
import { sql as raw } from 'kysely'
import type { Sql } from '../kernel/database.ts'
import { type Ground, REVIEW_TOPIC } from '../kernel/ground.ts'
import { type MyQueue, myQueue, readUrgency, seesRestricted, type Urgency } from './queue.ts'
import type { Reviewer } from './reviewer.ts'

/** A lead's says how urgent the whole is. */
export type QueuePart = MyQueue & Partial<Urgency>
type Listener = (part: QueuePart) => void
type Followed = {
  reviewer: Reviewer
  listeners: Set<Listener>
  part: QueuePart | null
  /** What it was when it was told last, without what changes by itself. */
  told: string
  /** When something of it runs out, by the records' clock. */
  until: number
}

const EVERY_MS = 1000
const AGAIN_MS = 30_000
/** So long after the pulse moved it may not all have been committed. */
const SETTLES_MS = 2500
const UNREAD = 'the review queue could not be read for so many of those who follow it; the next second tries again'

/** Tells `listener` this person's part, then each change, until the returned function is called. */
export function followQueue(ground: Ground, reviewer: Reviewer, listener: Listener): () => void {
  const hub = hubs.get(ground) ?? openHub(ground)
  hubs.set(ground, hub)
  return hub(reviewer, listener)
}

const hubs = new WeakMap<Ground, ReturnType<typeof openHub>>()

function openHub(ground: Ground) {
  const { sql } = ground.database
  const followed = new Map<string, Followed>()
  let seen = { pulse: '', settledAt: 0, readAt: 0 }
  let toldAt = 0
  let timer: NodeJS.Timeout | null = null
  let looking = false
  let deaf = () => {}

  const look = async () => {
    if (looking) return
    looking = true
    timer = null
    let failed = 0
    try {
      const { pulse, now } = await readPulse(sql)
      const moved = pulse !== seen.pulse
      const all = moved || seen.settledAt > seen.readAt || now - seen.readAt >= AGAIN_MS || now < seen.readAt
      const due = [...followed.values()].filter((one) => all || one.part === null || one.until <= now)
      const wholeOf = once((sees: boolean) => readWhole(sql, sees))
      let error: unknown = null
      for (const one of due)
        try {
          await readPart(sql, one, wholeOf)
        } catch (cause) {
          // Read by the next look, and told to whoever came meanwhile too; the others are told all the same.
          one.part = null
          one.told = ''
          failed++
          error = cause
        }
      if (failed > 0) ground.log.warn({ error, count: failed }, UNREAD)
      if (due.length > 0) toldAt = performance.now()
      const settledAt = moved ? now + SETTLES_MS : seen.settledAt
      seen = { pulse, settledAt, readAt: all ? now : seen.readAt }
    } catch (error) {
      failed++
      ground.log.warn({ error, count: followed.size }, UNREAD)
    } finally {
      looking = false
      if (followed.size > 0) lookIn(someoneNew() && failed === 0 ? 0 : EVERY_MS)
    }
  }
  const someoneNew = () => [...followed.values()].some((one) => one.part === null)
  const lookIn = (ms: number) => {
    if (timer !== null) clearTimeout(timer)
    timer = setTimeout(look, ms)
  }
  const hear = () => {
    if (!looking) lookIn(Math.max(0, toldAt + EVERY_MS - performance.now()))
  }

  return (reviewer: Reviewer, listener: Listener): (() => void) => {
    const name = `${reviewer.personId} ${reviewer.lead}`
    const one = followed.get(name) ?? { reviewer, listeners: new Set(), part: null, told: '', until: 0 }
    if (followed.size === 0) deaf = ground.bell.hear(REVIEW_TOPIC, hear)
    followed.set(name, one)
    one.listeners.add(listener)
    if (one.part !== null) listener(one.part)
    else if (!looking) lookIn(0)
    return () => {
      one.listeners.delete(listener)
      if (one.listeners.size > 0 || followed.get(name) !== one) return
      followed.delete(name)
      if (followed.size > 0) return
      deaf()
      if (timer !== null) clearTimeout(timer)
      timer = null
    }
  }
}

async function readPart(sql: Sql, one: Followed, wholeOf: (sees: boolean) => Promise<Whole>): Promise<void> {
  const { reviewer } = one
  const mine = await myQueue(sql, reviewer)
  const { urgency, whole } = reviewer.lead ? await wholeOf(await seesRestricted(sql, reviewer)) : NOTHING_MORE
  const part = { ...mine, ...urgency }
  const ends = [...mine.claims.map((claim) => claim.lease_until), ...mine.undoable.map((verdict) => verdict.undo_until)]
  one.until = Math.min(...ends.map((end) => Date.parse(end)))
  one.part = part
  // Its age alone is no change.
  const told = JSON.stringify([whole, { ...part, oldest_seconds: null }])
  if (told === one.told) return
  one.told = told
  for (const listener of one.listeners) listener(part)
}

/** How urgent all that a lead sees is, and what tells whether any of it is other than it was: they look at every item. */
type Whole = { urgency: Partial<Urgency>; whole: string }
const NOTHING_MORE: Whole = { urgency: {}, whole: '' }

/** The same for every lead who sees as much: read once a look. */
async function readWhole(sql: Sql, sees: boolean): Promise<Whole> {
  const { rows } = await raw<{ whole: string | null }>`
    SELECT sum(hashtextextended(concat_ws(' ', id, state, verdicts, severity, lease_person, reserved_for), 0))::text AS whole
      FROM darkroom.review_item AS item WHERE item.state <> 'closed' AND (${sees} OR NOT item.restricted)`.execute(sql)
  return { urgency: await readUrgency(sql, sees), whole: rows[0]?.whole ?? '' }
}

/** What `read` answers is kept, also that it failed. */
function once<K, V>(read: (key: K) => V): (key: K) => V {
  const kept = new Map<K, V>()
  return (key) => {
    const value = kept.get(key) ?? read(key)
    kept.set(key, value)
    return value
  }
}

/** A number that moves with every change of the queue, and the records' time. */
async function readPulse(sql: Sql): Promise<{ pulse: string; now: number }> {
  const { rows } = await raw<{ pulse: string; now: Date }>`
    SELECT last_value || ' ' || is_called AS pulse, darkroom.now() AS now FROM darkroom.review_pulse`.execute(sql)
  const [row] = rows
  if (row === undefined) throw new TypeError('a sequence has one row')
  return { pulse: row.pulse, now: row.now.getTime() }
}

// What the records know, read when Prometheus asks: any process that serves /metrics tells the same, so take the maximum over
// processes, never the sum. Each family is one indexed query.
import { sql as raw } from 'kysely'
import { Counter, Gauge, Registry } from 'prom-client'
import type { Database } from './database.ts'

/** Moves are counted once they are this old, when no transaction that began earlier can still add one before them. */
const SETTLED_MS = 10_000

const SHARED_MS = 250

/** Device work that waits, as schedule/backlog.ts reads it: cost units, the seconds until it is done, live devices. */
export type ReadBacklog = () => Promise<{ tasks: number; estimatedSeconds: number; devices: number }>

/** The lanes of review/lane.ts; a test holds the two against each other. */
const REVIEW_LANE = raw<string>`CASE WHEN restricted OR kind = 'escalation' THEN 'restricted' WHEN kind = 'hold' THEN 'first_look'
  WHEN kind = 'report' THEN 'report' ELSE 'second_look' END`

type Row = { labels: Record<string, string>; value: number }

export function openGauges({ sql }: Database, readBacklog: ReadBacklog): Registry {
  const registry = new Registry()
  const gauge = (name: string, help: string, labelNames: string[], read: () => Promise<Row[]>) => {
    const readShared = shared(read)
    new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      async collect() {
        const rows = await readShared()
        this.reset()
        for (const { labels, value } of rows) this.set(labels, value)
      },
    })
  }

  gauge('darkroom_tasks', 'Tasks by stage and by whether a worker holds them.', ['stage', 'held'], async () => {
    const { rows } = await raw<{ stage: string; held: boolean; count: string }>`
      SELECT stage, lease_until > (SELECT darkroom.now()) IS TRUE AS held, count(*) AS count
        FROM darkroom.task GROUP BY 1, 2`.execute(sql)
    return rows.map(({ stage, held, count }) => ({ labels: { stage, held: String(held) }, value: Number(count) }))
  })
  gauge('darkroom_oldest_task_seconds', 'Age of the oldest due task by stage.', ['stage'], async () => {
    const { rows } = await raw<{ stage: string; age: string }>`
      SELECT stage, extract(epoch FROM darkroom.now() - min(runnable_at)) AS age
        FROM darkroom.task WHERE runnable_at <= (SELECT darkroom.now()) GROUP BY 1`.execute(sql)
    return rows.map(({ stage, age }) => ({ labels: { stage }, value: Number(age) }))
  })
  gauge('darkroom_held_images', 'Images that wait for a person.', [], async () => {
    const { rows } = await raw<{ count: string }>`
      SELECT count(*) AS count FROM darkroom.image WHERE state = 'held'`.execute(sql)
    return rows.map(({ count }) => ({ labels: {}, value: Number(count) }))
  })
  gauge(
    'darkroom_review_items',
    'Review items that are not closed, by lane and state.',
    ['lane', 'state'],
    async () => {
      const { rows } = await raw<{ lane: string; state: string; count: string }>`
      SELECT ${REVIEW_LANE} AS lane, state, count(*) AS count
        FROM darkroom.review_item WHERE state <> 'closed' GROUP BY 1, 2`.execute(sql)
      return rows.map(({ lane, state, count }) => ({ labels: { lane, state }, value: Number(count) }))
    },
  )
  gauge('darkroom_review_oldest_seconds', 'Age of the oldest review item by lane.', ['lane'], async () => {
    const { rows } = await raw<{ lane: string; age: string }>`
      SELECT ${REVIEW_LANE} AS lane, extract(epoch FROM darkroom.now() - min(created_at)) AS age
        FROM darkroom.review_item WHERE state <> 'closed' GROUP BY 1`.execute(sql)
    return rows.map(({ lane, age }) => ({ labels: { lane }, value: Number(age) }))
  })
  gauge('darkroom_review_breached', 'Review items that are past their deadline.', [], async () => {
    const { rows } = await raw<{ count: string }>`
      SELECT count(*) AS count FROM darkroom.review_item
       WHERE state <> 'closed' AND deadline_at <= (SELECT darkroom.now())`.execute(sql)
    return rows.map(({ count }) => ({ labels: {}, value: Number(count) }))
  })
  gauge('darkroom_review_awaiting', 'Review items that nobody is left for.', [], async () => {
    const { rows } = await raw<{ count: string }>`
      SELECT count(*) AS count FROM darkroom.review_item WHERE state = 'awaiting_reviewer'`.execute(sql)
    return rows.map(({ count }) => ({ labels: {}, value: Number(count) }))
  })
  gauge('darkroom_backlog_device_seconds', 'Measured device time that the backlog will take.', [], async () => {
    const { estimatedSeconds, devices } = await readBacklog()
    return [{ labels: {}, value: estimatedSeconds * Math.max(1, devices) }]
  })
  gauge('darkroom_devices', 'Devices that are alive.', [], async () => {
    const { devices } = await readBacklog()
    return [{ labels: {}, value: devices }]
  })
  gauge('darkroom_webhooks_pending', 'Webhook deliveries that wait for their next attempt.', [], async () => {
    const { rows } = await raw<{ count: string }>`
      SELECT count(*) AS count FROM darkroom.webhook_delivery WHERE state = 'pending'`.execute(sql)
    return rows.map(({ count }) => ({ labels: {}, value: Number(count) }))
  })
  gauge(
    'darkroom_erasures_pending',
    'Erased generations whose files should be gone and are not yet known to be, and users whose erasure does not go on.',
    [],
    async () => {
      const { rows } = await raw<{ count: string }>`
      SELECT (SELECT count(*) FROM darkroom.erasure WHERE settled_at <= darkroom.now())
             + (SELECT count(*) FROM darkroom.user_erasure WHERE passes >= 3) AS count`.execute(sql)
      return rows.map(({ count }) => ({ labels: {}, value: Number(count) }))
    },
  )
  gauge(
    'darkroom_preservations_due',
    'Restricted cases whose time is over and that nobody has decided on.',
    [],
    async () => {
      const { rows } = await raw<{ count: string }>`
      SELECT count(*) AS count FROM darkroom.statement
       WHERE record->'redress'->>'kind' = 'restricted' AND preservation_ended_at IS NULL
         AND preservation_due_at IS NOT NULL`.execute(sql)
      return rows.map(({ count }) => ({ labels: {}, value: Number(count) }))
    },
  )
  const logLag = shared(() => readLogLag(sql))
  gauge('darkroom_log_size', 'Leaves of the tree that the log signed last.', [], async () => [
    { labels: {}, value: Number((await logLag()).size) },
  ])
  gauge('darkroom_log_unsigned', 'Moves that are in no signed tree yet.', [], async () => [
    { labels: {}, value: Number((await logLag()).unsigned) },
  ])
  gauge(
    'darkroom_log_oldest_unsigned_seconds',
    'Age of the oldest move that is in no signed tree; 0 where none is.',
    [],
    async () => [{ labels: {}, value: Number((await logLag()).oldest) }],
  )
  gauge(
    'darkroom_audit_exports_failed',
    'Exports of the log that were given up and are not taken away, by why.',
    ['failure'],
    async () => {
      const { rows } = await raw<{ failure: string; count: string }>`
      SELECT coalesce(failure, 'internal') AS failure, count(*) AS count
        FROM darkroom.audit_export WHERE state = 'failed' GROUP BY 1`.execute(sql)
      return rows.map(({ failure, count }) => ({ labels: { failure }, value: Number(count) }))
    },
  )
  countMoves(registry, sql)
  return registry
}

type LogLag = { size: string; unsigned: string; oldest: string }

/** How far the log is behind the records: moves without an index, and those whose index lies beyond the signed tree. */
async function readLogLag(sql: Database['sql']): Promise<LogLag> {
  const { rows } = await raw<LogLag>`
    SELECT tree_size AS size,
           (SELECT count(*) FROM darkroom.move WHERE log_index IS NULL)
             + (SELECT count(*) FROM darkroom.move WHERE log_index >= tree_size) AS unsigned,
           coalesce(greatest(0, extract(epoch FROM darkroom.now() - least(
             (SELECT at FROM darkroom.move WHERE log_index IS NULL ORDER BY id LIMIT 1),
             (SELECT at FROM darkroom.move WHERE log_index >= tree_size ORDER BY log_index LIMIT 1)))), 0) AS oldest
      FROM darkroom.log`.execute(sql)
  const [lag] = rows
  if (lag === undefined) throw new TypeError('the log has one row')
  return lag
}

/** One reading serves everybody who asks at about the same time: nobody can make the records count all day. */
function shared<T>(read: () => Promise<T>): () => Promise<T> {
  let latest: { at: number; reading: Promise<T> } | null = null
  return () => {
    if (latest !== null && performance.now() - latest.at < SHARED_MS) return latest.reading
    const reading = read()
    latest = { at: performance.now(), reading }
    reading.catch(() => {
      if (latest?.reading === reading) latest = null
    })
    return reading
  }
}

/** Every move and note since this process began to count, by kind. */
function countMoves(registry: Registry, sql: Database['sql']): void {
  let last: string | null = null
  const counter = new Counter({
    name: 'darkroom_moves_total',
    help: `Moves and notes by kind, counted ${SETTLED_MS / 1000} seconds after they happened.`,
    labelNames: ['kind'],
    registers: [registry],
    collect: () => count(),
  })
  const count = shared(async () => {
    const settled = raw<Date>`(SELECT darkroom.now()) - ${SETTLED_MS} * interval '1 millisecond'`
    if (last === null) {
      const { rows } = await raw<{ id: string }>`
          SELECT id FROM darkroom.move WHERE at <= ${settled} ORDER BY id DESC LIMIT 1`.execute(sql)
      last = rows[0]?.id ?? '0'
      return
    }
    const since: string = last
    const { rows } = await raw<{ kind: string; count: string; last: string }>`
        SELECT kind, count(*) AS count, max(id) AS last FROM darkroom.move
         WHERE id > ${since} AND at <= ${settled} GROUP BY kind`.execute(sql)
    for (const { kind, count, last: id } of rows) {
      if (BigInt(id) > BigInt(last)) last = id
      counter.inc({ kind }, Number(count))
    }
  })
}

// A thousand event streams on one serve process: from a move's commit (in this process, as a worker would commit it) to each
// listener's receipt, and what a listener takes of memory. Peer: plain.ts, which writes the same bytes from one Redis message, from
// its publication to each receipt. Rounds alternate: moves, progress (which reads no records), the peer.
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { advance } from '../../src/advance.ts'
import { type Database, openDatabase } from '../../src/kernel/database.ts'
import { requestTopic } from '../../src/kernel/ground.ts'
import { openLog } from '../../src/kernel/log.ts'
import { type Doorbell, openDoorbell } from '../../src/schedule/doorbell.ts'
import { median } from '../median.ts'
import type { Row } from './acceptance.ts'
import type { AudienceCommand, Heard } from './audience.ts'
import { type Child, nowMs, startChild } from './child.ts'
import type { PlainAnswer, PlainCommand } from './plain.ts'
import { emptyBacklog, load, ORDER, type Stage, vitalsOf } from './stage.ts'
import { quantile, spread } from './statistics.ts'

const RECEIVE_LIMIT_MS = 20_000
const SETTLE_MS = 1500
/** Between one generation's telling and the next, so that all sides are paced alike. */
const PACE_MS = 5
const KIB = 1024

type Audience = Child<AudienceCommand, Heard>
/** Tells each generation's listeners once; answers, by generation, the event's name and the moment from which it is timed. */
type Tell = (round: number) => Promise<{ event: string; fromMs: number }[]>
type Side = { delaysMs: number[]; lastMs: number[]; missed: number }

export async function measureListeners(
  stage: Stage,
  { listeners, generations, rounds }: { listeners: number; generations: number; rounds: number },
): Promise<{ rows: Row[]; facts: string }> {
  await using stack = new AsyncDisposableStack()
  const { redis, databaseUrl } = stage.production
  const service = stack.use(await stage.serve())
  const database = stack.use(await openDatabase({ url: databaseUrl, home: null, poolSize: 2 }))
  const connection = { url: redis.url, allowVolatile: false }
  const bell = stack.use(await openDoorbell({ database, redis: connection, log: openLog('error') }))
  const publisher = new Redis(redis.url)
  stack.defer(() => publisher.disconnect())
  const audience = () => stack.use(startChild<AudienceCommand, Heard>(new URL('audience.ts', import.meta.url)))
  const [ours, theirs] = [audience(), audience()]
  const peer = stack.use(startChild<PlainCommand, PlainAnswer>(new URL('plain.ts', import.meta.url)))
  const { url: peerUrl } = await peer.ask({ kind: 'start', redisUrl: redis.url })

  const ids: string[] = []
  while (ids.length < generations) ids.push((await service.post(ORDER)).id)
  const places = Array.from({ length: listeners }, (_, place) => place % generations)
  const before = { ours: await vitalsOf(service), theirs: await peer.ask({ kind: 'memory' }) }
  const urls = places.map((place) => `${service.url}/v1/generations/${ids[place]}/events`)
  await ours.ask({ kind: 'open', urls, headers: service.headers })
  const peerUrls = places.map((place) => `${peerUrl}/plain-${place}`)
  await theirs.ask({ kind: 'open', urls: peerUrls, headers: {} })
  await sleep(SETTLE_MS)
  const after = { ours: await vitalsOf(service), theirs: await peer.ask({ kind: 'memory' }) }

  let frame = ''
  const tells: [string, Audience, Tell][] = [
    ['move, from its commit', ours, (round) => moveAll(database, bell, ids, round)],
    ['progress, from its telling', ours, (round) => stepAll(bell, ids, round)],
    ['plain server (peer), from its message', theirs, (round) => publishAll(publisher, generations, round, frame)],
  ]
  const sides = new Map<string, Side>()
  let dropped = 0
  for (let round = 0; round <= rounds; round++)
    for (const [name, hearing, tell] of tells) {
      const side = sides.get(name) ?? { delaysMs: [], lastMs: [], missed: 0 }
      sides.set(name, side)
      const told = await tell(round)
      const events = Object.fromEntries(places.map((place, index) => [index, told[place]?.event ?? '']))
      const heard = await hearing.ask({ kind: 'await', events, limitMs: RECEIVE_LIMIT_MS })
      if (name.startsWith('move')) frame = heard.lastFrame
      dropped = Math.max(dropped, heard.dropped)
      // The first round compiles.
      if (round > 0) keep(side, heard, places, told)
      await sleep(50)
    }
  await ours.ask({ kind: 'close' })
  await emptyBacklog(stage)

  const peerMs = median(sides.get(tells[2]?.[0] ?? '')?.lastMs ?? [])
  const rows = [...sides].map(([told, { delaysMs, lastMs, missed }]) => ({
    told,
    'p50 ms': quantile(delaysMs, 0.5).toFixed(1),
    'p99 ms': quantile(delaysMs, 0.99).toFixed(1),
    'last of a round, ms': spread(lastMs, 0),
    'against the peer': (median(lastMs) / peerMs).toFixed(2),
    missed,
    'load average': load(),
  }))
  const each = (bytes: number) => `${(bytes / listeners / KIB).toFixed(1)} KiB`
  const facts = [
    `a listener takes ${each(after.ours.rssBytes - before.ours.rssBytes)} of RSS`,
    `(heap ${each(after.ours.heapBytes - before.ours.heapBytes)}); the plain server's`,
    `${each(after.theirs.rssBytes - before.theirs.rssBytes)} (heap ${each(after.theirs.heapBytes - before.theirs.heapBytes)});`,
    `${dropped} of ${listeners} were dropped; an event has ${frame.length} bytes`,
  ].join(' ')
  return { rows, facts }
}

/** What a worker does when it takes a generation, and when it gives it back. */
async function moveAll(database: Database, bell: Doorbell, ids: readonly string[], round: number) {
  const [from, to] = round % 2 === 0 ? (['queued', 'generating'] as const) : (['generating', 'queued'] as const)
  const told: { event: string; fromMs: number }[] = []
  for (const id of ids) {
    await sleep(PACE_MS)
    const event = await database.transact(async (tx) => {
      const request = await tx
        .selectFrom('darkroom.request')
        .select(['tenant_id', 'version'])
        .where('id', '=', id)
        .executeTakeFirstOrThrow()
      const { tenant_id: tenantId, version } = request
      await advance(tx, { subject: 'request', id, tenantId, from, version, to, facts: {} })
      const moved = tx.selectFrom('darkroom.move').select((eb) => eb.fn.max('id').as('id'))
      return (await moved.where('subject_id', '=', id).executeTakeFirstOrThrow()).id
    })
    const fromMs = nowMs()
    bell.tell(requestTopic(id), { state: to })
    told.push({ event: String(event), fromMs })
  }
  return told
}

async function stepAll(bell: Doorbell, ids: readonly string[], round: number) {
  const told: { event: string; fromMs: number }[] = []
  for (const id of ids) {
    await sleep(PACE_MS)
    told.push({ event: String(round), fromMs: nowMs() })
    bell.tell(requestTopic(id), { step: round, steps: 1000 })
  }
  return told
}

async function publishAll(publisher: Redis, generations: number, round: number, frame: string) {
  const text = frame.replace(/^id: \d+$/m, `id: ${round + 1}`)
  const told: { event: string; fromMs: number }[] = []
  for (let place = 0; place < generations; place++) {
    await sleep(PACE_MS)
    told.push({ event: String(round + 1), fromMs: nowMs() })
    await publisher.publish(`plain-${place}`, text)
  }
  return told
}

function keep(side: Side, { atMs }: Heard, places: readonly number[], told: readonly { fromMs: number }[]): void {
  const delays: number[] = []
  for (const [index, place] of places.entries()) {
    const [at, fromMs] = [atMs[index] ?? null, told[place]?.fromMs]
    if (at === null || fromMs === undefined) side.missed++
    else delays.push(at - fromMs)
  }
  side.delaysMs.push(...delays)
  side.lastMs.push(Math.max(...delays))
}

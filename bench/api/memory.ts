// Whether the service's memory stays where it is over many small requests: reads, replays under an idempotency key, orders that are
// refused with their statement, and bad requests. Sampled after each batch by what the process says of itself; its garbage
// collector is left alone, so a sample is the least of a few.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Row } from './acceptance.ts'
import { startChild } from './child.ts'
import type { LoadCommand, Loaded, Shot } from './load.ts'
import { load, ORDER, type Served, type Stage, vitalsOf } from './stage.ts'
import { growthOf, type Point, slopeOf } from './statistics.ts'

const SAMPLES = 40
const LEAST_SAMPLES = 8
const SHOWN_EVERY = 4
const LOOKS = 3
const AT_ONCE = 16
const WARM_SHARE = 0.2
const GROWTH_LIMIT = 0.15
const MIB = 1024 * 1024

export type Verdict = { flat: boolean; text: string }

/** Stops early after `minutes`, and judges what it saw; each sample is told as it comes. */
export async function measureMemory(
  stage: Stage,
  { requests, minutes }: { requests: number; minutes: number },
): Promise<{ rows: Row[]; verdict: Verdict }> {
  await using service = await stage.serve()
  await using client = startChild<LoadCommand, Loaded>(new URL('load.ts', import.meta.url))
  const shots = await mix(service)
  const batch = Math.ceil(requests / SAMPLES)
  const rows: Row[] = []
  const rss: Point[] = []
  const heap: Point[] = []
  const statuses: Record<string, number> = {}
  let busyMs = 0
  for (let sample = 1; sample <= SAMPLES && (busyMs < minutes * 60_000 || sample <= LEAST_SAMPLES); sample++) {
    const asked = { kind: 'http' as const, origin: service.url, headers: service.headers, shots }
    const loaded = await client.ask({ ...asked, count: batch, atOnce: AT_ONCE })
    busyMs += loaded.wallMs
    for (const [status, count] of Object.entries(loaded.statuses)) statuses[status] = (statuses[status] ?? 0) + count
    const { rssBytes, heapBytes } = await leastOf(service)
    const at = sample * batch
    rss.push({ at, value: rssBytes / MIB })
    heap.push({ at, value: heapBytes / MIB })
    const sizes = `RSS ${(rssBytes / MIB).toFixed(0)} MiB, heap used ${(heapBytes / MIB).toFixed(0)} MiB`
    process.stderr.write(`${at} requests in ${(busyMs / 1000).toFixed(0)} s: ${sizes}\n`)
    if (sample % SHOWN_EVERY === 0)
      rows.push({
        requests: at,
        'RSS MiB': (rssBytes / MIB).toFixed(0),
        'heap used MiB': (heapBytes / MIB).toFixed(1),
        'requests/s': ((at * 1000) / busyMs).toFixed(0),
        'load average': load(),
      })
  }
  const broken = Object.keys(statuses).filter((status) => Number(status) >= 500)
  const flat = [rss, heap].every((series) => growthOf(series) <= GROWTH_LIMIT) && broken.length === 0
  const lines = [
    line('RSS', rss),
    line('heap used', heap),
    `answers by status: ${JSON.stringify(statuses)}`,
    `memory after ${rss.length * batch} requests: ${flat ? 'flat' : 'NOT FLAT'} (limit ${GROWTH_LIMIT * 100} %)`,
  ]
  return { rows, verdict: { flat, text: lines.join('\n') } }
}

function line(name: string, series: readonly Point[]): string {
  const warm = series.slice(Math.floor(series.length * WARM_SHARE))
  const kibPer1000 = slopeOf(warm) * 1024 * 1000
  const growth = (100 * growthOf(series)).toFixed(1)
  return `${name}: ${kibPer1000.toFixed(0)} KiB per 1,000 requests when warm; last quarter against second ${growth} %`
}

/** Twenty in turn: ten reads of one generation, one page of a list, five replays, two refusals, a 404 and a 400. */
async function mix(service: Served): Promise<Shot[]> {
  const { id } = await service.post(ORDER)
  const path = '/v1/generations'
  const read: Shot = { method: 'GET', path: `${path}/${id}` }
  const body = JSON.stringify(ORDER)
  const replay: Shot = { method: 'POST', path, body, headers: { 'idempotency-key': 'bench-memory' } }
  const refused: Shot = { method: 'POST', path, body: JSON.stringify({ ...ORDER, prompt: 'sandbox:refused' }) }
  return [
    ...Array.from({ length: 5 }, () => [read, replay, read]).flat(),
    { method: 'GET', path: `${path}?limit=5` },
    refused,
    { method: 'GET', path: `${path}/${id}0` },
    refused,
    { method: 'POST', path, body: '{"prompt":7}' },
  ]
}

async function leastOf(service: Served): Promise<{ rssBytes: number; heapBytes: number }> {
  const looks = [await vitalsOf(service)]
  while (looks.length < LOOKS) {
    await sleep(50)
    looks.push(await vitalsOf(service))
  }
  return {
    rssBytes: Math.min(...looks.map(({ rssBytes }) => rssBytes)),
    heapBytes: Math.min(...looks.map(({ heapBytes }) => heapBytes)),
  }
}

// From a reviewer's decision to the next item on the screen, in a real Chromium with 10,000 items queued on a real PostgreSQL; beside it,
// in the same run and by the same measure, a bare page that shows one picture and has no script, loaded anew each time. Both end with the
// second frame after the picture is in the page. A reviewer looks at each item for `--look` milliseconds; the desk fetches meanwhile.
//   npm run bench -- bench/console.ts [--items 10000] [--rounds 10] [--each 20] [--look 500]
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import type { FastifyInstance } from 'fastify'
import { sql as raw } from 'kysely'
import type { Page } from 'playwright-core'
import sharp from 'sharp'
import { startChromium } from '../test/browser/chromium.ts'
import { consoleOf, judging } from '../test/browser/on-desk.ts'
import { openDesk } from '../test/review/desk.ts'
import { withPostgres } from '../test/support/postgres.ts'
import { quantile, spread } from './api/statistics.ts'

const { values } = parseArgs({
  options: {
    items: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '10' },
    each: { type: 'string', default: '20' },
    look: { type: 'string', default: '500' },
  },
})
const [items, rounds, each, look] = [+values.items, +values.rounds, +values.each, +values.look]
if (!(items > 0 && rounds > 0 && each > 0 && look >= 0)) throw new RangeError('numbers, please')

const chromium = await startChromium()
const postgres = await withPostgres(['-c', 'shared_buffers=512MB'])
if ('missing' in chromium) throw new Error(`needs ${chromium.missing}`)
if ('missing' in postgres) throw new Error(`needs ${postgres.missing}`)
await using browser = chromium
await using server = postgres
await using place = await server.database()

const bare = await sharp({ create: { width: 128, height: 128, channels: 3, background: '#345' } })
  .webp()
  .toBuffer()
const barePage = `<!doctype html><title>bare</title><h1>One picture</h1><img src="/bare.webp" width="560" height="560" alt="">`
const barePages = async (app: FastifyInstance): Promise<void> => {
  app.get('/bare', async (_request, reply) =>
    reply.type('text/html').header('cache-control', 'no-store').send(barePage),
  )
  app.get('/bare.webp', async (_request, reply) =>
    reply.type('image/webp').header('cache-control', 'no-store').send(bare),
  )
}
await using desk = await openDesk(
  {
    DATABASE_URL: place.url,
    DARKROOM_PUBLIC_REQUESTS_PER_MINUTE: '1000000',
    DARKROOM_LOGINS_PER_MINUTE: '1000',
  },
  (given) => [...consoleOf(given), barePages],
)

/** Real pictures at the head of the queue, and behind them rows of the same kind. */
const judged = (rounds + 1) * each + 5
for (let made = 0; made < judged; made++)
  await desk.make('hold', { category: 'weapons', clause: 'weapons/2', contentDigest: `bench ${made}` })
const { sql } = desk.service.ground.database
await raw`
  INSERT INTO darkroom.review_item (id, tenant_id, kind, request_id, image_id, category, clause, severity, rank_at, deadline_at, needs)
  SELECT 'rvw_' || lpad(i::text, 26, '0'), tenant_id, kind, request_id, image_id, category, clause, severity,
         rank_at + i * interval '1 second', deadline_at, needs
    FROM (SELECT * FROM darkroom.review_item ORDER BY rank_at DESC LIMIT 1) AS one
         CROSS JOIN generate_series(1, ${items - judged}::int) AS i`.execute(sql)
await raw`ANALYZE darkroom.review_item`.execute(sql)

const { url } = desk.service
const tab = await browser.tab()
const { page } = tab
await page.request.post(`${url}/session`, { data: { key: desk.key('ada') }, headers: { origin: url } })
const other = await page.context().newPage()

/** From the key that decides to the second frame after another picture is in its place. */
function watch(): void {
  const times: number[] = []
  Reflect.set(globalThis, 'decisionTimes', times)
  let start = 0
  let seen: Element | null = null
  const decides = (event: KeyboardEvent) => {
    if (event.key === 'Enter') start = event.timeStamp
  }
  addEventListener('keydown', decides, true)
  new MutationObserver(() => {
    const picture = document.querySelector('#picture img')
    // The picture as it is, asked for while one looks, is no next item.
    if (picture === null || picture === seen || picture.getAttribute('data-view') !== 'blurred') return
    seen = picture
    const began = start
    start = 0
    if (began > 0) requestAnimationFrame(() => requestAnimationFrame(() => times.push(performance.now() - began)))
  }).observe(document, { subtree: true, childList: true })
}
await page.addInitScript(watch)
await page.goto(`${url}/review`)
await judging(page)

async function decisions(count: number): Promise<number[]> {
  await page.bringToFront()
  const read = () => page.evaluate(() => [...Reflect.get(globalThis, 'decisionTimes')] as number[])
  const before = (await read()).length
  for (let done = 1; done <= count; done++) {
    await page.keyboard.press('Space')
    await page.waitForSelector('#picture img[data-view=original]')
    await page.waitForTimeout(look)
    await page.keyboard.press('a')
    await page.keyboard.press('Enter')
    await page.waitForFunction((wanted) => Reflect.get(globalThis, 'decisionTimes').length >= wanted, before + done)
  }
  return (await read()).slice(before)
}

/** From the start of the navigation to the second frame after the picture has come. */
async function bareLoad(on: Page): Promise<number> {
  await on.goto(`${url}/bare`, { waitUntil: 'load' })
  return on.evaluate(
    () =>
      new Promise<number>((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now())))),
  )
}
async function bareLoads(count: number): Promise<number[]> {
  await other.bringToFront()
  const times: number[] = []
  for (let done = 0; done < count; done++) times.push(await bareLoad(other))
  return times
}

const [cpu] = cpus()
const waiting = await raw<{
  n: number
}>`SELECT count(*)::int AS n FROM darkroom.review_item WHERE state = 'open'`.execute(sql)
process.stdout.write(
  `${cpus().length} × ${cpu?.model}; PostgreSQL with fsync off; Chromium ${(await page.evaluate(() => navigator.userAgent)).match(/Chrome\/[\d.]+/)?.[0]}; Node ${process.version}; load ${load()}
${waiting.rows[0]?.n} items open; ${rounds} alternating rounds of ${each} after one to warm up; each item looked at for ${look} ms\n\n`,
)
const took = { decision: [] as number[][], bare: [] as number[][] }
for (let round = -1; round < rounds; round++) {
  const [ours, theirs] = [await decisions(each), await bareLoads(each)]
  if (round < 0) continue
  took.decision.push(ours)
  took.bare.push(theirs)
}
const row = (name: string, times: number[][]) => {
  const all = times.flat()
  const at = (q: number) => quantile(all, q).toFixed(1)
  process.stdout.write(`| ${name} | ${all.length} | ${at(0.5)} | ${at(0.95)} | ${at(0.99)} |\n`)
}
process.stdout.write('| | n | p50 ms | p95 ms | p99 ms |\n|---|---|---|---|---|\n')
row('decision to next item', took.decision)
row('bare page load', took.bare)
const ratios = took.decision.map((times, round) => quantile(times, 0.95) / quantile(took.bare[round] ?? [], 0.95))
process.stdout.write(`\np95 / bare p95, median (least–most) of the rounds: ${spread(ratios, 2)}; load ${load()}\n`)
await page.context().close()

function load(): string {
  return (loadavg()[0] ?? 0).toFixed(1)
}

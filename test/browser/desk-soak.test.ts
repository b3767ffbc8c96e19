// A reviewer who decides two hundred items one after the other, takes every tenth verdict back and decides it anew: each item ends with
// exactly one verdict, the one that was meant, and the page holds no more at the end than it did near the beginning.

import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { type Desk, judging, onDesk, press, see, shownItem, until, verdictsOn } from './on-desk.ts'

const DECISIONS = 200
const UNDO_EVERY = 10
/** By then everything that is loaded once is. */
const SETTLED_AFTER = 40
/** Of the whole page: less than two hundred prompts or ten pictures would take. */
const HEAP_MAY_GROW_BYTES = 400_000
const NODES_MAY_GROW = 300

await onDesk('desk, for long', ({ named }) => {
  named(
    'two hundred decisions: no leak, none twice, and every undo takes back the right one',
    { before: fill },
    async ({ page, desk }) => {
      const meant = new Map<string, 'allow' | 'deny'>()
      let early = await held(page)
      await judging(page)
      for (let done = 1; done <= DECISIONS; done++) {
        const item = await shownItem(page)
        assert.ok(!meant.has(item), `${item} came twice`)
        const outcome = done % 2 === 0 ? 'allow' : 'deny'
        await decide(page, item, outcome)
        meant.set(item, outcome)
        if (done % UNDO_EVERY === 0) {
          const after = await shownItem(page)
          await page.waitForFunction(() => document.querySelector('#sent button')?.textContent === 'Undo')
          await press(page, 'u')
          await shows(page, item)
          assert.deepEqual(await verdictsOn(desk, item), [], 'the verdict that was taken back is that of the last item')
          const other = outcome === 'allow' ? 'deny' : 'allow'
          await decide(page, item, other)
          meant.set(item, other)
          await shows(page, after)
        }
        if (done === SETTLED_AFTER) early = await held(page)
      }
      for (const [item, outcome] of meant) {
        const verdicts = await until(async () => {
          const found = await verdictsOn(desk, item)
          return found.length > 0 ? found : null
        }, `the verdict on ${item}`)
        assert.deepEqual(
          verdicts.map((one) => one.outcome),
          [outcome],
        )
      }
      const late = await held(page)
      const grown = {
        heap: late.heap - early.heap,
        nodes: late.nodes - early.nodes,
        listeners: late.listeners - early.listeners,
      }
      console.log(
        `after ${SETTLED_AFTER} decisions ${early.heap} bytes of heap, ${early.nodes} nodes, ${early.listeners} listeners; after ${DECISIONS} ${late.heap}, ${late.nodes}, ${late.listeners}`,
      )
      assert.ok(grown.heap < HEAP_MAY_GROW_BYTES, `the heap grew by ${grown.heap} bytes`)
      assert.ok(grown.nodes < NODES_MAY_GROW, `${grown.nodes} more nodes are held`)
      assert.ok(grown.listeners < NODES_MAY_GROW, `${grown.listeners} more listeners are held`)
    },
  )
})

/** More than are decided, of a category of which a day may have any number. */
async function fill(desk: Desk): Promise<void> {
  for (let made = 0; made < DECISIONS + 5; made++)
    await desk.make('hold', { category: 'weapons', clause: 'weapons/2', contentDigest: `soak ${made}` })
}

async function decide(page: Page, item: string, outcome: 'allow' | 'deny'): Promise<void> {
  await see(page)
  if (outcome === 'allow') await press(page, 'a', 'Enter')
  else await press(page, 'd', '1', '1', '1', 'Enter')
  await page.waitForFunction((before) => {
    const [shown] = JSON.parse(sessionStorage.getItem('darkroom.claims') ?? '[]')
    return document.getElementById('desk')?.dataset.view === 'judging' && shown !== undefined && shown[0] !== before
  }, item)
}

const shows = (page: Page, item: string) =>
  page.waitForFunction((id) => JSON.parse(sessionStorage.getItem('darkroom.claims') ?? '[]')[0]?.[0] === id, item)

/** What the page holds once what nobody needs is collected. */
async function held(page: Page): Promise<{ heap: number; nodes: number; listeners: number }> {
  const session = await page.context().newCDPSession(page)
  // What was detached in one sweep is collected by the next.
  for (let sweep = 0; sweep < 4; sweep++) {
    await session.send('HeapProfiler.collectGarbage')
    await page.waitForTimeout(100)
  }
  const { usedSize } = await session.send('Runtime.getHeapUsage')
  const { nodes, jsEventListeners } = await session.send('Memory.getDOMCounters')
  await session.detach()
  return { heap: usedSize, nodes, listeners: jsEventListeners }
}

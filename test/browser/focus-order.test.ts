// A walk by Tab through every page, wide and on a phone: in the order in which one reads, to all that can be worked, always to be seen.

import assert from 'node:assert/strict'
import { opened, PAGES } from './every-page.ts'
import { type Stop, walk } from './focus-walk.ts'
import { onHostile } from './on-hostile.ts'

const LOOKS = {
  wide: { viewport: { width: 1280, height: 900 } },
  'a phone by daylight': { viewport: { width: 360, height: 740 }, colorScheme: 'light' },
} as const

/** Up and to the left, where nobody who reads goes on. */
const back = (from: Stop, to: Stop) => to.box.bottom <= from.box.top + 1 && to.box.right <= from.box.left + 1

await onHostile('the order of the focus', { typed: ['general'] }, ({ named }) => {
  for (const [look, options] of Object.entries(LOOKS))
    for (const one of PAGES)
      named(`${one.name}, ${look}: Tab goes as one reads, to all that can be worked, and is seen`, async (given) => {
        const page = await opened(given, one, options)
        const { stops, due } = await walk(page)
        assert.equal(stops[0]?.skips, true, stops[0]?.name)
        assert.equal(await page.locator('[tabindex]:not([tabindex="0"], [tabindex="-1"])').count(), 0)
        const nameAt = (at: number) =>
          page.evaluate((place) => document.querySelectorAll('*')[place]?.outerHTML.slice(0, 120) ?? '', at)
        const reached = stops.map(({ at }) => at)
        for (const at of due.filter((place) => !reached.includes(place)))
          assert.fail(`never reached: ${await nameAt(at)}`)
        assert.deepEqual(
          reached,
          [...reached].sort((a, b) => a - b),
          'as the page is written',
        )
        for (const [index, stop] of stops.entries()) {
          const before = stops[index - 1]
          assert.ok(before === undefined || !back(before, stop), `${before?.name} before ${stop.name}`)
          assert.ok(stop.seen, `${stop.name} cannot be seen`)
          assert.ok(stop.ring >= 3, `${stop.name} has a ring of ${stop.ring.toFixed(2)}`)
        }
        await page.keyboard.press('Home')
        await page.locator('a.skip').focus()
        await page.keyboard.press('Enter')
        await page.keyboard.press('Tab')
        const inside = await page.evaluate(() => document.activeElement?.closest('main, footer') !== null)
        assert.ok(inside, 'the skip link leads to what the page is about')
      })
})

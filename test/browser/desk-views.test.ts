// Each view of the desk, wide and on a phone, dark and light: accessible, within its window, and in docs/screenshots.

import { accessible, fits } from './axe.ts'
import { screenshot } from './chromium.ts'
import { type Desk, judging, onDesk, paint, press, see } from './on-desk.ts'

const phone = { viewport: { width: 360, height: 740 } }
/** Held pictures that show something. */
const painted = (count: number) => async (desk: Desk) => {
  for (let made = 0; made < count; made++) await paint(desk, (await desk.make('hold')).imageId ?? '')
}

await onDesk('desk, its views', ({ named }) => {
  for (const colorScheme of ['dark', 'light'] as const)
    for (const [size, options] of Object.entries({ wide: {}, phone }))
      named(
        `each view is accessible and fits, ${size}, ${colorScheme}`,
        { colorScheme, ...options, before: painted(3) },
        async ({ page }) => {
          const check = async (state: string) => {
            await accessible(page, `${state}, ${size}, ${colorScheme}`)
            await fits(page, state)
            const shown = size === 'wide' ? ['judging', 'told', 'palette', 'keys', 'break'] : ['judging', 'told']
            const name = `desk-${state}${size === 'phone' ? '-360' : ''}-${colorScheme}`
            if (shown.includes(state)) await screenshot(page, name, size === 'phone')
          }
          await judging(page)
          await page.waitForSelector('#picture img')
          await press(page, 'p', 'd', '3', '1')
          await page.waitForSelector('#prompt')
          await check('judging')
          await press(page, 'Control+k')
          await check('palette')
          await press(page, 'Escape', '?')
          await check('keys')
          await press(page, 'Escape')
          await page.waitForSelector('#keys:not([open])', { state: 'attached' })
          await see(page)
          await press(page, 'a', 'Shift+Enter')
          await page.waitForSelector('#desk[data-view=told]')
          await check('told')
          await press(page, 'Enter')
          await judging(page)
          await press(page, 'r')
          await check('leaving')
          await press(page, 'Escape', 'b')
          await page.waitForSelector('text=Nothing is held for you meanwhile')
          await check('break')
          await page.click('text=Come back')
          await judging(page)
          await page.click('#end')
          await check('ending')
        },
      )
})

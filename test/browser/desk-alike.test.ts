// One verdict on identical held pictures, whoever is about to have the other one.

import { type Desk, judging, onDesk, press, see, until, verdictsOn } from './on-desk.ts'

await onDesk('desk, identical pictures', ({ named }) => {
  named(
    'identical held pictures take the same verdict where one says so',
    { as: 'cy', before: twins },
    async ({ page, desk }) => {
      await judging(page)
      const items = await openItems(desk)
      await page.check('#alike')
      await see(page)
      await press(page, 'a', 'Enter')
      await page.waitForSelector('text=and 1 identical one')
      for (const id of items) await until(async () => (await verdictsOn(desk, id)).length === 1, `a verdict on ${id}`)
      // Each can be taken back, first the one that was looked at.
      await page.click('#sent >> text=Undo')
      await judging(page)
      await page.waitForFunction(() => document.querySelector('#sent p')?.textContent === 'Allowed.')
    },
  )

  named('an identical one that is being claimed just then is decided as well', { as: 'cy' }, async ({ page, desk }) => {
    await page.waitForSelector('text=Nothing waits for you')
    const [second, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    let claims = 0
    await page.route('**/v1/review/next', async (route) => {
      if (++claims !== 2) return route.continue()
      const response = await route.fetch()
      second.resolve()
      await answered.promise
      await route.fulfill({ response })
    })
    await twins(desk)
    const items = await openItems(desk)
    await press(page, 'j')
    await judging(page)
    await page.check('#alike')
    await see(page)
    await second.promise
    await press(page, 'a', 'Enter')
    await page.waitForSelector('#verdict[inert]')
    answered.resolve()
    await page.waitForSelector('text=and 1 identical one')
    for (const id of items) await until(async () => (await verdictsOn(desk, id)).length === 1, `a verdict on ${id}`)
  })
})

async function twins(desk: Desk): Promise<void> {
  const one = await desk.make('hold')
  const digest = (await desk.row(one.id)).content_digest
  await desk.make('hold', { contentDigest: digest })
}

async function openItems(desk: Desk): Promise<string[]> {
  const rows = await desk.service.ground.database.sql
    .selectFrom('darkroom.review_item')
    .select('id')
    .where('state', '=', 'open')
    .execute()
  return rows.map(({ id }) => id)
}

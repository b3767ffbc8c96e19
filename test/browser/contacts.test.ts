// The contact sheet of the playground: pictures that are not there any more have a word in their place, never a black frame.

import assert from 'node:assert/strict'
import { ended, onConsole, order, text } from './on-console.ts'

await onConsole('contacts', ({ named }) => {
  named('a picture that was withdrawn or has expired says so on its frame', async (page, stub) => {
    await order(page, 'a lantern')
    await ended(page, 'published')
    for (const state of ['withdrawn', 'expired'] as const) {
      for (const { images } of stub.generations.values())
        for (const image of images) Object.assign(image, { state, url: null, manifest_url: null, provenance: null })
      await page.reload()
      await page.waitForSelector('#film li')
      assert.equal(await text(page, '#film .word'), state)
      assert.match((await page.getAttribute('#film a', 'aria-label')) ?? '', new RegExp(`^${state},`))
    }
  })

  named('one that was taken back since it was listed has a word as well', async (page) => {
    await order(page, 'a lantern')
    await ended(page, 'published')
    await page.route('**/v1/images/*/content', (route) => route.abort('failed'))
    await page.reload()
    await page.waitForSelector('#film .word')
    assert.equal(await text(page, '#film .word'), 'not available')
    assert.equal(await page.locator('#film img').count(), 0)
  })
})

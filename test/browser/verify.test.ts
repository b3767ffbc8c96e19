// The verify page over the stub: every way to hand a picture in, every kind of answer, in plain words.

import assert from 'node:assert/strict'
import type { Page, Route } from 'playwright-core'
import { ended, focused, onConsole, order, text } from './on-console.ts'

await onConsole('verify', ({ named }) => {
  named('chosen by keyboard, the answer says what was found and takes the focus', async (page, stub) => {
    // Asked for before the page is opened: the browser must know by then that no window is wanted.
    const chosen = page.waitForEvent('filechooser')
    await page.goto(`${stub.address}/verify`)
    await page.focus('#file')
    await page.keyboard.press('Enter')
    const chooser = await chosen
    await chooser.setFiles({ name: 'a.png', mimeType: 'image/png', buffer: stub.png })
    await page.waitForSelector('[data-verdict=ours]')
    assert.equal(await focused(page), 'Yes, made here.')
    const shown = await text(page, '#answer')
    for (const words of ['unchanged since', 'high confidence', 'img_1_0', 'as we released it'])
      assert.ok(shown.includes(words), words)
  })

  named('a dropped picture without a trace of us is not called human-made', async (page, stub) => {
    await page.goto(`${stub.address}/verify`)
    const files = await page.evaluateHandle(() => {
      const carried = new DataTransfer()
      carried.items.add(new File([new Uint8Array([0x89, 0x50, 0x4e, 0x47, 1])], 'foreign.png', { type: 'image/png' }))
      return carried
    })
    await page.dispatchEvent('#drop', 'drop', { dataTransfer: files })
    await page.waitForSelector('[data-verdict=none_found]')
    assert.match(await text(page, '#answer'), /does not prove/)
    assert.match(await text(page, '.limits'), /does not make a picture a photograph/)
  })

  named('a picture from here can be reported; what was written stays until the server has it', async (page, stub) => {
    await page.goto(`${stub.address}/verify`)
    await page.setInputFiles('#file', { name: 'a.png', mimeType: 'image/png', buffer: stub.png })
    await page.click('text=Report this picture')
    await page.selectOption('#report-category', 'weapons')
    await page.fill('#report-text', 'again')
    await page.fill('#report-email', 'ada@example.org')
    await page.click('#report-send')
    await page.waitForSelector('text=Too often.')
    assert.equal(await page.inputValue('#report-text'), 'again')
    await page.fill('#report-text', 'a gun')
    await page.click('#report-send')
    await page.waitForSelector('text=rep_1')
    assert.deepEqual(stub.seen.reports.at(-1), {
      image_id: 'img_1_0',
      category: 'weapons',
      text: 'a gun',
      email: 'ada@example.org',
    })
    await page.setInputFiles('#file', {
      name: 'a.png',
      mimeType: 'image/png',
      buffer: Buffer.from([0x89, 0x50, 0x4e, 0x47, 1]),
    })
    await page.waitForSelector('[data-verdict=none_found]')
    assert.equal(await page.locator('#report-send').count(), 0, 'what is not from here cannot be')
  })

  named('what is too big or no picture is said so, and the next file is welcome', async (page, stub) => {
    await page.goto(`${stub.address}/verify`)
    const give = (name: string, buffer: Buffer) => page.setInputFiles('#file', { name, mimeType: 'image/png', buffer })
    await give('huge.png', Buffer.alloc(10))
    await page.waitForSelector('text=That picture is too big.')
    await give('letter.txt', Buffer.from('Dear reader'))
    await page.waitForSelector('text=That is not a picture we can read.')
    await give('a.png', stub.png)
    await page.waitForSelector('[data-verdict=ours]')
  })

  named('choosing sends a picture once, whatever is pressed, and its answer stays', async (page, stub) => {
    await page.goto(`${stub.address}/verify`)
    const asked = await heldBack(page)
    await page.setInputFiles('#file', { name: 'a.png', mimeType: 'image/png', buffer: stub.png })
    await page.click('#check')
    await page.waitForSelector('#ask-hint:text("It is being looked at.")')
    await page.press('#url', 'Enter')
    assert.equal(await text(page, '#check'), 'Check the address')
    assert.equal(asked.waiting.length, 1)
    asked.go()
    await page.waitForSelector('[data-verdict=ours]')
    assert.equal(await text(page, '#ask-hint'), '')
    await page.click('#check')
    await page.waitForSelector('#ask-hint:text("Choose a picture or give an address first.")')
    await page.waitForTimeout(300)
    assert.equal(await page.getAttribute('#answer', 'data-verdict'), 'ours')
    assert.equal(stub.seen.verified, 1)
  })

  named('with nothing chosen the button asks for something, and the focus stays', async (page, stub) => {
    await page.goto(`${stub.address}/verify`)
    await page.press('#url', 'Enter')
    await page.waitForSelector('#ask-hint:text("Choose a picture or give an address first.")')
    assert.match(await page.innerText('#announcer'), /first/)
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'url')
    assert.equal(await page.isHidden('#answer'), true)
    assert.equal(stub.seen.verified, 0)
  })

  named('an address left from before is not what a chosen picture is taken for', async (page, stub) => {
    await page.goto(`${stub.address}/verify`)
    await page.fill('#url', 'https://pictures.example/a.png')
    await page.setInputFiles('#file', { name: 'a.png', mimeType: 'image/png', buffer: stub.png })
    await page.waitForSelector('[data-verdict=ours]')
    assert.equal(await page.inputValue('#url'), '')
  })

  named('a picture of one’s own is checked from its result without saving it', async (page) => {
    await order(page, 'a boat')
    await ended(page, 'published')
    await page.click('.prints >> text=Verify')
    await page.waitForSelector('[data-verdict=ours]')
  })
})

/** What the page sends waits until it may go. */
async function heldBack(page: Page): Promise<{ waiting: Route[]; go: () => void }> {
  const waiting: Route[] = []
  await page.route('**/verify', (route) => void waiting.push(route))
  const go = () => {
    for (const route of waiting) void route.continue()
  }
  return { waiting, go }
}

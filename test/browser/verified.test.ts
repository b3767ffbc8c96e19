// The verify page on the real service: pictures that were really marked and published, and what became of them elsewhere (stripped, cropped,
// lifted, forged, somebody else's), each with the words that it deserves; with script and without, by keyboard, narrow, dark and light.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { BrowserContextOptions, Page } from 'playwright-core'
import sharp from 'sharp'
import { registerConsole } from '../../src/console/console.ts'
import { openSigner } from '../../src/mark/signer.ts'
import { lifted } from '../mark/lifted.ts'
import { imageOf, pixelsOf, textured } from '../mark/pictures.ts'
import { openPublishing, type Published, type Publishing } from '../mark/publishing.ts'
import { withPngChunk } from '../mark/surgery.ts'
import { openReceiver, type Receiver } from '../notify/receiver.ts'
import { suiteOn } from '../support/services.ts'
import { accessible, fits } from './axe.ts'
import { screenshot, startChromium } from './chromium.ts'
import { focused, text } from './on-console.ts'

const CREATED = { action: 'c2pa.created', digitalSourceType: 'http://c2pa.org/digitalsourcetype/empty' }

suiteOn('the verify page', await startChromium(), (chromium) => {
  let publishing: Publishing
  let published: Published
  let server: Receiver
  const pictures: Record<string, Buffer> = {}

  before(async () => {
    server = await openReceiver((request, response) => {
      if (request.url === '/inside')
        response.writeHead(302, { location: `http://10.0.0.1:${request.socket.localPort}/` }).end()
      else response.end(pictures.marked)
    })
    publishing = await openPublishing({
      env: {
        DARKROOM_PUBLIC_REQUESTS_PER_MINUTE: '100000',
        DARKROOM_VERIFY_URL_ALLOW_CIDRS: '127.0.0.1/32',
        DARKROOM_VERIFY_URL_PORTS: String(server.port),
      },
      pages: ({ ground, publicCheck }) => [
        (scope) =>
          registerConsole(scope, {
            models: [],
            desk: null,
            reportCategories: [{ id: 'other', name: 'Something else' }],
            session: async () => null,
            verify: { check: publicCheck, ground },
          }),
      ],
    })
    published = await publishing.publish()
    Object.assign(pictures, await picturesOf(published, publishing.service.home))
  })
  after(async () => {
    await publishing[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })

  const named = (name: string, body: (page: Page) => Promise<void>, options: BrowserContextOptions = {}) =>
    void test(name, async () => {
      await using tab = await chromium.tab(options)
      await tab.page.goto(`${publishing.service.url}/verify`)
      await body(tab.page)
      assert.deepEqual(tab.complaints, [], 'the page complained')
    })
  const give = async (page: Page, name: string) => {
    const buffer = pictures[name]
    assert.ok(buffer !== undefined, name)
    await page.setInputFiles('#file', { name: `${name}.png`, mimeType: 'image/png', buffer })
  }
  const bands = (page: Page) => page.locator('#answer .layers .band').allInnerTexts()
  const linesOf = (page: Page, selector: string) =>
    page.locator(selector).evaluate((node) => {
      const words = document.createRange()
      words.selectNodeContents(node)
      return new Set([...words.getClientRects()].map(({ top }) => top)).size
    })
  const SURE = 'high confidence'
  const NO = 'no sign of us'

  const TOLD: [name: string, verdict: string, title: string, bands: (string | RegExp)[]][] = [
    ['marked', 'ours', 'Yes, made here.', [SURE, SURE, SURE, SURE]],
    ['stripped', 'ours', 'Yes, made here.', [NO, /(high|medium) confidence/, SURE, SURE]],
    ['foreign', 'foreign_manifest', 'Signed by someone else.', [NO, NO, NO, NO]],
    ['lifted', 'inconclusive', 'We cannot tell.', [NO, /confidence/, NO, NO]],
    ['unmarked', 'none_found', 'No trace of us.', [NO, NO, NO, NO]],
  ]
  for (const [name, verdict, title, sure] of TOLD)
    named(`a ${name} picture: ${title}`, async (page) => {
      await give(page, name)
      await page.waitForSelector(`#answer[data-verdict=${verdict}]`)
      assert.equal(await focused(page), title)
      const seen = await bands(page)
      sure.forEach((one, at) => {
        const band = seen[at] ?? ''
        assert.ok(typeof one === 'string' ? band === one : one.test(band), `${at}: ${band}`)
      })
      assert.equal(await page.locator('#answer .layers .hint').count(), 4, 'each says what it does not show')
      const shown = await text(page, '#answer')
      assert.equal(shown.includes(published.id), verdict === 'ours')
      await accessible(page, name)
      await screenshot(page, `verify-${name}-dark`)
    })

  // The forged manifest lies in a file with the released pixels, and nobody changed those.
  const CHANGED: [name: string, verdicts: string[], says: RegExp][] = [
    ['cropped', ['ours_altered', 'inconclusive'], /./],
    ['forged', ['ours'], /the file around them was changed/],
  ]
  for (const [name, verdicts, says] of CHANGED)
    named(`a ${name} picture is never said to be as it was released`, async (page) => {
      await give(page, name)
      await page.waitForSelector('#answer[data-verdict]')
      const verdict = await page.getAttribute('#answer', 'data-verdict')
      assert.ok(verdicts.includes(verdict ?? ''), `${verdict}`)
      assert.match(await text(page, '#answer'), says)
      assert.doesNotMatch(await text(page, '#answer'), /as we released it|unchanged since/)
      await screenshot(page, `verify-${name}-dark`)
    })

  for (const colorScheme of ['dark', 'light'] as const)
    named(
      `it fits 360 pixels and is accessible, in the ${colorScheme}`,
      async (page) => {
        await accessible(page, 'the empty page')
        await fits(page, 'the empty page')
        await screenshot(page, `verify-empty-${colorScheme}`)
        await give(page, 'marked')
        await page.waitForSelector('#answer[data-verdict=ours]')
        await accessible(page, 'the answer')
        await fits(page, 'the answer')
        await screenshot(page, `verify-narrow-${colorScheme}`)
        // Ids are random, so letters may be narrow in one and wide in the next.
        await page.locator('#answer .layers .id').evaluate((id) => {
          id.textContent = (id.textContent ?? '').replace(/[^_]/g, 'W')
        })
        assert.equal(await linesOf(page, '#answer .layers .id'), 1, 'the widest id is in one piece')
        await fits(page, 'the widest id')
      },
      { viewport: { width: 360, height: 780 }, colorScheme },
    )

  named('on a wide page picture and answer leave neither side empty', async (page) => {
    await give(page, 'marked')
    await page.waitForSelector('#answer[data-verdict=ours]')
    const box = async (selector: string) => (await page.locator(selector).boundingBox()) ?? assert.fail(selector)
    const [paper, layers, feedback, limits, answer] = [
      await box('.paper'),
      await box('.layers'),
      await box('#feedback'),
      await box('.limits'),
      await box('#answer'),
    ]
    assert.ok(layers.x > paper.x + paper.width, 'the layers stand beside the picture')
    assert.ok(layers.y + layers.height < paper.y + paper.height * 2, 'and end about where it does')
    assert.deepEqual([feedback.width, limits.width], [answer.width, answer.width])
  })

  for (const name of ['marked', 'stripped', 'cropped', 'foreign', 'lifted', 'forged'])
    named(
      `a ${name} picture in the light`,
      async (page) => {
        await give(page, name)
        await page.waitForSelector('#answer[data-verdict]')
        await accessible(page, name)
        await screenshot(page, `verify-${name}-light`)
      },
      { colorScheme: 'light' },
    )

  named('a picture is named by its address, with the keyboard alone', async (page) => {
    await page.focus('#file')
    await page.keyboard.press('Tab')
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'url')
    await page.keyboard.type(`http://pictures.example:${server.port}/a.png`)
    await page.keyboard.press('Enter')
    await page.waitForSelector('#answer[data-verdict=ours]')
    await page.fill('#url', `http://pictures.example:${server.port}/inside`)
    await page.press('#url', 'Enter')
    await page.waitForSelector('#answer[data-verdict=error]')
    assert.match(await text(page, '#answer'), /public internet/)
    assert.equal(await focused(page), 'It could not be checked.')
  })

  named('a pasted picture is looked at', async (page) => {
    const base64 = pictures.stripped?.toString('base64') ?? ''
    await page.evaluate((bytes) => {
      const file = new File([Uint8Array.from(atob(bytes), (one) => one.charCodeAt(0))], 'pasted.jpg')
      const carried = new DataTransfer()
      carried.items.add(file)
      document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: carried }))
    }, base64)
    await page.waitForSelector('#answer[data-verdict=ours]')
  })

  named('what people say of an answer is taken where it stands, and the answer stays', async (page) => {
    await give(page, 'unmarked')
    await page.waitForSelector('#answer[data-verdict=none_found]')
    await page.fill('#feedback-text', 'I drew it <b>here</b>')
    await page.click('text=It is wrong')
    await page.waitForSelector('#feedback-said')
    assert.equal(await page.locator('#feedback').count(), 0)
    assert.match(await text(page, '#answer'), /No trace of us\..*Thank you/s)
    const { newest } = await (
      await publishing.service.call('/v1/audit/provenance-feedback', { as: 'compliance' })
    ).json()
    assert.deepEqual(
      [newest[0].agrees, newest[0].verdict, newest[0].text],
      [false, 'none_found', 'I drew it <b>here</b>'],
    )
  })

  named(
    'without script the form answers with the page, and so does what is said of it',
    async (page) => {
      await give(page, 'stripped')
      await page.click('text=Check it')
      await page.waitForSelector('#answer[data-verdict=ours]')
      assert.match(await text(page, '#answer'), /Yes, made here/)
      await page.click('text=It is right')
      await page.waitForSelector('#answer[data-verdict=thanks]')
      await page.fill('#url', 'http://10.0.0.1/')
      await page.click('text=Check it')
      await page.waitForSelector('#answer[data-verdict=error]')
      await fits(page, 'an error without script')
      await page.click('text=Check it')
      await page.waitForSelector('#answer[data-verdict=error]')
      assert.match(await text(page, '#answer'), /file/i)
    },
    { javaScriptEnabled: false, viewport: { width: 360, height: 780 } },
  )
})

/** One published picture, and what may become of it. */
async function picturesOf({ bytes, original }: Published, home: string): Promise<Record<string, Buffer>> {
  const at = bytes.indexOf('caBX')
  const store = Buffer.from(bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at - 4)))
  store.write('img_zzzz', store.indexOf('img_'), 'latin1')
  const unmarked = await imageOf(await textured(96, 128))
    .png()
    .toBuffer()
  const elsewhere = await openSigner({ home: `${home}/elsewhere` })
  const foreign = await elsewhere.sign(unmarked, 'image/png', {
    claim_generator_info: [{ name: 'Somebody' }],
    title: 'x',
    format: 'image/png',
    assertions: [{ label: 'c2pa.actions.v2', created: true, data: { actions: [CREATED] } }],
  })
  return {
    marked: bytes,
    stripped: await sharp(bytes).jpeg({ quality: 85 }).toBuffer(),
    cropped: await sharp(bytes).extract({ left: 8, top: 8, width: 112, height: 112 }).png().toBuffer(),
    foreign: foreign.bytes,
    lifted: await imageOf(lifted(await textured(95, 128), await pixelsOf(bytes), original))
      .png()
      .toBuffer(),
    forged: withPngChunk(await sharp(bytes).png().toBuffer(), 'caBX', store),
    unmarked,
  }
}

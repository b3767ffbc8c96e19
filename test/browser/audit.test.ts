// Finding a picture, as compliance does: by each kind of key, by the picture, a copy, a piece; what finds nothing and what is refused; and
// the ways between the pages of an audit, with who sees them.

import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import sharp from 'sharp'
import { sha256 } from '../../src/kernel/canonical.ts'
import { cartoon, imageOf } from '../mark/pictures.ts'
import type { Published } from '../mark/publishing.ts'
import { accessible, fits } from './axe.ts'
import { screenshot } from './chromium.ts'
import { onAudit } from './on-audit.ts'

const PATHS = ['/audit', '/audit/exports', '/audit/reports', '/audit/log']
const LIGHT = { colorScheme: 'light' } as const
const PHONE = { viewport: { width: 360, height: 780 } }
const MARKUP = ['<img src=x onerror=alert(1)>', '"><script>alert(1)</script>', 'img_</code><b>x</b>']

let released: Published

async function ask(page: Page, key: string): Promise<void> {
  await page.fill('#q', key)
  await page.press('#q', 'Enter')
  await page.waitForURL((address) => address.searchParams.get('q') === key)
  await page.waitForSelector('#found')
}

/** Hands a picture in as one that is chosen; it goes at once. */
async function hand(page: Page, buffer: Buffer, name = 'picture.png'): Promise<void> {
  await page.setInputFiles('#file', { name, mimeType: 'image/png', buffer })
  await page.waitForFunction((one) => document.querySelector('#handed bdi')?.textContent === one, name)
}

await onAudit(
  'the pages of an audit',
  async (publishing) => {
    released = await publishing.publish()
  },
  (named) => {
    named('compliance and administrators come to them, each from each', async ({ open }) => {
      for (const as of ['compliance', 'admin']) {
        const page = await open('/audit', { as, ...PHONE })
        for (const path of PATHS) {
          await page.click(`.ways a[href="${path}"]`)
          await page.waitForURL((address) => address.pathname === path)
          assert.equal(await page.getAttribute('.ways [aria-current]', 'href'), path)
          assert.equal(await page.getAttribute('.masthead nav [aria-current]', 'href'), '/audit')
          await accessible(page, path)
          await fits(page, path)
        }
      }
    })

    named('nobody else does', async ({ open, expected }) => {
      expected.push(/403/)
      for (const path of [...PATHS, `/audit/history/${released.id}`, '/audit/rows/0']) {
        const page = await open(path, { as: 'client' })
        assert.match(await page.innerText('h1'), /for others/)
        const stranger = await open(path, { as: null })
        assert.equal(await stranger.locator('.ways').count(), 0)
        assert.match(await stranger.innerText('h1'), /[Ss]ign in|key/)
      }
    })

    named('every kind of key leads to the image, by keyboard alone', async ({ open, publishing }) => {
      const row = await publishing.sql
        .selectFrom('darkroom.image')
        .select(['request_id', 'mark_id', 'manifest_id'])
        .where('id', '=', released.id)
        .executeTakeFirstOrThrow()
      const page = await open('/audit')
      await screenshot(page, 'audit-find-dark', false)
      const keys = [released.id, row.mark_id, row.manifest_id ?? '', sha256(released.bytes), row.request_id]
      for (const key of keys) {
        await ask(page, key)
        assert.match(await page.innerText('#found'), /One record/, key)
        assert.ok((await page.innerText('.record')).includes(key === row.request_id ? key : released.id))
        assert.equal(await page.inputValue('#q'), key)
      }
      await page.focus('.record a')
      await page.keyboard.press('Enter')
      await page.waitForURL(`**/audit/history/${row.request_id}`)
      assert.match(await page.innerText('h1'), /happened to a request/)
    })

    named('the released file, a copy and a piece of it find it, each as sure as it is', async ({ open }) => {
      const page = await open('/audit')
      await hand(page, released.bytes)
      assert.match(await page.innerText('.record h3'), new RegExp(released.id))
      assert.deepEqual(await page.locator('.found-by .tag').allInnerTexts(), [
        'exact',
        'exact',
        'high confidence',
        'high confidence',
      ])
      assert.equal(await page.evaluate(() => document.activeElement?.id), 'found')
      await page.click('details summary')
      assert.match(await page.innerText('details'), /Mark, z\s+\d/)
      await accessible(page, 'a picture that was found')
      await screenshot(page, 'audit-found-dark')
      const copy = await sharp(released.bytes).jpeg({ quality: 80 }).toBuffer()
      await hand(page, copy, 'copy.jpg')
      assert.match(await page.innerText('.record h3'), new RegExp(released.id))
      assert.doesNotMatch(await page.innerText('.found-by'), /exact/)
      const { width = 0, height = 0 } = await sharp(released.bytes).metadata()
      const part = { left: 16, top: 24, width: width - 64, height: height - 72 }
      await hand(page, await sharp(released.bytes).extract(part).png().toBuffer(), 'piece.png')
      assert.match(await page.innerText('.record h3'), new RegExp(released.id))
      assert.match(await page.innerText('.found-by'), /mark was read/)
    })

    named('a picture from elsewhere finds nothing, and the page says what that does not show', async ({ open }) => {
      const page = await open('/audit', { ...LIGHT, ...PHONE })
      await hand(
        page,
        await imageOf(await cartoon(4711))
          .png()
          .toBuffer(),
      )
      assert.match(await page.innerText('#answer'), /Nothing found[\s\S]*does not show that it was not made here/)
      assert.equal(await page.locator('.record').count(), 0)
      await fits(page, 'nothing found')
      await accessible(page, 'nothing found')
      await screenshot(page, 'audit-nothing-360')
    })

    named('back from a record that a picture led to comes back to the records', async ({ open }) => {
      const page = await open('/audit')
      const name = `<b>${'long '.repeat(60)}.png`
      await page.setInputFiles('#file', { name, mimeType: 'image/png', buffer: released.bytes })
      await page.waitForSelector('#handed')
      const said = await page.innerText('#handed')
      assert.ok(said.includes('<b>long') && said.length < 120, said)
      await page.click('.record h3 a')
      await page.waitForURL('**/audit/history/*')
      await page.goBack()
      await page.waitForURL('**/audit?found=*')
      assert.match(await page.innerText('.record h3'), new RegExp(released.id))
      // Forged as easily as written: the address shows nothing of a picture.
      await page.goto(page.url())
      assert.match(await page.innerText('#answer'), /hand the picture in again/)
      assert.doesNotMatch(await page.innerText('.found-by'), /mark was read|each byte/)
      await accessible(page, 'records come back to')
    })

    named('an address that names no records is told to be that', async ({ open, expected }) => {
      expected.push(/status of 400/)
      for (const found of ['zebra', `${released.id}.zebra`, Array(51).fill(released.id).join('.')]) {
        const page = await open(`/audit?found=${found}`)
        assert.equal(await page.innerText('#found'), 'That cannot be looked for', found)
      }
    })

    named('no other origin hands a picture in for somebody who is signed in', async ({ open, publishing }) => {
      const page = await open('/audit')
      const file = { name: 'a.png', mimeType: 'image/png', buffer: released.bytes }
      const multipart = { file }
      const post = (origin: string) =>
        page.request.post(`${publishing.service.url}/audit`, { multipart, headers: { origin } })
      assert.equal((await post('https://elsewhere.example')).status(), 403)
      assert.equal((await post(publishing.service.url)).status(), 200)
    })

    named('no picture and nothing at all are said to be that', async ({ open, expected }) => {
      expected.push(/status of 4(00|15)/)
      const page = await open('/audit')
      await hand(page, Buffer.from('no picture'), 'notes.png')
      assert.match(await page.innerText('#answer'), /not a picture we can read/)
      const plain = await open('/audit', { javaScriptEnabled: false })
      await plain.click('#send')
      await plain.waitForSelector('#found')
      assert.match(await plain.innerText('#answer'), /empty|field file/)
      await ask(page, 'zebra')
      assert.match(await page.innerText('#answer'), /nothing that a picture is found by/)
    })

    named('one that is dropped or pasted anywhere on the page is taken', async ({ open }) => {
      const page = await open('/audit')
      for (const kind of ['drop', 'paste'] as const) {
        const bytes = [...released.bytes]
        await page.evaluate(
          ([name, all]) => {
            const given = new DataTransfer()
            given.items.add(new File([Uint8Array.from(all)], `${name}.png`, { type: 'image/png' }))
            const event =
              name === 'drop'
                ? new DragEvent('drop', { dataTransfer: given, bubbles: true })
                : new ClipboardEvent('paste', { clipboardData: given, bubbles: true })
            document.body.dispatchEvent(event)
          },
          [kind, bytes] as const,
        )
        await page.waitForFunction((one) => document.querySelector('#handed')?.textContent?.includes(one), kind)
        assert.match(await page.innerText('.record h3'), new RegExp(released.id), kind)
      }
    })

    named('without script the forms do it all', async ({ open }) => {
      const page = await open('/audit', { javaScriptEnabled: false })
      await ask(page, released.id)
      await page.setInputFiles('#file', { name: 'a.png', mimeType: 'image/png', buffer: released.bytes })
      await page.click('#send')
      await page.waitForSelector('.found-by li:nth-child(4)')
      await page.click('#again a')
      await page.waitForURL('**/audit?found=*')
      await page.click('.record a')
      await page.waitForURL('**/audit/history/*')
      assert.match(await page.innerText('.moves'), /Released/)
    })

    named('keys, ids and rows with markup are text, and lead nowhere', async ({ open, expected }) => {
      expected.push(/status of 40[04]/)
      for (const key of MARKUP) {
        const paths = [`/audit?q=`, '/audit?id=', '/audit/history/', '/audit/rows/'].map(
          (path) => path + encodeURIComponent(key),
        )
        for (const path of paths) {
          const page = await open(path)
          assert.equal(await page.locator('#answer img, #answer script, #answer b').count(), 0, path)
          assert.equal(await page.locator('#answer .callout').count(), 1, path)
        }
      }
    })
  },
)

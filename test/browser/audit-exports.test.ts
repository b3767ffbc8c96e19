// Exports as a page: ordered by keyboard alone, followed, fetched, verified without the service, taken away; what is refused is said at its
// field in the API's words; an order that is sent twice makes one. audit-exports-plain.test.ts has the page without script, and its looks.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { verifyExport } from '../../src/audit/verify.mjs'
import { sha256 } from '../../src/kernel/canonical.ts'
import { clear, exportsOf, fill, make, PATH, period, work } from './audit-exports.ts'
import { accessible } from './axe.ts'
import { onAudit } from './on-audit.ts'
import { until } from './on-desk.ts'

await onAudit('exports as a page', make, (named) => {
  named(
    'an export is ordered by keyboard alone, followed to its end, and its file verifies without the service',
    async ({ publishing, open }) => {
      const page = await open(PATH)
      await fill(page)
      await page.focus('#kind')
      await page.keyboard.type('Released')
      await page.waitForFunction(() => document.querySelector('#outlook')?.textContent?.includes('image.published'))
      assert.match(await page.innerText('#outlook'), /About \d+ rows[\s\S]*Completeness is proven/)
      await page.focus('[name=formats][value=csv]')
      await page.keyboard.press('Space')
      await page.focus('[value=order]')
      await page.keyboard.press('Enter')
      await page.waitForSelector('.export[data-state=waiting]')
      const focused = () => page.evaluate(() => document.activeElement?.closest('.export')?.id ?? '')
      const id = await until(focused, 'the focus on the new export')
      await accessible(page, 'an export that waits')
      await work(publishing)
      await page.waitForSelector(`#${id}[data-state=done]`)
      const [row] = await exportsOf(publishing)
      assert.deepEqual([row?.id, row?.kind, row?.csv, row?.parquet], [id, 'image.published', true, false])
      const text = await page.innerText(`#${id}`)
      assert.match(text, /Opened\s+1\b/)
      assert.ok(text.includes(row?.sha256 ?? '?'))
      const download = page.waitForEvent('download')
      await page.focus(`#${id} a.primary`)
      await page.keyboard.press('Enter')
      const file = await download
      assert.equal(file.suggestedFilename(), `${id}.tar`)
      const path = await file.path()
      assert.equal(sha256(await readFile(path)), row?.sha256)
      const command = await page.getAttribute(`#${id} .command [data-copy]`, 'data-copy')
      const key = /^node verify\.mjs exp_\w+\.tar --key '([^']+)'$/.exec(command ?? '')?.[1] ?? ''
      const verdict = verifyExport(path, { key })
      assert.deepEqual([verdict.failures, verdict.unchecked, verdict.code], [[], [], 0])
    },
  )

  named('an archive that was taken away elsewhere is said to be gone', async ({ publishing, open, expected }) => {
    const page = await open(PATH)
    const [row] = await exportsOf(publishing)
    expected.push(/404/)
    const there = publishing.sql.updateTable('darkroom.audit_export').where('id', '=', row?.id ?? '')
    await there.set({ state: 'removing' }).execute()
    await page.click(`#${row?.id} a[download]`)
    await page.waitForSelector(`#${row?.id} [data-gone]:has-text("taken away")`)
    await there.set({ state: 'done' }).execute()
  })

  named('the command that verifies is copied whole, and the button says so', async ({ publishing, open }) => {
    const page = await open(PATH, { permissions: ['clipboard-read', 'clipboard-write'] })
    const [row] = await exportsOf(publishing)
    await page.focus('.verifying summary')
    await page.keyboard.press('Enter')
    await page.focus('.command:nth-of-type(2) [data-copy]')
    await page.keyboard.press('Enter')
    await page.waitForSelector('[data-copy] >> text=Copied')
    assert.match(
      await page.evaluate(() => navigator.clipboard.readText()),
      new RegExp(`^darkroom audit verify ${row?.id}`),
    )
    assert.equal(await page.innerText('#announcer'), 'Copied.')
  })

  named('what is refused is said at its field, in the words of the API', async ({ publishing, open }) => {
    const { service } = publishing
    const page = await open(PATH)
    const wrong: [Record<string, string>, string][] = [
      [{ from: period.to, to: period.from }, 'to'],
      [{ to: '2031-01-01T00:00' }, 'to'],
      [{ from: '1990-01-01T00:00' }, 'to'],
      [{ from: '' }, 'from'],
    ]
    for (const [said, field] of wrong) {
      await fill(page, said)
      await page.click('[value=order]')
      const shown = page.locator(`#${field}-error:not([hidden])`)
      await shown.waitFor()
      assert.equal(await page.getAttribute(`#${field}`, 'aria-invalid'), 'true')
      const moment = (text: string) => (text === '' ? '' : `${text}:00Z`)
      const body = { from: moment(said.from ?? period.from), to: moment(said.to ?? period.to) }
      const answer = await service.call('/v1/audit/exports', {
        as: 'compliance',
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      const problem = await answer.json()
      assert.equal(problem.field, field)
      assert.equal(await shown.innerText(), problem.detail)
    }
    await accessible(page, 'a refused order')
    await fill(page)
    await page.waitForSelector('#outlook:has-text("About")')
    await page.waitForFunction(() => document.querySelector('[aria-invalid], .error:not([hidden])') === null)
  })

  named(
    'a subject makes completeness unproven before it is ordered, and so does a period take its buttons',
    async ({ open }) => {
      const page = await open(PATH)
      await page.fill('#subject', 'img_00000000000000000000000000')
      await page.waitForSelector('#outlook:has-text("Completeness is not proven")')
      await page.focus('[value=month]')
      await page.keyboard.press('Enter')
      await page.waitForFunction(() => document.querySelector<HTMLInputElement>('#from')?.value.endsWith('-01T00:00'))
      assert.match(await page.inputValue('#to'), /-01T00:00$/)
      assert.equal(await page.inputValue('#subject'), 'img_00000000000000000000000000', 'what was typed stays')
    },
  )

  named(
    'an order that is sent twice, or whose answer was lost, makes one export',
    async ({ publishing, open, expected }) => {
      await clear(publishing)
      const page = await open(PATH)
      await fill(page)
      await page.dblclick('[value=order]')
      await page.waitForSelector('.export')
      assert.equal((await exportsOf(publishing)).length, 1)
      expected.push(/ERR_FAILED|Failed to load/)
      await page.route('**/v1/audit/exports', async (route) => {
        await route.fetch()
        await route.abort()
      })
      await page.click('[value=order]')
      await page.waitForSelector('#order-error:has-text("cannot be reached")')
      await page.unroute('**/v1/audit/exports')
      await page.click('[value=order]')
      await page.waitForFunction(() => document.querySelectorAll('.export').length === 2)
      assert.equal((await exportsOf(publishing)).length, 2)
    },
  )

  named(
    'one is taken away by keyboard once that was confirmed, and the next has the focus’s place',
    async ({ publishing, open }) => {
      const page = await open(PATH)
      const [first] = await exportsOf(publishing)
      const id = first?.id ?? ''
      await page.focus(`#${id} .removal summary`)
      await page.keyboard.press('Enter')
      await page.keyboard.press('Tab')
      assert.match(await page.evaluate(() => document.activeElement?.textContent ?? ''), /^Take exp_\w+ away$/)
      await page.keyboard.press('Enter')
      await page.locator(`#${id}`).waitFor({ state: 'detached' })
      assert.equal(await page.evaluate(() => document.activeElement?.id), 'exports-name')
      assert.ok((await exportsOf(publishing)).every((row) => row.id !== id))
      const told = await publishing.sql
        .selectFrom('darkroom.move')
        .select('facts')
        .where('kind', '=', 'audit.removed')
        .where('subject_id', '=', id)
        .execute()
      assert.equal(told.length, 1)
    },
  )

  named(
    'the list goes on by itself, says when it cannot, and keeps no session alive',
    async ({ publishing, open, expected }) => {
      await clear(publishing)
      const page = await open(PATH)
      await fill(page)
      await page.click('[value=order]')
      await page.waitForSelector('.export')
      const asked: (string | null)[] = []
      expected.push(/ERR_FAILED|Failed to load/)
      await page.route(`**${PATH}`, async (route) => {
        asked.push(await route.request().headerValue('darkroom-unattended'))
        await route.abort()
      })
      await page.waitForSelector('#live:has-text("cannot be reached")')
      assert.deepEqual([...new Set(asked)], ['true'])
      await page.unroute(`**${PATH}`)
      await work(publishing)
      await page.waitForSelector('.export[data-state=done]')
      assert.equal(await page.innerText('#live'), '')
    },
  )
})

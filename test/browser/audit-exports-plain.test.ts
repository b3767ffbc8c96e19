// The page of exports without script, what it says of exports that wait, are made, failed or are over, its older pages, and its looks.

import assert from 'node:assert/strict'
import { sql as raw } from 'kysely'
import { newId } from '../../src/kernel/ids.ts'
import type { Publishing } from '../mark/publishing.ts'
import { clear, exportsOf, fill, make, PATH, period, work } from './audit-exports.ts'
import { accessible, fits } from './axe.ts'
import { screenshot } from './chromium.ts'
import { onAudit } from './on-audit.ts'

const PLAIN = { javaScriptEnabled: false }

/** One in a state that it takes trouble to bring about. */
async function stage({ sql }: Publishing, set: Record<string, string | number | null>): Promise<string> {
  const id = newId('exp')
  await raw`INSERT INTO darkroom.audit_export (id, requested_by, period_from, period_to, csv, parquet)
            VALUES (${id}, '{}', '2026-01-01', '2026-02-01', false, true)`.execute(sql)
  await sql
    .updateTable('darkroom.audit_export')
    .set({ rows_done: 0, ...set })
    .where('id', '=', id)
    .execute()
  // Nobody takes it up.
  await raw`UPDATE darkroom.audit_export SET due_at = darkroom.now() + interval '1 day' WHERE id = ${id} AND state <> 'failed'`.execute(
    sql,
  )
  return id
}

await onAudit('the page of exports, plainly', make, (named) => {
  named('without script an export is looked at, ordered once, fetched and taken away', async ({ publishing, open }) => {
    const page = await open(PATH, PLAIN)
    assert.equal(await page.locator('[data-copy]:visible').count(), 0)
    await page.click('[value=week]')
    assert.match(await page.inputValue('#from'), /T00:00$/)
    await fill(page, { subject: 'img_00000000000000000000000000' })
    await page.check('[value=parquet]')
    await page.click('[value=look]')
    assert.match(
      await page.innerText('#outlook'),
      /about img_0{26}[\s\S]*No row of the log is about that[\s\S]*not proven/,
    )
    const key = await page.inputValue('#key')
    await page.click('[value=order]')
    const [row] = await exportsOf(publishing)
    assert.equal(new URL(page.url()).hash, `#${row?.id}`)
    assert.deepEqual([row?.subject, row?.parquet, row?.idempotency_key], ['img_00000000000000000000000000', true, key])
    const form = { ...period, subject: 'img_00000000000000000000000000', formats: 'parquet', key, act: 'order' }
    const { url } = publishing.service
    const again = await page.request.post(`${url}${PATH}`, { form, headers: { origin: url }, maxRedirects: 0 })
    assert.equal(again.headers().location, `${PATH}#${row?.id}`, 'the same page sent again')
    assert.equal((await exportsOf(publishing)).length, 1)
    await work(publishing)
    await page.goto(page.url().replace(/#.*/, ''))
    assert.match(await page.innerText('.export'), /no row matches, and it shows that/)
    await page.click('.removal summary')
    await page.click('.removal button')
    assert.equal(await page.locator('.export').count(), 0)
    assert.deepEqual(await exportsOf(publishing), [])
  })

  named(
    'without script what is refused is said at its field, and the answer is no success',
    async ({ open, expected }) => {
      expected.push(/400/)
      const page = await open(PATH, PLAIN)
      await fill(page, { to: '2031-01-01T00:00' })
      const answered = page.waitForResponse((response) => response.request().method() === 'POST')
      await page.click('[value=order]')
      assert.equal((await answered).status(), 400)
      assert.equal(await page.innerText('#to-error'), 'to is in the future: the log is not there yet')
      assert.match(await page.innerText('#outlook'), /Say a period that is over/)
    },
  )

  named('each state is said with what to do about it, and when it ends', async ({ publishing, open }) => {
    await clear(publishing)
    const running = { state: 'running', range_first: 0, range_end: 4000, tree_size: 5000, rows_done: 1200 }
    const waits = await stage(publishing, {})
    const runs = await stage(publishing, { ...running, failure: 'object_store_failed' })
    const failed = await stage(publishing, { state: 'failed', failure: 'log_inconsistent' })
    const large = await stage(publishing, { state: 'failed', failure: 'too_large' })
    const odd = await stage(publishing, { state: 'failed', failure: 'nan' })
    const page = await open(PATH)
    const text = (id: string) => page.innerText(`#${id}`)
    assert.match(await text(waits), /waits until the log has every event/)
    assert.match(await text(runs), /1,200 of 4,000 rows are written\.[\s\S]*could not be reached\. It is tried again/)
    assert.equal(await page.locator(`#${runs} progress`).evaluate((bar: HTMLProgressElement) => bar.position), 0.3)
    assert.match(await text(failed), /not what the log signed[\s\S]*Exports of the log[\s\S]*log_inconsistent/)
    assert.match(await text(large), /Order shorter periods/)
    assert.match(await text(odd), /The service failed/)
    assert.match(await text(odd), /Kept until .* UTC \(in (89|90) d/)
    assert.doesNotMatch(await text(waits), /Kept until/)
    await accessible(page, 'every state')
    await fits(page, 'every state')
    const narrow = await open(PATH, { viewport: { width: 360, height: 780 } })
    await fits(narrow, 'every state, on a phone')
  })

  named('there are pages of older ones, an end of them, and a way back', async ({ publishing, open }) => {
    await clear(publishing)
    const page = await open(PATH)
    assert.match(await page.innerText('.exports'), /None was ordered so far/)
    const ids: string[] = []
    for (let made = 0; made < 21; made++) ids.push(await stage(publishing, {}))
    await page.reload()
    assert.equal(await page.locator('.export').count(), 20)
    await page.click('[rel=next]')
    assert.deepEqual(await page.locator('.export').evaluateAll((all) => all.map(({ id }) => id)), ids.slice(0, 1))
    assert.equal(await page.locator('[rel=next]').count(), 0)
    await page.goto(`${new URL(PATH, page.url())}?after=${ids[0]}`)
    assert.match(await page.innerText('.exports'), /There are no older ones/)
    await page.click('text=To the newest')
    await page.waitForFunction(() => document.querySelectorAll('.export').length === 20)
    await page.goto(`${new URL(PATH, page.url())}?after=exp_nothing`)
    assert.equal(new URL(page.url()).search, '')
  })

  named('it looks well in the dark, by day and on a phone', async ({ publishing, open }) => {
    await clear(publishing)
    await raw`UPDATE darkroom.clock_offset SET by = interval '0'`.execute(publishing.sql)
    await publishing.publish()
    const to = new Date(Date.now() - 1000).toISOString()
    const headers = { 'content-type': 'application/json' }
    for (const body of [
      { from: '2026-11-01T00:00:00Z', to, kind: 'image.published', formats: ['csv', 'parquet'] },
      { from: '2026-11-01T00:00:00Z', to },
    ]) {
      const order = { as: 'compliance', method: 'POST', headers, body: JSON.stringify(body) }
      assert.equal((await publishing.service.call('/v1/audit/exports', order)).status, 202)
      await work(publishing)
    }
    await stage(publishing, {
      state: 'running',
      range_first: 0,
      range_end: 48_000,
      tree_size: 50_000,
      rows_done: 21_500,
    })
    for (const [scheme, width] of [
      ['dark', 1280],
      ['light', 1280],
      ['light', 360],
    ] as const) {
      const page = await open(PATH, { colorScheme: scheme, viewport: { width, height: 900 } })
      await page.click('.verifying summary')
      await accessible(page, `exports, ${scheme}`)
      await fits(page, `exports, ${width} px`)
      await screenshot(page, width === 360 ? 'audit-exports-narrow' : `audit-exports-${scheme}`)
    }
  })
})

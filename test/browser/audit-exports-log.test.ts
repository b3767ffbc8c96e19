// How the log does, as a page: what is well quietly, what is not first and with its remedy, and as it is now without a flicker.

import assert from 'node:assert/strict'
import { sql as raw } from 'kysely'
import { note } from '../../src/advance.ts'
import type { Publishing } from '../mark/publishing.ts'
import { growLog } from '../support/log-rounds.ts'
import { make } from './audit-exports.ts'
import { accessible, fits } from './axe.ts'
import { screenshot } from './chromium.ts'
import { onAudit } from './on-audit.ts'

const PATH = '/audit/log'
const grow = ({ service }: Publishing) => growLog(service.ground.database, service.transparency)
const say = async ({ service, sql }: Publishing) => {
  const { id } = await sql.selectFrom('darkroom.tenant').select('id').limit(1).executeTakeFirstOrThrow()
  await service.ground.database.transact((tx) => note(tx, id, 'policy.live', 'said', {}))
}
const pass = ({ sql }: Publishing, time: string) =>
  raw`UPDATE darkroom.clock_offset SET by = by + ${time}::interval`.execute(sql)

await onAudit('how the log does, as a page', make, (named) => {
  named(
    'a log that does well says so in one quiet line, with its key as /log/key has it',
    async ({ publishing, open }) => {
      await grow(publishing)
      const page = await open(PATH)
      assert.match(await page.innerText('#well'), /Nothing that is looked at here is amiss/)
      assert.equal(await page.locator('.problem').count(), 0)
      const key = (await (await publishing.service.call('/log/key')).text()).trim()
      assert.ok((await page.innerText('main')).includes(key))
      const health = await (await publishing.service.call('/v1/audit/log', { as: 'compliance' })).json()
      assert.ok((await page.innerText('main')).includes(health.tree.root))
      assert.match(
        (await page.getAttribute('.log-hours svg', 'aria-label')) ?? '',
        /^In 24 hours the log took in \d+ leaves/,
      )
      await accessible(page, 'the log')
      const narrow = await open(PATH, { viewport: { width: 360, height: 780 } })
      await fits(narrow, 'the log on a phone')
      const plain = await open(PATH, { javaScriptEnabled: false })
      assert.match(await plain.innerText('#well'), /amiss/)
    },
  )

  named(
    'what is not well comes first with its remedy, by itself and without a flicker, and goes when it is mended',
    async ({ publishing, open }) => {
      await grow(publishing)
      const page = await open(PATH)
      const asked: (string | undefined)[] = []
      page.on('request', (request) => {
        if (request.url().endsWith(PATH)) asked.push(request.headers()['darkroom-unattended'])
      })
      await page.click('.figures summary')
      const handle = await page.locator('#live-part section').first().elementHandle()
      await say(publishing)
      await pass(publishing, '31 seconds')
      await page.waitForSelector('.problem')
      assert.match(await page.innerText('.problem'), /does not grow, and pictures wait for it[\s\S]*loop "sequence"/)
      assert.equal(await page.locator('#well').count(), 0)
      assert.equal(await handle?.evaluate((node) => node.isConnected), true)
      assert.equal(await page.locator('.figures[open]').count(), 1, 'what was opened stays so')
      await accessible(page, 'a log that stands still')
      await grow(publishing)
      await page.waitForSelector('#well')
      assert.ok(asked.length > 0 && asked.every((one) => one === 'true'), 'it keeps no session alive')
    },
  )

  named('nobody but compliance and administrators asks how it does', async ({ publishing }) => {
    for (const [as, status] of [
      ['compliance', 200],
      ['admin', 200],
      ['client', 403],
    ] as const)
      assert.equal((await publishing.service.call('/v1/audit/log', { as })).status, status, as)
  })

  named('it looks well in the dark, by day and on a phone', async ({ publishing, open }) => {
    const { sql } = publishing
    await raw`UPDATE darkroom.clock_offset SET by = interval '0'`.execute(sql)
    await raw`UPDATE darkroom.recheck SET looked_at = darkroom.now() - interval '7 minutes', result = 'ok'`.execute(sql)
    // A day of leaves, by the checkpoints' times.
    const { size } = await sql.selectFrom('darkroom.log').select('tree_size as size').executeTakeFirstOrThrow()
    for (let hour = 0; hour < 24; hour++) {
      const leaves = Math.round(12 + 9 * Math.sin(hour / 3.2))
      for (let made = 0; made < leaves; made++) await say(publishing)
      await grow(publishing)
      await raw`UPDATE darkroom.log_checkpoint SET at = darkroom.now() - ${23 - hour} * interval '1 hour'
                 WHERE size = (SELECT tree_size FROM darkroom.log)`.execute(sql)
    }
    await raw`UPDATE darkroom.log_checkpoint SET at = darkroom.now() - interval '2 days' WHERE size <= ${size}`.execute(
      sql,
    )
    for (const [scheme, width] of [
      ['dark', 1280],
      ['light', 1280],
      ['light', 360],
    ] as const) {
      const page = await open(PATH, { colorScheme: scheme, viewport: { width, height: 900 } })
      await accessible(page, `the log, ${scheme}`)
      await screenshot(page, width === 360 ? 'audit-log-narrow' : `audit-log-${scheme}`)
    }
    await say(publishing)
    await pass(publishing, '40 seconds')
    const page = await open(PATH)
    await screenshot(page, 'audit-log-amiss')
  })

  named(
    'a recheck that found something, and exports that failed, are told until they are over',
    async ({ publishing, open }) => {
      const { service, sql } = publishing
      const [image] = await sql.selectFrom('darkroom.image').select(['id', 'tenant_id']).limit(1).execute()
      assert.ok(image)
      await service.ground.database.transact((tx) =>
        note(tx, image.tenant_id, 'image.recheck_failed', image.id, { result: 'missing', problems: ['file.missing'] }),
      )
      await raw`UPDATE darkroom.recheck SET looked_at = darkroom.now(), result = 'missing'`.execute(sql)
      await raw`INSERT INTO darkroom.audit_export (id, state, requested_by, period_from, period_to, csv, parquet, failure)
      VALUES ('exp_1', 'failed', '{}', '2026-01-01', '2026-01-02', false, false, 'log_inconsistent')`.execute(sql)
      await grow(publishing)
      const page = await open(PATH)
      assert.deepEqual(await page.locator('.problem code').allInnerTexts(), [
        'DarkroomExportContradictsLog',
        'DarkroomReleasedPictureDiffers',
      ])
      assert.match(await page.innerText('main'), /a released picture is gone[\s\S]*1 × a released picture is gone/)
      await pass(publishing, '24 hours')
      await sql.deleteFrom('darkroom.audit_export').execute()
      const later = await open(PATH)
      await later.waitForSelector('#well')
      await page.waitForSelector('#live:has-text("Your session has ended")')
    },
  )
})

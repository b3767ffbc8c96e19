// The pages of an audit: who sees them, and the ways between them.

import assert from 'node:assert/strict'
import { accessible, fits } from './axe.ts'
import { onAudit } from './on-audit.ts'

const PATHS = ['/audit', '/audit/exports', '/audit/reports', '/audit/log']

await onAudit(
  'the pages of an audit',
  (publishing) => publishing.publish(),
  (named) => {
    named('compliance and administrators come to them, each from each', async ({ open }) => {
      for (const as of ['compliance', 'admin']) {
        const page = await open('/audit', { as, viewport: { width: 360, height: 780 } })
        for (const path of PATHS) {
          await page.click(`.ways a[href="${path}"]`)
          await page.waitForURL((address) => address.pathname === path)
          assert.equal(await page.getAttribute('.ways [aria-current]', 'href'), path)
          await accessible(page, path)
          await fits(page, path)
        }
      }
    })

    named('nobody else does', async ({ open, expected }) => {
      expected.push(/403/)
      for (const path of PATHS) {
        const page = await open(path, { as: 'client' })
        assert.match(await page.innerText('h1'), /for others/)
        const stranger = await open(path, { as: null })
        assert.equal(await stranger.locator('.ways').count(), 0)
        assert.match(await stranger.innerText('h1'), /[Ss]ign in|key/)
      }
    })
  },
)

// axe-core on the page as it stands. It is put in by the browser's debugger, so the page's content policy stays as it is.

import assert from 'node:assert/strict'
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { poorContrast } from './contrast.ts'

/** WCAG 2.0 to 2.2, levels A and AA, and what axe holds to be good practice. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

type Violation = { id: string; nodes: { html: string; failureSummary?: string }[] }

/** Fails with each violation and where it is. */
export async function accessible(page: Page, state: string): Promise<void> {
  await page.evaluate(axe.source)
  const violations: Violation[] = await page.evaluate(async (values) => {
    const found = await Reflect.get(globalThis, 'axe').run(document, { runOnly: { type: 'tag', values } })
    return found.violations
  }, RULES)
  const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`)
  assert.deepEqual(told, [], `${state} is not accessible`)
  assert.deepEqual(await page.evaluate(poorContrast), [], `${state} lacks contrast`)
}

/** Fails where the page is wider than its window. */
export async function fits(page: Page, state: string): Promise<void> {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
  assert.ok(wide <= 0, `${state} scrolls sideways by ${wide} px`)
}

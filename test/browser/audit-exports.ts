// What tests of the page of exports do again and again.

import { sql as raw } from 'kysely'
import type { Page } from 'playwright-core'
import { runExport } from '../../src/audit/export-job.ts'
import type { Publishing } from '../mark/publishing.ts'
import { growLog } from '../support/log-rounds.ts'

export const PATH = '/audit/exports'

const HOUR_MS = 3_600_000
const minutes = (ms: number) => new Date(ms).toISOString().slice(0, 16)
/** What happens in a suite lies in it, and the records' clock is beyond its end. */
export const period = { from: minutes(Date.now() - 24 * HOUR_MS), to: minutes(Date.now() + HOUR_MS / 2) }

export async function make(publishing: Publishing): Promise<void> {
  await publishing.publish()
  await raw`UPDATE darkroom.clock_offset SET by = interval '45 minutes'`.execute(publishing.sql)
}

/** The log's rounds, and the exports that are due. */
export async function work({ service }: Publishing): Promise<void> {
  const { ground, transparency } = service
  await growLog(ground.database, transparency)
  while ((await runExport({ ...ground, transparency, leaseMs: 10_000, partBytes: 3000 })) !== 'idle');
}

export const exportsOf = ({ sql }: Publishing) =>
  sql.selectFrom('darkroom.audit_export').selectAll().where('state', '<>', 'removing').orderBy('id', 'desc').execute()

export async function clear({ sql }: Publishing): Promise<void> {
  await raw`DELETE FROM darkroom.audit_export`.execute(sql)
}

export async function fill(page: Page, said: Record<string, string> = {}): Promise<void> {
  for (const [name, value] of Object.entries({ ...period, ...said })) await page.fill(`#${name}`, value)
}

// A service whose first client's limits a test sets, with nothing used up before each test. The clock is the records' own, so that tests
// move it.
import { after, beforeEach } from 'node:test'
import { sql as raw } from 'kysely'
import type { Overrides } from '../../src/policy/quotas.ts'
import { authenticate } from '../../src/tenant/caller.ts'
import { ALLOWED, json, openService } from './service.ts'

export async function openMetered(env: Record<string, string> = {}) {
  const service = await openService(env)
  const { sql } = service.ground.database
  const { tenantId } = await authenticate(service.ground, service.key('client'))
  const setLimits = (quota: Overrides, plan = 'default') =>
    sql
      .updateTable('darkroom.tenant')
      .set({ plan, quota: JSON.stringify(quota) })
      .where('id', '=', tenantId)
      .execute()
  after(() => service[Symbol.asyncDispose]())
  beforeEach(async () => {
    await raw`DELETE FROM darkroom.rate`.execute(sql)
    await raw`DELETE FROM darkroom.usage`.execute(sql)
    await raw`DELETE FROM darkroom.task`.execute(sql)
    await raw`UPDATE darkroom.request SET state = 'cancelled' WHERE state IN ('queued', 'generating')`.execute(sql)
    await setLimits({})
  })
  return {
    service,
    tenantId,
    setLimits,
    later: (ms: number) =>
      raw`UPDATE darkroom.clock_offset SET by = by + ${ms} * interval '1 millisecond'`.execute(sql),
    order: (more: object = {}) => service.call('/v1/generations', json({ prompt: ALLOWED, ...more })),
    openaiOrder: () => service.call('/v1/images/generations', json({ prompt: ALLOWED, model: 'storybook' })),
  }
}

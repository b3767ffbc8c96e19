// Limits on a real PostgreSQL, asked by two processes' pools at once: exactly what is left passes, whoever comes first.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql as raw } from 'kysely'
import { type Database, openDatabase } from '../../src/kernel/database.ts'
import { isFault } from '../../src/kernel/fault.ts'
import { loadPlans } from '../../src/policy/quotas.ts'
import { holdQuota } from '../../src/tenant/quota.ts'
import { takeTurn } from '../../src/tenant/rate.ts'
import { withPostgres } from '../support/postgres.ts'
import { suiteOn } from '../support/services.ts'
import { openWorld, queueRequest } from '../support/world.ts'

const plans = await loadPlans(new URL('../../policies/quotas.yaml', import.meta.url).pathname)
const AT_ONCE = 60

suiteOn('limits on PostgreSQL', await withPostgres(), (postgres) => {
  test('of many requests at once through two pools, exactly the burst is on pace', async () => {
    await using one = await openDatabase({ url: (await postgres.database()).url, home: null })
    const url = await urlOf(one, postgres.url)
    await using two = await openDatabase({ url, home: null })
    const world = await openWorld({ database: one })
    const [tenant] = world.tenants
    const pace = { per_minute: 0.6, burst: 7 }
    const turns = await Promise.all(
      Array.from({ length: AT_ONCE }, (_, i) => takeTurn((i % 2 === 0 ? one : two).sql, tenant.id, 'requests', pace)),
    )
    assert.equal(turns.filter(({ allowed }) => allowed).length, 7)
    for (const { allowed, retryMs } of turns) assert.ok(allowed || (retryMs > 0 && retryMs <= 800_000), String(retryMs))
  })

  for (const [quota, limit] of [
    ['requests_per_day', 5],
    ['concurrent_requests', 4],
    ['images_per_day', 6],
  ] as const)
    test(`admissions that race for ${quota} take exactly what is left`, async () => {
      await using one = await openDatabase({ url: (await postgres.database()).url, home: null })
      await using two = await openDatabase({ url: await urlOf(one, postgres.url), home: null })
      const world = await openWorld({ database: one })
      const [tenant, other] = world.tenants
      const { requestId } = await queueRequest(world, other)
      await one.sql
        .updateTable('darkroom.tenant')
        .set({ quota: JSON.stringify({ [quota]: limit }) })
        .execute()
      const admit = (database: Database, id: string) =>
        database.transact(async (tx) => {
          await holdQuota(tx, plans, tenant.id, { images: 1, cost: 1, uploadBytes: 0, refused: false }, 1000)
          await raw`
            INSERT INTO darkroom.request SELECT (jsonb_populate_record(request, ${JSON.stringify({ id, tenant_id: tenant.id })}::jsonb)).*
              FROM darkroom.request AS request WHERE id = ${requestId}`.execute(tx)
        })
      const results = await Promise.allSettled(
        Array.from({ length: AT_ONCE }, (_, i) => admit(i % 2 === 0 ? one : two, `req_${i}`)),
      )
      const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
      assert.equal(AT_ONCE - refused.length, limit)
      for (const error of refused) assert.ok(isFault(error, 'quota_exceeded') && error.field === quota, String(error))
      const { rows } = await raw<{ requests: string }>`SELECT requests FROM darkroom.usage`.execute(one.sql)
      assert.deepEqual(rows, [{ requests: String(limit) }], 'what was refused is not counted')
    })
})

/** The address of the database that a pool is on. */
async function urlOf({ sql }: Database, url: string): Promise<string> {
  const { rows } = await raw<{ name: string }>`SELECT current_database() AS name`.execute(sql)
  return Object.assign(new URL(url), { pathname: `/${rows[0]?.name}` }).href
}

// What the janitor forgets: each kind in a loop of its own.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql as raw } from 'kysely'
import { omitAppeals } from '../../src/appeal/end.ts'
import { keepFeedback } from '../../src/mark/feedback.ts'
import { loadRetentionRules } from '../../src/policy/retention-rules.ts'
import { eraseUser } from '../../src/publish/user-erasure.ts'
import { authenticate } from '../../src/tenant/caller.ts'
import { userDigestOf } from '../../src/tenant/users.ts'
import { startJanitor } from '../../workers/janitor.ts'
import { ALLOWED, openService } from '../http/service.ts'

test('feedback is erased after its time, also while messages of webhooks cannot be', async () => {
  await using service = await openService()
  const { sql } = service.ground.database
  await keepFeedback(sql, { agrees: true, verdict: 'ours', text: 'mine' })
  await raw`UPDATE darkroom.clock_offset SET by = interval '91 days'`.execute(sql)
  await raw`ALTER TABLE darkroom.webhook_message RENAME TO webhook_message_away`.execute(sql)
  const rules = await loadRetentionRules('policies/retention.yaml')
  await using _janitor = startJanitor(
    service.ground,
    { ringDispatched: () => undefined },
    { rules, onErased: async () => undefined },
  )
  const left = async () =>
    (await raw<{ count: number }>`SELECT count(*)::int AS count FROM darkroom.provenance_feedback`.execute(sql)).rows
  for (let tries = 0; tries < 100 && (await left())[0]?.count !== 0; tries++) await sleep(50)
  assert.deepEqual(await left(), [{ count: 0 }])
})

test('the erasure of a user that was begun is finished', async () => {
  await using service = await openService()
  const { ground, admission, review } = service
  const caller = await authenticate(ground, service.key('client'))
  for (let i = 0; i < 3; i++) await service.admit({ prompt: ALLOWED, user: 'ada' })
  const onErased = (tx: Parameters<typeof omitAppeals>[0], requestId: string) => omitAppeals(tx, review, requestId)
  const digest = userDigestOf(admission.userSecret, caller.tenantId, 'ada')
  assert.notEqual(await eraseUser(ground, caller, digest, onErased, 1), null)
  const rules = await loadRetentionRules('policies/retention.yaml')
  await using _janitor = startJanitor(ground, { ringDispatched: () => undefined }, { rules, onErased })
  const left = async () =>
    (await ground.database.sql.selectFrom('darkroom.request').select('id').where('erased_at', 'is', null).execute())
      .length
  for (let tries = 0; tries < 200 && (await left()) > 0; tries++) await sleep(50)
  assert.equal(await left(), 0)
})

// The whole way on the real service, by two people of the first start: a prompt is refused, appealed through its link without an
// account, looked at by both reviewers, admitted anew, drawn by the model that ships, marked, and published.
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Service, startService } from '../../src/commands/service.ts'
import { readConfig } from '../../src/kernel/config.ts'
import { client, readKeys, untilEnded } from '../support/service-process.ts'

const POLICIES = resolve(import.meta.dirname, '../../policies')
const LIMIT_MS = 60_000
const REFUSED = 'a red boat on the sea at sunset, no gore anywhere'

let home: string
let service: Service
let keys: ReturnType<typeof readKeys>
before(async () => {
  home = mkdtempSync(join(tmpdir(), 'darkroom-e2e-'))
  const policies = join(home, 'policies')
  cpSync(POLICIES, policies, { recursive: true })
  const rules = join(policies, 'review.yaml')
  writeFileSync(rules, readFileSync(rules, 'utf8').replace('undo_seconds: 60', 'undo_seconds: 1'))
  const env = { DARKROOM_HOME: home, PORT: '0', DARKROOM_LOG_LEVEL: 'silent', DARKROOM_PROVIDER: 'cpu' }
  service = await startService(readConfig({ ...env, DARKROOM_POLICIES_DIR: policies }))
  keys = readKeys(home)
})
after(async () => {
  await service[Symbol.asyncDispose]()
  rmSync(home, { recursive: true, force: true })
})

async function call(path: string, headers: Record<string, string>, body?: object) {
  const json = {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { ...headers, 'content-type': 'application/json' },
  }
  const response = await fetch(new URL(path, service.url), body === undefined ? { headers } : json)
  const text = await response.text()
  return { status: response.status, body: text === '' ? null : JSON.parse(text) }
}
const as = (key: string) => ({ authorization: `Bearer ${key}` })

async function allow(key: string): Promise<void> {
  for (const deadline = Date.now() + LIMIT_MS; Date.now() < deadline; await sleep(200)) {
    const { status, body } = await call('/v1/review/next', as(key), {})
    if (status === 204) continue
    assert.equal(body.item.prompt.text, REFUSED)
    const verdict = { lease: body.lease.token, outcome: 'allow', reason: 'misread' }
    const decided = await call(`/v1/review/items/${body.item.id}/decide`, as(key), verdict)
    assert.equal(decided.status, 200, JSON.stringify(decided.body))
    return
  }
  assert.fail('nothing to review')
}

test('a refusal that was a mistake ends as a published picture, decided by two people', async () => {
  const { body: refused } = await call('/v1/generations', as(keys.client), { prompt: REFUSED })
  assert.equal(refused.state, 'refused', 'the word alone is enough to refuse it')
  const { body: statement } = await call(`/v1/statements/${refused.statement.id}`, as(keys.client))
  const bearer = { 'darkroom-statement-secret': new URL(statement.public_url).hash.slice(1) }
  const text = 'I asked for a boat and said that there is to be no gore.'
  const { status, body: appeal } = await call('/v1/appeals', bearer, { statement_id: statement.id, text })
  assert.equal(status, 201, JSON.stringify(appeal))
  await allow(keys.reviewer)
  await allow(keys.second_reviewer)
  let answered = appeal
  for (const deadline = Date.now() + LIMIT_MS; answered.answer === null && Date.now() < deadline; await sleep(200))
    answered = (await call(`/v1/appeals/${appeal.id}`, bearer)).body
  assert.equal(answered.state, 'overturned', JSON.stringify(answered))
  const api = client(service.url, keys.client)
  const [ended] = await untilEnded(api, [answered.result_request_id], LIMIT_MS)
  assert.deepEqual(
    ended?.images.map(({ state }) => state),
    ['published'],
  )
})

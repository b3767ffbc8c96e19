// The real service and its log: a picture comes with a receipt that is checked offline, and while the log cannot grow pictures wait,
// unreleased and unharmed.
import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseVerifierKey } from '../../src/audit/note.ts'
import { checkReceipt } from '../../src/audit/receipt-check.ts'
import { type ServiceProcess, startServe } from '../support/service-process.ts'

const home = mkdtempSync(join(tmpdir(), 'darkroom-log-waits-'))
const PATIENCE_MS = 60_000

let service: ServiceProcess
let key: string
before(async () => {
  service = await startServe({
    DARKROOM_HOME: home,
    DARKROOM_PROVIDER: 'cpu',
    DARKROOM_LOG_WAIT_MS: '100',
    DARKROOM_TASK_BACKOFF_MS: '50',
    DARKROOM_TASK_MAX_ATTEMPTS: '1',
  })
  key = (await import(join(home, 'keys.json'), { with: { type: 'json' } })).default.client
})
after(async () => {
  await service[Symbol.asyncDispose]()
  rmSync(home, { recursive: true, force: true })
})

const call = (path: string, init: RequestInit = {}) =>
  fetch(`${service.url}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
  })

async function order(): Promise<string> {
  const response = await call('/v1/generations', {
    method: 'POST',
    body: JSON.stringify({ prompt: 'a red boat on the sea', quality: 'low' }),
  })
  assert.equal(response.status, 202)
  return (await response.json()).images[0].id
}

async function until<T>(what: string, look: () => Promise<T | null>): Promise<T> {
  for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline; await sleep(50)) {
    const found = await look()
    if (found !== null) return found
  }
  return assert.fail(`not within ${PATIENCE_MS} ms: ${what}`)
}

const inState = (imageId: string, state: string) =>
  until(`${imageId} is ${state}`, async () => {
    const image = await (await call(`/v1/images/${imageId}`)).json()
    return image.state === state ? image : null
  })

test('a picture comes with a receipt that the file and the log’s key are enough to check', async () => {
  const imageId = await order()
  await inState(imageId, 'published')
  const receipt = await until('a receipt', async () => {
    const response = await call(`/v1/images/${imageId}/receipt`)
    return response.status === 200 ? response.text() : null
  })
  const logKey = parseVerifierKey((await (await fetch(`${service.url}/log/key`)).text()).trimEnd())
  const picture = Buffer.from(await (await call(`/v1/images/${imageId}/content`)).arrayBuffer())
  assert.deepEqual(checkReceipt(receipt, logKey, picture).failures, [])
})

test('while the log cannot grow a picture waits longer than its tries, and comes once it grows', async () => {
  renameSync(join(home, 'log'), join(home, 'log.away'))
  writeFileSync(join(home, 'log'), 'no folder')
  const imageId = await order()
  await inState(imageId, 'marked')
  const tries = () => service.lines.filter(({ subject, msg }) => subject === imageId && msg === 'a task failed').length
  await until('several tries', async () => (tries() >= 3 ? true : null))
  const image = await inState(imageId, 'marked')
  assert.deepEqual([image.url, image.failure], [null, null])
  assert.equal((await call(`/v1/images/${imageId}/content`)).status, 409)

  rmSync(join(home, 'log'))
  renameSync(join(home, 'log.away'), join(home, 'log'))
  await inState(imageId, 'published')
})

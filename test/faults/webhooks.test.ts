// The real service, killed with -9 while a receiver holds its answer: the message comes again under the same id, and a picture that it
// then makes is told of. Slow: it starts the whole service twice.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { LOOPBACK, openReceiver, verify } from '../notify/receiver.ts'
import { client, readKeys, startServe, untilEnded } from '../support/service-process.ts'

const FORBIDDEN = 'a soldier beheading a man, blood everywhere'
const LIMIT_MS = 120_000

test('kill -9 between the sending and the record: delivered twice, under one id, and nothing after is lost', async () => {
  const home = mkdtempSync(join(tmpdir(), 'darkroom-webhooks-'))
  const env = {
    ...LOOPBACK,
    DARKROOM_HOME: home,
    DARKROOM_PROVIDER: 'cpu',
    DARKROOM_THREADS: '1',
    DARKROOM_WEBHOOK_TIMEOUT_MS: '2000',
  }
  let holding = true
  await using receiver = await openReceiver((_, response) => {
    if (!holding) response.writeHead(204).end()
  })
  const until = async (done: () => boolean) => {
    for (const end = Date.now() + LIMIT_MS; !done(); ) {
      if (Date.now() > end) throw new Error('this took too long')
      await sleep(20)
    }
  }
  try {
    const first = await startServe(env)
    const key = readKeys(home).client
    const order = { url: receiver.url, events: ['*'] }
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const made = await fetch(`${first.url}/v1/webhooks`, { method: 'POST', headers, body: JSON.stringify(order) })
    const { secret } = await made.json()
    const refused = await client(first.url, key).submit({ prompt: FORBIDDEN })
    assert.equal(refused?.state, 'refused')
    await until(() => receiver.heard.length === 1)
    await first.kill()

    holding = false
    await using second = await startServe(env)
    await until(() => receiver.heard.length === 2)
    const [one, again] = receiver.heard
    assert.ok(one && again)
    assert.equal(again.headers['webhook-id'], one.headers['webhook-id'])
    assert.equal(again.body, one.body)
    verify(secret, again)

    const service = client(second.url, key)
    const picture = await service.submit({ prompt: 'a red boat on the sea', quality: 'low' })
    assert.ok(picture)
    const [ended] = await untilEnded(service, [picture.id], LIMIT_MS)
    const types = () =>
      receiver.heard.map(({ body }) => JSON.parse(body)).filter(({ data }) => data.request_id === picture.id)
    await until(() => types().some(({ type }) => type === 'generation.completed'))
    await until(() => types().some(({ type }) => type === `image.${ended?.images[0]?.state}`))
    for (const heard of receiver.heard) verify(secret, heard)
    await second.stop()
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
})

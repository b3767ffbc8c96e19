// The log of the real service: it grows by itself, and goes on where it was after the process was killed.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openCheckpoint } from '../../src/audit/checkpoint.ts'
import { consistencyProof, rootOf, verifyConsistency } from '../../src/audit/merkle.ts'
import { parseVerifierKey } from '../../src/audit/note.ts'
import { type LogStore, nodesOf } from '../../src/audit/tree-store.ts'
import { Fault } from '../../src/kernel/fault.ts'
import { type ServiceProcess, startServe } from '../support/service-process.ts'

const home = mkdtempSync(join(tmpdir(), 'darkroom-log-service-'))
after(() => rmSync(home, { recursive: true, force: true }))

const start = () => startServe({ DARKROOM_HOME: home, DARKROOM_LOG_ROUND_MS: '50', DARKROOM_PROVIDER: 'cpu' })

/** The store as a stranger reads it. */
function overHttp({ url }: ServiceProcess): LogStore {
  return {
    putIfAbsent: () => Promise.reject(new TypeError('strangers write nothing')),
    get: async (key) => {
      const answer = await fetch(`${url}/log/${key}`)
      if (!answer.ok) throw new Fault('object_missing', { facts: { key } })
      return { bytes: Buffer.from(await answer.arrayBuffer()), contentType: 'application/octet-stream' }
    },
  }
}

async function checkpointOf({ url }: ServiceProcess, largerThan: number) {
  const origin = 'darkroom.local/log'
  const logKeys = [parseVerifierKey((await (await fetch(`${url}/log/key`)).text()).trimEnd())]
  for (const deadline = performance.now() + 60_000; ; await sleep(50)) {
    assert.ok(performance.now() < deadline, `the log has not grown over ${largerThan}`)
    const answer = await fetch(`${url}/log/checkpoint`)
    if (answer.status === 404) continue
    const checkpoint = openCheckpoint(Buffer.from(await answer.arrayBuffer()), { origin, logKeys })
    if (checkpoint.size > largerThan) return checkpoint
  }
}

test('a service that is killed and started again goes on with the tree that it signed before', async () => {
  const first = await start()
  const before = await checkpointOf(first, 0)
  assert.ok((await rootOf(before.size, nodesOf(overHttp(first), before.size))).equals(before.root))
  await first.kill()

  await using second = await start()
  // A fact that is noted.
  const { admin } = (await import(join(home, 'keys.json'), { with: { type: 'json' } })).default
  const made = await fetch(`${second.url}/v1/admin/tenants`, {
    method: 'POST',
    headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Another' }),
  })
  assert.equal(made.status, 201)
  const now = await checkpointOf(second, before.size)
  const nodes = nodesOf(overHttp(second), now.size)
  assert.ok((await rootOf(now.size, nodes)).equals(now.root))
  const proof = await consistencyProof(before.size, now.size, nodes)
  assert.ok(verifyConsistency(before.size, before.root, now.size, now.root, proof))
  assert.deepEqual(
    second.lines.filter(({ loop }) => loop === 'sequence'),
    [],
    'no round failed',
  )
})

// What an operator sees: one trace from the HTTP request to the release, though two processes did the work, and meters and probes of
// every process. The collector is a small OTLP receiver in this file.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { withPostgres } from '../support/postgres.ts'
import { client, readKeys, startServe, startWorker, untilEnded } from '../support/service-process.ts'
import { freePort, suiteOn } from '../support/services.ts'

type Attribute = { key: string; value: { stringValue?: string } }
type Span = { traceId: string; spanId: string; parentSpanId?: string; name: string; attributes: Attribute[] }
const PROMPT = 'a red boat on the sea'
const CALLER = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' }

async function openCollector() {
  const spans: (Span & { role: string })[] = []
  let text = ''
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    request.on('end', () => {
      text += body
      for (const { resource, scopeSpans } of JSON.parse(body).resourceSpans) {
        const role = resource.attributes.find(({ key }: Attribute) => key === 'darkroom.role')?.value.stringValue
        for (const scope of scopeSpans) spans.push(...scope.spans.map((span: Span) => ({ ...span, role })))
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    text: () => text,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

suiteOn('telemetry', await withPostgres(), (postgres) => {
  test('a request is one trace through the API and a worker in another process, and says nothing of its prompt', async () => {
    const home = mkdtempSync(join(tmpdir(), 'darkroom-telemetry-'))
    const { url: DATABASE_URL } = await postgres.database()
    await using collector = await openCollector()
    const metricsPort = await freePort()
    const env = {
      DATABASE_URL,
      DARKROOM_HOME: home,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_BSP_SCHEDULE_DELAY: '200',
    }
    await using serve = await startServe(env, ['--without-workers'])
    await using worker = await startWorker({ ...env, DARKROOM_METRICS_PORT: String(metricsPort) }, [])
    const key = readKeys(home).client
    const response = await fetch(`${serve.url}/v1/generations`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        traceparent: `00-${CALLER.traceId}-${CALLER.spanId}-01`,
      },
      body: JSON.stringify({ prompt: PROMPT, quality: 'low', seed: 7 }),
    })
    assert.equal(response.status, 202)
    const { id }: { id: string } = await response.json()
    const [ended] = await untilEnded(client(serve.url, key), [id], 60_000)
    assert.equal(ended?.outcome, 'published')

    const wanted = ['POST /v1/generations', 'stage generate', 'stage moderate', 'stage mark', 'stage publish']
    const mine = () => collector.spans.filter(({ traceId }) => traceId === CALLER.traceId)
    for (let tries = 0; tries < 100 && !wanted.every((name) => mine().some((span) => span.name === name)); tries++)
      await sleep(100)
    const spans = mine()
    const named = (name: string) => spans.find((span) => span.name === name) ?? assert.fail(`no span ${name}`)
    assert.equal(named('POST /v1/generations').parentSpanId, CALLER.spanId)
    assert.equal(named('POST /v1/generations').role, 'serve')
    for (const [child, parent] of [
      ['stage generate', 'POST /v1/generations'],
      ['device', 'stage generate'],
      ['stage moderate', 'device'],
      ['stage mark', 'stage moderate'],
      ['watermark', 'stage mark'],
      ['sign', 'stage mark'],
      ['stage publish', 'stage mark'],
    ] as const) {
      assert.equal(named(child).parentSpanId, named(parent).spanId, `${child} follows ${parent}`)
      assert.notEqual(named(child).role, 'serve')
    }
    assert.ok(!collector.text().includes('red boat'))
    for (const { lines } of [serve, worker]) assert.ok(!JSON.stringify(lines).includes('red boat'))

    const base = `http://127.0.0.1:${metricsPort}`
    assert.equal((await fetch(`${base}/healthz`)).status, 200)
    assert.equal((await fetch(`${base}/readyz`)).status, 200)
    assert.equal((await fetch(`${base}/elsewhere`)).status, 404)
    const meters = await (await fetch(`${base}/metrics`)).text()
    for (const stage of ['generate', 'moderate', 'mark', 'publish'])
      assert.match(meters, new RegExp(`darkroom_stage_duration_seconds_count\\{stage="${stage}",result="done"\\} 1`))
    assert.match(meters, /darkroom_held_images 0/)
    rmSync(home, { recursive: true, force: true })
  })
})

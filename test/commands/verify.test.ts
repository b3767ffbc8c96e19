// `darkroom verify` prints what the public answer says, and nothing that it does not.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'

const ANSWER = {
  verdict: 'foreign_manifest',
  manifest: { found: true, state: 'Valid', signed_by: null },
  watermark: { found: false },
  record: null,
  notes: ['The manifest is not from this service.'],
}

test('who signed a foreign manifest is not told, and is not said to be nobody', async () => {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(request.url === '/healthz' ? {} : ANSWER))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  const url = `http://127.0.0.1:${address.port}`
  const child = spawn(process.execPath, ['src/main.ts', 'verify', 'package.json', '--url', url])
  const [out, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
  server.close()
  assert.equal(code, 3, out)
  assert.match(out, /^manifest {3}Valid, by a signer that is not told$/m)
})

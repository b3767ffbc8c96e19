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

/** What the command prints and how it ends, with a service that answers so. */
async function told(status: number, answer: object) {
  const server = createServer((request, response) => {
    const known = request.url === '/healthz'
    response.writeHead(known ? 200 : status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(known ? {} : answer))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  const url = `http://127.0.0.1:${address.port}`
  const child = spawn(process.execPath, ['src/main.ts', 'verify', 'package.json', '--url', url])
  const [out, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  server.close()
  return { out, errors, code }
}

test('who signed a foreign manifest is not told, and is not said to be nobody', async () => {
  const { out, code } = await told(200, ANSWER)
  assert.equal(code, 3, out)
  assert.match(out, /^manifest {3}Valid, by a signer that is not told$/m)
})

test('a refusal has the code that the service gave it', async () => {
  const { errors, code } = await told(415, { code: 'unsupported_media', field: 'file', detail: 'no picture' })
  assert.ok(code !== 0 && code !== 3, `${code}`)
  assert.match(errors, /unsupported_media/)
  assert.match((await told(500, { code: 'odd', detail: 'x' })).errors, /invalid_request/)
})

// A proxy between the S3 adapter and its server: it records each request and may answer in the server's place.
// What it is told to answer is a status, or silence; all else goes through unchanged.
import assert from 'node:assert/strict'
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'

/** Passes requests on, recording them, unless `meddle` answers a status in their place. */
export async function openProxy(
  target: string,
  meddle: (request: IncomingMessage) => number | 'hang' | null = () => null,
) {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    const status = meddle(request)
    if (status === 'hang') return
    if (status !== null) {
      request.resume().on('end', () => response.writeHead(status).end())
      return
    }
    // The signature covers the host's name, so that stays.
    const { headers } = request
    const passed = httpRequest(new URL(request.url ?? '/', target), { method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    passed.on('error', () => response.destroy())
    request.pipe(passed)
  })
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

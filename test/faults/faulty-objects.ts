// A proxy before the S3 server that fails a share of all calls: half of them before the server hears of it, half after it has done
// what was asked, its answer replaced by a 503. It keeps the Host header, which requests are signed with.
import { createServer, request as forward } from 'node:http'
import { freePort } from '../support/services.ts'

export type FaultyObjects = {
  readonly url: string
  /** The share of calls that fail, from 0 to 1. */
  fail: (share: number) => void
  readonly failed: { before: number; after: number }
  readonly passed: () => number
} & AsyncDisposable

const SLOW_DOWN =
  '<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>'

export async function openFaultyObjects(target: string, random: () => number): Promise<FaultyObjects> {
  const { hostname, port: targetPort } = new URL(target)
  const failed = { before: 0, after: 0 }
  let passed = 0
  let share = 0
  const server = createServer((request, response) => {
    const chance = random()
    const refuse = () =>
      response
        .writeHead(503, { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(SLOW_DOWN) })
        .end(SLOW_DOWN)
    if (chance < share / 2) {
      failed.before++
      request.resume().on('end', refuse)
      return
    }
    const late = chance < share
    const { method, headers, url } = request
    const call = forward({ hostname, port: targetPort, method, path: url, headers }, (answer) => {
      if (late) {
        failed.after++
        answer.resume().on('end', refuse)
        return
      }
      passed++
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    call.on('error', () => response.destroy())
    request.on('aborted', () => call.destroy())
    request.pipe(call)
  })
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${port}`,
    fail: (next) => {
      share = next
    },
    failed,
    passed: () => passed,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

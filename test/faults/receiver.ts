// A webhook receiver that keeps what it is told, checks signatures with the standard's own library, and fails now and then.
import { createServer } from 'node:http'
import { Webhook } from 'standardwebhooks'
import { freePort } from '../support/services.ts'

export type Received = { messageId: string; type: string; subjectId: string; body: string; verified: boolean }

export type Receiver = {
  readonly url: string
  readonly received: Received[]
  /** The endpoint's secret, known once the endpoint is made. */
  secret: string
} & AsyncDisposable

/** One answer in ten is a 503, half of those after the message was kept. */
const FAILING = 0.1
/** Of one message, so that it comes within half a minute: the fifth attempt would wait for more than five. */
const FAILS_AT_MOST = 2

export async function openReceiver(random: () => number): Promise<Receiver> {
  const received: Received[] = []
  const failures = new Map<string, number>()
  const receiver = { secret: '' }
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const messageId = String(request.headers['webhook-id'])
      const failed = failures.get(messageId) ?? 0
      const chance = failed < FAILS_AT_MOST ? random() : 1
      if (chance < FAILING) failures.set(messageId, failed + 1)
      if (chance >= FAILING / 2) received.push(read(Buffer.concat(parts).toString(), request.headers, receiver.secret))
      response.writeHead(chance < FAILING ? 503 : 204).end()
    })
  })
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return Object.assign(receiver, {
    url: `http://127.0.0.1:${port}/hooks`,
    received,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}

function read(body: string, headers: Record<string, string | string[] | undefined>, secret: string): Received {
  const text = (name: string) => String(headers[name] ?? '')
  const signed = {
    'webhook-id': text('webhook-id'),
    'webhook-timestamp': text('webhook-timestamp'),
    'webhook-signature': text('webhook-signature'),
  }
  const { type, data }: { type: string; data: { id: string } } = JSON.parse(body)
  return { messageId: signed['webhook-id'], type, subjectId: data.id, body, verified: isSigned(secret, body, signed) }
}

function isSigned(secret: string, body: string, headers: Record<string, string>): boolean {
  try {
    new Webhook(secret).verify(body, headers)
    return true
  } catch {
    return false
  }
}

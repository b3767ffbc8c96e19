// Receivers on loopback that behave as a test says, and a sender's setting that may reach them.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { Webhook } from 'standardwebhooks'

export type Heard = { headers: Record<string, string>; body: string; path: string }
export type Receiver = AsyncDisposable & { url: string; port: number; heard: Heard[] }
export type Answer = (request: IncomingMessage, response: ServerResponse, heard: Heard) => void

/** An HTTP receiver that keeps what it hears; it answers 204 unless told otherwise. */
export async function openReceiver(
  answer: Answer = (_, response) => void response.writeHead(204).end(),
): Promise<Receiver> {
  const heard: Heard[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
      const one = { headers, body: Buffer.concat(chunks).toString('utf8'), path: request.url ?? '' }
      heard.push(one)
      answer(request, response, one)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = portOf(server.address())
  return {
    url: `http://127.0.0.1:${port}/hook`,
    port,
    heard,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** A receiver that speaks whatever the test says. */
export async function openTcp(
  speak: (socket: Socket) => void,
): Promise<AsyncDisposable & { port: number; url: string }> {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    speak(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = portOf(server.address())
  return {
    port,
    url: `http://127.0.0.1:${port}/`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

/** What a receiver does with the official package; throws when no signature is right. */
export function verify(secret: string, { headers, body }: Heard): unknown {
  return new Webhook(secret).verify(body, headers)
}

/** Lets webhooks reach loopback over http, on any high port. */
export const LOOPBACK = {
  DARKROOM_WEBHOOK_ALLOW_CIDRS: '127.0.0.0/8',
  DARKROOM_WEBHOOK_HTTP_HOSTS: '127.0.0.1,hook.example',
  DARKROOM_WEBHOOK_PORTS: '1024-65535',
}

function portOf(address: ReturnType<ReturnType<typeof createServer>['address']>): number {
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no port')
  return address.port
}

// The peer of the event streams: a plain Node server that writes what comes by Redis' publish/subscribe to every socket that listens to
// that channel, and does nothing else. No keys, no tenants, no resume, no limits: the floor of what telling can cost.
import { createServer, type ServerResponse } from 'node:http'
import { Redis } from 'ioredis'
import { answerParent } from './child.ts'

export type PlainCommand = { kind: 'start'; redisUrl: string } | { kind: 'memory' }
export type PlainAnswer = { url: string; rssBytes: number; heapBytes: number }

let url = ''

answerParent(async (command: PlainCommand): Promise<PlainAnswer> => {
  if (command.kind === 'start') url = await start(command.redisUrl)
  const { rss, heapUsed } = process.memoryUsage()
  return { url, rssBytes: rss, heapBytes: heapUsed }
})

async function start(redisUrl: string): Promise<string> {
  const listening = new Map<string, Set<ServerResponse>>()
  const server = createServer((request, response) => {
    const channel = (request.url ?? '/').slice(1)
    const others = listening.get(channel) ?? new Set()
    listening.set(channel, others.add(response))
    response.once('close', () => others.delete(response))
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' })
    response.write('event: state\ndata: {}\nid: 0\n\n')
  })
  const redis = new Redis(redisUrl)
  redis.on('pmessage', (_pattern: string, channel: string, text: string) => {
    for (const response of listening.get(channel) ?? []) response.write(text)
  })
  await redis.psubscribe('plain-*')
  const ready = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', ready.resolve)
  await ready.promise
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no port')
  return `http://127.0.0.1:${address.port}`
}

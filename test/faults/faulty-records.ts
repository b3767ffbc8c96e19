// A wire between the service and PostgreSQL that breaks where it hurts: some COMMITs are lost before the server reads them, others
// after it has committed but before the client hears of it. Everything else passes untouched.
import { connect, createServer, type Socket } from 'node:net'
import { freePort } from '../support/services.ts'

export type Breaks = { before: number; after: number }

export type FaultyRecords = {
  /** The database's address through the wire. */
  readonly url: string
  /** Shares of COMMITs to break, each from 0 to 1. */
  break: (shares: Breaks) => void
  /** COMMITs broken so far. */
  readonly broken: Breaks
} & AsyncDisposable

/** A simple query is 'Q', its length, the text, a zero. Migrations and Kysely write it differently. */
const COMMITS = ['COMMIT', 'commit'].map((text) =>
  Buffer.concat([Buffer.from([0x51, 0, 0, 0, 11]), Buffer.from(`${text}\0`)]),
)

export async function openFaultyRecords(databaseUrl: string, random: () => number): Promise<FaultyRecords> {
  const { hostname, port: targetPort } = new URL(databaseUrl)
  const broken: Breaks = { before: 0, after: 0 }
  let shares: Breaks = { before: 0, after: 0 }
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(Number(targetPort), hostname)
    let deaf = false
    const cut = () => {
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', cut)
      socket.on('close', () => {
        sockets.delete(socket)
        cut()
      })
    }
    client.on('data', (bytes) => {
      if (COMMITS.some((commit) => bytes.includes(commit))) {
        const chance = random()
        if (chance < shares.before) {
          broken.before++
          return cut()
        }
        if (chance < shares.before + shares.after) {
          broken.after++
          deaf = true
        }
      }
      upstream.write(bytes)
    })
    upstream.on('data', (bytes) => {
      // The server has answered, so it has committed; the client will never know.
      if (deaf) cut()
      else client.write(bytes)
    })
  })
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const through = new URL(databaseUrl)
  through.port = String(port)
  return {
    url: through.href,
    break: (next) => {
      shares = next
    },
    broken,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

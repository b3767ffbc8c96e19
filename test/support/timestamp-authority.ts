// A real time-stamping authority, `openssl ts` behind HTTP (RFC 3161, 3.4), which can be away in several ways.
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { type Authority, type Issued, openAuthority, openssl, RSA } from './openssl.ts'

/** `silent` takes the question and says nothing; `reset` cuts the connection; the others answer wrongly. */
type Mood = 'well' | 'down' | 'silent' | 'reset' | 'junk' | 'page' | 'flood' | 'refuses'

export type TimestampAuthority = {
  url: string
  mood: Mood
  /** Questions that came. */
  asked: number
  anchorPem: string
  /** Whose certificates the answers are signed with. */
  authority: Authority
} & AsyncDisposable

const CONFIG = `[tsa]
default_tsa = this
[this]
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
`

export async function openTimestampAuthority(options: { seconds?: number } = {}): Promise<TimestampAuthority> {
  const authority = await openAuthority('Example time')
  const leaf = await authority.issue({ use: 'stamping', key: RSA, ...options })
  const server = createServer(async (request, response) => {
    const question = await buffer(request)
    self.asked++
    const say = (status: number, type: string, body: Uint8Array | string) =>
      response.writeHead(status, { 'content-type': type }).end(body)
    switch (self.mood) {
      case 'well':
        return say(200, 'application/timestamp-reply', await answer(authority, leaf, question, self.asked))
      case 'refuses':
        // A PKIStatus of rejection and nothing else.
        return say(200, 'application/timestamp-reply', Buffer.from('30053003020102', 'hex'))
      case 'down':
        return say(503, 'text/plain', 'away')
      case 'junk':
        return say(200, 'application/timestamp-reply', 'junk')
      case 'page':
        return say(200, 'text/html', '<h1>Sign in</h1>')
      case 'flood':
        return say(200, 'application/timestamp-reply', Buffer.alloc(1_000_000, 0x30))
      case 'reset':
        return request.socket.destroy()
      case 'silent':
        return
      default:
        return self.mood satisfies never
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('a TCP server has a port')
  const self: TimestampAuthority = {
    url: `http://127.0.0.1:${address.port}/tsr`,
    mood: 'well',
    asked: 0,
    anchorPem: authority.anchorPem,
    authority,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return self
}

async function answer(
  { folder, anchorFile }: Authority,
  { chainFile, keyFile }: Issued,
  question: Buffer,
  number: number,
): Promise<Buffer> {
  const [asked, answered, config] = [
    join(folder, `${number}.tsq`),
    join(folder, `${number}.tsr`),
    join(folder, `${number}.cnf`),
  ]
  await writeFile(asked, question)
  // Each question with a serial number of its own: several are answered at once.
  await writeFile(config, `${CONFIG}serial = ${folder}/serial.${number}\n`)
  await writeFile(join(folder, `serial.${number}`), `${number.toString(16).padStart(4, '0')}\n`)
  const by = ['-config', config, '-section', 'this', '-signer', chainFile, '-inkey', keyFile]
  await openssl('ts', '-reply', '-queryfile', asked, ...by, '-chain', anchorFile, '-out', answered)
  return readFile(answered)
}

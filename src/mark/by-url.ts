// The picture at an address that a stranger names. This machine opens the connection, so every name is resolved once, to addresses that
// are all public, and only those are dialled; each redirect is checked anew. A plain GET is sent and nothing of who asked; what comes
// back is counted while it is read, taken as it is (no content coding is undone) and never judged by its name or type.
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { Fault, type FaultCode } from '../kernel/fault.ts'
import { SYSTEM } from '../kernel/version.ts'
import { type PinnedAddress, pinAddresses, portOf, type Resolve } from '../notify/address.ts'
import { lookupOf, orAborted } from '../notify/pinned.ts'

export type PictureFetch = {
  resolve: Resolve
  allowCidrs: readonly string[]
  ports: readonly number[]
  timeoutMs: number
  maxBytes: number
}

const MAX_REDIRECTS = 3
const MAX_URL_CHARACTERS = 2048
const MAX_HEADER_BYTES = 16_384
const REDIRECTS = [301, 302, 303, 307, 308]
const CLOSE_SOON = { keepAlive: false } as const
const HEADERS = {
  'user-agent': `${SYSTEM.name}/${SYSTEM.version} (provenance check)`,
  accept: 'image/*',
  'accept-encoding': 'identity',
  connection: 'close',
}

/** Faults, each with field 'url': url_refused (may not be called), url_failed (gave no picture), too_large. */
export async function fetchPicture(text: string, from: PictureFetch): Promise<Buffer> {
  const signal = AbortSignal.timeout(from.timeoutMs)
  let target = text
  for (let hops = 0; ; hops++) {
    const url = checkPictureUrl(target, from.ports)
    const pinned = await pin(url, from, signal)
    const got = await get(url, pinned, from, signal)
    if (Buffer.isBuffer(got)) return got
    if (hops === MAX_REDIRECTS) throw fault('url_refused', `the address leads on more than ${MAX_REDIRECTS} times`)
    if (!URL.canParse(got.location, url)) throw fault('url_failed', 'the address leads on to what is no address')
    target = new URL(got.location, url).href
  }
}

/** Looks at the text alone. Fault: url_refused. */
function checkPictureUrl(text: string, ports: readonly number[]): URL {
  if (text.length > MAX_URL_CHARACTERS) throw fault('url_refused', `url has more than ${MAX_URL_CHARACTERS} characters`)
  if (!URL.canParse(text)) throw fault('url_refused', 'url is not an absolute URL')
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw fault('url_refused', 'url must start with https:// or http://')
  if (url.username !== '' || url.password !== '')
    throw fault('url_refused', 'url must not carry a user name or a password')
  if (!ports.includes(portOf(url))) throw fault('url_refused', `port ${portOf(url)} is not allowed here`)
  url.hash = ''
  return url
}

async function pin(url: URL, from: PictureFetch, signal: AbortSignal): Promise<readonly PinnedAddress[]> {
  const pinned = await orAborted(pinAddresses(url, from, from.resolve, from.timeoutMs), signal).catch((cause) => {
    throw signal.aborted ? late(cause) : cause
  })
  if (pinned === 'dns_failed') throw fault('url_failed', 'the name in the address was not found')
  if (typeof pinned === 'string') throw fault('url_refused', 'the address does not lead to the public internet')
  return pinned
}

type Elsewhere = { location: string }

function get(
  url: URL,
  pinned: readonly PinnedAddress[],
  { maxBytes }: PictureFetch,
  signal: AbortSignal,
): Promise<Buffer | Elsewhere> {
  const secure = url.protocol === 'https:'
  // An agent of its own honours no proxy variables and shares no connection.
  const agent = secure ? new HttpsAgent(CLOSE_SOON) : new HttpAgent(CLOSE_SOON)
  const { promise, resolve, reject } = Promise.withResolvers<Buffer | Elsewhere>()
  const options = {
    agent,
    method: 'GET',
    headers: HEADERS,
    lookup: lookupOf(pinned),
    port: portOf(url),
    signal,
    maxHeaderSize: MAX_HEADER_BYTES,
    rejectUnauthorized: true,
  }
  const request = secure ? httpsRequest(url, options) : httpRequest(url, options)
  request.on('error', (cause) => reject(signal.aborted ? late(cause) : failed(cause)))
  request.on('response', (response) => void take(response, maxBytes).then(resolve, reject))
  request.end()
  return promise.finally(() => {
    request.destroy()
    agent.destroy()
  })

  async function take(response: IncomingMessage, most: number): Promise<Buffer | Elsewhere> {
    const { statusCode: status = 0, headers } = response
    if (REDIRECTS.includes(status) && headers.location !== undefined) return { location: headers.location }
    if (status !== 200) throw fault('url_failed', `the address answered with status ${status}, not with a picture`)
    const coding = headers['content-encoding'] ?? 'identity'
    if (coding !== 'identity') throw fault('url_failed', 'the address sent a compressed body, which was not asked for')
    if (Number(headers['content-length']) > most) throw tooLarge(most)
    const chunks: Buffer[] = []
    let sizeBytes = 0
    try {
      for await (const chunk of response) {
        sizeBytes += chunk.length
        if (sizeBytes > most) throw tooLarge(most)
        chunks.push(chunk)
      }
    } catch (cause) {
      if (cause instanceof Fault) throw cause
      throw signal.aborted ? late(cause) : failed(cause)
    }
    if (sizeBytes === 0) throw fault('url_failed', 'the address sent nothing')
    return Buffer.concat(chunks)
  }
}

function late(cause: unknown): Fault {
  return fault('url_failed', 'the address took too long', cause)
}

function failed(cause: unknown): Fault {
  return fault('url_failed', 'the picture could not be fetched from the address', cause)
}

function tooLarge(most: number): Fault {
  return fault('too_large', `what is at the address is larger than the limit of ${most} bytes`)
}

function fault(code: FaultCode, detail: string, cause?: unknown): Fault {
  return new Fault(code, { field: 'url', detail, ...(cause === undefined ? {} : { cause }) })
}

// One attempt: POST a signed body, to pinned addresses only, within one deadline for everything. 307 and 308 are followed a few times,
// each to an address that is checked like the first; other redirects would change the method and fail. The outcome is a value
// with a stable code; the answer's body is read a little, for the sake of the connection, and forgotten.
import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import {
  type AddressRefusal,
  checkUrl,
  type PinnedAddress,
  pinAddresses,
  portOf,
  type Resolve,
  type WebhookPolicy,
} from './address.ts'
import { parseRetryAfter } from './backoff.ts'
import { lookupOf, orAborted } from './pinned.ts'

export type SendError =
  | AddressRefusal
  | 'redirect_refused'
  | 'too_many_redirects'
  | 'connect_failed'
  | 'tls_failed'
  | 'answer_malformed'
  | 'timed_out'
  | 'status_refused'
  | 'interrupted'

/** `error` null means delivered: a 2xx. `status` is null where nobody answered. */
export type Sent = {
  status: number | null
  error: SendError | null
  retryAfterMs: number | null
  responseMs: number
}

export type Sender = {
  readonly policy: WebhookPolicy
  readonly resolve: Resolve
  readonly timeoutMs: number
}

export type Parcel = { url: string; body: string; headers: Record<string, string> }

const MAX_REDIRECTS = 3
const MAX_BODY_BYTES = 4096
const MAX_HEADER_BYTES = 16_384
const BODY_MS = 1000
const CLOSE_SOON = { keepAlive: false, maxSockets: Number.POSITIVE_INFINITY } as const

/** Never throws. `signal` interrupts it. */
export async function send(sender: Sender, parcel: Parcel, signal: AbortSignal): Promise<Sent> {
  const started = performance.now()
  const deadline = AbortSignal.timeout(sender.timeoutMs)
  const answer = await follow(sender, parcel, AbortSignal.any([deadline, signal])).catch((error: unknown): Answer => {
    const late = deadline.aborted ? 'timed_out' : errorOf(error)
    return { status: null, error: signal.aborted ? 'interrupted' : late }
  })
  return {
    status: answer.status,
    error: answer.error,
    retryAfterMs: answer.status === 429 || answer.status === 503 ? (answer.retryAfterMs ?? null) : null,
    responseMs: Math.round(performance.now() - started),
  }
}

type Answer = { status: number | null; error: SendError | null; retryAfterMs?: number | null }

async function follow(sender: Sender, parcel: Parcel, signal: AbortSignal): Promise<Answer> {
  let target = parcel.url
  for (let hops = 0; ; hops++) {
    const refused = hops === 0 ? 'url_refused' : 'redirect_refused'
    const url = checkUrl(target, sender.policy)
    if (typeof url === 'string') return { status: null, error: refused }
    const pinned = await orAborted(pinAddresses(url, sender.policy, sender.resolve, sender.timeoutMs), signal)
    if (typeof pinned === 'string') return { status: null, error: hops === 0 ? pinned : refused }
    const { status, location, retryAfter } = await post(url, pinned, parcel, signal)
    if (status >= 200 && status < 300) return { status, error: null }
    if (status !== 307 && status !== 308) {
      const error = status >= 300 && status < 400 ? 'redirect_refused' : 'status_refused'
      return { status, error, retryAfterMs: parseRetryAfter(retryAfter, Date.now()) }
    }
    if (location === undefined || !URL.canParse(location, url)) return { status, error: 'redirect_refused' }
    if (hops === MAX_REDIRECTS) return { status, error: 'too_many_redirects' }
    target = new URL(location, url).href
  }
}

type Response = { status: number; location: string | undefined; retryAfter: string | undefined }

function post(url: URL, pinned: readonly PinnedAddress[], parcel: Parcel, signal: AbortSignal): Promise<Response> {
  const secure = url.protocol === 'https:'
  // An agent of its own honours no proxy variables and shares no connection between tenants.
  const agent = secure ? new HttpsAgent(CLOSE_SOON) : new HttpAgent(CLOSE_SOON)
  const options = {
    agent,
    method: 'POST',
    headers: { ...parcel.headers, 'content-length': Buffer.byteLength(parcel.body), connection: 'close' },
    lookup: lookupOf(pinned),
    port: portOf(url),
    signal,
    maxHeaderSize: MAX_HEADER_BYTES,
    rejectUnauthorized: true,
  }
  const { promise, resolve, reject } = Promise.withResolvers<Response>()
  const request: ClientRequest = secure ? httpsRequest(url, options) : httpRequest(url, options)
  request.on('error', reject)
  request.on('response', (response: IncomingMessage) => {
    const { statusCode = 0, headers } = response
    drain(request, response, () =>
      resolve({ status: statusCode, location: headers.location, retryAfter: headers['retry-after'] }),
    )
  })
  request.end(parcel.body)
  return promise.finally(() => {
    request.destroy()
    agent.destroy()
  })
}

/** The status is the answer; of the body a little is let through, for a moment, so that the receiver can finish. */
function drain(request: ClientRequest, response: IncomingMessage, done: () => void): void {
  let sizeBytes = 0
  const timer = setTimeout(done, BODY_MS)
  const end = () => {
    clearTimeout(timer)
    done()
  }
  response.on('data', (chunk: Buffer) => {
    sizeBytes += chunk.length
    if (sizeBytes > MAX_BODY_BYTES) end()
  })
  response.on('error', end).on('end', end).on('close', end)
  request.on('close', end)
}

const TLS_CODES =
  /^(ERR_TLS_|ERR_SSL_|ERR_OSSL_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_|INVALID_|PATH_LENGTH|ERROR_IN_|EPROTO$)/

function errorOf(error: unknown): SendError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (TLS_CODES.test(code)) return 'tls_failed'
  if (code.startsWith('HPE_')) return 'answer_malformed'
  return 'connect_failed'
}

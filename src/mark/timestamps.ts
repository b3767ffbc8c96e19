// RFC 3161 timestamps of signatures. The C2PA library asks an authority over HTTP itself, without any limit of time or size; so it is
// sent to a port of this machine's own loopback, which passes each question on within limits and knows how it went: a signature that
// failed is told from an authority that is away. Each errand has an address of its own that nobody can guess and that ends with it.
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Fault } from '../kernel/fault.ts'

/** `required`: what has no timestamp is not signed. `preferred`: it is, and says so. */
export type StampPolicy = 'preferred' | 'required'
export type StampConfig = { readonly url: string; readonly policy: StampPolicy; readonly timeoutMs: number }

/** Why there is no timestamp: the authority says nothing in time, nothing at all, or nothing of use; or it is not one that counts. */
export type StampProblem = 'timeout' | 'unreachable' | 'refused' | 'untrusted'

export type Errand = {
  /** Where the library is to ask. */
  readonly url: string
  /** `asked`: the question came and is not answered yet. Null: it never came. */
  readonly outcome: 'asked' | 'answered' | StampProblem | null
} & Disposable

export type StampAuthority = { readonly policy: StampPolicy; readonly lend: () => Promise<Errand> } & AsyncDisposable

const MOST_QUESTION_BYTES = 16_384
/** An authority's answer brings its certificates. */
const MOST_ANSWER_BYTES = 65_536
const QUESTION = 'application/timestamp-query'
const ANSWER = 'application/timestamp-reply'

type Open = { outcome: Errand['outcome'] }

/** Whether the library would send what is meant for the loopback to a proxy instead. */
export function isLoopbackProxied(env: Readonly<Record<string, string | undefined>>): boolean {
  const proxies = [env.HTTP_PROXY, env.http_proxy, env.ALL_PROXY, env.all_proxy]
  const spared = `${env.NO_PROXY ?? env.no_proxy ?? ''}`.split(',').map((one) => one.trim())
  return proxies.some(Boolean) && !spared.some((one) => /^(\*|127\.0\.0\.1|127(\.\d+){3}\/8)$/.test(one))
}

/** Listens with the first errand; nothing is sent before. `lend` throws Fault signer_failed, away, where no port is to be had now. */
export function openStampAuthority({ url, policy, timeoutMs }: StampConfig): StampAuthority {
  const errands = new Map<string, Open>()
  let listening: Promise<{ server: Server; origin: string }> | null = null

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const errand = errands.get(request.url ?? '')
    if (errand === undefined || request.method !== 'POST') return void response.writeHead(404).end()
    errand.outcome = 'asked'
    const asked = await ask(url, await whole(request, MOST_QUESTION_BYTES), timeoutMs)
    errand.outcome = typeof asked === 'string' ? asked : 'answered'
    if (typeof asked === 'string') response.writeHead(502).end()
    else response.writeHead(200, { 'content-type': ANSWER, 'content-length': asked.length }).end(asked)
  }

  function listen(): Promise<{ server: Server; origin: string }> {
    const server = createServer((request, response) => {
      answer(request, response).catch(() => response.destroy())
    })
    const { promise, resolve, reject } = Promise.withResolvers<{ server: Server; origin: string }>()
    server.once('error', (cause) => {
      // The next errand tries again.
      listening = null
      reject(new Fault('signer_failed', { retry: 'later', facts: { away: true }, cause }))
    })
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      if (typeof address === 'object' && address !== null)
        resolve({ server: server.unref(), origin: `http://127.0.0.1:${address.port}` })
    })
    return promise
  }

  return {
    policy,
    lend: async () => {
      listening ??= listen()
      const { origin } = await listening
      const path = `/${randomBytes(16).toString('hex')}`
      const errand: Open = { outcome: null }
      errands.set(path, errand)
      return {
        url: `${origin}${path}`,
        get outcome() {
          return errand.outcome
        },
        [Symbol.dispose]: () => void errands.delete(path),
      }
    },
    [Symbol.asyncDispose]: async () => {
      const open = await listening?.catch(() => null)
      if (open === undefined || open === null) return
      const { server } = open
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The authority's answer as it came, or why there is none of use. */
async function ask(url: string, question: Buffer, timeoutMs: number): Promise<Buffer | StampProblem> {
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    const headers = { 'content-type': QUESTION, accept: ANSWER }
    const answer = await fetch(url, {
      method: 'POST',
      headers,
      body: new Uint8Array(question),
      redirect: 'error',
      signal,
    })
    const type = answer.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
    if (answer.status !== 200 || type !== ANSWER || answer.body === null) {
      await answer.body?.cancel()
      return answer.status >= 500 ? 'unreachable' : 'refused'
    }
    return await whole(answer.body, MOST_ANSWER_BYTES)
  } catch {
    return signal.aborted ? 'timeout' : 'unreachable'
  }
}

async function whole(stream: AsyncIterable<Uint8Array>, mostBytes: number): Promise<Buffer> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of stream) {
    size += part.length
    if (size > mostBytes) throw new RangeError('more than a timestamp takes')
    parts.push(part)
  }
  return Buffer.concat(parts)
}

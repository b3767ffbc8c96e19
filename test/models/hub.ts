// A stand-in for a model hub's HTTP API: a repository's commit, its tree in pages, its files by Range, large ones from another origin, as
// the hub has them at its content network. It counts what it sends and can be told to cut, flip, gate and forget.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

export type HubRepo = { name: string; files: ReadonlyMap<string, Buffer> }
/** Trouble that the stand-in makes, by the file's path. */
export type Trouble = {
  /** Bytes after which one answer is cut off, once. */
  cutAfter: Map<string, number>
  /** A byte that is sent changed. */
  flipAt: Map<string, number>
  /** Bytes that the tree lists in place of the file's own. */
  listedSize: Map<string, number>
  etag: Map<string, string>
  /** Without one of these tokens the answer is this status. */
  gate: { status: 401 | 403; token: string } | null
  /** Status of the next answers about files, in order. */
  fail: number[]
}
export type HubServer = AsyncDisposable & {
  readonly address: string
  readonly trouble: Trouble
  /** Bytes of bodies sent, by path. */
  readonly sent: Map<string, number>
  /** What was asked of the content network: path, Range, and whether a token came with it. */
  readonly asked: { path: string; range: string | null; authorised: boolean }[]
  /** Addresses that were asked, in order. */
  readonly urls: string[]
}

export const COMMIT = 'c0ffee'.padEnd(40, '0')
const LARGE = 50_000
const PAGE = 7

export async function startHub({ name, files }: HubRepo): Promise<HubServer> {
  const trouble: Trouble = {
    cutAfter: new Map(),
    flipAt: new Map(),
    listedSize: new Map(),
    etag: new Map(),
    gate: null,
    fail: [],
  }
  const sent = new Map<string, number>()
  const asked: HubServer['asked'] = []
  const urls: string[] = []

  function sendFile(path: string, body: Buffer, request: IncomingMessage, response: ServerResponse): void {
    const flip = trouble.flipAt.get(path)
    const bytes = Buffer.from(body)
    if (flip !== undefined) bytes[flip] = (bytes[flip] ?? 0) ^ 1
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
    const start = Number(from ?? 0)
    const end = to ? Math.min(Number(to) + 1, bytes.length) : bytes.length
    if (from !== undefined && start >= bytes.length) {
      response.writeHead(416).end()
      return
    }
    const headers = {
      etag: `"${trouble.etag.get(path) ?? digestOf(body).hex}"`,
      'content-length': end - start,
      ...(from === undefined ? {} : { 'content-range': `bytes ${start}-${end - 1}/${bytes.length}` }),
    }
    response.writeHead(from === undefined ? 200 : 206, headers)
    const cut = trouble.cutAfter.get(path)
    const probe = to === '0'
    const part = bytes.subarray(start, cut === undefined || probe ? end : Math.min(end, start + cut))
    if (!probe) sent.set(path, (sent.get(path) ?? 0) + part.length)
    if (start + part.length === end) return void response.end(part)
    trouble.cutAfter.delete(path)
    response.write(part, () => setTimeout(() => response.destroy(), 20))
  }

  const content = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '', 'http://content').pathname.slice(1))
    const body = files.get(path)
    if (body === undefined) return void response.writeHead(404).end()
    const { range = null, authorization } = request.headers
    if (range !== 'bytes=0-0') asked.push({ path, range, authorised: authorization !== undefined })
    // With this the hub's library hands out the content network's own address.
    response.setHeader('x-cache', 'Hit from cloudfront')
    sendFile(path, body, request, response)
  })
  const contentAddress = await listen(content)

  const hub = createServer((request, response) => {
    urls.push(request.url ?? '')
    const url = new URL(request.url ?? '', 'http://hub')
    const { gate } = trouble
    const revision = `/api/models/${name}/revision/`
    if (url.pathname.startsWith(revision))
      return sendJson(
        response,
        url.pathname.slice(revision.length),
        { main: COMMIT, 'v1.0': COMMIT, [COMMIT]: COMMIT },
        name,
      )
    if (url.pathname === `/api/models/${name}/tree/${COMMIT}`) return sendTree(url, response)
    const files_ = `/${name}/resolve/${COMMIT}/`
    const path = decodeURIComponent(url.pathname.slice(files_.length))
    const body = url.pathname.startsWith(files_) ? files.get(path) : undefined
    if (body === undefined) return void response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end()
    const failing = trouble.fail.shift()
    if (failing !== undefined) return void response.writeHead(failing).end()
    if (gate !== null && request.headers.authorization !== `Bearer ${gate.token}`)
      return void response.writeHead(gate.status, { 'x-error-code': 'GatedRepo' }).end()
    if (body.length < LARGE) return sendFile(path, body, request, response)
    response.writeHead(302, { location: `${contentAddress}/${encodeURIComponent(path)}` }).end()
  })
  const address = await listen(hub)

  function sendTree(url: URL, response: ServerResponse): void {
    const from = Number(url.searchParams.get('cursor') ?? 0)
    const entries = [{ type: 'directory', oid: 'd'.repeat(40), size: 0, path: 'unet' }, ...treeOf(files, trouble)]
    const next =
      from + PAGE < entries.length ? `<${address}${url.pathname}?recursive=true&cursor=${from + PAGE}>; rel="next"` : ''
    response.writeHead(200, { 'content-type': 'application/json', ...(next === '' ? {} : { link: next }) })
    response.end(JSON.stringify(entries.slice(from, from + PAGE)))
  }

  return {
    ...{ address, trouble, sent, asked, urls },
    async [Symbol.asyncDispose]() {
      for (const server of [hub, content]) {
        server.closeAllConnections()
        server.close()
      }
    },
  }
}

function treeOf(files: ReadonlyMap<string, Buffer>, { listedSize }: Trouble) {
  return Array.from(files, ([path, body]) => {
    const size = listedSize.get(path) ?? body.length
    const { algorithm, hex } = digestOf(body)
    const oid = gitDigest(body)
    return {
      type: 'file',
      path,
      size,
      oid,
      ...(algorithm === 'sha256' ? { lfs: { oid: hex, size, pointerSize: 134 } } : {}),
    }
  })
}

/** Large files are named by SHA-256, the rest as git names a blob. */
function digestOf(body: Buffer): { algorithm: string; hex: string } {
  if (body.length < LARGE) return { algorithm: 'git-sha1', hex: gitDigest(body) }
  return { algorithm: 'sha256', hex: createHash('sha256').update(body).digest('hex') }
}

function gitDigest(body: Buffer): string {
  return createHash('sha1').update(`blob ${body.length}\0`).update(body).digest('hex')
}

function sendJson(response: ServerResponse, revision: string, known: Record<string, string>, name: string): void {
  const sha = known[decodeURIComponent(revision)]
  if (sha === undefined) return void response.writeHead(404).end()
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(
    JSON.stringify({
      _id: '1',
      id: name,
      private: false,
      gated: false,
      downloads: 0,
      likes: 0,
      lastModified: '2026-01-01T00:00:00Z',
      sha,
    }),
  )
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}

// What is answered before or beside the routes: addresses that are malformed or unknown, methods that an address does not offer, and
// connections whose request never arrives whole. Each is a problem document like any other.
import { randomUUID } from 'node:crypto'
import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Fault } from '../kernel/fault.ts'
import type { App } from './app.ts'
import { isOpenaiAddress, openaiErrorBody } from './openai-errors.ts'
import { PROBLEM_TYPE, problemBody, problemOf, sendProblem } from './problems.ts'

type Limits = { bodyBytes: number }
type Offer = { url: string; pattern: RegExp; methods: readonly string[] }

/**
 * Answers unknown addresses with 404, known ones asked by another method with 405 and Allow, before any body is read. Call it before
 * routes are added and after the hooks that such answers need too.
 */
export function registerUnknown(app: App, limits: Limits): void {
  const offers: Offer[] = []
  app.addHook('onRoute', ({ url, method }) => {
    // A route at /* answers for what it does not know by itself.
    if (url !== '*' && url !== '/*') offers.push({ url, pattern: patternOf(url), methods: [method].flat() })
  })
  const answer = (request: FastifyRequest, reply: FastifyReply) => {
    const allowed = methodsAt(offers, request)
    if (allowed.length === 0)
      return sendProblem(request, reply, problemOf(new Fault('not_found', { detail: NOTHING }), limits))
    const detail = `${request.method} is not offered here; there are ${allowed.join(', ')}`
    reply.header('allow', allowed.join(', '))
    return sendProblem(request, reply, problemOf(new Fault('method_not_allowed', { detail }), limits))
  }
  app.setNotFoundHandler(answer)
  app.addHook('onRequest', async (request, reply) => (request.is404 ? answer(request, reply) : undefined))
}

const NOTHING = 'there is nothing at this address'

function methodsAt(offers: readonly Offer[], request: FastifyRequest): string[] {
  const [path = ''] = request.url.split('?', 1)
  const matching = offers.filter(({ pattern }) => pattern.test(path))
  // An address that is written out is a resource of its own, though it has the form of another's.
  const exact = matching.filter(({ url }) => url === path)
  const found = (exact.length > 0 ? exact : matching).flatMap(({ methods }) => methods)
  return found.includes(request.method) ? [] : [...new Set(found)].sort()
}

/** A router's pattern as a whole-path expression: `:name` is one segment, `*` the rest. */
function patternOf(url: string): RegExp {
  const source = url
    .split('/')
    .map((part) => (part === '*' ? '.*' : part.replace(/[.+?^${}()|[\]\\*]/g, '\\$&').replace(/:\w+/g, '[^/]+')))
    .join('/')
  return new RegExp(`^${source}$`)
}

/** The router gave up before any route: the address is malformed or one of its parts is too long. */
export function answerUnroutable(error: unknown, url: string, response: ServerResponse, limits: Limits): void {
  const id = `http_${randomUUID()}`
  const problem = problemOf(error instanceof Error ? error : new Fault('not_found', { detail: NOTHING }), limits)
  const openai = isOpenaiAddress(url)
  const body = JSON.stringify(openai ? openaiErrorBody(problem) : problemBody(problem, id))
  const type = openai ? 'application/json; charset=utf-8' : PROBLEM_TYPE
  const headers = { ...HEADERS, 'content-type': type, 'x-request-id': id, 'content-length': Buffer.byteLength(body) }
  response.writeHead(problem.status, headers)
  response.end(body)
}

const HEADERS = {
  'content-type': PROBLEM_TYPE,
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
}

/** What arrives is no HTTP, is too long, or does not arrive: the reason, and the connection closes. */
export function answerBroken(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  if (socket.writable) {
    const id = `http_${randomUUID()}`
    const problem = problemOf(brokenFault(error.code), { bodyBytes: 0 })
    const body = JSON.stringify(problemBody(problem, id))
    const headers = { ...HEADERS, 'x-request-id': id, 'content-length': Buffer.byteLength(body), connection: 'close' }
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${lines.join('')}\r\n${body}`)
  }
  socket.destroySoon()
}

function brokenFault(code: string | undefined): Fault {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Fault('request_timeout', { detail: 'the request did not arrive whole in time' })
    case 'HPE_HEADER_OVERFLOW':
      return new Fault('headers_too_large', { detail: 'the headers are larger than is read' })
    default:
      return new Fault('invalid_request', { detail: 'this is not a well-formed HTTP request' })
  }
}

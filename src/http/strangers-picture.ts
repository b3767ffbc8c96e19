// Takes in the one picture that a public question is about: an upload (field `file`), an address (field `url`, as JSON or in the form), or
// the body itself. Bounded while it is read, whatever it says of its length; each holds one of few places until it is answered.
import { Readable, Transform } from 'node:stream'
import type { FastifyRequest, RouteShorthandOptions } from 'fastify'
import { Fault, isFault } from '../kernel/fault.ts'
import type { Ground } from '../kernel/ground.ts'
import { fetchPicture } from '../mark/by-url.ts'
import { countCheck, type Given, type Surface } from '../mark/day-counts.ts'
import type { Verification } from '../mark/stranger.ts'
import type { Resolve } from '../notify/address.ts'
import { addressOf } from './limits.ts'

/** The public check of pictures. */
export type PublicCheck = {
  /** Faults: unsupported_media, too_large (field 'file'); busy. */
  readonly verify: (bytes: Buffer) => Promise<Verification>
  readonly resolve: Resolve
  /** Takes a place for an address; what it answers gives it back. Faults: busy, rate_limited. */
  readonly takePlace: (who: string) => () => void
}

/** What a multipart body may hold beside the file. */
const FRAME_BYTES = 16_384
const URL_BYTES = 2048
/** A JSON body holds an address and nothing else. */
const JSON_BYTES = 8192

type Config = Ground['config']

export function largestBody({ limits }: Config): number {
  return limits.uploadBytes + FRAME_BYTES
}

/** Reads the picture of a request and asks about it, in one of the places. Faults: those of reading, fetching and verifying. */
export async function checkPicture(
  { verify, resolve, takePlace }: PublicCheck,
  config: Config,
  request: FastifyRequest,
): Promise<Verification & { given: Given }> {
  const { uploadBytes } = config.limits
  if (Number(request.headers['content-length']) > largestBody(config)) throw tooLarge(uploadBytes)
  // Anybody may ask: each answer holds a decoded picture and a thread, so there is a bound.
  const leave = takePlace(addressOf(request))
  try {
    const given = await read(request, uploadBytes)
    if (Buffer.isBuffer(given)) return { ...(await verify(given)), given: 'file' }
    if (config.provenance.urls === 'off')
      throw invalid('url', 'pictures are not fetched here; send the picture itself as multipart/form-data field file')
    const bytes = await fetchPicture(given.url, { ...config.provenance.fetch, resolve, maxBytes: uploadBytes })
    const verification = await verify(bytes).catch((error: unknown) => {
      // What is wrong with the picture is wrong with what the address gave.
      if (isFault(error) && error.field === 'file')
        throw new Fault(error.code, { field: 'url', detail: error.message, cause: error })
      throw error
    })
    return { ...verification, given: 'address' }
  } finally {
    leave()
  }
}

/** The same for the public, whose answers are counted by day. One that cannot be counted is given all the same. */
export async function answerPublic(
  check: PublicCheck,
  { config, database, log }: Pick<Ground, 'config' | 'database' | 'log'>,
  request: FastifyRequest,
  surface: Surface,
): Promise<Verification> {
  const { given, ...verification } = await checkPicture(check, config, request)
  const { verdict } = verification.answer
  await countCheck(database.sql, { surface, given, verdict }).catch((error: unknown) => {
    log.warn({ error, requestId: request.id }, 'an answer of the public check is not counted')
  })
  return verification
}

/** Counts a body that is no upload while it arrives, so that nobody has megabytes of JSON parsed. */
export const boundJson: NonNullable<RouteShorthandOptions['preParsing']> = async (request, _reply, payload) => {
  if (request.headers['content-type']?.startsWith('application/json') !== true) return payload
  let sizeBytes = 0
  const bounded = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sizeBytes += chunk.length
      if (sizeBytes <= JSON_BYTES) return done(null, chunk)
      done(new Fault('too_large', { field: 'url', detail: `a JSON body may have ${JSON_BYTES} bytes at most` }))
    },
  })
  payload.on('error', (error) => bounded.destroy(error))
  return payload.pipe(bounded)
}

async function read(request: FastifyRequest, limitBytes: number): Promise<Buffer | { url: string }> {
  const { body } = request
  if (body instanceof Readable) return collected(body, limitBytes)
  if (request.isMultipart()) return readForm(request, limitBytes)
  if (request.headers['content-type']?.startsWith('application/json') === true) return { url: urlIn(body) }
  throw new Fault('unsupported_media', {
    field: 'content-type',
    detail: 'send multipart/form-data with the field file, or application/json with the field url',
  })
}

/** A body that is the picture itself. */
async function collected(body: Readable, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  try {
    for await (const chunk of body) {
      sizeBytes += chunk.length
      if (sizeBytes > limitBytes) throw tooLarge(limitBytes)
      chunks.push(chunk)
    }
  } catch (error) {
    throw error instanceof Fault ? error : invalid('file', 'the body was cut off', error)
  }
  if (sizeBytes === 0) throw invalid('file', 'the body is empty')
  return Buffer.concat(chunks)
}

function urlIn(body: unknown): string {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new Fault('invalid_request', { detail: 'the body is not a JSON object' })
  const unknown = Object.keys(body).find((name) => name !== 'url')
  if (unknown !== undefined) throw invalid(unknown.slice(0, 100), `unknown field ${unknown.slice(0, 100)}`)
  const url = 'url' in body ? body.url : undefined
  if (typeof url !== 'string' || url === '') throw invalid('url', 'url must be the address of a picture')
  return url
}

async function readForm(request: FastifyRequest, limitBytes: number): Promise<Buffer | { url: string }> {
  try {
    let bytes: Buffer | null = null
    let url = ''
    const limits = { fileSize: limitBytes, files: 1, fields: 1, parts: 2, fieldSize: URL_BYTES + 1, fieldNameSize: 100 }
    // To its end: what comes after the picture is not overlooked.
    for await (const part of request.parts({ limits: { ...limits, headerPairs: 50 } })) {
      if (part.type === 'file' && part.fieldname === 'file') bytes = await part.toBuffer()
      else if (part.type === 'field' && part.fieldname === 'url' && typeof part.value === 'string') url = part.value
      else {
        if (part.type === 'file') part.file.resume()
        else if (part.fieldname === 'file')
          throw invalid(
            'file',
            'file was sent as text; send it as a file, with a filename (curl: -F file=@picture.png)',
          )
        throw invalid(part.fieldname.slice(0, 100), 'unknown field; send the picture as file, or its address as url')
      }
    }
    const empty = bytes === null || bytes.length === 0
    if (!empty && url !== '') throw invalid('url', 'send a picture or an address, not both')
    if (url !== '') return { url }
    if (bytes === null) throw invalid('file', 'send the picture in the multipart field file')
    if (bytes.length === 0) throw invalid('file', 'the file is empty')
    return bytes
  } catch (error) {
    if (error instanceof Fault) throw error
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'FST_REQ_FILE_TOO_LARGE') throw tooLarge(limitBytes)
    throw invalid('file', 'the multipart body is malformed or has more than one picture', error)
  }
}

function tooLarge(limitBytes: number): Fault {
  return new Fault('too_large', { field: 'file', detail: `the file is larger than the limit of ${limitBytes} bytes` })
}

function invalid(field: string, detail: string, cause?: unknown): Fault {
  return new Fault('invalid_request', { field, detail, ...(cause === undefined ? {} : { cause }) })
}

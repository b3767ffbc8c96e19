// "Did this come from here?", for anybody. The picture is looked at and forgotten.
import multipart from '@fastify/multipart'
import { type TSchema, Type } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Fault } from '../../kernel/fault.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import { addressOf } from '../limits.ts'
import { problems } from '../schemas.ts'
import { openShares } from '../shares.ts'
import { strict } from '../validation.ts'

/** What a multipart body may hold beside the file. */
const FRAME_BYTES = 16_384

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])
const NewVerification = Type.Object({ file: Type.String({ format: 'binary', description: 'A picture.' }) }, strict)
const ProvenanceSchema = Type.Object({
  verdict: Type.Enum(['ours', 'ours_altered', 'foreign_manifest', 'none_found', 'inconclusive']),
  manifest: Type.Object({
    found: Type.Boolean(),
    state: Nullable(Type.Enum(['Trusted', 'Valid', 'Invalid'])),
    signed_by: Nullable(Type.String()),
    generator: Nullable(Type.String()),
    problems: Type.Array(Type.String()),
  }),
  watermark: Type.Object({
    found: Type.Boolean(),
    confidence: Type.Enum(['high', 'medium', 'low', 'none']),
    read: Type.Boolean(),
    copy: Nullable(Type.String()),
  }),
  fingerprint: Type.Object({
    compared: Type.Boolean(),
    distance: Nullable(Type.Integer()),
    match: Nullable(Type.Enum(['close', 'near', 'far'])),
  }),
  record: Nullable(
    Type.Object({
      image_id: Type.String(),
      created_at: Type.String({ format: 'date-time' }),
      system: Type.String(),
      version: Type.String(),
      log_index: Nullable(Type.Integer()),
    }),
  ),
  notes: Type.Array(Type.String()),
})

export async function provenanceRoutes(app: App, { ground, verifyProvenance }: RouteDeps): Promise<void> {
  const { uploadBytes, verificationsAtOnce } = ground.config.limits
  const takePlace = openShares(verificationsAtOnce)
  await app.register(multipart, {
    limits: { fileSize: uploadBytes, files: 1, fields: 0, parts: 1, fieldNameSize: 100, headerPairs: 50 },
  })
  app.post(
    '/v1/provenance/verify',
    {
      config: { access: 'public', limit: 'public' },
      bodyLimit: uploadBytes + FRAME_BYTES,
      // The schema describes the form, which is read as it comes.
      validatorCompiler: () => () => true,
      schema: {
        tags: ['provenance'],
        summary: 'Did this picture come from here?',
        description: 'multipart/form-data with one field `file`. Nothing of the upload is kept.',
        consumes: ['multipart/form-data'],
        body: NewVerification,
        security: [],
        response: { 200: ProvenanceSchema, ...problems(400, 413, 415, 503) },
      },
    },
    async (request, reply) => {
      if (!request.isMultipart()) throw notMultipart(request)
      const length = Number(request.headers['content-length'])
      if (length > uploadBytes + FRAME_BYTES) throw tooLarge(uploadBytes)
      // Anybody may ask: each answer holds a decoded picture and a thread, so there is a bound.
      const leave = takePlace(addressOf(request))
      try {
        return await reply.send(await verifyProvenance(await readUpload(request, uploadBytes)))
      } finally {
        leave()
      }
    },
  )
}

async function readUpload(request: FastifyRequest, limitBytes: number): Promise<Buffer> {
  try {
    let bytes: Buffer | null = null
    // To its end: what comes after the picture is not overlooked.
    for await (const part of request.parts()) {
      if (part.type === 'file' && part.fieldname === 'file') bytes = await part.toBuffer()
      else {
        if (part.type === 'file') part.file.resume()
        const detail = 'unknown field; send the picture as file'
        throw new Fault('invalid_request', { field: part.fieldname.slice(0, 100), detail })
      }
    }
    if (bytes === null) throw invalid('send the picture in the multipart field file')
    if (bytes.length === 0) throw invalid('the file is empty')
    return bytes
  } catch (error) {
    if (error instanceof Fault) throw error
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'FST_REQ_FILE_TOO_LARGE') throw tooLarge(limitBytes)
    throw invalid('the multipart body is malformed or has more than the one field file', error)
  }
}

function notMultipart(request: FastifyRequest): Fault {
  const { body } = request
  if (typeof body === 'object' && body !== null && 'url' in body)
    return new Fault('invalid_request', {
      field: 'url',
      detail: 'looking at a picture by its url is not supported yet; send it as multipart/form-data field file',
    })
  return new Fault('unsupported_media', {
    field: 'content-type',
    detail: 'send multipart/form-data with the field file',
  })
}

function tooLarge(limitBytes: number): Fault {
  return new Fault('too_large', { field: 'file', detail: `the file is larger than the limit of ${limitBytes} bytes` })
}

function invalid(detail: string, cause?: unknown): Fault {
  return new Fault('invalid_request', { field: 'file', detail, ...(cause === undefined ? {} : { cause }) })
}

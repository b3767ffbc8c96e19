// Multipart forms: text fields by name and files in order, bounded in number, in size each and in all. A form is read to its end
// whatever is wrong with it, so that who still sends hears the answer; what is over a bound is not kept.
import type { FastifyRequest } from 'fastify'
import { Fault } from '../kernel/fault.ts'

export type FormFile = { field: string; bytes: Buffer }
export type Form = { fields: ReadonlyMap<string, string>; files: readonly FormFile[] }

export type FormLimits = {
  /** Of one file. */
  fileBytes: number
  /** Of all files together. */
  filesBytes: number
  files: number
  fields: number
  fieldBytes: number
}

const NAME_BYTES = 100
/** What a multipart body holds beside its files and fields: boundaries and heads. */
const PART_BYTES = 1024

/** The largest body that such a form can have. */
export function formBytes({ filesBytes, files, fields, fieldBytes }: FormLimits): number {
  return filesBytes + fields * fieldBytes + (files + fields + 1) * PART_BYTES
}

/** Faults: unsupported_media (no multipart), too_large and invalid_request, with the field where one is at fault. */
export async function readForm(request: FastifyRequest, limits: FormLimits): Promise<Form> {
  if (!request.isMultipart())
    throw new Fault('unsupported_media', { field: 'content-type', detail: 'send multipart/form-data' })
  if (Number(request.headers['content-length']) > formBytes(limits)) throw tooLarge(limits)
  const fields = new Map<string, string>()
  const files: FormFile[] = []
  let wrong: Fault | null = null
  let kept = 0
  try {
    const { fileBytes: fileSize, fieldBytes: fieldSize } = limits
    for await (const part of request.parts({
      limits: {
        fileSize,
        files: limits.files,
        fieldSize,
        fields: limits.fields,
        fieldNameSize: NAME_BYTES,
        headerPairs: 50,
      },
    })) {
      if (part.type === 'field') {
        wrong ??= wrongField(fields, part)
        if (typeof part.value === 'string') fields.set(part.fieldname, part.value)
        continue
      }
      if (wrong !== null) {
        part.file.resume()
        continue
      }
      const bytes = await part.toBuffer()
      kept += bytes.length
      if (kept > limits.filesBytes) wrong = tooLarge(limits)
      else files.push({ field: part.fieldname, bytes })
    }
  } catch (error) {
    throw formFault(error, limits)
  }
  if (wrong !== null) throw wrong
  return { fields, files }
}

type Field = { fieldname: string; value: unknown; valueTruncated?: boolean; fieldnameTruncated?: boolean }

function wrongField(fields: ReadonlyMap<string, string>, part: Field): Fault | null {
  const { fieldname: field } = part
  if (part.fieldnameTruncated === true) return invalid(field.slice(0, NAME_BYTES), 'the name of a field is too long')
  if (fields.has(field)) return invalid(field, `${field} is there twice`)
  if (part.valueTruncated === true) return new Fault('too_large', { field, detail: `${field} is too long` })
  return typeof part.value === 'string' ? null : invalid(field, `${field} must be text`)
}

function formFault(error: unknown, limits: FormLimits): Fault {
  if (error instanceof Fault) return error
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  switch (code) {
    case 'FST_REQ_FILE_TOO_LARGE': {
      const detail = `a file is larger than the limit of ${limits.fileBytes} bytes`
      const field = partOf(error)
      return new Fault('too_large', { detail, cause: error, ...(field === null ? {} : { field }) })
    }
    case 'FST_FILES_LIMIT':
      return new Fault('invalid_request', { detail: `more than ${limits.files} files were sent`, cause: error })
    case 'FST_PARTS_LIMIT':
    case 'FST_FIELDS_LIMIT':
      return new Fault('invalid_request', { detail: 'the form has too many fields', cause: error })
    default:
      return new Fault('invalid_request', { detail: 'the multipart body is malformed', cause: error })
  }
}

/** The field of the file that a multipart error is about. */
function partOf(error: unknown): string | null {
  const part: unknown = error instanceof Error && 'part' in error ? error.part : null
  if (typeof part !== 'object' || part === null || !('fieldname' in part)) return null
  return typeof part.fieldname === 'string' ? part.fieldname : null
}

function tooLarge({ filesBytes }: FormLimits): Fault {
  return new Fault('too_large', { detail: `the files are larger than the limit of ${filesBytes} bytes in all` })
}

function invalid(field: string, detail: string): Fault {
  return new Fault('invalid_request', { field, detail })
}

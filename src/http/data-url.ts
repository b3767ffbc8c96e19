// A picture inside a JSON body: a data: URL. Addresses are not fetched: whoever may name one makes this machine's network theirs.
// A decoded picture is held to the same limits as an upload (mark/encode.ts).
import { Fault } from '../kernel/fault.ts'
import type { Picture } from '../kernel/model.ts'
import { type DecodeLimits, decodeUpload } from '../mark/encode.ts'

/** Faults, each with the field: invalid_request (no data: URL, or not base64), too_large, unsupported_media. */
export async function pictureInUrl(url: string, field: string, limits: DecodeLimits): Promise<Picture> {
  const bytes = bytesIn(url, field, limits.maxBytes)
  try {
    return (await decodeUpload(bytes, limits)).picture
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    throw new Fault(error.code, { field, detail: error.message, cause: error })
  }
}

function bytesIn(url: string, field: string, maxBytes: number): Buffer {
  if (/^https?:/i.test(url))
    throw invalid(field, 'pictures are not fetched from addresses here; send the picture itself as a data: URL')
  const comma = url.indexOf(',')
  if (!/^data:[\w./+-]+(;[\w=-]+)*;base64$/i.test(url.slice(0, Math.min(Math.max(comma, 0), 200))))
    throw invalid(field, `${field} is not of the form data:image/png;base64,...`)
  const sizeBytes = Math.floor(((url.length - comma - 1) * 3) / 4) - 2
  if (sizeBytes > maxBytes)
    throw new Fault('too_large', { field, detail: `the picture is larger than the limit of ${maxBytes} bytes` })
  const text = url.slice(comma + 1)
  if (text === '' || text.length % 4 === 1 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text))
    throw invalid(field, 'what follows the comma is not base64')
  return Buffer.from(text, 'base64')
}

function invalid(field: string, detail: string): Fault {
  return new Fault('invalid_request', { field, detail })
}

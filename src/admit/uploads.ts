// Pictures that callers hand in, as an edit needs them: decoded once, upright, without metadata, at the size that is drawn.
// Files are untrusted: kind, bytes, pixels, frames and time are bounded before a pixel is decoded, and each refusal names its field.
// The fit is always `cover`: scaled until the size is filled, then cropped around the centre; a mask moves with its image.
import sharp, { type Metadata, type SharpOptions } from 'sharp'
import { Fault } from '../kernel/fault.ts'
import type { Picture, Size } from '../kernel/model.ts'
import { looksLikePicture } from '../kernel/picture-files.ts'

/** A file as it arrived. `field` is what the caller called it. */
export type Upload = { field: string; bytes: Buffer }
export type UploadLimits = { uploadBytes: number; uploadPixels: number }

/** What a file is, read from its head: the size is that of the upright picture. */
export type Inspected = Upload & Size & { mimeType: string; alpha: boolean; options: SharpOptions }

const MIME_TYPES: Readonly<Record<string, string>> = { png: 'image/png', jpeg: 'image/jpeg', webp: 'image/webp' }
const DECODE_SECONDS = 20
const FIT = { fit: 'cover', position: 'centre' } as const
/** Half-transparent or more counts as transparent: scaling blurs the edge of a mask. */
const EDITED_FROM = 128

/** Faults: invalid_request and too_large, each with the upload's field. */
export async function inspectUpload(upload: Upload, limits: UploadLimits): Promise<Inspected> {
  const { field, bytes } = upload
  if (bytes.length === 0) throw invalid(field, `${field} is an empty file`)
  if (bytes.length > limits.uploadBytes)
    throw new Fault('too_large', { field, detail: `${field} is larger than the limit of ${limits.uploadBytes} bytes` })
  if (!looksLikePicture(bytes))
    throw invalid(field, `${field} could not be read as a picture; send png, jpeg or webp, and no svg`)
  const options: SharpOptions = { limitInputPixels: limits.uploadPixels, failOn: 'error' }
  const found = await sharp(bytes, { ...options, limitInputPixels: false })
    .metadata()
    .catch((cause: unknown) => {
      throw unreadable(field, cause)
    })
  const mimeType = MIME_TYPES[found.format]
  if (mimeType === undefined) throw invalid(field, `${field} is ${found.format}; send png, jpeg or webp`)
  if (isAnimated(found, bytes)) throw invalid(field, `${field} is animated; send a single picture`)
  if (found.width * found.height > limits.uploadPixels)
    throw new Fault('too_large', { field, detail: `${field} has more than ${limits.uploadPixels} pixels` })
  const { width, height } = found.autoOrient
  return { ...upload, width, height, mimeType, alpha: found.hasAlpha, options }
}

/** The picture at `size`, on white where it was transparent. Fault: invalid_request with its field. */
export async function fitImage(image: Inspected, { width, height }: Size): Promise<Picture> {
  const { data, info } = await decode(image)
    .flatten({ background: '#fff' })
    .resize({ width, height, ...FIT })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch((cause: unknown) => {
      throw unreadable(image.field, cause)
    })
  if (info.channels !== 3) throw unreadable(image.field)
  return { width, height, rgb: new Uint8Array(data) }
}

/**
 * One byte a pixel at `size`: 255 where the mask is transparent, which is painted anew, else 0.
 * Fault: invalid_request (not a PNG with alpha, another size than `image`, nothing transparent).
 */
export async function fitMask(mask: Inspected, image: Inspected, { width, height }: Size): Promise<Uint8Array> {
  const { field } = mask
  if (mask.mimeType !== 'image/png' || !mask.alpha)
    throw invalid(field, `${field} must be a PNG with an alpha channel; where it is transparent the image is edited`)
  if (mask.width !== image.width || mask.height !== image.height)
    throw invalid(
      field,
      `${field} is ${mask.width}x${mask.height} and ${image.field} is ${image.width}x${image.height}; they must be of one size`,
    )
  const alpha = await decode(mask)
    .extractChannel('alpha')
    .resize({ width, height, ...FIT, kernel: 'linear' })
    .raw({ depth: 'uchar' })
    .toBuffer()
    .catch((cause: unknown) => {
      throw unreadable(field, cause)
    })
  if (alpha.length !== width * height) throw unreadable(field)
  const painted = Uint8Array.from(alpha, (value) => (value < EDITED_FROM ? 255 : 0))
  if (!painted.includes(255)) throw invalid(field, `${field} is nowhere transparent, so nothing would be edited`)
  return painted
}

/** Of the sizes a model draws, the one nearest in shape; of several, the one nearest in pixels. */
export function nearestSize(sizes: readonly Size[], { width, height }: Size): Size {
  const shape = (size: Size) => Math.abs(Math.log((size.width * height) / (size.height * width)))
  const area = (size: Size) => Math.abs(Math.log((size.width * size.height) / (width * height)))
  const [nearest] = sizes.toSorted((a, b) => shape(a) - shape(b) || area(a) - area(b))
  if (nearest === undefined) throw new TypeError('a model draws at least one size')
  return nearest
}

/** Clean PNGs: our pixels and nothing of the file that they came from. */
export function imagePng({ rgb, width, height }: Picture): Promise<Buffer> {
  return sharp(rgb, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer()
}

export function maskPng(mask: Uint8Array, { width, height }: Size): Promise<Buffer> {
  return sharp(mask, { raw: { width, height, channels: 1 } })
    .png()
    .toBuffer()
}

function decode({ bytes, options }: Inspected) {
  return sharp(bytes, options).timeout({ seconds: DECODE_SECONDS }).autoOrient()
}

/** The library reads the first picture of an animated PNG without saying that there are more. */
function isAnimated({ pages, format }: Metadata, bytes: Buffer): boolean {
  if ((pages ?? 1) > 1) return true
  const control = format === 'png' ? bytes.indexOf('acTL', 0, 'latin1') : -1
  return control >= 0 && control < bytes.indexOf('IDAT', 0, 'latin1')
}

function unreadable(field: string, cause?: unknown): Fault {
  return invalid(field, `${field} could not be read as a picture`, cause)
}

function invalid(field: string, detail: string, cause?: unknown): Fault {
  return new Fault('invalid_request', { field, detail, ...(cause === undefined ? {} : { cause }) })
}

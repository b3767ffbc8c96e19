// Raw pixels to a file and back, by sharp. Nothing here keeps metadata of its input: what goes into a file is what we put there.
import sharp from 'sharp'
import { Fault } from '../kernel/fault.ts'
import { looksLikePicture } from '../kernel/picture-files.ts'
import type { Picture } from './watermark/residual.ts'

export type OutputFormat = 'png' | 'jpeg' | 'webp'

/** How to write a file. `quality` is 1-100 for jpeg and webp, and null for png. */
export type Encoding = { readonly format: OutputFormat; readonly quality: number | null; readonly xmp: string | null }

export const MIME_TYPES = { png: 'image/png', jpeg: 'image/jpeg', webp: 'image/webp' } as const

/** Encodes 8-bit RGB. The same input gives the same bytes with the same version of sharp. */
export async function encodePicture(picture: Picture, encoding: Encoding): Promise<Buffer> {
  const raw = { width: picture.width, height: picture.height, channels: 3 as const }
  const image = sharp(picture.rgb, { raw })
  if (encoding.xmp !== null) image.withXmp(encoding.xmp)
  const quality = encoding.quality ?? 100
  switch (encoding.format) {
    case 'png':
      return image.png({ compressionLevel: 6 }).toBuffer()
    case 'jpeg':
      return image.jpeg({ quality, chromaSubsampling: quality >= 90 ? '4:4:4' : '4:2:0' }).toBuffer()
    case 'webp':
      return image.webp({ quality }).toBuffer()
    default:
      return encoding.format satisfies never
  }
}

export type DecodeLimits = { readonly maxPixels: number; readonly maxBytes: number }

/** A file may ask for more work than its size tells. */
const DECODE_SECONDS = 20

export const DECODE_LIMITS: DecodeLimits = { maxPixels: 50_000_000, maxBytes: 50 * 2 ** 20 }

// What the marking can write, and what copies of it usually become. SVG and PDF are not pictures here: they can refer to others.
const READABLE: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  heif: 'image/avif',
  gif: 'image/gif',
  tiff: 'image/tiff',
}

export type Upload = { picture: Picture; mimeType: string }

/**
 * Decodes an untrusted file: first frame, turned as its EXIF says, on white where transparent, 8-bit sRGB.
 * Throws Fault 'too_large' over the limits and 'unsupported_media' for whatever is not a readable picture, both with field 'file'.
 */
export async function decodeUpload(bytes: Uint8Array, limits: DecodeLimits = DECODE_LIMITS): Promise<Upload> {
  if (bytes.length > limits.maxBytes) {
    throw new Fault('too_large', { field: 'file', detail: `The file is larger than ${limits.maxBytes} bytes.` })
  }
  if (!looksLikePicture(bytes)) throw unreadable('The file is not a picture of a format that can be checked.')
  const options = { limitInputPixels: limits.maxPixels, failOn: 'error' as const, pages: 1 }
  try {
    const { format, width, height } = await sharp(bytes, { ...options, limitInputPixels: false }).metadata()
    const mimeType = READABLE[format]
    if (mimeType === undefined)
      throw unreadable(`The file is ${format}, which is not a picture format that can be checked.`)
    if (width * height > limits.maxPixels) {
      throw new Fault('too_large', { field: 'file', detail: `The picture has more than ${limits.maxPixels} pixels.` })
    }
    const { data, info } = await sharp(bytes, options)
      .timeout({ seconds: DECODE_SECONDS })
      .autoOrient()
      .flatten({ background: '#fff' })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true })
    return { picture: { width: info.width, height: info.height, rgb: threeChannels(data, info.channels) }, mimeType }
  } catch (cause) {
    if (cause instanceof Fault) throw cause
    throw unreadable('The file could not be read as a picture.', cause)
  }
}

function unreadable(detail: string, cause?: unknown): Fault {
  return new Fault('unsupported_media', { field: 'file', detail, cause })
}

function threeChannels(data: Buffer, channels: number): Uint8Array {
  if (channels === 3) return new Uint8Array(data.buffer, data.byteOffset, data.length)
  const rgb = new Uint8Array((data.length / channels) * 3)
  for (let i = 0; i < rgb.length / 3; i++) {
    for (let c = 0; c < 3; c++) rgb[i * 3 + c] = data[i * channels + (channels >= 3 ? c : 0)] ?? 0
  }
  return rgb
}

// Opens the file of a stranger: its limits are read from its head, then the pixels that are judged are decoded, and it is said how those
// differ from the file (its first frame alone, fewer bits, other colours). Runs where it may be ended: workers/decode.ts.
import sharp, { type Metadata } from 'sharp'
import { type DecodeLimits, decodeUpload, type Upload } from './encode.ts'

/** `notes`: what was done to the picture before it was looked at, in sentences. */
export type StrangersFile = Upload & { notes: string[] }

/** How far into a PNG the chunk that makes it an animation stands, at most; it comes before the pixels. */
const PNG_HEAD_BYTES = 65_536

/** Faults as decodeUpload: unsupported_media, too_large. */
export async function openStrangersFile(bytes: Uint8Array, limits: DecodeLimits): Promise<StrangersFile> {
  const upload = await decodeUpload(bytes, limits)
  return { ...upload, notes: notesOn(await sharp(bytes, { limitInputPixels: false }).metadata(), bytes) }
}

function notesOn({ pages = 1, depth, space, hasAlpha, format }: Metadata, bytes: Uint8Array): string[] {
  const animated = pages > 1 || (format === 'png' && isAnimatedPng(bytes))
  return [
    animated ? 'The file has several frames. Only its first was looked at.' : null,
    depth === 'uchar' || depth === undefined ? null : 'The picture has more than 8 bits a channel; 8 were looked at.',
    space === 'cmyk' ? 'The picture is in printing colours (CMYK); it was looked at in sRGB.' : null,
    hasAlpha ? 'The picture has transparent parts; they were looked at on white.' : null,
  ].filter((note) => note !== null)
}

function isAnimatedPng(bytes: Uint8Array): boolean {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, PNG_HEAD_BYTES))
  return head.includes('acTL')
}

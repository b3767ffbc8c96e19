// Makes a picture releasable: label, watermark (TrustMark first where there is one, ours over it), encode with XMP, sign last, then read the
// very bytes back and believe only those. What cannot be read back as ours is not returned. A second marking of the same image gives
// another valid file (the signature and manifest id differ, the pixels do not): the caller stores one and adopts it.
import { createHash } from 'node:crypto'
import { Fault } from '../kernel/fault.ts'
import { inSpan } from '../kernel/trace.ts'
import type { DisclosureSettings } from './disclosure.ts'
import { decodeUpload, MIME_TYPES, type OutputFormat } from './encode.ts'
import { type Fingerprint, fingerprintOf } from './fingerprint.ts'
import { drawLabel, type LabelStyle } from './label/label.ts'
import { bindingValue, manifestFor, type Parent, type Timestamp } from './manifest.ts'
import { pixelsDigestOf } from './pixels.ts'
import type { Signer } from './signer.ts'
import type { StampProblem } from './timestamps.ts'
import type { Trustmark } from './trustmark-binding.ts'
import type { Watermarker } from './watermark/pool.ts'
import type { Picture } from './watermark/residual.ts'
import { xmpFor } from './xmp.ts'

export type MarkOrder = {
  picture: Picture
  /** Public id of the image; the manifest carries it. */
  imageId: string
  /** Unsigned integer below 2 ** MARK_ID_BITS, unique to the image; the pixels carry it. */
  markId: number
  outputFormat: OutputFormat
  /** 0-100 for jpeg and webp, null for the default; png ignores it. */
  compression: number | null
  system: { name: string; version: string }
  model: { id: string; version: string }
  createdAt: Date
  /** What it was made from; null when it was made from a prompt alone. */
  parent: Parent | null
  /** What the manifest calls the file; the image's id unless said. */
  title?: string
  /** What the operator has every file say beside the system's name. */
  disclosure?: DisclosureSettings
  /** The visible label; none unless said. */
  label?: LabelStyle | null
}

export type Marked = {
  bytes: Buffer
  mimeType: 'image/png' | 'image/jpeg' | 'image/webp'
  width: number
  height: number
  /** Label of the C2PA manifest, for the registry. */
  manifestId: string
  /** SHA-256, hexadecimal: of the file, of the manifest store, and of the decoded pixels with their size. */
  digests: { file: string; manifest: string; pixels: string }
  /** Perceptual fingerprint of the published pixels, for the registry. */
  fingerprint: Fingerprint
  /** The quality used: higher than asked where the mark would not have survived; null for png. */
  compression: number | null
  watermark: { psnrDb: number; strength: number; confidence: number; markId: number; epoch: number }
  /** The algorithm of the second mark, where the encoded file still carries it; the manifest binds no other. */
  trustmark: string | null
  validationState: 'Trusted'
  /** The words of the visible label; null: none. */
  label: string | null
  /** What dates the signature; why nothing does although it was preferred; null where nobody asked for it. */
  timestamp: Timestamp | { missing: StampProblem } | null
}

const DEFAULT_QUALITY = { png: null, jpeg: 92, webp: 90 } as const

export type MarkTools = { signer: Signer; watermark: Watermarker; trustmark?: Trustmark | null }

/** Throws Fault 'mark_failed', 'signer_failed', or 'mark_unverified' when the finished bytes do not say what they should. */
export async function markImage(order: MarkOrder, tools: MarkTools): Promise<Marked> {
  const { signer, watermark, trustmark = null } = tools
  const mimeType = MIME_TYPES[order.outputFormat]
  const { epoch } = watermark
  const quality =
    order.outputFormat === 'png' ? null : Math.max(1, order.compression ?? DEFAULT_QUALITY[order.outputFormat] ?? 90)
  const subject = { ...order, mimeType, epoch, development: signer.kind === 'development' }
  const labelled = order.label ? await drawLabel(order.picture, order.label) : order.picture
  const picture =
    trustmark === null ? labelled : await inSpan('trustmark', {}, () => trustmark.embed(labelled, order.markId))
  const file = await inSpan('watermark', {}, () =>
    watermark.mark(picture, order.markId, { format: order.outputFormat, quality, xmp: xmpFor(subject) }),
  )
  const second = trustmark === null ? null : await surviving(trustmark, file.bytes, order.markId)
  // Watermark and XMP before the manifest: its hash binds the final bytes, and sharp would drop it.
  const manifest = manifestFor({ ...subject, trustmark: second })
  const signed = await inSpan('sign', {}, () => signer.sign(file.bytes, mimeType, manifest, order.parent))
  const seen = await inSpan('read back', {}, () => readBack(order, signed.bytes, mimeType, tools))
  return {
    bytes: signed.bytes,
    mimeType,
    width: seen.picture.width,
    height: seen.picture.height,
    manifestId: seen.manifestId,
    digests: {
      file: sha256(signed.bytes),
      manifest: sha256(signed.manifest),
      pixels: pixelsDigestOf(seen.picture),
    },
    fingerprint: fingerprintOf(seen.picture),
    compression: file.quality,
    watermark: {
      psnrDb: file.psnrDb,
      strength: file.strength,
      confidence: file.confidence,
      markId: order.markId,
      epoch,
    },
    trustmark: second,
    validationState: 'Trusted',
    label: order.label?.text ?? null,
    timestamp: datingOf(signed.unstamped, seen.timestamp, signer),
  }
}

/** The second mark's algorithm where it can be read under ours and the encoding, which long shapes and strong compression prevent. */
async function surviving(trustmark: Trustmark, bytes: Buffer, markId: number): Promise<string | null> {
  const { picture } = await decodeUpload(bytes)
  const reading = await inSpan('read trustmark', {}, () => trustmark.read(picture))
  if (reading === null)
    throw new Fault('mark_failed', { retry: 'later', detail: 'TrustMark could not be looked for in the marked file.' })
  return reading.markId === markId ? trustmark.algorithm : null
}

/** Reads finished bytes as a stranger with our anchor and key would, and refuses them unless all three layers name this image. */
async function readBack(
  order: MarkOrder,
  bytes: Buffer,
  mimeType: string,
  { signer, watermark }: { signer: Signer; watermark: Watermarker },
): Promise<{ picture: Picture; manifestId: string; timestamp: Timestamp | null }> {
  const refuse = (layer: string, problem: string) =>
    new Fault('mark_unverified', {
      retry: 'later',
      facts: { image_id: order.imageId, layer, problem },
      detail: `The finished file's ${layer} does not read back: ${problem}.`,
    })
  const manifest = await signer.read(bytes, mimeType)
  if (!manifest.found || manifest.manifestId === null) throw refuse('manifest', 'not found')
  if (manifest.state !== 'Trusted') throw refuse('manifest', `${manifest.state} ${manifest.problems.join(' ')}`.trim())
  if (manifest.image?.imageId !== order.imageId) throw refuse('manifest', 'names another image')
  if (manifest.binding !== bindingValue(order.markId, watermark.epoch)) throw refuse('manifest', 'binds another mark')
  const { timestamp } = manifest
  if (signer.stamps === 'required' && timestamp === null) throw refuse('timestamp', 'not found')
  if (signer.stamps === 'required' && isDatedByAnother(timestamp, signer)) throw datedByAnother()
  const { picture } = await decodeUpload(bytes)
  if (picture.width !== order.picture.width || picture.height !== order.picture.height)
    throw refuse('picture', 'has another size')
  const reading = await watermark.read(picture, { search: 'quick' })
  if (reading.decoded === null) throw refuse('watermark', reading.found ? 'cannot be read' : 'not found')
  if (reading.decoded.markId !== order.markId) throw refuse('watermark', 'names another image')
  if (reading.epoch !== watermark.epoch) throw refuse('watermark', 'has another key epoch')
  return { picture, manifestId: manifest.manifestId, timestamp }
}

function datingOf(unstamped: StampProblem | null, timestamp: Timestamp | null, signer: Signer): Marked['timestamp'] {
  if (unstamped !== null) return { missing: unstamped }
  return isDatedByAnother(timestamp, signer) ? { missing: 'untrusted' } : timestamp
}

/** Where the authority's roots are known, a stamp by another dates nothing here. */
function isDatedByAnother(timestamp: Timestamp | null, { trust }: Signer): boolean {
  return timestamp?.trusted === false && trust.timestampAnchorsPem !== null
}

/** The authority has another root than before: an operator names it, and pictures wait until then. */
function datedByAnother(): Fault {
  return new Fault('signer_failed', {
    retry: 'later',
    field: 'DARKROOM_TIMESTAMP_ANCHORS_FILE',
    facts: { timestamp: 'untrusted', away: true },
    detail:
      'The timestamp is by an authority whose root is not named, and nothing is released without one that counts.',
  })
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

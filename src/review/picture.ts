// The picture that an item is about, as its reviewer sees it: a derivative made here from the sealed original, blurred unless this
// person asked for more. Always the same kind of file, whatever it came from, and without anything the original says of itself.
import sharp, { type Sharp } from 'sharp'
import { Fault } from '../kernel/fault.ts'
import type { Ground } from '../kernel/ground.ts'
import { markedKey, readGenerated } from '../kernel/quarantine.ts'
import { requireContent, type Seen } from './access.ts'
import { type Content, readContent } from './content.ts'
import { laneOf } from './lane.ts'
import type { Reviewer } from './reviewer.ts'
import { revealedTo } from './view.ts'

export const VIEWS = ['blurred', 'grey', 'original'] as const
export type View = (typeof VIEWS)[number]
/** `of` input: the picture that the request started from. */
export type Asked = { view: View; of: 'subject' | 'input'; size: number | null }

/** Of the longer side: what is left are patches of colour. */
const BLUR_SHARE = 0.05
const MOST_PIXELS = 100_000_000

/** Faults: forbidden (not revealed to this person, or no longer theirs to see), not_found, gone, object_missing, object_mismatch. */
export async function pictureFor(
  ground: Ground,
  reviewer: Reviewer,
  item: Seen,
  { view, of, size }: Asked,
): Promise<{ bytes: Buffer; contentType: string }> {
  requireContent(item, reviewer)
  const { sql } = ground.database
  const content = await readContent(sql, item)
  const isInput = of === 'input' && !item.upload
  const revealed = await revealedTo(sql, reviewer, item)
  const asked = revealed.has(isInput ? 'input' : 'picture')
  if (!asked && (view !== 'blurred' || isInput || laneOf(item) === 'restricted'))
    throw new Fault('forbidden', { field: 'view', detail: 'ask for it first: POST .../reveal' })
  if (content.erased) throw new Fault('gone', { detail: 'this was erased; there is nothing left to look at' })
  const original = await open(ground, item, content, isInput)
  return { bytes: await derive(original, view, size), contentType: view === 'original' ? 'image/png' : 'image/webp' }
}

async function open(ground: Ground, item: Seen, { image, inputKey }: Content, isInput: boolean): Promise<Sharp> {
  if (isInput || item.upload) {
    if (inputKey === null) throw new Fault('not_found', { detail: 'no picture was handed in' })
    return decode((await ground.quarantine.get(inputKey)).bytes)
  }
  if (image === null) throw new Fault('not_found', { detail: 'this item is about words, not about a picture' })
  if (image.publicKey !== null) return decode((await ground.images.get(image.publicKey)).bytes)
  if (image.withdrawnDigest !== null)
    return decode((await ground.quarantine.get(markedKey(image.id, image.withdrawnDigest))).bytes)
  const { rgb, width, height } = await readGenerated(ground.quarantine, image.id, image.digest)
  return sharp(rgb, { raw: { width, height, channels: 3 } })
}

function decode(bytes: Buffer): Sharp {
  return sharp(bytes, { limitInputPixels: MOST_PIXELS }).autoOrient()
}

async function derive(original: Sharp, view: View, size: number | null): Promise<Buffer> {
  const { data, info } = await original
    .removeAlpha()
    .toColourspace('srgb')
    .resize(size === null ? {} : { width: size, height: size, fit: 'inside', withoutEnlargement: true })
    .raw()
    .toBuffer({ resolveWithObject: true })
  const { width, height } = info
  const plain = sharp(data, { raw: { width, height, channels: 3 } })
  switch (view) {
    case 'blurred':
      return plain
        .blur(Math.max(2, Math.max(width, height) * BLUR_SHARE))
        .webp({ quality: 70 })
        .toBuffer()
    case 'grey':
      return plain.greyscale().webp({ quality: 85 }).toBuffer()
    case 'original':
      return plain.png().toBuffer()
    default:
      return view satisfies never
  }
}

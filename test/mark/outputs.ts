// One output of each kind that the service releases, made by its own marking: three formats, generated and edited, signed by the
// development CA and by an operator's key, dated and not. For those who read them with other programs than ours.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { OutputFormat } from '../../src/mark/encode.ts'
import type { Parent } from '../../src/mark/manifest.ts'
import { type Marked, type MarkOrder, markImage } from '../../src/mark/mark.ts'
import { openMarkKeys } from '../../src/mark/mark-keys.ts'
import { openSigner, type Signer } from '../../src/mark/signer.ts'
import { openWatermarker, type Watermarker } from '../../src/mark/watermark/pool.ts'
import { type Issued, openAuthority, P384, RSA } from '../support/openssl.ts'
import { openTimestampAuthority } from '../support/timestamp-authority.ts'
import { orderOf } from './orders.ts'
import { cartoon, imageOf } from './pictures.ts'
import { signedWithThumbnail } from './thumbnails.ts'

export type Output = {
  /** Such as 'png, edited, operator P-256, dated'. */
  name: string
  order: MarkOrder
  marked: Marked
  /** What this deployment is trusted by, in PEM. */
  anchorPem: string
  /** Roots of the authority that dated it; null where nobody did. */
  timestampAnchorPem: string | null
  /** Of its parent's manifest something was taken out. */
  redacted: boolean
}

export type Outputs = {
  all: readonly Output[]
  /** A root under which none of them was signed. */
  strangersAnchorPem: string
  watermark: Watermarker
  signer: Signer
} & AsyncDisposable

export const FORMATS = ['png', 'jpeg', 'webp'] as const

export async function makeOutputs(): Promise<Outputs> {
  await using stack = new AsyncDisposableStack()
  const folder = async (name: string) => {
    const path = await mkdtemp(join(tmpdir(), `darkroom-${name}-`))
    stack.defer(() => rm(path, { recursive: true, force: true }))
    return path
  }
  const authority = async (name: string) => {
    const made = await openAuthority(name)
    stack.defer(() => rm(made.folder, { recursive: true, force: true }))
    return made
  }
  const home = await folder('outputs')
  const ours = await authority('Example pictures')
  const time = stack.use(await openTimestampAuthority())
  stack.defer(() => rm(time.authority.folder, { recursive: true, force: true }))
  const operator = async (leaf: Issued, dated: boolean) =>
    stack.use(
      await openSigner({
        home,
        operator: { ...leaf, anchorPem: ours.anchorPem },
        timestampAnchorsPem: time.anchorPem,
        ...(dated ? { timestamps: { url: time.url, policy: 'required', timeoutMs: 10_000 } } : {}),
      }),
    )
  const watermark = stack.use(openWatermarker({ keys: await openMarkKeys({ home }), threads: 1 }))
  const development = stack.use(await openSigner({ home }))
  const stranger = stack.use(await openSigner({ home: await folder('stranger'), organization: 'Somebody else' }))
  const leaf = await ours.issue()
  const dated = await operator(leaf, true)
  const all: Output[] = []

  async function make(signer: Signer, by: string, outputFormat: OutputFormat, parent: Parent | null): Promise<void> {
    const number = all.length + 1
    const order = await orderFor(number, outputFormat, parent)
    const marked = await markImage(order, { signer, watermark })
    const timestampAnchorPem = signer.stamps === 'off' ? null : time.anchorPem
    const name = `${outputFormat}, ${parent === null ? 'generated' : 'edited'}, ${by}`
    const redacted = marked.bytes.includes('c2pa.redacted')
    all.push({ name, order, marked, anchorPem: signer.anchorPem, timestampAnchorPem, redacted })
  }

  for (const outputFormat of FORMATS) {
    await make(development, 'development', outputFormat, null)
    const before = all.at(-1)
    if (before === undefined) throw new TypeError('one was just made')
    await make(development, 'development', outputFormat, parentOf(before.marked, before.order.imageId))
    await make(dated, 'operator P-256, dated', outputFormat, null)
    const theirs = await markImage(await orderFor(900, outputFormat, null), { signer: stranger, watermark })
    await make(dated, "operator P-256, dated, from a stranger's", outputFormat, parentOf(theirs, null))
  }
  await make(await operator(leaf, false), 'operator P-256', 'png', { file: null, imageId: null })
  await make(await operator(await ours.issue({ key: P384 }), false), 'operator P-384', 'jpeg', null)
  await make(await operator(await ours.issue({ key: RSA }), true), 'operator RSA, dated', 'png', null)
  const photograph = await imageOf(await cartoon(901))
    .png()
    .toBuffer()
  const shown = await signedWithThumbnail(home, photograph, photograph)
  const photographed = { imageId: null, file: { bytes: shown, mimeType: 'image/png' } }
  await make(development, 'development, of a picture with a thumbnail', 'png', photographed)
  const owned = stack.move()
  return {
    all,
    strangersAnchorPem: stranger.anchorPem,
    watermark,
    signer: development,
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  }
}

async function orderFor(number: number, outputFormat: OutputFormat, parent: Parent | null): Promise<MarkOrder> {
  return orderOf(await cartoon(number), number, {
    markId: 7_000_000 + number,
    outputFormat,
    createdAt: new Date(Date.UTC(2026, 10, 1, 10, 0, number % 60)),
    parent,
    disclosure: {
      providerName: 'Example "Pictures" & Söhne',
      tc260Producer: '001191110102MACQD9K640',
      trainingMining: 'notAllowed',
      verifyUrl: 'https://pictures.example/verify',
    },
  })
}

function parentOf({ bytes, mimeType }: Pick<Marked, 'bytes' | 'mimeType'>, imageId: string | null): Parent {
  return { file: { bytes, mimeType }, imageId }
}

/** The file with one bit of its pixels' data changed. */
export function withChangedPixels({ marked, order }: Output): Buffer {
  const bytes = Buffer.from(marked.bytes)
  // In WebP the manifest comes last.
  const at = order.outputFormat === 'webp' ? bytes.indexOf('VP8 ') + 100 : bytes.length - 40
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  return bytes
}

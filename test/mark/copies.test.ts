// What is said of copies: whether their pixels are the released ones, what cannot be told of them, and how they lie.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import sharp from 'sharp'
import { type Marked, markImage } from '../../src/mark/mark.ts'
import { openSigner } from '../../src/mark/signer.ts'
import { orderOf } from './orders.ts'
import { cartoon, imageOf, pixelsOf, rotated } from './pictures.ts'
import { MANIFEST } from './signers.ts'
import { openStrangers, type Strangers } from './strangers.ts'
import { withPngChunk } from './surgery.ts'

let strangers: Strangers
let marked: Marked

before(async () => {
  strangers = await openStrangers()
  marked = await markImage(orderOf(await cartoon(60, 256), 60), strangers)
  strangers.publish(marked, 'img_60')
})
after(() => strangers[Symbol.asyncDispose]())

const tell = async (bytes: Buffer) => {
  const { answer, manifestId } = await strangers.verify(bytes)
  const shown = new Map(answer.layers.map((layer) => [layer.layer, layer]))
  return { ...answer, manifestId, shown, last: answer.notes.at(-1) ?? '' }
}
const png = (of: Buffer) => sharp(of).png().toBuffer()

/** The released file over other pixels that look alike. */
async function overOthers(): Promise<Buffer> {
  const at = marked.bytes.indexOf('caBX')
  const store = marked.bytes.subarray(at + 4, at + 4 + marked.bytes.readUInt32BE(at - 4))
  return withPngChunk(await sharp(marked.bytes).linear(1, 3).png().toBuffer(), 'caBX', store)
}

describe('equal pixels', () => {
  it('are ours in a file that had a part added, a document appended or a byte of its manifest changed', async () => {
    const forged = Buffer.from(marked.bytes)
    const name = forged.indexOf('storybook')
    assert.ok(name > 0 && name < forged.indexOf('IDAT'))
    forged.writeUInt8(forged.readUInt8(name) ^ 1, name)
    for (const [what, file] of [
      ['a chunk', withPngChunk(marked.bytes, 'tEXt', Buffer.from('Comment\0changed'))],
      ['a document', Buffer.concat([marked.bytes, Buffer.from('%PDF-1.7 and more')])],
      ['a byte', forged],
    ] as const) {
      const { verdict, last, manifest, shown, manifestId } = await tell(file)
      assert.deepEqual([verdict, manifest.state, manifestId], ['ours', 'Invalid', marked.manifestId], what)
      assert.match(last, /^The pixels are those that were released.*the file around them was changed/, what)
      assert.match(shown.get('fingerprint')?.shows ?? '', /The pixels are those of the one on record/, what)
    }
  })

  it('are ours without their manifest', async () => {
    for (const file of [await png(marked.bytes), await sharp(marked.bytes).webp({ lossless: true }).toBuffer()]) {
      const { verdict, last, manifest } = await tell(file)
      assert.deepEqual([verdict, manifest.recovered], ['ours', marked.manifestId])
      assert.match(last, /^The pixels are those that were released.*only their manifest is gone/)
    }
  })

  it('lead to the manifest that was signed for them, and not to the one that somebody put in its place', async () => {
    const elsewhere = await openSigner({ home: `${strangers.home}/elsewhere` })
    const { bytes } = await elsewhere.sign(await png(marked.bytes), 'image/png', MANIFEST)
    const { verdict, manifest, manifestId, last } = await tell(bytes)
    assert.deepEqual([verdict, manifest.state, manifest.recovered], ['ours', 'Valid', marked.manifestId])
    assert.equal(manifestId, marked.manifestId)
    assert.match(last, /the file around them was changed/)
  })

  it('are not said of altered ones under the recovered manifest', async () => {
    const { verdict, manifest, last, shown } = await tell(await overOthers())
    assert.deepEqual([verdict, manifest.problems], ['ours_altered', ['assertion.dataHash.mismatch']])
    assert.match(last, /^Authentic manifest recovered, pixels altered/)
    assert.match(shown.get('manifest')?.shows ?? '', /signed by this service, for other bytes/)
  })
})

it('of a copy without manifest that was edited a little, or only re-encoded, it is said that edits cannot be told', async () => {
  const patch = { create: { width: 10, height: 10, channels: 3, background: '#0a0' } } as const
  for (const copy of [
    sharp(marked.bytes)
      .composite([{ input: patch, left: 40, top: 200 }])
      .png(),
    sharp(marked.bytes).greyscale().png(),
    sharp(marked.bytes).modulate({ brightness: 0.97 }).png(),
    sharp(marked.bytes).jpeg({ quality: 80 }),
  ]) {
    const { verdict, last, shown } = await tell(await copy.toBuffer())
    assert.equal(verdict, 'ours')
    assert.match(last, /^Made here, judging by mark and likeness. Whether details were changed since cannot be told/)
    assert.match(shown.get('fingerprint')?.does_not_show ?? '', /small changes do not show/)
  }
})

it('a copy that was turned by some degrees, or cut, could not be compared, in every layer that says so', async () => {
  const turned = await imageOf(await rotated(await pixelsOf(marked.bytes), 7))
    .png()
    .toBuffer()
  const cut = await sharp(marked.bytes).extract({ left: 40, top: 50, width: 190, height: 190 }).png().toBuffer()
  for (const [file, copy, why] of [
    [turned, 'turned', /turned by some degrees/],
    [cut, 'cropped or shifted', /as in a copy that is cut/],
  ] as const) {
    const { verdict, last, shown, watermark, fingerprint, record } = await tell(file)
    assert.deepEqual([verdict, watermark.copy, record], ['inconclusive', copy, null])
    assert.deepEqual([fingerprint.compared, fingerprint.match], [false, null])
    assert.match(last, why)
    assert.match(shown.get('fingerprint')?.shows ?? '', why)
    assert.deepEqual([shown.get('record')?.confidence, shown.get('fingerprint')?.confidence], ['low', 'none'])
    assert.match(shown.get('record')?.shows ?? '', /^The mark names a record here; whether this picture is that one/)
    assert.ok(!JSON.stringify(shown.get('record')).includes('img_60'))
  }
})

it('a copy that was mirrored, turned by quarters or scaled is not said to be cut too', async () => {
  for (const [copy, words] of [
    [sharp(marked.bytes).flop(), 'mirrored'],
    [sharp(marked.bytes).rotate(90), 'turned'],
    [sharp(marked.bytes).resize(384), 'scaled'],
  ] as const) {
    const { verdict, watermark } = await tell(await copy.png().toBuffer())
    assert.deepEqual([verdict, watermark.copy], ['ours_altered', words])
  }
})

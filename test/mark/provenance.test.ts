import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import sharp from 'sharp'
import { isFault } from '../../src/kernel/fault.ts'
import { formerFingerprintOf } from '../../src/mark/former-fingerprint.ts'
import { type Marked, type MarkOrder, markImage } from '../../src/mark/mark.ts'
import { openMarkKeys } from '../../src/mark/mark-keys.ts'
import { openSigner, type Signer } from '../../src/mark/signer.ts'
import { verifyProvenance } from '../../src/mark/verify.ts'
import { NOTHING_FOUND } from '../../src/mark/watermark/detect.ts'
import { openWatermarker, type Watermarker } from '../../src/mark/watermark/pool.ts'
import { openElsewhere } from './elsewhere.ts'
import { lifted } from './lifted.ts'
import { orderOf } from './orders.ts'
import { cartoon, imageOf, pixelsOf, textured } from './pictures.ts'
import { openRegistry, RELEASED } from './registry.ts'

const system = { name: 'Darkroom', version: '0.1.0' }
const model = { id: 'storybook', version: '1' }

const { registry, byMark, byManifest, publish } = openRegistry()

let home: string
let signer: Signer
let watermark: Watermarker
let marked: Marked
let order: MarkOrder

const verify = (bytes: Uint8Array) => verifyProvenance(bytes, { signer, watermark, registry, searchMs: 1200 })
const orderFor = async (seed: number, markId: number): Promise<MarkOrder> =>
  orderOf(await cartoon(seed), seed, { markId, system, model, createdAt: RELEASED.createdAt })
const refuses =
  (code: Parameters<typeof isFault>[1], check: (detail: string) => boolean = () => true) =>
  (error: unknown) =>
    isFault(error, code) && check(`${error.message} ${error.field} ${JSON.stringify(error.facts)}`)

before(async () => {
  home = await mkdtemp(join(tmpdir(), 'darkroom-mark-'))
  signer = await openSigner({ home })
  watermark = openWatermarker({ keys: await openMarkKeys({ home }), threads: 1 })
  order = await orderFor(1, 1_099_511_627_775)
  marked = await markImage(order, { signer, watermark })
  publish(marked, order.imageId)
})
after(async () => {
  await watermark[Symbol.asyncDispose]()
  await rm(home, { recursive: true, force: true })
})

describe('a marked file', () => {
  it('reads Trusted, names its image, and tells the system and model without private data', async () => {
    const reading = await signer.read(marked.bytes, 'image/png')
    assert.ok(reading.found)
    assert.deepEqual([reading.state, reading.image?.imageId, reading.problems], ['Trusted', 'img_1', []])
    const { xmpAsString = '' } = await sharp(marked.bytes).metadata()
    for (const told of ['trainedAlgorithmicMedia', 'img_1', '2026-03-04T05:06:07Z', 'Darkroom 0.1.0', 'storybook']) {
      assert.ok(xmpAsString.includes(told), told)
    }
  })

  it('is made in each format, at the size of its picture', async () => {
    for (const outputFormat of ['png', 'jpeg', 'webp'] as const) {
      const made = await markImage({ ...order, outputFormat, compression: 80 }, { signer, watermark })
      const { format, width, height } = await sharp(made.bytes).metadata()
      assert.deepEqual([format, width, height, made.validationState], [outputFormat, 128, 128, 'Trusted'])
    }
  })

  it('keeps its pixels when the same image is marked again, under another manifest', async () => {
    const again = await markImage(order, { signer, watermark })
    assert.equal(again.digests.pixels, marked.digests.pixels)
    assert.deepEqual(again.fingerprint, marked.fingerprint)
    assert.notEqual(again.manifestId, marked.manifestId)
  })

  it('is not returned when what was signed reads back as something else', async () => {
    const elsewhere = await openSigner({ home: await mkdtemp(join(home, 'other-')) })
    const untrusted: Signer = { ...signer, sign: (...given) => elsewhere.sign(...given) }
    await assert.rejects(
      markImage(order, { signer: untrusted, watermark }),
      refuses('mark_unverified', (d) => d.includes('manifest')),
    )
    const plain: Signer = {
      ...signer,
      sign: async (_bytes, mimeType, manifest) =>
        signer.sign(await imageOf(order.picture).png().toBuffer(), mimeType, manifest),
    }
    await assert.rejects(
      markImage(order, { signer: plain, watermark }),
      refuses('mark_unverified', (d) => d.includes('watermark')),
    )
    const renamed: Signer = {
      ...signer,
      sign: (b, m, manifest) => signer.sign(b, m, JSON.parse(JSON.stringify(manifest).replaceAll('img_1', 'img_2'))),
    }
    await assert.rejects(
      markImage(order, { signer: renamed, watermark }),
      refuses('mark_unverified', (d) => d.includes('another image')),
    )
  })
})

describe('the verdict', () => {
  it('says ours of a released file, with its record', async () => {
    const told = await verify(marked.bytes)
    assert.equal(told.verdict, 'ours')
    assert.equal(told.manifest.state, 'Trusted')
    assert.deepEqual(told.watermark, { found: true, confidence: 'high', read: true, copy: 'in place', trustmark: null })
    assert.deepEqual(told.record, {
      image_id: 'img_1',
      created_at: '2026-03-04T05:06:07.000Z',
      system: 'Darkroom',
      version: '0.1.0',
      log_index: 4,
    })
  })

  it('says ours of a re-encoded copy whose manifest is gone, by watermark, record and fingerprint', async () => {
    const told = await verify(await sharp(marked.bytes).jpeg({ quality: 70 }).toBuffer())
    assert.deepEqual([told.verdict, told.manifest.found, told.fingerprint.match], ['ours', false, 'close'])
    assert.equal(told.record?.image_id, 'img_1')
    assert.equal(told.manifest.recovered, marked.manifestId)
    assert.deepEqual([told.fingerprint.algorithm, told.fingerprint.bits], ['iscc-image-v0', 256])
    assert.match(told.fingerprint.code, /^ISCC:EED[A-Z2-7]{52}$/)
  })

  it('says ours_altered of copies that were mirrored, turned or scaled', async () => {
    const copies = [
      sharp(marked.bytes).flop(),
      sharp(marked.bytes).rotate(90),
      sharp(await sharp(marked.bytes).flop().png().toBuffer()).rotate(270),
      sharp(marked.bytes).resize(256),
    ]
    for (const copy of copies) {
      const told = await verify(await copy.png().toBuffer())
      assert.deepEqual([told.verdict, told.fingerprint.match], ['ours_altered', 'close'], JSON.stringify(told))
    }
  })

  it('reads a file with a changed byte as Invalid and never as released', async () => {
    const changed = Buffer.from(marked.bytes)
    const at = changed.lastIndexOf('IDAT') - 30
    changed[at] = (changed[at] ?? 0) ^ 1
    const reading = await signer.read(changed, 'image/png')
    assert.equal(reading.found && reading.state, 'Invalid')
  })

  it('says foreign_manifest of an intact file signed by someone else', async () => {
    const elsewhere = await openSigner({ home: await mkdtemp(join(home, 'foreign-')) })
    const bytes = await imageOf(await cartoon(30))
      .png()
      .toBuffer()
    const manifest = {
      claim_generator_info: [{ name: 'Somebody' }],
      title: 'x',
      format: 'image/png',
      assertions: [
        {
          label: 'c2pa.actions.v2',
          created: true,
          data: { actions: [{ action: 'c2pa.created', digitalSourceType: 'http://c2pa.org/digitalsourcetype/empty' }] },
        },
      ],
    }
    const told = await verify((await elsewhere.sign(bytes, 'image/png', manifest)).bytes)
    assert.deepEqual([told.verdict, told.manifest.state, told.record], ['foreign_manifest', 'Valid', null])
  })

  it('never says ours of a mark that was lifted onto a foreign photograph', async () => {
    const [original, released] = [order.picture, await pixelsOf(marked.bytes)]
    for (let seed = 50; seed < 54; seed++) {
      const copy = lifted(await textured(seed, 128), released, original)
      const told = await verify(await imageOf(copy).png().toBuffer())
      assert.equal(told.watermark.read, true, 'the lifted mark reads')
      assert.deepEqual([told.verdict, told.fingerprint.match, told.record], ['inconclusive', 'far', null])
    }
  })

  it('is inconclusive where layers contradict each other or the registry is silent', async () => {
    const second = await orderFor(2, 77)
    const unpublished = await markImage(second, { signer, watermark })
    assert.equal((await verify(unpublished.bytes)).verdict, 'inconclusive')
    assert.equal((await verify(await sharp(unpublished.bytes).png().toBuffer())).verdict, 'inconclusive')
    byManifest.set(unpublished.manifestId, {
      ...(byManifest.get(marked.manifestId) ?? assert.fail()),
      imageId: 'img_2',
    })
    byMark.set(`${unpublished.watermark.epoch}/77`, { ...(byManifest.get(marked.manifestId) ?? assert.fail()) })
    assert.equal((await verify(unpublished.bytes)).verdict, 'inconclusive')
  })

  it('says ours of a preview of a released image, whose manifest is its own', async () => {
    const again = await markImage(order, { signer, watermark })
    const told = await verify(again.bytes)
    assert.notEqual(again.manifestId, marked.manifestId)
    assert.equal(told.verdict, 'ours')
    assert.match(told.notes.join(' '), /a preview of it/)
  })

  it('says inconclusive of what only looks like a released image, and does not tell of which', async () => {
    const told = await verifyProvenance(await sharp(marked.bytes).jpeg({ quality: 60 }).toBuffer(), {
      signer,
      // As a search might end that found nothing: at whatever it looked at last, which says nothing of how the picture lies.
      watermark: {
        ...watermark,
        read: async () => ({ ...NOTHING_FOUND, copy: { ...NOTHING_FOUND.copy, quarterTurns: 1 } }),
      },
      registry,
    })
    assert.deepEqual([told.verdict, told.watermark.found, told.record], ['inconclusive', false, null])
    assert.equal(told.manifest.recovered, null)
    assert.match(told.notes.at(-1) ?? '', /resembles a picture that was released here/)
  })

  it('compares a copy of what was recorded before the standard by the fingerprint of then', async () => {
    const earlier = await markImage(await orderFor(3, 78), { signer, watermark })
    const hex = formerFingerprintOf(await pixelsOf(earlier.bytes))
    publish({ ...earlier, fingerprint: { hex, weak: false } }, 'img_3')
    const told = await verify(await sharp(earlier.bytes).jpeg({ quality: 80 }).toBuffer())
    assert.deepEqual([told.verdict, told.fingerprint.match], ['ours', 'close'])
    assert.deepEqual([told.fingerprint.algorithm, told.fingerprint.bits], ['dct-64', 64])
  })

  it('claims nothing of a plain picture that carries a mark, since its looks tell nothing', async () => {
    const rgb = new Uint8Array(128 * 128 * 3).map((_, i) => 120 + Math.floor(i / 384 / 2) + (i % 3) * 20)
    const sky = await markImage(
      { ...(await orderFor(4, 79)), picture: { width: 128, height: 128, rgb } },
      { signer, watermark },
    )
    assert.equal(sky.fingerprint.weak, true)
    publish(sky, 'img_4')
    assert.equal((await verify(sky.bytes)).verdict, 'ours', 'as released: its manifest and mark agree')
    assert.equal(
      (await verify(await sharp(sky.bytes).png().toBuffer())).verdict,
      'ours',
      'its pixels are what was released',
    )
    const told = await verify(await sharp(sky.bytes).jpeg({ quality: 95 }).toBuffer())
    assert.deepEqual([told.watermark.read, told.fingerprint.weak, told.verdict], [true, true, 'inconclusive'])
    assert.match(told.notes.at(-1) ?? '', /comparison is impossible/)
  })

  it('fetches no manifest from an address that an upload names', async () => {
    await using elsewhere = await openElsewhere()
    const drawn = await cartoon(33)
    for (const format of ['png', 'jpeg', 'webp'] as const) {
      const told = await verify(await imageOf(drawn).withXmp(elsewhere.xmp).toFormat(format).toBuffer())
      assert.deepEqual([told.verdict, told.manifest.found], ['none_found', false], format)
      if (format !== 'png') assert.match(told.notes.join(' '), /not fetched/)
    }
    assert.equal(elsewhere.visits(), 0)
  })

  it('says none_found of an unmarked picture, and that this proves little', async () => {
    const told = await verify(
      await imageOf(await cartoon(31))
        .png()
        .toBuffer(),
    )
    assert.deepEqual([told.verdict, told.record, told.watermark.confidence], ['none_found', null, 'none'])
    assert.match(told.notes.join(' '), /does not prove/)
  })

  it('refuses what is no picture, is cut off, is a drawing with references, or is too large, naming the file', async () => {
    const svg = Buffer.from(
      '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="/etc/passwd"/></svg>',
    )
    for (const bytes of [Buffer.from('hello'), Buffer.alloc(0), marked.bytes.subarray(0, 600), svg]) {
      await assert.rejects(
        verify(bytes),
        refuses('unsupported_media', (detail) => detail.includes('file')),
      )
    }
    const limits = { maxPixels: 1000, maxBytes: 1e6 }
    const tools = { signer, watermark, registry, limits }
    await assert.rejects(
      verifyProvenance(marked.bytes, tools),
      refuses('too_large', (detail) => detail.includes('file')),
    )
  })
})

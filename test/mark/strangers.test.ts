// What anybody may hand in, through everything that looks at it: each gets a verdict that says no more than is so, or a refusal with a
// stable code and the field; and nothing is fetched, nothing crashes but a child, and memory stays bounded.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import sharp from 'sharp'
import { isFault } from '../../src/kernel/fault.ts'
import { type Marked, markImage } from '../../src/mark/mark.ts'
import { plainFile } from '../../src/mark/plain-file.ts'
import { openSigner } from '../../src/mark/signer.ts'
import { openDecoders } from '../../workers/decoders.ts'
import { openElsewhere } from './elsewhere.ts'
import { lifted } from './lifted.ts'
import { orderOf } from './orders.ts'
import { cartoon, type Drawn, imageOf, pixelsOf, textured } from './pictures.ts'
import { MANIFEST } from './signers.ts'
import { LIMITS, openStrangers, type Strangers } from './strangers.ts'
import { pngChunk, withPngChunk, withPngSize } from './surgery.ts'

const log = pino({ level: 'silent' })
let strangers: Strangers
let picture: Drawn
let marked: Marked

before(async () => {
  strangers = await openStrangers()
  picture = await cartoon(70)
  marked = await markImage(orderOf(picture, 70), strangers)
  strangers.publish(marked, 'img_70')
})
after(() => strangers[Symbol.asyncDispose]())

const refuses = (code: Parameters<typeof isFault>[1], says: RegExp) => (error: unknown) =>
  isFault(error, code) && error.field === 'file' && says.test(error.message)
const verdictOf = async (bytes: Buffer) => (await strangers.verify(bytes)).answer.verdict
const layerOf = async (bytes: Buffer, name: string) =>
  (await strangers.verify(bytes)).answer.layers.find(({ layer }) => layer === name)
const png = async (seed: number) =>
  imageOf(await cartoon(seed))
    .png()
    .toBuffer()

const SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="/etc/passwd"/></svg>'

test('what is no picture, or is cut off, is refused by its field', async () => {
  const whole = await png(71)
  const files = [
    Buffer.from('hello'),
    Buffer.from('%PDF-1.7\n'),
    Buffer.from(SVG),
    Buffer.from(`<?xml version="1.0"?><!DOCTYPE svg SYSTEM "http://127.0.0.1/x">${SVG}`),
    whole.subarray(0, 8),
    whole.subarray(0, 30),
    whole.subarray(0, whole.length / 2),
  ]
  for (const file of files) await assert.rejects(strangers.verify(file), refuses('unsupported_media', /./))
})

/** Well-formed heads that name another size; 16,383 is the most that a WebP may have. */
const VAST = {
  png: (file: Buffer) => withPngSize(file, 50_000, 50_000),
  jpeg: (file: Buffer) => withPair(file, file.indexOf(Buffer.from([0xff, 0xc0])) + 5, 'UInt16BE', 50_000),
  gif: (file: Buffer) => {
    const afterPalette = 13 + 3 * 2 ** (((file[10] ?? 0) & 7) + 1)
    const frame = file.indexOf(0x2c, afterPalette)
    return withPair(withPair(file, 6, 'UInt16LE', 50_000), frame + 5, 'UInt16LE', 50_000)
  },
  webp: (file: Buffer) => withPair(file, file.indexOf('VP8 ') + 14, 'UInt16LE', 16_383),
  avif: (file: Buffer) => withPair(file, file.indexOf('ispe') + 8, 'UInt32BE', 50_000),
}

/** Width and height are the first two entries of a TIFF's directory. */
function vastTiff(file: Buffer): Buffer {
  for (const at of [18, 30]) file.writeUInt32LE(50_000, at)
  return file
}

function withPair(file: Buffer, at: number, kind: 'UInt16BE' | 'UInt16LE' | 'UInt32BE', value: number): Buffer {
  const size = kind === 'UInt32BE' ? 4 : 2
  for (const offset of [at, at + size]) file[`write${kind}`](value, offset)
  return file
}

test('a picture of 50,000 by 50,000 is refused by its head, in each format, before a pixel is decoded', async () => {
  const small = await imageOf(picture).png().toBuffer()
  const files: [string, Buffer][] = [['tiff', vastTiff(plainFile(picture))]]
  for (const format of ['png', 'jpeg', 'gif', 'webp', 'avif'] as const)
    files.push([format, VAST[format](await imageOf(picture).toFormat(format).toBuffer())])
  await strangers.verify(small)
  const before = performance.now()
  for (const [format, file] of files)
    await assert.rejects(strangers.verify(file), refuses('too_large', /pixels/), format)
  assert.ok(performance.now() - before < 2000)
  const vast = Buffer.concat([small, Buffer.alloc(LIMITS.maxBytes)])
  await assert.rejects(strangers.verify(vast), refuses('too_large', /bytes/))
})

test('of an animation the first frame is looked at, and that is said', async () => {
  const frames = await Promise.all(
    [72, 73].map(async (seed) =>
      imageOf(await cartoon(seed))
        .png()
        .toBuffer(),
    ),
  )
  const gif = await sharp(frames, { join: { animated: true } })
    .gif()
    .toBuffer()
  const webp = await sharp(frames, { join: { animated: true } })
    .webp()
    .toBuffer()
  const [first] = frames
  assert.ok(first !== undefined)
  const apng = Buffer.concat([first.subarray(0, 33), pngChunk('acTL', Buffer.alloc(8)), first.subarray(33)])
  for (const file of [gif, webp, apng]) {
    const { answer } = await strangers.verify(file)
    assert.equal(answer.verdict, 'none_found')
    assert.match(answer.notes.join(' '), /Only its first was looked at/)
  }
  // Ours in the first frame is found; in the second it is not.
  const ours = await sharp([marked.bytes, first], { join: { animated: true } })
    .webp({ lossless: true })
    .toBuffer()
  const second = await sharp([first, marked.bytes], { join: { animated: true } })
    .webp({ lossless: true })
    .toBuffer()
  assert.equal((await strangers.verify(ours)).answer.watermark.read, true)
  assert.equal((await strangers.verify(second)).answer.watermark.found, false)
})

test('printing colours and sixteen bits are looked at in eight bits of sRGB, and that is said', async () => {
  const cmyk = await sharp(marked.bytes).toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer()
  const deep = await sharp(marked.bytes).toColourspace('rgb16').png().toBuffer()
  assert.match((await strangers.verify(cmyk)).answer.notes.join(' '), /CMYK/)
  const { answer } = await strangers.verify(deep)
  assert.match(answer.notes.join(' '), /more than 8 bits/)
  assert.equal(answer.watermark.read, true)
})

test('a file that is two things at once is what its first bytes say, and its other half is not looked at', async () => {
  const both = Buffer.concat([await png(74), Buffer.from(`\nPK\x03\x04<script>alert(1)</script>${SVG}`)])
  assert.equal(await verdictOf(both), 'none_found')
  const gifar = Buffer.concat([Buffer.from('GIF89a/*'), Buffer.from(SVG)])
  await assert.rejects(strangers.verify(gifar), refuses('unsupported_media', /./))
  const disguised = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.from(SVG)])
  await assert.rejects(strangers.verify(disguised), refuses('unsupported_media', /./))
})

test('somebody else’s manifest is theirs, and who signed is not told to everybody', async () => {
  const elsewhere = await openSigner({ home: `${strangers.home}/elsewhere`, organization: 'Jane Doe' })
  const manifest = { ...MANIFEST, claim_generator_info: [{ name: 'Somebody' }] }
  const { bytes } = await elsewhere.sign(await png(75), 'image/png', manifest)
  const { answer, detail } = await strangers.verify(bytes)
  assert.deepEqual([answer.verdict, answer.manifest.state], ['foreign_manifest', 'Valid'])
  assert.deepEqual([answer.manifest.signed_by, answer.manifest.generator], [null, null])
  assert.doesNotMatch(JSON.stringify(answer), /development signer|Somebody/)
  assert.match(detail.manifest.signed_by ?? '', /development signer/)
})

test('a manifest that was forged, or taken from another file, is never ours by itself', async () => {
  const at = marked.bytes.indexOf('caBX')
  const length = marked.bytes.readUInt32BE(at - 4)
  const store = marked.bytes.subarray(at + 4, at + 4 + length)
  const plain = await png(76)
  const copied = withPngChunk(plain, 'caBX', store)
  const forged = Buffer.from(store)
  const name = forged.indexOf('img_70')
  forged.write('img_71', name, 'latin1')
  for (const file of [copied, withPngChunk(plain, 'caBX', forged)]) {
    const { answer } = await strangers.verify(file)
    assert.equal(answer.verdict, 'inconclusive')
    assert.equal(answer.record, null)
    assert.match(
      answer.layers.at(-1)?.shows ?? '',
      /^The manifest names a record here, of a picture that this one does not/,
    )
    assert.notEqual(answer.manifest.state, 'Trusted')
  }
})

test('a manifest that is kept elsewhere is said to be, and not fetched', async () => {
  await using elsewhere = await openElsewhere()
  const { answer } = await strangers.verify(await imageOf(picture).withXmp(elsewhere.xmp).jpeg().toBuffer())
  assert.match(answer.notes.join(' '), /not fetched/)
  assert.equal(elsewhere.visits(), 0)
})

test('each layer says what it shows, how sure it is, and what it does not show; scores are apart', async () => {
  const { answer, detail, manifestId } = await strangers.verify(marked.bytes)
  assert.equal(answer.verdict, 'ours')
  assert.deepEqual(
    answer.layers.map(({ layer, confidence }) => [layer, confidence]),
    [
      ['manifest', 'high'],
      ['watermark', 'high'],
      ['fingerprint', 'high'],
      ['record', 'high'],
    ],
  )
  for (const { shows, does_not_show } of answer.layers) assert.ok(shows.length > 20 && does_not_show.length > 20)
  assert.doesNotMatch(JSON.stringify(answer), /"(z|p_value|agreement|distance|scale)"/)
  assert.ok((detail.watermark?.z ?? 0) > 6 && (detail.watermark?.p_value ?? 1) < 1e-8)
  assert.equal(detail.fingerprint.distance, 0)
  assert.equal(manifestId, marked.manifestId)
})

test('a stripped copy is ours by its mark and its looks; a mark lifted onto a foreign picture is not', async () => {
  const stripped = await sharp(marked.bytes).jpeg({ quality: 80 }).toBuffer()
  assert.equal((await layerOf(stripped, 'manifest'))?.confidence, 'none')
  const told = await strangers.verify(stripped)
  assert.deepEqual([told.answer.verdict, told.manifestId], ['ours', marked.manifestId])
  const copy = lifted(await textured(77, 128), await pixelsOf(marked.bytes), picture)
  const { answer, manifestId } = await strangers.verify(await imageOf(copy).png().toBuffer())
  assert.deepEqual([answer.verdict, answer.record, manifestId], ['inconclusive', null, null])
  const layers = new Map(answer.layers.map(({ layer, confidence }) => [layer, confidence]))
  assert.equal(layers.get('fingerprint'), 'none')
})

test('a file that hangs or swells its decoder costs its own answer, and the next is answered', async () => {
  await using hanging = openDecoders({ log, limits: LIMITS, deadlineMs: 2000 })
  const small = await png(78)
  await hanging.open(small)
  for (const pid of hanging.pids) process.kill(pid, 'SIGSTOP')
  await assert.rejects(hanging.open(small), refuses('unsupported_media', /time and memory/))
  assert.equal((await hanging.open(small)).picture.width, 128)
  await using narrow = openDecoders({ log, limits: LIMITS, memoryBytes: 20_000_000 })
  const large = await sharp({ create: { width: 2000, height: 2000, channels: 3, background: '#789' } })
    .png()
    .toBuffer()
  await assert.rejects(narrow.open(large), refuses('unsupported_media', /time and memory/))
  await using usual = openDecoders({ log, limits: LIMITS })
  const [first, second] = await Promise.all([usual.open(large), usual.open(large)])
  assert.equal(first.picture.rgb.length, second.picture.rgb.length)
  for (const pid of usual.pids) process.kill(pid, 'SIGKILL')
  while (usual.pids.length > 0) await sleep(10)
  assert.equal((await usual.open(large)).picture.width, 2000)
})

test('many large pictures leave this process as large as it was', async () => {
  const resident = () => Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[1]) * 4096
  const large = await sharp({ create: { width: 2000, height: 2000, channels: 3, background: '#789' } })
    .png()
    .toBuffer()
  const open = async (times: number) => {
    for (let i = 0; i < times; i++) await strangers.decoders.open(large)
  }
  await open(10)
  const before = resident()
  await open(40)
  assert.ok(resident() - before < 150_000_000, `${resident() - before} bytes more`)
})

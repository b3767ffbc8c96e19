// Pictures with both marks, through the real marking and the real public check: what the manifest binds, and what TrustMark leads to where
// our own mark cannot be read. The library is real, its models are toys.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Reader } from '@contentauth/c2pa-node'
import { pino } from 'pino'
import { isFault } from '../../src/kernel/fault.ts'
import { layersOf } from '../../src/mark/layers.ts'
import { type Marked, type MarkOrder, markImage } from '../../src/mark/mark.ts'
import { openMarkKeys } from '../../src/mark/mark-keys.ts'
import { openSigner, type Signer } from '../../src/mark/signer.ts'
import { type Trustmark, trustmarkValue } from '../../src/mark/trustmark-binding.ts'
import { verifyProvenance } from '../../src/mark/verify.ts'
import { MARK_ALGORITHM } from '../../src/mark/watermark/algorithm.ts'
import { openWatermarker, type Watermarker } from '../../src/mark/watermark/pool.ts'
import { openTrustmarks } from '../../workers/trustmarks.ts'
import { orderOf } from './orders.ts'
import { cartoon, imageOf, pixelsOf } from './pictures.ts'
import { openRegistry } from './registry.ts'
import { fields, secondOpinion } from './second-opinion.ts'
import { writeToyTrustmark } from './toy-trustmark.ts'

const ALGORITHM = 'com.adobe.trustmark.Q'
const { registry, publish } = openRegistry()
const stack = new AsyncDisposableStack()

let signer: Signer
let watermark: Watermarker
/** Reads with keys that nothing here was marked with. */
let blind: Watermarker
let trustmark: Trustmark
/** Puts nothing in. */
let idle: Trustmark
let order: MarkOrder
let marked: Marked
before(async () => {
  const home = await mkdtemp(join(tmpdir(), 'darkroom-trustmarked-'))
  stack.defer(() => rm(home, { recursive: true, force: true }))
  await writeToyTrustmark(join(home, 'toy'))
  await writeToyTrustmark(join(home, 'idle'), { amplitude: 0 })
  signer = await openSigner({ home })
  watermark = stack.use(openWatermarker({ keys: await openMarkKeys({ home }), threads: 1 }))
  blind = stack.use(openWatermarker({ keys: [{ epoch: 1, secret: Buffer.alloc(32, 7) }], threads: 1 }))
  trustmark = opened(join(home, 'toy'))
  idle = opened(join(home, 'idle'))
  order = orderOf(await cartoon(31, 512), 987_654_321_012, { outputFormat: 'jpeg', compression: 90 })
  marked = await markImage(order, { signer, watermark, trustmark })
  publish(marked, order.imageId)
})
after(() => stack.disposeAsync())

function opened(folder: string): Trustmark {
  const log = pino({ level: 'silent' })
  return stack.use(openTrustmarks({ folder, variant: 'Q', log, deadlineMs: 30_000, memoryBytes: 2 ** 31 }))
}

async function bindingsIn(bytes: Buffer): Promise<{ alg: string; value: string }[]> {
  const settings = { verify: { remote_manifest_fetch: false } }
  const reader = await Reader.fromAsset({ buffer: bytes, mimeType: 'image/jpeg' }, settings)
  const store = JSON.parse(JSON.stringify(reader?.json()))
  const { assertions } = store.manifests[store.active_manifest]
  const [actions] = assertions.filter(({ label }: { label: string }) => label.startsWith('c2pa.actions'))
  const said = actions.data.actions.filter(({ action }: { action: string }) => action === 'c2pa.watermarked.bound')
  const bindings = assertions.filter(({ label }: { label: string }) => label.startsWith('c2pa.soft-binding'))
  assert.equal(said.length, bindings.length)
  return bindings.map(({ data }: { data: { alg: string; blocks: { value: string }[] } }) => ({
    alg: data.alg,
    value: data.blocks[0]?.value,
  }))
}

const stripped = (bytes: Buffer) => pixelsOf(bytes).then((pixels) => imageOf(pixels).jpeg({ quality: 85 }).toBuffer())
const verify = (bytes: Buffer, by: { watermark?: Watermarker; trustmark?: Trustmark | null } = {}) =>
  verifyProvenance(bytes, { signer, watermark: blind, trustmark, registry, searchMs: 300, ...by })

test('a finished file carries both marks; its manifest binds both, and ours is the one that is read back', async () => {
  assert.equal(marked.trustmark, ALGORITHM)
  assert.deepEqual(await bindingsIn(marked.bytes), [
    { alg: MARK_ALGORITHM, value: `${marked.watermark.epoch}.${order.markId.toString(16)}` },
    { alg: ALGORITHM, value: trustmarkValue(order.markId) },
  ])
  assert.deepEqual(await trustmark.read(await pixelsOf(marked.bytes)), { markId: order.markId })
  const told = await verify(marked.bytes, { watermark })
  assert.deepEqual([told.verdict, told.watermark.read, told.watermark.trustmark], ['ours', true, null])
})

test('another implementation of C2PA finds the manifest with two bindings valid, each under a label of its own', async () => {
  const { valid, failures, assertions } = await secondOpinion(marked.bytes)
  assert.deepEqual([valid, failures], [true, []])
  const algorithms = ['c2pa.soft-binding', 'c2pa.soft-binding__1'].map((label) => fields(assertions[label]).alg)
  assert.deepEqual(algorithms, [MARK_ALGORITHM, ALGORITHM])
})

test('a mark that the finished pixels do not carry is not bound', async () => {
  const plain = await markImage(order, { signer, watermark, trustmark: idle })
  assert.deepEqual([plain.trustmark, plain.validationState], [null, 'Trusted'])
  assert.deepEqual(
    (await bindingsIn(plain.bytes)).map(({ alg }) => alg),
    [MARK_ALGORITHM],
  )
})

test('a picture without the second mark is what it was before there was one', async () => {
  const before = await markImage(order, { signer, watermark })
  const without = await markImage(order, { signer, watermark, trustmark: null })
  assert.equal(without.digests.pixels, before.digests.pixels)
  assert.notEqual(marked.digests.pixels, before.digests.pixels)
  assert.deepEqual(
    (await bindingsIn(before.bytes)).map(({ alg }) => alg),
    [MARK_ALGORITHM],
  )
})

test('where ours cannot be read TrustMark leads to the record, and to ours_altered where the looks agree', async () => {
  const told = await verify(await stripped(marked.bytes))
  assert.deepEqual([told.verdict, told.record?.image_id], ['ours_altered', order.imageId])
  assert.deepEqual(
    [told.watermark.found, told.watermark.trustmark, told.manifest.recovered],
    [false, ALGORITHM, marked.manifestId],
  )
  const layer = layersOf(told).find(({ layer: name }) => name === 'watermark')
  assert.match(layer?.shows ?? '', /Our invisible mark was not found .* TrustMark \(com\.adobe\.trustmark\.Q\)/)
  assert.equal(layer?.confidence, 'low')
  const without = await verify(await stripped(marked.bytes), { trustmark: null })
  assert.deepEqual([without.verdict, without.watermark.trustmark], ['inconclusive', null])
})

test('a number that somebody put into another picture by TrustMark makes nothing ours', async () => {
  const lifted = await trustmark.embed(await cartoon(77, 512), order.markId)
  const told = await verify(await imageOf(lifted).png().toBuffer())
  assert.deepEqual([told.verdict, told.record, told.watermark.trustmark], ['inconclusive', null, ALGORITHM])
  assert.match(told.notes.at(-1) ?? '', /anybody can write, and does not look like/)
  const nobodys = await trustmark.embed(await cartoon(78, 512), 5)
  const other = await verify(await imageOf(nobodys).png().toBuffer())
  assert.deepEqual([other.verdict, other.watermark.trustmark], ['none_found', null])
})

test('a file that really is ours needs no TrustMark, and one that breaks its process is told without it', async () => {
  const asked: string[] = []
  const counting: Trustmark = {
    ...trustmark,
    read: async () => {
      asked.push('read')
      return null
    },
  }
  await verify(marked.bytes, { watermark, trustmark: counting })
  await verify(marked.bytes, { trustmark: counting })
  await verify(await stripped(marked.bytes), { watermark, trustmark: counting })
  assert.deepEqual(asked, [])
  const told = await verify(await stripped(marked.bytes), { trustmark: counting })
  assert.deepEqual([asked.length, told.verdict], [1, 'inconclusive'])
  assert.ok(told.notes.includes('TrustMark could not be looked for.'))
})

test('a picture into which it cannot be put, or in which it cannot be looked for, waits and is not released', async () => {
  const broken = { ...trustmark, read: async () => null }
  await assert.rejects(
    markImage(order, { signer, watermark, trustmark: broken }),
    (error) => isFault(error, 'mark_failed') && error.retry === 'later',
  )
})

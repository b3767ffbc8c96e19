// A picture that was made from another keeps its marks: the parent's manifest stays with it, whoever signed it, and nothing of its
// pixels does; of two marks the newer is the one that is read. Real signers, real watermark.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Reader } from '@contentauth/c2pa-node'
import { decodeUpload, encodePicture } from '../../src/mark/encode.ts'
import { type Parent, thumbnailsIn } from '../../src/mark/manifest.ts'
import { type MarkOrder, markImage } from '../../src/mark/mark.ts'
import { openMarkKeys } from '../../src/mark/mark-keys.ts'
import { openSigner, type Signer } from '../../src/mark/signer.ts'
import { openWatermarker, type Watermarker } from '../../src/mark/watermark/pool.ts'
import { orderOf } from './orders.ts'
import { cartoon, type Drawn, textured } from './pictures.ts'
import { signedWithThumbnail } from './thumbnails.ts'

const FIRST = 0x12_3456_789a
const SECOND = 0x76_5432_1fed

let home: string
let foreignHome: string
let signer: Signer
let foreign: Signer
let watermark: Watermarker

before(async () => {
  home = await mkdtemp(join(tmpdir(), 'darkroom-ingredient-'))
  foreignHome = await mkdtemp(join(tmpdir(), 'darkroom-foreign-'))
  signer = await openSigner({ home })
  foreign = await openSigner({ home: foreignHome, organization: 'Somebody else' })
  watermark = openWatermarker({ keys: await openMarkKeys({ home }), threads: 1 })
})
after(async () => {
  await watermark[Symbol.asyncDispose]()
  await Promise.all([home, foreignHome].map((path) => rm(path, { recursive: true, force: true })))
})

const order = (picture: Drawn, more: Partial<MarkOrder> = {}): MarkOrder =>
  orderOf(picture, SECOND, { imageId: 'img_second', createdAt: new Date('2026-11-01T10:00:00Z'), ...more })

type Codes = { success: { code: string }[]; failure: { code: string }[] }
type Store = {
  active_manifest: string
  validation_state: string
  manifests: Record<
    string,
    {
      assertions: { label: string; data: { actions?: { action: string }[]; made_from?: string } }[]
      ingredients?: ({ validation_results?: { activeManifest?: Codes } } & Record<string, unknown>)[]
    }
  >
}

/** The whole store, as a stranger with our anchor reads it. */
async function storeOf(bytes: Buffer): Promise<Store> {
  const trust = { trust: { trust_anchors: signer.anchorPem }, verify: { remote_manifest_fetch: false } }
  const reader = await Reader.fromAsset({ buffer: bytes, mimeType: 'image/png' }, trust)
  assert.ok(reader !== null)
  return JSON.parse(JSON.stringify(reader.json()))
}

function activeOf(store: Store) {
  const active = store.manifests[store.active_manifest]
  assert.ok(active !== undefined)
  return active
}

function actionsOf(store: Store): string[] {
  const { assertions } = activeOf(store)
  return (assertions.find(({ label }) => label === 'c2pa.actions.v2')?.data.actions ?? []).map(({ action }) => action)
}

async function make(parent: Parent, picture?: Drawn) {
  return markImage(order(picture ?? (await cartoon(4)), { parent }), { signer, watermark })
}

test('an edit of a picture without a manifest was opened and edited, and names an ingredient without provenance', async () => {
  const made = await make({ file: null, imageId: null })
  const store = await storeOf(made.bytes)
  assert.equal(store.validation_state, 'Trusted')
  assert.deepEqual(actionsOf(store), ['c2pa.opened', 'c2pa.edited', 'c2pa.watermarked.bound'])
  assert.ok(made.bytes.includes('digitalsourcetype/compositeWithTrainedAlgorithmicMedia'))
  assert.ok(!made.bytes.includes('digitalsourcetype/trainedAlgorithmicMedia'))
  assert.equal(Object.keys(store.manifests).length, 1)
  assert.deepEqual(
    activeOf(store).ingredients?.map(({ relationship, title, active_manifest }) => [
      relationship,
      title,
      active_manifest,
    ]),
    [['parentOf', 'input', undefined]],
  )
})

test('the manifest of the parent is kept, ours or another’s, and the result is trusted', async () => {
  for (const by of [signer, foreign]) {
    const tools = { signer: by, watermark }
    const parent = await markImage(order(await cartoon(5), { imageId: 'img_first', markId: FIRST }), tools)
    const made = await make({ file: { bytes: parent.bytes, mimeType: 'image/png' }, imageId: null })
    const store = await storeOf(made.bytes)
    assert.equal(store.validation_state, 'Trusted')
    assert.deepEqual(Object.keys(store.manifests).sort(), [made.manifestId, parent.manifestId].sort())
    assert.equal(activeOf(store).ingredients?.[0]?.active_manifest, parent.manifestId)
  }
})

test('what was found of the parent’s signature is recorded: whether it holds, and whether its signer is trusted here', async () => {
  for (const [by, outcome, code] of [
    [signer, 'success', 'signingCredential.trusted'],
    [foreign, 'failure', 'signingCredential.untrusted'],
  ] as const) {
    const parent = await markImage(order(await cartoon(5), { markId: FIRST }), { signer: by, watermark })
    const made = await make({ file: { bytes: parent.bytes, mimeType: 'image/png' }, imageId: null })
    const found = activeOf(await storeOf(made.bytes)).ingredients?.[0]?.validation_results?.activeManifest
    const codes = (which: keyof Codes) => found?.[which].map((one) => one.code) ?? []
    assert.ok(
      codes('success').includes('claimSignature.validated') && codes('success').includes('assertion.dataHash.match'),
    )
    assert.ok(codes(outcome).includes(code), JSON.stringify(found))
  }
})

test('an edit of an edit keeps the manifests of both, whatever format each was in', async () => {
  const first = await markImage(
    order(await cartoon(5), { imageId: 'img_first', markId: FIRST, outputFormat: 'jpeg' }),
    {
      signer,
      watermark,
    },
  )
  const second = await markImage(
    order(await cartoon(6), {
      outputFormat: 'webp',
      parent: { imageId: 'img_first', file: { bytes: first.bytes, mimeType: 'image/jpeg' } },
    }),
    { signer, watermark },
  )
  const third = await make({ file: { bytes: second.bytes, mimeType: 'image/webp' }, imageId: null })
  const store = await storeOf(third.bytes)
  assert.equal(store.validation_state, 'Trusted')
  const kept = [first, second, third].map(({ manifestId }) => manifestId)
  assert.deepEqual(Object.keys(store.manifests).sort(), kept.sort())
})

test('a parent whose pixels were altered after it was signed says so, and the result is trusted all the same', async () => {
  const parent = await markImage(order(await cartoon(6), { imageId: 'img_first', markId: FIRST }), {
    signer,
    watermark,
  })
  const altered = Buffer.from(parent.bytes)
  const at = altered.length - 40
  altered.writeUInt8(altered.readUInt8(at) ^ 0xff, at)
  const made = await make({ file: { bytes: altered, mimeType: 'image/png' }, imageId: null })
  const store = await storeOf(made.bytes)
  assert.equal(store.validation_state, 'Trusted')
  assert.match(JSON.stringify(activeOf(store).ingredients), /assertion\.dataHash\.mismatch/)
})

test('nothing of the parent’s pixels is in the result, not even a thumbnail', async () => {
  const noise = await encodePicture(await textured(7, 512), { format: 'png', quality: null, xmp: null })
  const parent = await foreign.sign(noise, 'image/png', {
    claim_generator_info: [{ name: 'another' }],
    title: 'private',
    format: 'image/png',
    assertions: [
      {
        label: 'c2pa.actions.v2',
        created: true,
        data: { actions: [{ action: 'c2pa.created', digitalSourceType: 'http://c2pa.org/digitalsourcetype/empty' }] },
      },
    ],
  })
  const plain = await make({ file: null, imageId: null })
  const made = await make({ file: { bytes: parent.bytes, mimeType: 'image/png' }, imageId: null })
  assert.ok(noise.length > 100_000)
  assert.ok(made.bytes.length - plain.bytes.length < 20_000, `${made.bytes.length - plain.bytes.length} bytes more`)
  assert.ok(!JSON.stringify(await storeOf(made.bytes)).includes('thumbnail'))
})

test('a thumbnail that the parent’s manifests hold is taken out of them, and they are kept', async () => {
  const noise = await encodePicture(await textured(7, 256), { format: 'png', quality: null, xmp: null })
  // Of the plain picture that the first was made from, of the first and of the second.
  const second = await signedWithThumbnail(foreignHome, noise, await signedWithThumbnail(foreignHome, noise, noise))
  const held = thumbnailsIn(await storeOf(second)) ?? []
  assert.deepEqual(held.map((uri) => uri.replace(/.*thumbnail\.([a-z]+).*/, '$1')).sort(), [
    'claim',
    'claim',
    'ingredient',
  ])
  const made = await make({ file: { bytes: second, mimeType: 'image/png' }, imageId: null })
  const store = await storeOf(made.bytes)
  assert.equal(store.validation_state, 'Trusted')
  assert.equal(Object.keys(store.manifests).length, 3)
  assert.deepEqual(thumbnailsIn(store), [])
  assert.ok(!made.bytes.includes(Buffer.from([0xff, 0xd8, 0xff])), 'no JPEG is in the file')
  assert.ok(second.includes(Buffer.from([0xff, 0xd8, 0xff])), 'one was in the parent')
  const redacted = actionsOf(store).filter((action) => action === 'c2pa.redacted')
  assert.equal(redacted.length, held.length)
})

test('a thumbnail that cannot be redacted by itself is told, so that its manifest is left behind', () => {
  const uri = (box: string) => `self#jumbf=/c2pa/urn:uuid:1/${box}`
  const store = (...boxes: string[]) => ({
    manifests: { a: { ingredients: boxes.map((box) => ({ thumbnail: { identifier: uri(box) } })) } },
  })
  const assertion = 'c2pa.assertions/c2pa.thumbnail.ingredient.jpeg'
  assert.deepEqual(thumbnailsIn(store(assertion)), [uri(assertion)])
  assert.equal(thumbnailsIn(store(assertion, 'c2pa.databoxes/c2pa.data')), null)
  assert.equal(thumbnailsIn({ manifests: { a: { thumbnail: {} } } }), null)
})

test('an image of ours that the parent’s watermark named is named again', async () => {
  const made = await make({ file: null, imageId: 'img_first' })
  const image = activeOf(await storeOf(made.bytes)).assertions.find(({ label }) => label === 'org.darkroom.image')
  assert.equal(image?.data.made_from, 'img_first')
})

test('a mark over an earlier mark is the one that is read, on flat pictures and on textures', async () => {
  for (const [name, picture] of [
    ['flat', await cartoon(8)],
    ['flat, larger', await cartoon(9, 512)],
    ['textured', await textured(10)],
  ] as const) {
    const first = await markImage(order(picture, { imageId: 'img_first', markId: FIRST }), { signer, watermark })
    const { picture: carried } = await decodeUpload(first.bytes)
    const second = await make({ file: null, imageId: 'img_first' }, carried)
    const { picture: released } = await decodeUpload(second.bytes)
    const reading = await watermark.read(released, { search: 'quick' })
    assert.equal(reading.decoded?.markId, SECOND, name)
    // How well depends on the two keys, which are drawn anew each time.
    assert.ok((reading.decoded?.agreement ?? 0) >= 0.85, `${name}: ${reading.decoded?.agreement}`)
  }
})

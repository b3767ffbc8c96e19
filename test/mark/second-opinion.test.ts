// What others say of our files: @trustnxt/c2pa-ts, which shares no code with the library that signs them, checks every hash and
// signature; openssl checks every chain. Each kind of output, and the same with something wrong. Copies lead back.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import sharp from 'sharp'
import { bindingValue } from '../../src/mark/manifest.ts'
import { openMarkKeys } from '../../src/mark/mark-keys.ts'
import type { RegistryRecord } from '../../src/mark/registry.ts'
import { verifyProvenance } from '../../src/mark/verify.ts'
import { MARK_ALGORITHM } from '../../src/mark/watermark/algorithm.ts'
import { openWatermarker } from '../../src/mark/watermark/pool.ts'
import { suiteOn } from '../support/services.ts'
import { tools } from '../support/tools.ts'
import { FORMATS, makeOutputs, type Output, type Outputs, withChangedPixels } from './outputs.ts'
import { openRegistry } from './registry.ts'
import { chainProblem, fields, secondOpinion, stampProblem } from './second-opinion.ts'

const GENERATED = 'http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia'
const EDITED = 'http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia'
/** It looks for what was redacted, and goes no further than the signature. */
const UNKNOWN_TO_IT = ['assertion.missing', 'assertion.action.redactionMismatch']

suiteOn('second opinions', await tools('openssl'), () => {
  let folder: string
  let outputs: Outputs

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'darkroom-opinion-'))
    outputs = await makeOutputs()
  })
  after(async () => {
    await outputs[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  const first = (format: Output['order']['outputFormat']): Output => {
    const found = outputs.all.find(({ order }) => order.outputFormat === format)
    assert.ok(found)
    return found
  }

  it('every kind of output holds in another implementation: its hashes, its signature, its timestamp', async () => {
    assert.equal(outputs.all.filter(({ redacted }) => redacted).length, 1)
    for (const { name, marked, order, timestampAnchorPem, redacted } of outputs.all) {
      const told = await secondOpinion(marked.bytes)
      assert.deepEqual(told.failures, redacted ? UNKNOWN_TO_IT : [], name)
      // A parent's manifest is kept beside the file's own.
      assert.equal(told.manifests.length, order.parent?.file == null ? 1 : 2, name)
      assert.equal(told.manifests.at(-1), marked.manifestId, name)
      assert.ok(told.successes.includes('claimSignature.validated'), name)
      assert.equal(told.gathered, 0, name)
      assert.ok(redacted || told.successes.includes('assertion.dataHash.match'), name)
      const { stamp } = told
      assert.equal(stamp !== null, timestampAnchorPem !== null, name)
      if (stamp === null || timestampAnchorPem === null) continue
      assert.equal(await stampProblem(stamp, timestampAnchorPem, folder), null, name)
      assert.match(
        (await stampProblem(stamp, outputs.strangersAnchorPem, folder)) ?? '',
        /certificate verify error/,
        name,
      )
      const other = { ...stamp, dated: Buffer.from('other bytes') }
      assert.match((await stampProblem(other, timestampAnchorPem, folder)) ?? '', /message imprint mismatch/, name)
    }
  })

  it('every chain leads to the anchor of its deployment and to no other', async () => {
    for (const { name, marked, anchorPem } of outputs.all) {
      const { chain } = await secondOpinion(marked.bytes)
      assert.equal(await chainProblem(chain, anchorPem, folder), null, name)
      assert.match((await chainProblem(chain, outputs.strangersAnchorPem, folder)) ?? '', /unable to get/, name)
    }
  })

  it('what a file claims is what the record has', async () => {
    for (const { name, marked, order, redacted } of outputs.all) {
      const { assertions, generator, title } = await secondOpinion(marked.bytes)
      const when = order.createdAt.toISOString().replace('.000Z', 'Z')
      const { parent, system, model, disclosure } = order
      assert.deepEqual(
        assertions['org.darkroom.image'],
        {
          image_id: order.imageId,
          provider: disclosure?.providerName,
          system: system.name,
          version: system.version,
          model: model.id,
          model_version: model.version,
          created_at: when,
          verify_at: disclosure?.verifyUrl,
          ...(parent?.imageId == null ? {} : { made_from: parent.imageId }),
        },
        name,
      )
      const { alg, blocks } = fields(assertions['c2pa.soft-binding'])
      const value = bindingValue(order.markId, marked.watermark.epoch)
      assert.deepEqual([alg, blocks], [MARK_ALGORITHM, [{ scope: {}, value }]], name)
      const { actions, allActionsIncluded } = fields(assertions['c2pa.actions.v2'])
      assert.ok(Array.isArray(actions) && allActionsIncluded === true, name)
      assert.deepEqual(
        actions.map((one) => fields(one).action),
        [
          ...(parent === null ? ['c2pa.created'] : ['c2pa.opened', 'c2pa.edited']),
          'c2pa.watermarked.bound',
          ...(redacted ? ['c2pa.redacted', 'c2pa.redacted'] : []),
        ],
        name,
      )
      const made = fields(actions[parent === null ? 0 : 1])
      assert.deepEqual(
        [made.digitalSourceType, fields(made.softwareAgent), new Date(String(made.when)).getTime()],
        [parent === null ? GENERATED : EDITED, { name: model.id, version: model.version }, order.createdAt.getTime()],
        name,
      )
      assert.deepEqual([generator.name, generator.version, title], [system.name, system.version, order.imageId], name)
      assert.equal(generator.specVersion, '2.4.0', name)
      assert.equal(Object.keys(fields(fields(assertions['cawg.training-mining']).entries)).length, 4, name)
    }
  })

  for (const format of FORMATS)
    it(`a ${format} whose pixels, claims or signed words were changed fails`, async () => {
      const output = first(format)
      const { marked, order } = output
      const changed = (what: string, offset: number): Buffer => {
        const bytes = Buffer.from(marked.bytes)
        const at = bytes.indexOf(what) + offset
        assert.ok(at >= offset, `${what} is there`)
        bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
        return bytes
      }
      const pixels = withChangedPixels(output)
      assert.deepEqual((await secondOpinion(pixels)).failures, ['assertion.dataHash.mismatch'])
      const claims = await secondOpinion(changed(`image_id${String.fromCharCode(0x60 + order.imageId.length)}img_`, 11))
      assert.deepEqual(claims.failures, ['assertion.hashedURI.mismatch'])
      assert.ok((await secondOpinion(changed('specVersione2.4.0', 12))).failures.includes('claimSignature.mismatch'))
    })

  it('copies lead back to their image by the mark, and by the fingerprint where no mark is found', async () => {
    const { registry, publish } = openRegistry()
    for (const { marked, order } of outputs.all) publish(marked, order.imageId)
    const likely: (RegistryRecord | null)[] = []
    const noted = {
      ...registry,
      byLikeness: async (hex: string) => likely.at(likely.push(await registry.byLikeness(hex)) - 1) ?? null,
    }
    const { signer, watermark } = outputs
    await using blind = openWatermarker({ keys: await openMarkKeys({ home: folder }), threads: 1 })
    for (const format of FORMATS) {
      const { marked, order } = first(format)
      const side = Math.round(marked.width * 0.75)
      for (const [name, copy] of [
        ['JPEG 80', await sharp(marked.bytes).jpeg({ quality: 80 }).toBuffer()],
        ['75 %', await sharp(marked.bytes).resize(side).png().toBuffer()],
      ] as const) {
        const told = await verifyProvenance(copy, { signer, watermark, registry, searchMs: 10_000 })
        assert.match(told.verdict, /^ours/, `${format}, ${name}: ${JSON.stringify(told)}`)
        assert.deepEqual(
          [told.record?.image_id, told.manifest.found, told.watermark.read, told.fingerprint.match],
          [order.imageId, false, true, 'close'],
          `${format}, ${name}`,
        )
        const { verdict } = await verifyProvenance(copy, { signer, watermark: blind, registry: noted, searchMs: 500 })
        assert.deepEqual([verdict, likely.at(-1)?.imageId], ['inconclusive', order.imageId], `${format}, ${name}`)
      }
    }
  })
})

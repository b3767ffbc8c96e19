// Classifier packs against the libraries that their models were trained with, from a picture's pixels to the scores: preprocessing byte
// for byte, the safety checker to the third decimal, detections to the pixel, token ids exactly.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Classifier, openClassifier } from '../../models/classifiers/classifier.ts'
import { detect, feedOf } from '../../models/classifiers/nudenet.ts'
import { fitClip } from '../../models/classifiers/safety-checker.ts'
import { openTextClassifier, openWindows } from '../../models/classifiers/text.ts'
import { fitTimm } from '../../models/classifiers/timm.ts'
import { fitVit } from '../../models/classifiers/vit.ts'
import { ModelError } from '../../models/runtime/error.ts'
import { verifyPack } from '../../models/runtime/pack.ts'
import { resample } from '../../models/runtime/resample.ts'
import type { Rgb } from '../../models/runtime/stepper.ts'
import { isFault } from '../../src/kernel/fault.ts'
import { openLog } from '../../src/kernel/log.ts'
import { examine } from '../../src/moderate/moderate.ts'
import { openDevice } from '../../workers/device.ts'
import { classifyOn } from '../../workers/gpu.ts'
import {
  detectorRows,
  digestOf,
  golden,
  PACKS,
  paint,
  type Reference,
  writeClassifierPack,
} from './classifier-packs.ts'
import { temporaryFolder } from './tiny.ts'

const CPU = { provider: 'cpu', threads: 1 } as const
const HALVES = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] } as const

/** A few bytes first, because they say more than a digest about what is wrong. */
function same(found: Rgb, { picture, size, sha256, samples }: Reference): void {
  const what = `picture ${picture} to ${size}`
  assert.deepEqual([found.width, found.height], size, what)
  assert.deepEqual(
    samples.map(([at]) => [at, found.rgb[at]]),
    samples,
    what,
  )
  assert.deepEqual(digestOf(found), { size, sha256 }, what)
}

describe('preprocessing is byte for byte what', () => {
  it('the references were made of', () => {
    for (const one of golden.paint) same(paint(one.picture), one)
  })
  it("Pillow's own resizing gives, up and down, bilinear and bicubic, at odd sizes", () => {
    assert.ok(golden.resize.length >= 100)
    for (const one of golden.resize) {
      const [width, height] = one.size
      same(resample(paint(one.picture), { width, height }, one.filter), one)
    }
  })
  it('CLIPImageProcessor gives', () => {
    for (const one of golden.clip) same(fitClip(paint(one.picture)), one)
  })
  it('ViTImageProcessor gives', () => {
    for (const one of golden.vit) {
      const [width, height] = one.size
      same(fitVit(paint(one.picture), { width, height, resize: one.filter, ...HALVES }), one)
    }
  })
  it("timm's evaluation transform gives, in each crop mode", () => {
    for (const one of golden.timm) {
      const { width, height, interpolation, crop_pct: cropPct, crop_mode: cropMode, mean, std } = one
      same(fitTimm(paint(one.picture), { width, height, interpolation, cropPct, cropMode, mean, std }), one)
    }
  })
  it('NudeNet 3.4 gives, whose code feeds BGR', () => {
    for (const one of golden.nudenet.prepared) {
      const { values } = feedOf(paint(one.picture), { size: 320, channels: 'BGR' })
      const plane = 320 * 320
      const rgb = Uint8Array.from({ length: plane * 3 }, (_, i) =>
        Math.round((values[(i % 3) * plane + Math.floor(i / 3)] ?? 0) * 255),
      )
      same({ width: 320, height: 320, rgb }, one)
    }
  })
  it('a picture of extreme shape costs: no more than its frame', () => {
    const began = performance.now()
    fitClip({ width: 1, height: 200_000, rgb: new Uint8Array(600_000) })
    assert.ok(performance.now() - began < 5000)
  })
})

describe('a detector', () => {
  it('finds what NudeNet 3.4 finds: the boxes in whole pixels, their classes, their scores', () => {
    const { labels } = golden.nudenet
    for (const { seed, picture, anchors, detections } of golden.nudenet.detected) {
      const [width, height] = picture
      const output = { values: detectorRows(seed, anchors), dims: [1, 22, anchors] }
      const preprocess = { size: 320, channels: 'RGB' } as const
      const found = detect(output, { width, height }, { model: 'x', labels, preprocess })
      assert.deepEqual(
        found.map((box) => [box.label, box.score, [box.x, box.y, box.width, box.height]]),
        detections.map((one) => [one.class, one.score, one.box]),
        `seed ${seed}`,
      )
    }
  })
  it('whose graph has other classes than its manifest is no detector', () => {
    const preprocess = { size: 320, channels: 'RGB' } as const
    const output = { values: new Float32Array(60), dims: [1, 6, 10] }
    assert.throws(
      () => detect(output, { width: 9, height: 9 }, { model: 'x', labels: ['a'], preprocess }),
      (error) => error instanceof ModelError && error.code === 'pack_corrupt' && error.field === 'labels',
    )
  })
})

describe('from a pack on disk', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  before(async () => {
    folder = await temporaryFolder()
  })
  after(() => folder[Symbol.asyncDispose]())

  async function open(kind: keyof typeof PACKS, changes: Record<string, unknown> = {}): Promise<Classifier> {
    const pack = await verifyPack(await writeClassifierPack(folder.path, kind, changes))
    assert.equal(pack.manifest.kind, 'image-classifier')
    return pack.manifest.kind === 'image-classifier' ? openClassifier(pack, pack.manifest, CPU) : assert.fail()
  }

  it("a safety checker gives diffusers' scores to the third decimal, and flags what it flags", async () => {
    await using checker = await open('safety-checker')
    assert.ok(golden.safety.pictures.length >= 24)
    const thousandths = (scores: readonly number[] | undefined) => scores?.map((score) => Math.round(score * 1000) + 0)
    for (const one of golden.safety.pictures) {
      const { concepts, categories } = await checker.classify(paint(one.picture))
      assert.deepEqual(thousandths(concepts?.special), thousandths(one.special), `special of ${one.picture}`)
      assert.deepEqual(thousandths(concepts?.scores), thousandths(one.scores), `concepts of ${one.picture}`)
      assert.deepEqual(
        concepts?.flagged,
        one.bad_concepts.map((i) => `concept-${i}`),
      )
      const largest = Math.max(...one.scores)
      assert.ok(Math.abs((categories.sexual ?? 0) - 1 / (1 + Math.exp(0.5 - 40 * largest))) < 1e-5)
    }
    // The references have each case: nothing special, special concepts, and one that only the adjustment of another makes special.
    const specials = golden.safety.pictures.map(({ special }) => special.filter((score) => score > 0).length)
    assert.ok(specials.includes(0) && specials.includes(1) && specials.some((count) => count > 1))
    assert.ok(golden.safety.pictures.some(({ special: [a = 0, b = 0] }) => a > 0 && b > 0 && b < 0.01))
    assert.ok(golden.safety.pictures.some(({ flagged }) => !flagged))
  })

  for (const kind of ['vit', 'timm'] as const)
    it(`${kind}: a softmax over the labels, calibrated, and the largest by category`, async () => {
      await using classifier = await open(kind)
      const rgb = Uint8Array.from({ length: 40 * 30 * 3 }, (_, i) => [255, 128, 0][i % 3] ?? 0)
      const { probabilities, categories } = await classifier.classify({ width: 40, height: 30, rgb })
      const [r, g, b] = [1, 128 / 127.5 - 1, -1]
      const logits = [3 * r - 2 * g + 0.25 * b, -r + 2 * g + 0.5 * b, 0.5 * r + g - 3 * b].map(Math.exp)
      const [red = 0, , blue = 0] = logits.map((one) => one / logits.reduce((sum, value) => sum + value, 0))
      assert.ok(Math.abs((probabilities.red ?? 0) - red) < 1e-5, `${probabilities.red} is not ${red}`)
      const calibrated = 1 / (1 + Math.exp(-(2 * Math.log(blue / (1 - blue)) - 0.5)))
      assert.ok(Math.abs((probabilities.blue ?? 0) - calibrated) < 1e-5)
      assert.equal(probabilities.green, undefined)
      assert.equal(categories.weapons, Math.max(probabilities.red ?? 0, probabilities.blue ?? 0))
    })

  it('a detector gives boxes in pixels, and a category its likeliest class', async () => {
    await using classifier = await open('nudenet')
    const { boxes, categories, probabilities } = await classifier.classify(paint([1, 200, 301]))
    const expected = golden.nudenet.detected.find(({ seed }) => seed === 1)?.detections ?? []
    assert.deepEqual(
      boxes?.map((box) => [box.label, box.x, box.y, box.width, box.height]),
      expected.map((one) => [one.class, ...one.box]),
    )
    const largest = (label: string) =>
      Math.max(0, ...expected.filter((one) => one.class === label).map(({ score }) => score))
    assert.ok(Math.abs((probabilities.FACE_FEMALE ?? -1) - largest('FACE_FEMALE')) < 1e-9)
    assert.ok(Math.abs((categories.sexual ?? -1) - Math.max(largest('FACE_FEMALE'), largest('ANUS_EXPOSED'))) < 1e-9)
  })

  it("a safety checker's concepts are its labels, or it does not open", async () => {
    const labels = ['one', 'two']
    await assert.rejects(
      open('safety-checker', { id: 'short', labels, categories: { sexual: labels } }),
      (error) => error instanceof ModelError && error.code === 'pack_corrupt' && error.field === 'labels',
    )
  })

  it('an output that the graph does not have is named', async () => {
    const output = { name: 'scores', activation: 'softmax' }
    await assert.rejects(
      open('vit', { id: 'unnamed', output }),
      (error) => error instanceof ModelError && error.code === 'pack_unsupported' && error.field === 'output.name',
    )
  })

  it('no kind takes what is no picture', async () => {
    for (const kind of ['multi-label', 'safety-checker', 'vit', 'timm', 'nudenet'] as const) {
      await using classifier = await open(kind)
      for (const broken of [
        { width: 4, height: 4, rgb: new Uint8Array(47) },
        { width: 0, height: 4, rgb: new Uint8Array(0) },
        { width: 1.5, height: 2, rgb: new Uint8Array(9) },
      ])
        await assert.rejects(
          classifier.classify(broken),
          (error) => error instanceof ModelError && error.code === 'invalid_input' && error.field === 'picture',
          kind,
        )
    }
  })

  it('each kind answers through the inference child as it does here, and a model may name them all', async () => {
    await using packs = await temporaryFolder()
    for (const kind of ['vit', 'nudenet', 'safety-checker', 'text'] as const)
      await writeClassifierPack(packs.path, kind)
    const open = { packsDir: packs.path, provider: 'cpu', threads: 1, log: openLog('silent') } as const
    await using device = await openDevice({ ...open, stepDeadlineMs: () => 20_000 })
    const picture = paint([1, 200, 301])
    const { boxes } = await device.classify('nudenet', picture)
    assert.equal(boxes?.length, golden.nudenet.detected.find(({ seed }) => seed === 1)?.detections.length)
    assert.equal((await device.classify('safety-checker', picture)).concepts?.scores.length, 17)
    const [text] = golden.text.texts
    const { categories, probabilities } = await device.classifyText('text', text?.text ?? '')
    assert.ok(Math.abs((probabilities.green ?? 0) - (text?.sigmoid[1] ?? 1)) < 1e-5)
    assert.equal(categories.weapons, Math.max(probabilities.red ?? 0, probabilities.blue ?? 0))
    await assert.rejects(device.classify('text', picture), (error) => isFault(error, 'model_unknown'))
    await assert.rejects(device.classifyText('vit', 'a'), (error) => isFault(error, 'model_unknown'))

    const evidence = await examine(classifyOn(device), ['vit', 'safety-checker', 'absent'], picture, () => true)
    assert.deepEqual(
      evidence?.opinions.map((one) => ('silent' in one ? [one.id, one.silent] : [one.id, Object.keys(one.categories)])),
      [
        ['vit', ['weapons']],
        ['safety-checker', ['sexual']],
        ['absent', 'missing'],
      ],
    )
  })

  for (const activation of ['sigmoid', 'softmax'] as const)
    it(`text: transformers' token ids and probabilities by ${activation}; a longer text is read to its end`, async () => {
      const changes = { id: `text-${activation}`, output: { name: 'logits', activation } }
      const pack = await verifyPack(await writeClassifierPack(folder.path, 'text', changes))
      if (pack.manifest.kind !== 'text-classifier') assert.fail()
      const windowsOf = await openWindows(pack, pack.manifest)
      await using classifier = await openTextClassifier(pack, pack.manifest, CPU)
      for (const one of golden.text.texts) {
        if (one.text.trim() === '') {
          await assert.rejects(classifier.classify(one.text), (error) => error instanceof ModelError)
          continue
        }
        const windows = windowsOf(one.text)
        assert.deepEqual(windows[0], one.ids, one.text)
        assert.deepEqual(
          windows.flatMap((ids) => ids.slice(1, -1)),
          one.all.slice(1, -1),
        )
        const { probabilities, windows: count } = await classifier.classify(one.text)
        assert.equal(count, windows.length)
        for (const [i, label] of PACKS.text.labels.entries()) {
          const found = probabilities[label] ?? Number.NaN
          const expected = one[activation][i] ?? Number.NaN
          if (count === 1) assert.ok(Math.abs(found - expected) < 1e-5, `${one.text}: ${found}, not ${expected}`)
          else assert.ok(found >= expected - 1e-5)
        }
      }
      assert.ok(golden.text.texts.some(({ ids, all }) => all.length > ids.length))
    })
})

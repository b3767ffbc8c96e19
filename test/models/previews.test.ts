// Previews through a real inference child: when they come, their size and scores, and that one which fails harms nobody.
// Slower than unit tests: it starts processes. The last one uses the packs that ship.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { previewOf, previewSize, shrink } from '../../models/runtime/pixels.ts'
import type { SampleRequest } from '../../models/runtime/stepper.ts'
import { openLog } from '../../src/kernel/log.ts'
import { type Device, openDevice, type SamplePreview } from '../../workers/device.ts'
import { type Changes, temporaryFolder, writeTinyPack } from './tiny.ts'

const PACKS = fileURLToPath(new URL('../../models/packs', import.meta.url))
const CAT: SampleRequest = {
  id: 'a',
  prompt: 'the red cat',
  negativePrompt: '',
  seed: 3,
  width: 16,
  height: 16,
  steps: 8,
  guidanceScale: 5,
}

const open = (packsDir: string) =>
  openDevice({ packsDir, provider: 'cpu', threads: 1, log: openLog('silent'), stepDeadlineMs: () => 20_000 })

async function withTiny<T>(changes: Changes, use: (device: Device) => Promise<T>): Promise<T> {
  await using folder = await temporaryFolder()
  await writeTinyPack(folder.path, changes)
  await using device = await open(folder.path)
  return await use(device)
}

/** Renders, and returns what came in the order in which it came. */
async function watch(
  device: Device,
  samples: SampleRequest[],
  options: { packId?: string; previewSide?: number } = {},
) {
  const events: string[] = []
  const previews: SamplePreview[] = []
  const pictures = await device.generate(
    { packId: 'tiny-sd', previewSide: 8, ...options, samples },
    {
      onStep: ({ sampleId, index }) => events.push(`${sampleId} ${index}`),
      onPicture: ({ id }) => void events.push(`${id} picture`),
      onPreview: (preview) => {
        previews.push(preview)
        events.push(`${preview.sampleId} preview ${preview.index}`)
      },
    },
  )
  return { events, previews, pictures }
}

describe('previews', () => {
  it('come after their steps, at half size, and change nothing about the picture', () =>
    withTiny({}, async (device) => {
      const { events, previews, pictures } = await watch(device, [{ ...CAT, steps: 4, previews: 3 }])
      assert.deepEqual(events, ['a 1', 'a preview 0', 'a 2', 'a preview 1', 'a 3', 'a preview 2', 'a 4', 'a picture'])
      for (const { picture, scores } of previews) {
        assert.deepEqual([picture.width, picture.height, picture.rgb.length], [8, 8, 8 * 8 * 3])
        assert.equal(scores, null, 'this model names no classifier, so nobody could say')
      }
      const bare = await watch(device, [{ ...CAT, steps: 4 }])
      assert.deepEqual(bare.pictures, pictures)
    }))

  it('of several samples come one a step, the earliest first, and are dropped when their picture is there', () =>
    withTiny({}, async (device) => {
      const samples = ['a', 'b', 'c', 'd'].map((id, seed) => ({ ...CAT, id, seed, steps: 4, previews: 1 }))
      const { events } = await watch(device, samples)
      const steps = events.filter((event) => /preview|a \d/.test(event))
      assert.deepEqual(steps, ['a 1', 'a 2', 'a preview 0', 'a 3', 'b preview 0', 'a 4'])
    }))

  it('have no side under the least, are whole where half is too small, and are left out of smaller pictures', () =>
    withTiny({}, async (device) => {
      const sizes = async (previewSide: number) =>
        (await watch(device, [{ ...CAT, width: 24, previews: 1 }], { previewSide })).previews.map(
          ({ picture }) => `${picture.width}x${picture.height}`,
        )
      assert.deepEqual(await sizes(1), ['12x8'])
      assert.deepEqual(await sizes(12), ['18x12'])
      assert.deepEqual(await sizes(16), ['24x16'])
      assert.deepEqual(await sizes(17), [])
    }))

  it('that cannot be scored are not delivered, and the picture is none the worse', () =>
    withTiny({ manifest: { classifiers: ['gone'] } }, async (device) => {
      const { events, previews, pictures } = await watch(device, [{ ...CAT, previews: 2 }])
      assert.deepEqual(previews, [])
      assert.equal(pictures.length, 1)
      assert.equal(events.length, 9)
    }))

  it('of the model that ships are scored by its classifier, at every category', async () => {
    await using device = await open(PACKS)
    const sample = { ...CAT, prompt: 'a red boat on the sea', width: 128, height: 128, steps: 12, previews: 2 }
    const { previews, pictures } = await watch(device, [sample], { packId: 'storybook', previewSide: 128 })
    assert.deepEqual(
      previews.map(({ index, picture }) => [index, picture.width]),
      [
        [0, 128],
        [1, 128],
      ],
    )
    const [score] = previews[0]?.scores ?? []
    assert.equal(score?.id, 'storybook-eye')
    assert.match(score?.digest ?? '', /^[0-9a-f]{64}$/)
    assert.ok(pictures[0])
    const { categories } = await device.classify('storybook-eye', pictures[0])
    assert.deepEqual(Object.keys(score?.categories ?? {}), Object.keys(categories))
    for (const value of Object.values(score?.categories ?? {})) assert.ok(value >= 0 && value <= 1)
  })
})

describe('a smaller picture', () => {
  it('has half the detail even where it may not be half the size', () => {
    const rgb = Uint8Array.from({ length: 4 * 4 * 3 }, (_, i) => (i * 37) % 256)
    const shown = previewOf({ width: 4, height: 4, rgb }, 4)
    assert.deepEqual([shown.width, shown.height], [4, 4])
    const at = (x: number, y: number) => [...shown.rgb.subarray((y * 4 + x) * 3, (y * 4 + x) * 3 + 3)]
    for (const [x, y] of [
      [0, 0],
      [2, 0],
      [0, 2],
      [2, 2],
    ] as const)
      for (const [dx, dy] of [
        [1, 0],
        [0, 1],
        [1, 1],
      ] as const)
        assert.deepEqual(at(x + dx, y + dy), at(x, y))
    assert.deepEqual(previewOf({ width: 4, height: 4, rgb }, 2).width, 2)
  })

  it('is the mean of what each new pixel covers', () => {
    const rgb = Uint8Array.from([0, 0, 0, 100, 0, 0, 200, 0, 0, 60, 0, 0])
    assert.deepEqual([...shrink({ width: 2, height: 2, rgb }, { width: 1, height: 1 }).rgb], [90, 0, 0])
    const row = { width: 3, height: 1, rgb: Uint8Array.from([0, 0, 0, 90, 90, 90, 255, 255, 255]) }
    assert.deepEqual([...shrink(row, { width: 2, height: 1 }).rgb], [30, 30, 30, 200, 200, 200])
    assert.equal(shrink(row, { width: 3, height: 1 }), row)
  })

  it('has half the sides, or as much as the least allows', () => {
    assert.deepEqual(previewSize({ width: 512, height: 768 }, 128), { width: 256, height: 384 })
    assert.deepEqual(previewSize({ width: 192, height: 192 }, 128), { width: 128, height: 128 })
    assert.deepEqual(previewSize({ width: 128, height: 128 }, 128), { width: 128, height: 128 })
    assert.equal(previewSize({ width: 256, height: 127 }, 128), null)
  })
})

// What both flow families' tests ask of their tiny models besides the goldens: plain requests, an edit, and a batch of four.
import assert from 'node:assert/strict'
import type { LatentSample } from '../../models/families/denoise.ts'
import type { Model } from '../../models/families/opening.ts'
import type { SampleRequest } from '../../models/runtime/stepper.ts'
import { develop } from './sd-model.ts'

const SIZE = { width: 16, height: 16 }
export const PICTURE = { ...SIZE, rgb: Uint8Array.from({ length: 16 * 16 * 3 }, (_, i) => (i * 37) % 256) }
export const MASK = Uint8Array.from({ length: 16 * 16 }, (_, i) => (i % 16 >= 8 ? 255 : 0))

export const CAT: SampleRequest = {
  id: 'a',
  prompt: 'the red cat',
  negativePrompt: '',
  seed: 3,
  ...SIZE,
  steps: 5,
  guidanceScale: 3.5,
}

const INPAINTING = { ...CAT, id: 'd', seed: 4, start: { picture: PICTURE, mask: MASK, strength: 0.8 } }

/** Four samples, each alone and then in one batch in which they are at different steps: the same to the last bit. */
export async function expectCompanyOfFour(model: Model, own: Partial<SampleRequest>): Promise<void> {
  const requests: SampleRequest[] = [
    CAT,
    { ...CAT, id: 'b', seed: 9, prompt: 'a blue ring', steps: 7, ...own },
    { ...CAT, id: 'c', seed: 5, width: 24, guidanceScale: 1 },
    INPAINTING,
  ]
  const alone: LatentSample[] = []
  for (const request of requests) alone.push(...(await develop(model, request)))
  const [early, ...late] = await model.prepare(requests)
  assert.ok(early)
  await model.step([early])
  const together = [early, ...late]
  while (together.some(({ index, total }) => index < total)) await model.step(together)
  for (const [i, { latents }] of together.entries()) {
    assert.deepEqual(latents, alone[i]?.latents, `sample ${i}`)
    assert.notDeepEqual(latents.subarray(0, 64), together[(i + 1) % 4]?.latents.subarray(0, 64))
  }
}

/** What the mask keeps is given back byte for byte, and the rest is painted anew. */
export async function expectKept(model: Model): Promise<void> {
  const [sample] = await develop(model, INPAINTING)
  assert.ok(sample)
  const { rgb } = await model.finish(sample)
  const of = (value: number, bytes: Uint8Array) => bytes.filter((_, i) => MASK[Math.floor(i / 3)] === value)
  assert.deepEqual(of(0, rgb), of(0, PICTURE.rgb))
  const painted = of(255, rgb)
  const before = of(255, PICTURE.rgb)
  assert.ok(painted.filter((value, i) => value !== before[i]).length > 300)
}

/** The guess that the last step begins with ends where the sample ends: a preview then is the picture. */
export async function expectLastPreview(model: Model): Promise<void> {
  const [sample] = await model.prepare([{ ...CAT, steps: 3, previews: 1 }])
  assert.ok(sample)
  // No order asks for a preview after the last step: this one does.
  const spied = { ...sample, previewAt: [2, 3] }
  while (spied.index < spied.total) await model.step([spied])
  const [early, last] = [await model.preview(spied), await model.preview(spied)]
  const picture = await model.finish(spied)
  assert.ok(early && last)
  const off = (rgb: Uint8Array) => rgb.reduce((sum, value, i) => sum + Math.abs(value - (picture.rgb[i] ?? 999)), 0)
  assert.ok(off(last.picture.rgb) <= 10)
  assert.ok(off(early.picture.rgb) > 100)
}

// Latent consistency models, and what a request of Stable Diffusion's own may say of its schedule: equal to diffusers.
import assert from 'node:assert/strict'
import { cp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Model } from '../../models/families/opening.ts'
import { type Case, expectCase, readCases, requestOf } from './diffusers-cases.ts'
import { develop, openTiny, refused, withPack } from './sd-model.ts'
import { withSdxl } from './sdxl-model.ts'
import { temporaryFolder, writeManifest, writeTinyPack } from './tiny.ts'

const LCM = fileURLToPath(new URL('../goldens/tiny-lcm/', import.meta.url))
const cases = readCases('lcm.json')
const byName = (name: string): Case => cases.find((one) => one.name === name) ?? assert.fail(name)

/** tiny-sd with the UNet that was taught guidance. */
async function withLcm<T>(one: Case, use: (model: Model) => Promise<T>, unet: object = {}): Promise<T> {
  await using folder = await temporaryFolder()
  const config = JSON.parse(await readFile(join(LCM, 'unet.json'), 'utf8'))
  const json = { 'scheduler/scheduler_config.json': one.config, 'unet/config.json': { ...config, ...unet } }
  const dir = await writeTinyPack(folder.path, { json })
  await cp(join(LCM, 'unet.onnx'), join(dir, 'unet/model.onnx'))
  await writeManifest(dir, { scheduler: one.scheduler })
  await using model = await openTiny(dir)
  return await use(model)
}

describe('a model that was taught guidance equals diffusers, latents after every step and picture', () => {
  for (const one of cases)
    it(one.name, () => {
      const expect = (model: Model) => expectCase(model, one)
      if (one.twin === 'sd-lcm') return withLcm(one, expect)
      const json = { 'scheduler/scheduler_config.json': one.config }
      return withSdxl(one.twin, { json, manifest: { scheduler: one.scheduler } }, expect)
    })
})

describe('guidance that a model was taught', () => {
  it('is a row’s own: samples of different scales are in one batch as they are alone', () =>
    withLcm(byName('sd-4'), async (model) => {
      const request = requestOf(byName('sd-4'))
      const scales = [8.5, 1, 0, 4]
      const requests = scales.map((guidanceScale, i) => ({ ...request, id: `${i}`, guidanceScale }))
      const together = await develop(model, ...requests)
      for (const [i, one] of requests.entries()) {
        const [alone] = await develop(model, one)
        assert.deepEqual(together[i]?.latents, alone?.latents)
      }
      assert.notDeepEqual(together[0]?.latents, together[1]?.latents)
    }))

  it('leaves no place for a negative prompt', () =>
    withLcm(byName('sd-4'), async (model) => {
      const request = requestOf(byName('sd-4'))
      const [plain, negative] = await develop(model, request, { ...request, negativePrompt: 'a dog' })
      assert.deepEqual(negative?.latents, plain?.latents)
    }))

  it('of another width than the graph takes is refused by the field', () =>
    assert.rejects(
      withLcm(byName('sd-4'), async () => {}, { time_cond_proj_dim: 32 }),
      refused('pack_unsupported', 'time_cond_proj_dim'),
    ))
})

describe('timesteps, noise levels and guidance rescale of a request’s own equal diffusers', () => {
  for (const one of readCases('pipeline-requests.json'))
    it(one.name, () => {
      const json = { 'scheduler/scheduler_config.json': one.config }
      return withPack({ json, manifest: { scheduler: one.scheduler } }, (model) => expectCase(model, one))
    })
})

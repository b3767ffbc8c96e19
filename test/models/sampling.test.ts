// What a model takes beyond steps and guidance, told from its files, against what the open model then does and refuses.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { openModel } from '../../models/families/family.ts'
import { openPlanning, type Planned, samplingOf } from '../../models/families/sampling.ts'
import { schedulersOf } from '../../models/families/schedulers.ts'
import { ModelError } from '../../models/runtime/error.ts'
import { readPackManifest } from '../../models/runtime/pack.ts'
import type { SampleRequest } from '../../models/runtime/stepper.ts'
import { readCards } from '../../src/commands/cards.ts'
import { TINY_SD, temporaryFolder, writeTinyPack } from './tiny.ts'

const PACKS = join(TINY_SD, '..')
const OPTIONS = { provider: 'cpu', threads: 1, deviceId: 0, slotRows: null } as const

async function packIn(dir: string) {
  const pack = await readPackManifest(dir)
  if (pack.manifest.kind !== 'text-to-image') assert.fail('a text-to-image pack')
  return { pack, manifest: pack.manifest }
}

const refusalOf = async (work: () => Promise<unknown>) => {
  try {
    await work()
    return null
  } catch (error) {
    if (error instanceof ModelError && error.code === 'invalid_input') return error.field
    throw error
  }
}

const OWN: [string, SampleRequest['custom']][] = [
  ['none', undefined],
  ['timesteps', { timesteps: [900, 500, 100] }],
  ['timesteps past training', { timesteps: [1000, 500, 100] }],
  ['half a timestep', { timesteps: [900, 500.5, 100] }],
  ['sigmas', { sigmas: [0.9, 0.5, 0.2] }],
  ['sigmas past 1', { sigmas: [3, 0.5, 0.2] }],
]

describe('what a model takes of sampling', () => {
  for (const name of ['tiny-sd', 'tiny-sdxl', 'tiny-sd3', 'tiny-flux'])
    it(`is what the open model takes: ${name}`, async () => {
      const { pack, manifest } = await packIn(join(PACKS, name))
      const taken = await samplingOf(pack, manifest)
      const tryPlan = await openPlanning(pack, manifest)
      await using model = await openModel(pack, manifest, OPTIONS)
      const size = manifest.sizes.default
      const base = { id: 'a', prompt: 'a boat', negativePrompt: '', seed: 1, ...size, steps: 3, guidanceScale: 1 }
      const prepare = (more: Partial<SampleRequest>) => refusalOf(() => model.prepare([{ ...base, ...more }]))
      const syntax = await prepare({ promptSyntax: 'weighted' })
      assert.equal(syntax === null, taken.promptSyntaxes.includes('weighted'))
      assert.equal((await prepare({ trueGuidanceScale: 2 })) === null, taken.trueGuidance)
      if (taken.guidanceRescale) assert.equal(await prepare({ guidanceRescale: 0.5 }), null)
      const told: string[] = []
      for (const scheduler of await schedulersOf(pack, manifest))
        for (const [what, custom] of OWN) {
          const planned: Planned = { ...size, steps: 3, scheduler, custom }
          const refused = tryPlan(planned)?.field ?? null
          assert.equal(refused, await prepare({ scheduler, custom }), `${scheduler} with ${what}`)
          told.push(`${what}: ${refused ?? 'taken'}`)
        }
      assert.ok(told.includes('none: taken') && told.includes('timesteps past training: timesteps'))
    })

  it('draws with changed options what a pack of that configuration draws, and refuses the same by the card and the model', async () => {
    await using folder = await temporaryFolder()
    const changes = { use_karras_sigmas: true, solver_order: 3 } as const
    const scheduler = 'DPMSolverMultistepScheduler'
    const config = JSON.parse(await readFile(join(TINY_SD, 'scheduler/scheduler_config.json'), 'utf8'))
    const json = { 'scheduler/scheduler_config.json': { ...config, ...changes } }
    const asked = { id: 'a', prompt: 'a boat', negativePrompt: '', seed: 1, width: 16, height: 16, steps: 4 }
    const draw = async (dir: string, more: Partial<SampleRequest>) => {
      const { pack, manifest } = await packIn(dir)
      await using model = await openModel(pack, manifest, OPTIONS)
      const [sample] = await model.prepare([{ ...asked, guidanceScale: 5, scheduler, ...more }])
      assert.ok(sample)
      while (sample.index < sample.total) await model.step([sample])
      return (await model.finish(sample)).rgb
    }
    const changed = await draw(await writeTinyPack(folder.path), { schedulerOptions: changes })
    assert.deepEqual(changed, await draw(await writeTinyPack(folder.path, { id: 'karras', json }), {}))
    assert.notDeepEqual(changed, await draw(TINY_SD, {}))
    const { pack, manifest } = await packIn(TINY_SD)
    const tryPlan = await openPlanning(pack, manifest)
    const wrong = { euler_at_final: true }
    const planned = { ...asked, scheduler: 'DDIMScheduler', schedulerOptions: wrong } as const
    assert.equal(tryPlan(planned)?.field, 'scheduler_options')
    assert.equal(await refusalOf(() => draw(TINY_SD, planned)), 'scheduler_options')
  })

  it('has no rescale and no negative prompt where guidance is an input, as there is one prediction', async () => {
    const config = JSON.parse(await readFile(join(PACKS, 'tiny-lcm/unet.json'), 'utf8'))
    await using folder = await temporaryFolder()
    const rescales = async (unet: object) => {
      const { pack, manifest } = await packIn(await writeTinyPack(folder.path, { json: { 'unet/config.json': unet } }))
      const { guidanceRescale, negativePrompt } = await samplingOf(pack, manifest)
      return [guidanceRescale, negativePrompt]
    }
    assert.deepEqual(await rescales(config), [false, false])
    assert.deepEqual(await rescales({ ...config, time_cond_proj_dim: null }), [true, true])
  })

  it('stands on its card, which refuses a plan by its field', async () => {
    const [card] = await readCards('models/packs', 'storybook')
    assert.deepEqual(card?.promptSyntaxes, ['plain', 'weighted'])
    assert.deepEqual([card?.negativePrompt, card?.guidanceRescale, card?.trueGuidance], [true, true, false])
    const plan = { width: 128, height: 128, steps: 3 }
    const field = (more: object) => card?.refusePlan({ ...plan, scheduler: 'EulerDiscreteScheduler', ...more })?.field
    assert.equal(field({}), undefined)
    assert.equal(field({ timesteps: [900, 500, 100] }), undefined)
    assert.equal(field({ timesteps: [900, 500, 100], scheduler: 'DDIMScheduler' }), 'timesteps')
    assert.equal(field({ sigmas: [3, 2, 1], scheduler: 'HeunDiscreteScheduler' }), 'sigmas')
    assert.equal(field({ steps: 60, scheduler: 'LCMScheduler' }), 'steps')
    assert.equal(field({ scheduler: 'Magic' }), 'scheduler')
  })
})

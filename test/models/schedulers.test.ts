// What a model may be asked for: schedulers of its own kind, its own first.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { schedulersOf } from '../../models/families/schedulers.ts'
import { readPackManifest } from '../../models/runtime/pack.ts'
import { SCHEDULER_NAMES } from '../../models/schedulers/scheduler.ts'
import { openTiny, refused } from './sd-model.ts'
import { TINY_SD, temporaryFolder, writeTinyPack } from './tiny.ts'

async function schedulers(dir: string) {
  const pack = await readPackManifest(dir)
  if (pack.manifest.kind !== 'text-to-image') assert.fail('a text-to-image pack')
  return schedulersOf(pack, pack.manifest)
}

describe('the schedulers of a model', () => {
  it('are all that its configuration can be read by, its own first, and no flow for a model that is none', async () => {
    const names = await schedulers(TINY_SD)
    assert.equal(names[0], 'DDIMScheduler')
    assert.ok(names.includes('LCMScheduler') && names.includes('UniPCMultistepScheduler'))
    assert.equal(new Set(names).size, names.length)
    assert.deepEqual(
      names.filter((name) => name.startsWith('Flow')),
      [],
    )
  })

  it('are flows alone for a model that is one, and those that its pipeline can hand its noise levels to', async () => {
    const flows = SCHEDULER_NAMES.filter((name) => name.startsWith('Flow'))
    const [sd3, flux] = [
      await schedulers(join(TINY_SD, '../tiny-sd3')),
      await schedulers(join(TINY_SD, '../tiny-flux')),
    ]
    assert.deepEqual(sd3.toSorted(), flows.toSorted())
    assert.deepEqual(flux.toSorted(), flows.filter((name) => !name.includes('Heun')).toSorted())
  })

  it('are what a request may name: another is refused by name', async () => {
    await using model = await openTiny(TINY_SD)
    const request = {
      id: 'a',
      prompt: '',
      negativePrompt: '',
      seed: 1,
      width: 16,
      height: 16,
      steps: 4,
      guidanceScale: 1,
    }
    for (const scheduler of SCHEDULER_NAMES.filter((name) => name.startsWith('Flow')))
      await assert.rejects(model.prepare([{ ...request, scheduler }]), refused('invalid_input', 'scheduler'))
  })

  it('leave out those that refuse its configuration', async () => {
    await using folder = await temporaryFolder()
    const dir = await writeTinyPack(folder.path, {
      json: { 'scheduler/scheduler_config.json': { prediction_type: 'sample', timestep_spacing: 'linspace' } },
    })
    const names = await schedulers(dir)
    assert.ok(names.includes('DDIMScheduler'))
    assert.ok(!names.includes('EulerAncestralDiscreteScheduler'))
  })
})

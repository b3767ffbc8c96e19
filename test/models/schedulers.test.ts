// What a model may be asked for: schedulers of its own kind, its own first.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { schedulersOf } from '../../models/families/schedulers.ts'
import { readPackManifest } from '../../models/runtime/pack.ts'
import { SCHEDULER_NAMES } from '../../models/schedulers/scheduler.ts'
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

  it('are flows alone for a model that is one', async () => {
    const names = await schedulers(join(TINY_SD, '../tiny-flux'))
    const flows = SCHEDULER_NAMES.filter((name) => name.startsWith('Flow'))
    assert.deepEqual(names.toSorted(), flows.toSorted())
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

// A model whose graph never ends or that takes its process down: set aside after so many times in a row, while another serves.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { Fault } from '../../src/kernel/fault.ts'
import { openLog } from '../../src/kernel/log.ts'
import { failureOf } from '../../src/outcome.ts'
import { openDevice } from '../../workers/device.ts'
import { countStrikes } from '../../workers/strikes.ts'
import { FLOAT, graphOf, INT64, integer, model, op, subgraph, value, whole } from './onnx.ts'
import { temporaryFolder, writeManifest, writeTinyPack } from './tiny.ts'

const log = openLog('silent')
const CAT = {
  ...{ id: 'a', prompt: 'the red cat', negativePrompt: '', seed: 3, width: 16, height: 16, steps: 1, guidanceScale: 5 },
}
const BOOL = 9
const timeout = () => Promise.reject(new Fault('timeout', { retry: 'later' }))
const crash = (cause: string) => () =>
  Promise.reject(new Fault('model_error', { retry: 'later', facts: { crashed: true, cause } }))

const faultOf = async (work: Promise<unknown>): Promise<Fault> => {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof Fault, String(error))
  return error
}

/** A decoder that hands its latents round in a circle for as long as it lives. */
function endlessDecoder(): Buffer {
  const latents = ['batch', 4, 'height', 'width']
  const body = graphOf({
    nodes: [op('Neg', ['held'], ['turned']), op('Identity', ['on'], ['still'])],
    inputs: [value('turn', INT64, []), value('on', BOOL, [1]), value('held', FLOAT, latents)],
    outputs: [value('still', BOOL, [1]), value('turned', FLOAT, latents)],
  })
  const loop = op('Loop', ['', 'always', 'latent_sample'], ['turned_for_ever'], subgraph('body', body))
  const colours = op('Slice', ['turned_for_ever', 'from', 'to', 'axis'], ['sample'])
  return model({
    nodes: [op('Cast', ['one'], ['always'], integer('to', BOOL)), loop, colours],
    inputs: [value('latent_sample', FLOAT, latents)],
    outputs: [value('sample', FLOAT, ['batch', 3, 'height', 'width'])],
    initialisers: [whole('one', 1), whole('from', 0), whole('to', 3), whole('axis', 1)],
  })
}

describe('strikes', () => {
  function striking(limit = 3) {
    const clock = { now: 1000 }
    return { clock, strikes: countStrikes({ limit, asideMs: 600 }, log, () => clock.now) }
  }

  it('set a pack aside that ended its process so many times in a row, and that one alone', async () => {
    const { strikes } = striking()
    for (const end of [timeout, crash('SIGSEGV'), crash('exit code 134')])
      assert.notEqual((await faultOf(strikes.watch('bad', end))).facts.setAside, true)
    const refused = await faultOf(strikes.watch('bad', async () => assert.fail('it was asked')))
    assert.deepEqual(
      [refused.code, refused.retry, refused.facts],
      ['model_error', 'never', { packId: 'bad', setAside: true }],
    )
    assert.equal(await strikes.watch('good', async () => 'drawn'), 'drawn')
  })

  it('are forgotten after a success', async () => {
    const { strikes } = striking(2)
    await faultOf(strikes.watch('slow', timeout))
    await strikes.watch('slow', async () => undefined)
    await faultOf(strikes.watch('slow', timeout))
    assert.equal(await strikes.watch('slow', async () => 'drawn'), 'drawn')
  })

  it('do not count what came from outside, nor what the process lived through', async () => {
    const { strikes } = striking(1)
    const others = ['nan', 'out_of_memory', 'cancelled', 'inference_down', 'invalid_request'] as const
    const faults = others.map((code) => () => Promise.reject(new Fault(code)))
    for (const end of [crash('SIGKILL'), crash('SIGTERM'), crash('exit code 0'), ...faults])
      await faultOf(strikes.watch('unlucky', end))
    assert.equal(await strikes.watch('unlucky', async () => 'drawn'), 'drawn')
  })

  it('are decided again by one try when the time is over', async () => {
    const { strikes, clock } = striking(2)
    await faultOf(strikes.watch('bad', timeout))
    await faultOf(strikes.watch('bad', timeout))
    clock.now += 599
    assert.equal((await faultOf(strikes.watch('bad', timeout))).facts.setAside, true)
    clock.now += 1
    assert.equal((await faultOf(strikes.watch('bad', timeout))).code, 'timeout')
    assert.equal((await faultOf(strikes.watch('bad', timeout))).facts.setAside, true)
    clock.now += 600
    assert.equal(await strikes.watch('bad', async () => 'drawn'), 'drawn')
  })
})

describe('a graph that never ends', () => {
  it('costs the device its deadlines, and then nothing; what came after it is drawn by the other model', async () => {
    await using folder = await temporaryFolder()
    await writeTinyPack(folder.path)
    const dir = await writeTinyPack(folder.path, { id: 'endless' })
    await writeFile(join(dir, 'vae_decoder/model.onnx'), endlessDecoder())
    await writeManifest(dir, { id: 'endless' })
    await using device = await openDevice({
      ...{ packsDir: folder.path, provider: 'cpu', threads: 1, log, stepDeadlineMs: () => 1500 },
      strikes: { limit: 2, asideMs: 60_000 },
    })
    const drawn = (packId: string) => device.generate({ packId, samples: [CAT] })
    for (const _ of [1, 2]) assert.equal((await faultOf(drawn('endless'))).code, 'timeout')
    assert.equal((await drawn('tiny-sd')).length, 1)
    const { pid } = device
    const refused = await faultOf(drawn('endless'))
    assert.deepEqual([refused.facts.setAside, refused.retry, failureOf(refused)], [true, 'never', 'model_error'])
    assert.equal((await drawn('tiny-sd')).length, 1)
    assert.equal(device.pid, pid)
  })
})

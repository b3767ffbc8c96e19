// The device and its child, with a real process and the tiny model: what arrives, what is refused, and what a kill does.
// Slower than unit tests: it starts processes.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { openSd } from '../../models/families/sd-pack.ts'
import { readPackManifest } from '../../models/runtime/pack.ts'
import type { SampleRequest } from '../../models/runtime/stepper.ts'
import { Fault, type FaultCode } from '../../src/kernel/fault.ts'
import { openLog } from '../../src/kernel/log.ts'
import { type Device, type DeviceOptions, openDevice } from '../../workers/device.ts'
import { TINY_SD, temporaryFolder, writeTinyPack } from './tiny.ts'

const CAT: SampleRequest = {
  id: 'a',
  prompt: 'the red cat',
  negativePrompt: '',
  seed: 3,
  width: 16,
  height: 16,
  steps: 5,
  guidanceScale: 5,
}
const LONG = { packId: 'tiny-sd', samples: [{ ...CAT, steps: 900 }] }
const log = openLog('silent')

const fault =
  (code: FaultCode, facts: Record<string, unknown> = {}) =>
  (error: unknown) => {
    assert.ok(error instanceof Fault, String(error))
    assert.equal(error.code, code, error.message)
    for (const [name, value] of Object.entries(facts)) assert.equal(error.facts[name], value, name)
    return true
  }

function open(packsDir: string, options: Partial<DeviceOptions> = {}): Promise<Device> {
  return openDevice({ packsDir, provider: 'cpu', threads: 1, log, stepDeadlineMs: () => 20_000, ...options })
}

/** Resolves once the job has taken a step. */
function underWay(device: Device, signal?: AbortSignal) {
  const first = Promise.withResolvers<void>()
  const job = device.generate(LONG, { onStep: () => first.resolve(), ...(signal ? { signal } : {}) })
  job.catch(() => {})
  return { first: first.promise, job }
}

describe('a device', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let device: Device
  before(async () => {
    process.env.DARKROOM_TEST_SECRET = 'never passed on'
    folder = await temporaryFolder()
    await writeTinyPack(folder.path)
    const late = { 'scheduler/scheduler_config.json': { timestep_spacing: 'trailing' } }
    await writeTinyPack(folder.path, { id: 'late-nan', dialects: { 'unet/model.onnx': 'unet-nan.onnx' }, json: late })
    device = await open(folder.path)
  })
  after(async () => {
    await device[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })

  it('says which packs it holds and what serves them', () => {
    const { provider, packs } = device.packs()
    assert.deepEqual(provider, { provider: 'cpu', why: 'cpu was configured' })
    assert.deepEqual(
      packs.map(({ manifest }) => manifest.id),
      ['late-nan', 'tiny-sd'],
    )
    assert.ok(packs.every(({ digest }) => /^[0-9a-f]{64}$/.test(digest)))
  })

  it('delivers the very picture that the model makes in this process, and each step', async () => {
    const pack = await readPackManifest(TINY_SD)
    assert.ok(pack.manifest.kind === 'text-to-image')
    await using model = await openSd(pack, pack.manifest, { provider: 'cpu', threads: 1 })
    const [sample] = await model.prepare([CAT])
    assert.ok(sample)
    while (sample.index < sample.total) await model.step([sample])
    const expected = await model.finish(sample)

    const steps: string[] = []
    const delivered: string[] = []
    const pictures = await device.generate(
      { packId: 'tiny-sd', samples: [CAT, { ...CAT, id: 'b', seed: 8, steps: 2 }] },
      {
        onStep: ({ sampleId, index, total }) => steps.push(`${sampleId} ${index}/${total}`),
        onPicture: ({ id }) => void delivered.push(id),
      },
    )
    assert.deepEqual(pictures[0], expected)
    assert.deepEqual(steps, ['a 1/5', 'b 1/2', 'a 2/5', 'b 2/2', 'a 3/5', 'a 4/5', 'a 5/5'])
    // The short one did not wait for the long one; the result is in the order of the request.
    assert.deepEqual(delivered, ['b', 'a'])
    assert.deepEqual(
      pictures.map(({ id }) => id),
      ['a', 'b'],
    )
  })

  it('refuses what the model cannot do, by field, and an unknown model', async () => {
    await assert.rejects(device.generate({ packId: 'nothing', samples: [CAT] }), fault('model_unknown'))
    await assert.rejects(
      device.classify('tiny-sd', { width: 1, height: 1, rgb: new Uint8Array(3) }),
      fault('model_unknown'),
    )
    await assert.rejects(device.generate({ packId: 'tiny-sd', samples: [CAT, CAT] }), fault('invalid_request'))
    assert.deepEqual(await device.generate({ packId: 'tiny-sd', samples: [] }), [])
    const wide = device.generate({ packId: 'tiny-sd', samples: [{ ...CAT, width: 4096 }] })
    await assert.rejects(
      wide,
      (error) => fault('invalid_request')(error) && error instanceof Fault && error.field === 'size',
    )
  })

  it('fails the sample whose numbers are none, and delivers the others', async () => {
    const delivered: string[] = []
    const failed: string[] = []
    const job = device.generate(
      { packId: 'late-nan', samples: [CAT, { ...CAT, id: 'b', steps: 1 }] },
      {
        onPicture: ({ id }) => void delivered.push(id),
        onFailure: (id, { code }) => void failed.push(`${id} ${code}`),
      },
    )
    await assert.rejects(job, fault('nan', { sampleId: 'a' }))
    assert.deepEqual([delivered, failed], [['b'], ['a nan']])
  })

  it('cancels at a step, and serves the next command', async () => {
    const abort = new AbortController()
    const { first, job } = underWay(device, abort.signal)
    await first
    abort.abort()
    await assert.rejects(job, fault('cancelled'))
    assert.equal((await device.generate({ packId: 'tiny-sd', samples: [CAT] })).length, 1)
  })

  it('cancels at once what still waits in line, without the child hearing of it', async () => {
    const running = new AbortController()
    const { first, job } = underWay(device, running.signal)
    await first
    const waiting = new AbortController()
    const steps: number[] = []
    const second = device.generate(LONG, { signal: waiting.signal, onStep: ({ index }) => void steps.push(index) })
    waiting.abort()
    await assert.rejects(second, fault('cancelled'))
    await assert.rejects(device.generate(LONG, { signal: AbortSignal.abort() }), fault('cancelled'))
    running.abort()
    await assert.rejects(job, fault('cancelled'))
    await device.generate({ packId: 'tiny-sd', samples: [CAT] })
    assert.deepEqual(steps, [])
  })

  it("makes a picture's rejection the outcome of its job", async () => {
    const refusal = new Error('the store is full')
    const samples = [
      { ...CAT, steps: 1 },
      { ...CAT, id: 'b', steps: 900 },
    ]
    const job = device.generate({ packId: 'tiny-sd', samples }, { onPicture: () => Promise.reject(refusal) })
    await assert.rejects(job, refusal)
  })

  it('answers commands in the order in which they were given', async () => {
    const order: string[] = []
    const one = (id: string, steps: number) =>
      device.generate({ packId: 'tiny-sd', samples: [{ ...CAT, id, steps }] }).then(() => order.push(id))
    await Promise.all([one('slow', 40), one('quick', 1), one('last', 1)])
    assert.deepEqual(order, ['slow', 'quick', 'last'])
  })

  it('outlives its child: kill -9 fails the command in flight as a crash, the next one finds a new child', async () => {
    const { first, job } = underWay(device)
    await first
    const { pid } = device
    assert.ok(pid !== null)
    const next = device.generate({ packId: 'tiny-sd', samples: [CAT] })
    process.kill(pid, 'SIGKILL')
    await assert.rejects(job, fault('model_error', { crashed: true, cause: 'SIGKILL' }))
    assert.equal((await next).length, 1)
    assert.notEqual(device.pid, pid)
    assert.ok(device.pid !== null)
  })

  it('gives its child nothing of this process but where libraries lie', {
    skip: process.platform !== 'linux',
  }, async () => {
    const environment = await readFile(`/proc/${device.pid}/environ`, 'latin1')
    const names = environment.split('\0').map((entry) => entry.split('=')[0] ?? '')
    assert.ok(names.includes('PATH'))
    assert.deepEqual(
      names.filter((name) => /DARKROOM|KEY|SECRET|TOKEN|AWS|DATABASE/.test(name)),
      [],
    )
  })
})

describe('a device whose child is silent', () => {
  it('kills it at the deadline, and goes on with another', async () => {
    await using folder = await temporaryFolder()
    await writeTinyPack(folder.path)
    const costs: unknown[] = []
    await using device = await open(folder.path, {
      stepDeadlineMs: (cost) => {
        costs.push(cost)
        return 1500
      },
    })
    const { first, job } = underWay(device)
    await first
    const { pid } = device
    assert.ok(pid !== null)
    // Stopped: alive, and as mute as a hung driver.
    process.kill(pid, 'SIGSTOP')
    await assert.rejects(job, fault('timeout', { deadlineMs: 1500 }))
    assert.equal((await device.generate({ packId: 'tiny-sd', samples: [CAT] })).length, 1)
    assert.notEqual(device.pid, pid)
    assert.equal(isAlive(pid), false)
    assert.deepEqual(costs[0], { kind: 'generate', packId: 'tiny-sd', samples: 1, pixels: 256 })
  })
})

describe('a device does not start', () => {
  it('on a pack with a changed file: the fault names it, with both digests', async () => {
    await using folder = await temporaryFolder()
    const dir = await writeTinyPack(folder.path)
    await writeFile(join(dir, 'tokenizer/merges.txt'), '#version: 0.2\n')
    await assert.rejects(open(folder.path), (error) => {
      fault('pack_corrupt')(error)
      assert.ok(error instanceof Fault)
      assert.match(String(error.facts.file), /merges\.txt$/)
      assert.match(String(error.facts.digest), /^[0-9a-f]{64}$/)
      assert.match(String(error.facts.expectedDigest), /^[0-9a-f]{64}$/)
      return true
    })
  })

  it('without packs, or on a provider that cannot serve', async () => {
    await using folder = await temporaryFolder()
    await assert.rejects(open(join(folder.path, 'nowhere')), fault('pack_missing'))
    await using device = await open(folder.path, { provider: 'auto' })
    if (device.packs().provider.provider !== 'cuda')
      await assert.rejects(open(folder.path, { provider: 'cuda' }), fault('model_error'))
  })
})

describe('an inference child', () => {
  it('ends when the process that started it is killed', async () => {
    await using folder = await temporaryFolder()
    await writeTinyPack(folder.path)
    const program = `
      import { openDevice } from ${JSON.stringify(import.meta.resolve('../../workers/device.ts'))}
      import { openLog } from ${JSON.stringify(import.meta.resolve('../../src/kernel/log.ts'))}
      const device = await openDevice({ packsDir: process.argv[1], provider: 'cpu', threads: 1, log: openLog('silent'), stepDeadlineMs: () => 20000 })
      console.log(device.pid)
      setInterval(() => {}, 1000)`
    const parent = spawn(process.execPath, ['--input-type=module', '-e', program, folder.path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(parent.stdout, 'data')
    const pid = Number(String(line).trim())
    assert.ok(isAlive(pid))
    parent.kill('SIGKILL')
    for (let waited = 0; isAlive(pid) && waited < 5000; waited += 20) await pause(20)
    assert.equal(isAlive(pid), false)
  })

  it('is gone when its device is disposed of, and what was in flight says so', async () => {
    await using folder = await temporaryFolder()
    await writeTinyPack(folder.path)
    const device = await open(folder.path)
    const { pid } = device
    assert.ok(pid !== null)
    const { first, job } = underWay(device)
    await first
    await device[Symbol.asyncDispose]()
    assert.equal(isAlive(pid), false)
    await assert.rejects(job, fault('inference_down'))
    await assert.rejects(device.generate(LONG), fault('inference_down'))
  })
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

// `darkroom models prepare` and `bench` as somebody types them: what they print, and that they end by themselves.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { temporaryFolder, writeTinyPack } from './tiny.ts'

describe('darkroom models', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  before(async () => {
    folder = await temporaryFolder()
    await writeTinyPack(folder.path, { id: 'mine', dialects: { 'unet/model.onnx': 'unet-scalar.onnx' } })
  })
  after(() => folder[Symbol.asyncDispose]())

  const darkroom = (...args: string[]) => darkroomOn('cpu', ...args)

  async function darkroomOn(provider: string, ...args: string[]) {
    const child = spawn(process.execPath, ['src/main.ts', 'models', ...args], {
      env: {
        PATH: process.env.PATH,
        ...{ DARKROOM_PACKS_DIR: folder.path, DARKROOM_DEFAULT_MODEL: 'mine' },
        ...{ DARKROOM_PROVIDER: provider, DARKROOM_THREADS: '1' },
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    return { code, stdout, stderr }
  }

  it('prepares a model beside itself, says what it did, and lists of which it was made', async () => {
    const { code, stdout, stderr } = await darkroom('prepare', 'mine')
    assert.equal(code, 0, stderr)
    assert.match(stdout, /^timestep: a scalar made a timestep a row.*\nIt draws what the other draws, to the last bit/)
    assert.match(stdout, /mine-prepared: made in .*; mine stays as it is\.\n$/)
    assert.match(
      (await darkroom('list')).stdout,
      /mine-prepared .*\n {2}prepared from mine \(sha256 [0-9a-f]{12}\): time/,
    )
    const again = await darkroom('prepare', 'mine')
    assert.equal(again.code, 1)
    assert.match(again.stderr, /mine-prepared is here already; give another name with --as.*\[invalid_request\]/)
    assert.deepEqual((await readdir(folder.path)).sort(), ['.preparing', 'mine', 'mine-prepared'])
  })

  it('refuses what it cannot do anything with', async () => {
    for (const [args, said] of [
      [['prepare'], /ID/],
      [['prepare', 'nothing'], /there is no pack nothing; there are mine/],
      [['prepare', 'mine', '--keep'], /--keep/],
      [['prepare', 'mine', '--steps', '4'], /--steps/],
      [['prepare', 'mine', '--prompt', 'a cat'], /--prompt/],
      [['prepare', 'mine-prepared', '--as', 'more'], /nothing to prepare/],
      [['prepare', 'mine-prepared', '--int8', '--as', 'more'], /nothing to make int8/],
      [['prepare', 'mine', '--int8', '--steps', '0', '--as', 'more'], /--steps/],
      [['bench', 'nothing'], /there is no pack nothing/],
      [['bench', 'mine', '--batch', '1,x'], /--batch/],
      [['bench', 'mine', '--rounds', '0'], /--rounds/],
    ] as const) {
      const { code, stderr } = await darkroom(...args)
      assert.equal(code, 1, args.join(' '))
      assert.match(stderr, said)
      assert.match(stderr, /\[(invalid_request|pack_corrupt)\]/)
    }
  })

  it('tries providers without a word of theirs, and says why one that was configured cannot serve', async () => {
    const order = ['bench', 'mine', '--steps', '1', '--batch', '1', '--rounds', '1']
    const auto = await darkroomOn('auto', ...order)
    assert.equal(auto.code, 0, auto.stderr)
    assert.equal(auto.stderr, '')
    const cuda = await darkroomOn('cuda', ...order)
    // A machine with such a device serves; any other says why not, in one line.
    if (cuda.code !== 0)
      assert.match(cuda.stderr, /^darkroom: cuda was configured and cannot serve: .* \[model_error\]\n$/)
  })

  it('measures a model by batch, for people and for programs', async () => {
    const order = ['bench', 'mine-prepared', '--steps', '2', '--batch', '1,2', '--rounds', '2']
    const table = await darkroom(...order)
    assert.equal(table.code, 0, table.stderr)
    assert.match(
      table.stdout,
      /^mine-prepared, 16x16, 2 steps, float32; cpu \(cpu was configured\), 1 threads, onnxruntime-node .*\n *pictures .*\n +1 .*\n +2 .*\nmedians of 2 rounds .* at the peak \d+ MB\n$/,
    )
    const { rows, ...rest } = JSON.parse((await darkroom(...order, '--json')).stdout)
    assert.deepEqual(
      [rest.model, rest.steps, rest.rounds, rest.provider, rest.threads],
      ['mine-prepared', 2, 2, 'cpu', 1],
    )
    assert.deepEqual(
      rows.map((row: { batch: number }) => row.batch),
      [1, 2],
    )
    for (const row of rows) {
      assert.ok(row.stepRunMs > 0 && row.stepOutsideMs > 0)
      assert.ok(row.secondsPerPicture * 1000 * row.batch > row.stepMs)
      assert.ok(row.memoryBytes > 1e7 && rest.peakBytes >= 1e7)
    }
  })
})

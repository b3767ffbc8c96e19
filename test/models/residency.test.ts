// The inference child under a budget of memory: models make room for each other, and a picture is what it was before.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { openLog } from '../../src/kernel/log.ts'
import { spawnInference } from '../../workers/inference-child.ts'
import type { Command, FinalAnswer, ModelMemory } from '../../workers/inference-protocol.ts'
import { temporaryFolder, writeTinyPack } from './tiny.ts'

const MODELS = ['model-a', 'model-b', 'model-c']
const ASK = { deadlineMs: 60_000 }

describe('an inference child under a budget', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  before(async () => {
    folder = await temporaryFolder()
    for (const id of MODELS) await writeTinyPack(folder.path, { id })
  })
  after(() => folder[Symbol.asyncDispose]())

  /** A child with these models, what it said of them, and a way to draw; the bytes of each picture by model. */
  async function open(memory: ModelMemory, slotRows?: number) {
    const child = spawnInference(openLog('silent'))
    let number = 0
    const ask = async (command: Exclude<Command, { type: 'cancel' }>, pictures: Uint8Array[] = []) => {
      const onAnswer = (answer: { type: string }) => {
        if (answer.type === 'picture' && 'picture' in answer) pictures.push(Object(answer.picture).rgb)
      }
      return child.ask(command, { ...ASK, onAnswer })
    }
    const loaded = await ask({
      ...{ type: 'load', command: ++number, packsDir: folder.path, provider: 'cpu', threads: 1, deviceId: 0, memory },
      ...(slotRows === undefined ? {} : { slotRows }),
    })
    return {
      loaded: expect(loaded, 'loaded'),
      async draw(packId: string) {
        const pictures: Uint8Array[] = []
        const sample = { prompt: 'the red cat', negativePrompt: '', width: 16, height: 16, steps: 4, guidanceScale: 5 }
        const samples = [1, 2, 3].map((seed) => ({ ...sample, id: `${seed}`, seed }))
        const answer = await ask({ type: 'generate', command: ++number, packId, samples, previewSide: 1 }, pictures)
        return { pictures, resident: idsOf(expect(answer, 'generated')) }
      },
      [Symbol.asyncDispose]: () => child.stop(),
    }
  }

  it('keeps every model open without one', async () => {
    await using child = await open({})
    assert.deepEqual(idsOf(child.loaded), MODELS)
    const { resident } = await child.draw('model-b')
    assert.deepEqual(resident, ['model-a', 'model-c', 'model-b'])
  })

  it('closes the one not used for longest, opens it again when asked, and draws the same', async () => {
    await using rich = await open({})
    const [wanted] = (await rich.draw('model-a')).pictures
    const most = Math.max(...rich.loaded.resident.map(({ bytes }) => bytes))
    await using poor = await open({ budgetBytes: 2 * most, pinned: ['model-c'] })
    assert.ok(idsOf(poor.loaded).length < MODELS.length)
    assert.equal(poor.loaded.packs.length, MODELS.length)
    for (const id of ['model-a', 'model-b', 'model-a']) {
      const { pictures, resident } = await poor.draw(id)
      assert.deepEqual(pictures[0], wanted)
      assert.ok(resident.includes('model-c') && resident.at(-1) === id)
    }
  })

  it('refuses a model that does not fit beside the pinned ones, and serves the others', async () => {
    await using child = await open({ budgetBytes: 1, pinned: MODELS.slice(0, 1) })
    assert.deepEqual(
      child.loaded.refused.map(({ id, failure }) => [id, failure.code]),
      [
        ['model-b', 'out_of_memory'],
        ['model-c', 'out_of_memory'],
        ['model-a', 'out_of_memory'],
      ],
    )
  })

  it('does not start with the name of a model to keep open that is not there', async () => {
    await assert.rejects(open({ pinned: ['model-a', 'model-d'] }), /model-d.*DARKROOM_MODEL_PINNED/)
  })

  it('closes what nobody used for its time, and draws with it again', async () => {
    await using child = await open({ idleMs: 50, pinned: ['model-c'] })
    for (let tries = 0; ; tries++) {
      await pause(60)
      const { resident } = await child.draw('model-c')
      if (resident.length === 1) break
      assert.ok(tries < 100, `still open: ${resident.join(', ')}`)
    }
    const { pictures, resident } = await child.draw('model-a')
    assert.deepEqual([pictures.length, resident], [3, ['model-c', 'model-a']])
  })

  it('draws the same in slots of any number of rows', async () => {
    await using free = await open({})
    const wanted = (await free.draw('model-a')).pictures
    for (const slotRows of [1, 4, 16]) {
      await using child = await open({}, slotRows)
      assert.deepEqual((await child.draw('model-a')).pictures, wanted)
    }
  })
})

function idsOf({ resident }: { resident: readonly { id: string }[] }): string[] {
  return resident.map(({ id }) => id)
}

function expect<const T extends FinalAnswer['type']>(answer: FinalAnswer, type: T): Extract<FinalAnswer, { type: T }> {
  if (answer.type !== type) assert.fail(`expected ${type}, got ${JSON.stringify(answer)}`)
  return Object(answer)
}

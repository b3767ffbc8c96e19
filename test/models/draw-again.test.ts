// A request that ran out of memory: drawn once more when other models were closed, and told as failed when there is nothing to close.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Model } from '../../models/families/opening.ts'
import { ModelError } from '../../models/runtime/error.ts'
import type { SampleRequest } from '../../models/runtime/stepper.ts'
import { type Drawing, drawAll, type Models } from '../../workers/inference-models.ts'
import { openTiny } from './sd-model.ts'
import { TINY_SD } from './tiny.ts'

const REQUESTS: SampleRequest[] = ['a', 'b', 'c'].map((id, i) => ({
  ...{ id, prompt: 'the red cat', negativePrompt: '', seed: i, width: 16, height: 16, steps: 4, guidanceScale: 5 },
}))

/** The tiny model on a machine with room for so many decodings while another model is open, and for all when it is closed. */
async function machine({ room, others, at }: { room: number; others: string[]; at: 'prepare' | 'finish' }) {
  const tiny = await openTiny(TINY_SD)
  let used = 0
  const outOfMemory = () => new ModelError('out_of_memory', 'vae_decoder: out of memory')
  const crowded = () => others.length > 0 && used++ >= room
  const model: Model = {
    ...tiny,
    async prepare(requests) {
      if (at === 'prepare' && crowded()) throw outOfMemory()
      return tiny.prepare(requests)
    },
    async finish(sample) {
      if (at === 'finish' && crowded()) throw outOfMemory()
      return tiny.finish(sample)
    },
  }
  const closed: string[][] = []
  const models: Models = {
    get: async () => model,
    has: () => true,
    resident: () => [],
    closeIdle: async () => [],
    async closeOthers() {
      const gone = others.splice(0)
      closed.push(gone)
      return gone
    },
    [Symbol.asyncDispose]: () => tiny[Symbol.asyncDispose](),
  }
  return { models, closed }
}

function listener() {
  const told: string[] = []
  const pictures = new Map<string, Uint8Array>()
  const drawing: Drawing = {
    onStep: () => undefined,
    async onPicture(picture) {
      told.push(`picture ${picture.id}`)
      pictures.set(picture.id, picture.rgb)
    },
    async onFailure(sampleId, error) {
      told.push(`${sampleId} ${error instanceof ModelError ? error.code : 'unknown'}`)
    },
    preview: async () => undefined,
    isCancelled: () => false,
  }
  return { drawing, told, pictures }
}

describe('what ran out of memory', () => {
  for (const at of ['finish', 'prepare'] as const)
    it(`while others were open is drawn again without them, and is the same picture (${at})`, async () => {
      const alone = await machine({ room: Infinity, others: [], at })
      const wanted = listener()
      await drawAll(alone.models, 'tiny-sd', REQUESTS, wanted.drawing)
      await alone.models[Symbol.asyncDispose]()
      await using crowded = (await machine({ room: at === 'finish' ? 1 : 0, others: ['big'], at })).models
      const { drawing, told, pictures } = listener()
      assert.equal(await drawAll(crowded, 'tiny-sd', REQUESTS, drawing), true)
      assert.deepEqual(told.toSorted(), ['picture a', 'picture b', 'picture c'])
      assert.deepEqual(pictures, new Map(Array.from(wanted.pictures).toSorted(([a], [b]) => (a < b ? -1 : 1))))
    })

  it('with nothing to close is told, each by itself, and the others have their pictures', async () => {
    const { models, closed } = await machine({ room: Infinity, others: [], at: 'finish' })
    await using open = models
    const model = await open.get('tiny-sd')
    const poor: Models = {
      ...open,
      get: async () => ({
        ...model,
        finish: async (sample) => {
          if (sample.id === 'b') throw new ModelError('out_of_memory', 'vae_decoder: out of memory')
          return model.finish(sample)
        },
      }),
    }
    const { drawing, told } = listener()
    assert.equal(await drawAll(poor, 'tiny-sd', REQUESTS, drawing), true)
    assert.deepEqual(told, ['picture a', 'picture c', 'b out_of_memory'])
    assert.deepEqual(closed, [[]])
  })

  it('a second time is told, and not tried for ever', async () => {
    const { models } = await machine({ room: 0, others: ['one'], at: 'finish' })
    await using open = models
    const stubborn: Models = {
      ...open,
      get: async (id) => ({
        ...(await open.get(id)),
        finish: async () => {
          throw new ModelError('out_of_memory', 'vae_decoder: out of memory')
        },
      }),
    }
    const { drawing, told } = listener()
    await drawAll(stubborn, 'tiny-sd', REQUESTS, drawing)
    assert.deepEqual(told, ['a out_of_memory', 'b out_of_memory', 'c out_of_memory'])
  })

  it('is nothing of any other trouble', async () => {
    const { models, closed } = await machine({ room: Infinity, others: ['one'], at: 'finish' })
    await using open = models
    const broken: Models = {
      ...open,
      get: async (id) => ({
        ...(await open.get(id)),
        finish: async () => {
          throw new ModelError('nan', 'the decoder returned values that are not numbers')
        },
      }),
    }
    const { drawing, told } = listener()
    await drawAll(broken, 'tiny-sd', REQUESTS, drawing)
    assert.deepEqual([told, closed], [['a nan', 'b nan', 'c nan'], []])
  })
})

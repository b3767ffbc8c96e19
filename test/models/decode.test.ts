// Decoding where a whole picture does not fit, and where float16 overflowed: diffusers' tiles, and the way down to them.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { decode, type Tiling } from '../../models/families/decode.ts'
import { ModelError } from '../../models/runtime/error.ts'
import { openModule } from '../../models/runtime/sessions.ts'
import type { Feed, Output } from '../../models/runtime/tensors.ts'
import { deviation, floats, worst } from './parity.ts'
import { TINY_SD } from './tiny.ts'

const golden: { tile: number; factor: number; latents: string; image: string } = JSON.parse(
  readFileSync(new URL('../goldens/tiling.json', import.meta.url), 'utf8'),
)
const LATENTS: Output = { values: floats(golden.latents), dims: [1, 4, 13, 10] }
const TILES: Tiling = { tileLatents: golden.tile, factor: golden.factor, fromLatents: 0 }

function openDecoder() {
  return openModule(join(TINY_SD, 'vae_decoder/model.onnx'), { provider: 'cpu', threads: 1 })
}

type Sides = [height: number, width: number]

/** A decoder that runs out of memory above so many latents, and remembers what it was asked for. */
function small(decoder: { run: (feeds: Record<string, Feed>) => Promise<ReadonlyMap<string, Output>> }, most: number) {
  const asked: Sides[] = []
  return {
    asked,
    async run(feeds: Readonly<Record<string, Feed>>) {
      const [, , height = 0, width = 0] = feeds.latent_sample?.dims ?? []
      asked.push([height, width])
      if (height * width > most) throw new ModelError('out_of_memory', 'vae_decoder: out of memory')
      return decoder.run(feeds)
    },
  }
}

/** Gives every pixel the same value. */
function flat(value: number) {
  return {
    async run(feeds: Readonly<Record<string, Feed>>): Promise<ReadonlyMap<string, Output>> {
      const [, , height = 0, width = 0] = feeds.latent_sample?.dims ?? []
      const dims = [1, 3, height * golden.factor, width * golden.factor]
      return new Map([['sample', { values: new Float32Array(dims.reduce((a, b) => a * b)).fill(value), dims }]])
    },
  }
}

describe('a picture in tiles', () => {
  it("is diffusers' picture in tiles", async () => {
    await using decoder = await openDecoder()
    const image = await decode({ decoder, float32: null, tiling: TILES }, LATENTS)
    const wanted = floats(golden.image)
    assert.deepEqual(image.dims, [1, 3, 26, 20])
    assert.ok(worst(image.values, wanted) / deviation(wanted) < 1e-4)
  })

  it('is decoded whole below the size from which tiles come first', async () => {
    await using decoder = await openDecoder()
    const counted = small(decoder, Infinity)
    for (const [fromLatents, calls] of [
      [131, 1],
      [130, 6],
    ] as const) {
      counted.asked.length = 0
      await decode({ decoder: counted, float32: null, tiling: { ...TILES, fromLatents } }, LATENTS)
      assert.equal(counted.asked.length, calls)
    }
  })

  it('is what comes when a whole one ran out of memory, and equals the same tiles', async () => {
    await using decoder = await openDecoder()
    const poor = small(decoder, 64)
    const image = await decode({ decoder: poor, float32: null, tiling: { ...TILES, fromLatents: Infinity } }, LATENTS)
    assert.deepEqual(poor.asked[0], [13, 10])
    assert.deepEqual(image, await decode({ decoder, float32: null, tiling: TILES }, LATENTS))
  })

  it('of half the side is tried where a usual tile would be the whole picture', async () => {
    await using decoder = await openDecoder()
    const poor = small(decoder, 64)
    const tiling = { ...TILES, tileLatents: 64, fromLatents: Infinity }
    const image = await decode({ decoder: poor, float32: null, tiling }, LATENTS)
    assert.deepEqual(
      [poor.asked[1], image.dims],
      [
        [8, 8],
        [1, 3, 26, 20],
      ],
    )
  })

  it('that is too small to help leaves the trouble as it is', async () => {
    const latents: Output = { values: new Float32Array(4 * 16), dims: [1, 4, 4, 4] }
    const tiling = { ...TILES, fromLatents: Infinity }
    await assert.rejects(
      decode({ decoder: small(flat(0), 1), float32: null, tiling }, latents),
      (error) => error instanceof ModelError && error.code === 'out_of_memory',
    )
  })
})

describe('a decoder whose numbers are none', () => {
  it('is followed by the one in float32, once', async () => {
    let opened = 0
    const float32 = async () => {
      opened++
      return flat(0.25)
    }
    const image = await decode({ decoder: flat(Number.NaN), float32, tiling: TILES }, LATENTS)
    assert.deepEqual([image.values[0], opened], [0.25, 1])
    await decode({ decoder: flat(1), float32, tiling: TILES }, LATENTS)
    assert.equal(opened, 1)
  })

  it('fails by name where there is no other, or the other is no better', async () => {
    for (const float32 of [null, async () => flat(Number.POSITIVE_INFINITY)])
      await assert.rejects(
        decode({ decoder: flat(Number.NaN), float32, tiling: TILES }, LATENTS),
        (error) => error instanceof ModelError && error.code === 'nan' && error.field === 'image',
      )
  })
})

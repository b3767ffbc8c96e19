// Noise, tokens, element types, providers, classifiers: the parts under a family, at their edges.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { preprocess } from '../../models/classifiers/multi-label.ts'
import { score } from '../../models/classifiers/scores.ts'
import { type ClipTokenizer, openClipTokenizer } from '../../models/prompts/clip-tokenizer.ts'
import { asModelError, ModelError } from '../../models/runtime/error.ts'
import { seedNoise } from '../../models/runtime/noise.ts'
import { readPackManifest } from '../../models/runtime/pack.ts'
import { chooseProvider, openModule, type Provider } from '../../models/runtime/sessions.ts'
import { allFinite, encode, fromHalf, toHalf } from '../../models/runtime/tensors.ts'
import { floats, worst } from '../models/parity.ts'
import { TINY_SD, temporaryFolder, writeTinyPack } from '../models/tiny.ts'

const read = (name: string) => JSON.parse(readFileSync(new URL(`../goldens/${name}`, import.meta.url), 'utf8'))

describe("torch's randn", () => {
  type Draw = { n: number; values: string }
  const golden: {
    cases: (Draw & { seed: number; stride: number; sum: number })[]
    calls: { seed: number; draws: Draw[] }[]
  } = read('randn.json')

  it('is equal to 1e-6 for every seed and length of the golden', () => {
    for (const { seed, n, stride, values, sum } of golden.cases) {
      const drawn = seedNoise(seed).randn(n)
      const kept = drawn.filter((_, i) => i % stride === 0)
      assert.ok(worst(kept, floats(values)) < 1e-6, `seed ${seed}, n ${n}`)
      assert.ok(Math.abs(drawn.reduce((a, x) => a + x, 0) - sum) < 1e-6 * n + 1e-6, `sum of seed ${seed}, n ${n}`)
    }
  })

  it('continues over several draws of one generator', () => {
    for (const { seed, draws } of golden.calls) {
      const noise = seedNoise(seed)
      for (const { n, values } of draws) assert.ok(worst(noise.randn(n), floats(values)) < 1e-6, `seed ${seed}, n ${n}`)
    }
  })
})

describe('the tokenizer', () => {
  type Tokens = { text: string; ids: number[]; truncated: boolean }
  const tokens: Tokens[] = read('pipeline.json').tokens
  const encoded = (tokenizer: ClipTokenizer, text: string) => {
    const { ids, truncatedTokens } = tokenizer.encode(text)
    return { ids, truncated: truncatedTokens > 0 }
  }

  it('gives the ids of transformers, padded, cut with the end token kept, and says when it cut', async () => {
    const tokenizer = await openClipTokenizer(await readPackManifest(TINY_SD), 'tokenizer', 20)
    for (const { text, ids, truncated } of tokens) assert.deepEqual(encoded(tokenizer, text), { ids, truncated }, text)
  })

  it('built from vocab.json and merges.txt is the same tokenizer', async () => {
    await using folder = await temporaryFolder()
    const dir = await writeTinyPack(folder.path, { remove: ['tokenizer/tokenizer.json'] })
    const tokenizer = await openClipTokenizer(await readPackManifest(dir), 'tokenizer', 20)
    for (const { text, ids, truncated } of tokens) assert.deepEqual(encoded(tokenizer, text), { ids, truncated }, text)
  })

  it('pads with the token that the configuration names', async () => {
    await using folder = await temporaryFolder()
    const config = { bos_token: '<|startoftext|>', eos_token: { content: '<|endoftext|>' }, pad_token: '!' }
    const remove = ['tokenizer/special_tokens_map.json']
    const dir = await writeTinyPack(folder.path, { json: { 'tokenizer/tokenizer_config.json': config }, remove })
    const tokenizer = await openClipTokenizer(await readPackManifest(dir), 'tokenizer', 6)
    assert.deepEqual(tokenizer.encode('cat').ids, [524, 518, 525, 0, 0, 0])
    // Exactly full is not cut.
    assert.deepEqual(encoded(tokenizer, 'cat cat cat cat'), { ids: [524, 518, 518, 518, 518, 525], truncated: false })
    assert.deepEqual(encoded(tokenizer, 'cat cat cat cat the'), {
      ids: [524, 518, 518, 518, 518, 525],
      truncated: true,
    })
  })

  it('is refused where a special token is not in the vocabulary', async () => {
    await using folder = await temporaryFolder()
    const dir = await writeTinyPack(folder.path, {
      json: { 'tokenizer/tokenizer_config.json': { eos_token: 'nowhere' } },
      remove: ['tokenizer/special_tokens_map.json'],
    })
    await assert.rejects(
      openClipTokenizer(await readPackManifest(dir), 'tokenizer', 6),
      (error) => error instanceof ModelError && error.code === 'pack_corrupt' && error.field === 'eos_token',
    )
  })
})

describe('element types', () => {
  it('float16 rounds to the nearest, ties to even, and comes back', () => {
    const cases: [number, number][] = [
      [0, 0], [-0, 0x8000], [1, 0x3c00], [-2, 0xc000], [65504, 0x7bff], [65519.99, 0x7bff], [65520, 0x7c00], [1e9, 0x7c00],
      [-Infinity, 0xfc00], [2 ** -14, 0x0400], [2 ** -24, 1], [2 ** -25, 0], [2 ** -25 * 1.001, 1], [3 * 2 ** -25, 2],
      [1 + 2 ** -11, 0x3c00], [1 + 3 * 2 ** -11, 0x3c02], [0.1, 0x2e66],
    ] // biome-ignore format: a table
    for (const [value, bits] of cases) assert.equal(toHalf(value), bits, String(value))
    assert.ok(Number.isNaN(fromHalf(toHalf(Number.NaN))))
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = fromHalf(bits)
      if (!Number.isNaN(value)) assert.equal(toHalf(value), bits)
    }
  })

  it('whole numbers cut the fraction off', () => {
    assert.deepEqual(encode([999.9, 0.5, -1.5], 'int64'), BigInt64Array.of(999n, 0n, -1n))
    assert.deepEqual(encode(Float32Array.of(999.9), 'int32'), Int32Array.of(999))
  })

  it('finds the one value that is no number', () => {
    assert.equal(allFinite(Float32Array.of(3e38, 3e38, 3e38)), true)
    assert.equal(allFinite(Float32Array.of(1, Number.NaN)), false)
    assert.equal(allFinite(Float32Array.of(Infinity, -Infinity)), false)
  })
})

describe('the provider', () => {
  const probe =
    (...serving: Provider[]) =>
    async (provider: Provider) => {
      if (!serving.includes(provider)) throw new Error(`no ${provider} here`)
    }

  it('is the first of CUDA, WebGPU and CPU that makes a session, and says why', async () => {
    assert.equal((await chooseProvider('auto', probe('cuda', 'webgpu', 'cpu'))).provider, 'cuda')
    assert.equal((await chooseProvider('auto', probe('webgpu', 'cpu'))).provider, 'webgpu')
    assert.deepEqual(await chooseProvider('auto', probe('cpu')), {
      provider: 'cpu',
      why: 'cuda cannot: no cuda here; webgpu cannot: no webgpu here; cpu serves',
    })
  })

  it('that was configured serves or fails, and nothing takes its place', async () => {
    assert.deepEqual(await chooseProvider('webgpu', probe('webgpu')), {
      provider: 'webgpu',
      why: 'webgpu was configured',
    })
    await assert.rejects(
      chooseProvider('cuda', probe('cpu')),
      (error) => error instanceof ModelError && /cuda/.test(error.message),
    )
  })

  it('serves on this machine: the CPU makes the tiny session', async () => {
    assert.equal((await chooseProvider('cpu')).provider, 'cpu')
  })
})

describe('a module', () => {
  it('reads names, types and ranks from the graph, and refuses feeds that miss one', async () => {
    await using unet = await openModule(`${TINY_SD}/unet/model.onnx`, { provider: 'cpu', threads: 1 })
    assert.deepEqual([...unet.inputs.keys()], ['sample', 'timestep', 'encoder_hidden_states'])
    assert.deepEqual(unet.inputs.get('timestep')?.shape, ['steps'])
    await assert.rejects(unet.run({}), (error) => error instanceof ModelError && error.field === 'sample')
    // A shape that the graph cannot take is a typed failure, not a crash.
    const flat = { values: new Float32Array(4), dims: [1, 4, 1, 1] }
    await assert.rejects(
      unet.run({
        sample: flat,
        timestep: { values: [1], dims: [1] },
        encoder_hidden_states: { values: new Float32Array(6), dims: [1, 2, 3] },
      }),
      (error) => error instanceof ModelError && error.code === 'model_error',
    )
  })

  it('types what ran out of memory, whoever says it', () => {
    for (const message of [
      'CUDA failure 2: out of memory',
      'BFCArena::AllocateRawInternal Failed to allocate memory for requested buffer of size 123',
      'std::bad_alloc',
      'CUBLAS_STATUS_ALLOC_FAILED',
      'Available memory of 12 is smaller than requested bytes of 34',
      'Array buffer allocation failed',
    ])
      assert.equal(asModelError(new Error(message), 'unet').code, 'out_of_memory', message)
    assert.equal(asModelError(new RangeError('Invalid typed array length: 99999999999'), 'unet').code, 'out_of_memory')
    assert.equal(asModelError(new Error('Non-zero status code returned'), 'unet').code, 'model_error')
    assert.equal(asModelError(new ModelError('nan', 'x'), 'unet').code, 'nan')
  })
})

describe('a classifier', () => {
  const manifest = {
    labels: ['knife', 'blood', 'gore', 'cat'],
    calibration: new Map([
      ['knife', { scale: 2, bias: -1 }],
      ['blood', { scale: 1, bias: 0 }],
      ['gore', { scale: 1, bias: 1 }],
    ]),
    categories: new Map([
      ['weapons', ['knife']],
      ['violence/graphic', ['blood', 'gore']],
    ]),
  }

  it("calibrates each label, and a category's score is its largest", () => {
    const { probabilities, categories } = score(Float32Array.of(0.5, 0, 0, 9), manifest)
    assert.deepEqual(probabilities, { knife: 0.5, blood: 0.5, gore: 1 / (1 + Math.exp(-1)) })
    assert.deepEqual(categories, { weapons: 0.5, 'violence/graphic': 1 / (1 + Math.exp(-1)) })
  })

  it('never turns a missing number into a score', () => {
    for (const logits of [Float32Array.of(Number.NaN, 0, 0, 0), Float32Array.of(0)])
      assert.throws(
        () => score(logits, manifest),
        (error) => error instanceof ModelError && error.code === 'nan',
      )
  })

  const PLAIN = { width: 2, height: 1, resize: 'bicubic', mean: [0.5, 0, 0], std: [0.5, 1, 2], layout: 'NCHW' } as const
  it('sees pixels normalised by channel, in its layout', async () => {
    const picture = { width: 2, height: 1, rgb: Uint8Array.of(255, 0, 51, 0, 255, 102) }
    const planes = await preprocess(picture, PLAIN)
    assert.deepEqual(planes, { values: Float32Array.of(1, -1, 0, 1, 0.1, 0.2), dims: [1, 3, 1, 2] })
    const pixels = await preprocess(picture, { ...PLAIN, layout: 'NHWC' })
    assert.deepEqual(pixels, { values: Float32Array.of(1, 0, 0.1, -1, 1, 0.2), dims: [1, 1, 2, 3] })
  })

  it('resizes the whole picture, whatever its shape', async () => {
    const rgb = Uint8Array.from({ length: 8 * 4 * 3 }, (_, i) => (i % 24 < 12 ? 255 : 0))
    for (const resize of ['bicubic', 'bilinear'] as const) {
      const { values } = await preprocess(
        { width: 8, height: 4, rgb },
        { ...PLAIN, resize, mean: [0, 0, 0], std: [1, 1, 1] },
      )
      assert.ok((values[0] ?? 0) > 0.8 && (values[1] ?? 1) < 0.2, `${resize}: ${values}`)
    }
  })

  it('refuses bytes that are not a picture', async () => {
    for (const picture of [
      { width: 2, height: 2, rgb: new Uint8Array(11) },
      { width: 0, height: 0, rgb: new Uint8Array(0) },
    ])
      await assert.rejects(
        preprocess(picture, PLAIN),
        (error) => error instanceof ModelError && error.code === 'invalid_input',
      )
  })
})

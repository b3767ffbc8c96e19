// The shipped model's part: pictures of its own for the set 'storybook', kept in the cache, and its autoencoder as an attack. Both graphs of
// the autoencoder are convolutional, so a picture of any size goes through whole: no tiles, no resize.
import { mkdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { only } from '../../models/families/outputs.ts'
import { openSd } from '../../models/families/sd-pack.ts'
import { packFile, readPackManifest } from '../../models/runtime/pack.ts'
import { toPlanes, toRgb } from '../../models/runtime/pixels.ts'
import { openModule } from '../../models/runtime/sessions.ts'
import { type Drawn, imageOf, pixelsOf, seeded } from '../../test/mark/pictures.ts'
import { CACHE } from './peer.ts'

export const STORYBOOK_SIDE = 128
const PACK = 'models/packs/storybook'
const SESSION = { provider: 'cpu', threads: 1 } as const
const STEPS = 20
const THINGS = ['house', 'tree', 'boat', 'car', 'mushroom', 'castle', 'rocket', 'umbrella', 'flower', 'robot', 'cat']
const COLOURS = ['red', 'orange', 'yellow', 'green', 'blue', 'purple', 'pink', 'white', 'black']
const PLACES = ['in a meadow', 'on the beach', 'in the desert', 'in the forest', 'in the mountains', 'in the city']
const TIMES = ['by day', 'at sunset', 'at night', 'at dawn']

/** A picture of the model, 128 pixels a side, drawn once and kept. */
export async function storybookPicture(seed: number): Promise<Drawn> {
  const pack = await readPackManifest(PACK)
  const folder = join(CACHE, `storybook-${pack.digest.slice(0, 12)}`)
  const file = join(folder, `${seed}.png`)
  const kept = await readFile(file).catch(() => null)
  if (kept !== null) return pixelsOf(kept)
  const drawn = await generate(pack, seed)
  await mkdir(folder, { recursive: true })
  const partial = `${file}.${process.pid}`
  await imageOf(drawn).png().toFile(partial)
  await rename(partial, file)
  return drawn
}

async function generate(pack: Awaited<ReturnType<typeof readPackManifest>>, seed: number): Promise<Drawn> {
  const { manifest } = pack
  if (manifest.kind !== 'text-to-image') throw new Error(`${PACK} makes no pictures`)
  await using model = await openSd(pack, manifest, SESSION)
  const random = seeded(seed)
  const pick = (words: readonly string[]) => words[Math.floor(random() * words.length)] ?? ''
  const [sample] = await model.prepare([
    {
      id: `${seed}`,
      prompt: `a ${pick(COLOURS)} ${pick(THINGS)} ${pick(PLACES)} ${pick(TIMES)}`,
      negativePrompt: '',
      seed,
      width: STORYBOOK_SIDE,
      height: STORYBOOK_SIDE,
      steps: STEPS,
      guidanceScale: manifest.guidanceScale,
    },
  ])
  if (sample === undefined) throw new Error('unreachable: one request, one sample')
  while (sample.failure === null && sample.index < sample.total) await model.step([sample])
  const { width, height, rgb } = await model.finish(sample)
  return { width, height, rgb }
}

export type Autoencoder = AsyncDisposable & { regenerate(picture: Drawn): Promise<Drawn> }

/** Encodes to the mean of the latents and decodes them again. */
export async function openAutoencoder(): Promise<Autoencoder> {
  const pack = await readPackManifest(PACK)
  const encoder = await openModule(packFile(pack, 'vae_encoder/model.onnx'), SESSION)
  const decoder = await openModule(packFile(pack, 'vae_decoder/model.onnx'), SESSION)
  return {
    async regenerate(picture) {
      const { width, height } = picture
      const sample = { values: toPlanes(picture), dims: [1, 3, height, width] }
      const { values, dims } = only(await encoder.run({ sample }), 'latent_parameters')
      const [, parameters = 0, rows = 0, columns = 0] = dims
      // The first half are means, the second log variances.
      const latents = { values: values.subarray(0, values.length / 2), dims: [1, parameters / 2, rows, columns] }
      const out = only(await decoder.run({ latent_sample: latents }), 'sample')
      return { width, height, rgb: toRgb(out.values, width * height) }
    },
    async [Symbol.asyncDispose]() {
      await encoder[Symbol.asyncDispose]()
      await decoder[Symbol.asyncDispose]()
    },
  }
}

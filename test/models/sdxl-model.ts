// The tiny SDXL opened for a test: base, refiner, inpainting model or LCM, with parts exchanged and its manifest made anew.
import assert from 'node:assert/strict'
import { cp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Model } from '../../models/families/opening.ts'
import { type Pack, readPackManifest } from '../../models/runtime/pack.ts'
import { openTiny } from './sd-model.ts'
import { temporaryFolder, writeManifest } from './tiny.ts'

const GOLDENS = fileURLToPath(new URL('../goldens/', import.meta.url))

export type Changes = {
  /** Path in the pack to a file of test/goldens. */
  parts?: Record<string, string>
  json?: Record<string, unknown>
  remove?: readonly string[]
  manifest?: Record<string, unknown>
}

const unet = (name: string) => ({
  'unet/model.onnx': `tiny-sdxl-parts/unet-${name}.onnx`,
  'unet/config.json': `tiny-sdxl-parts/unet-${name}.json`,
})

/** By the name of the twin that the goldens were made with. */
const VARIANTS: Record<string, Changes> = {
  base: {},
  refiner: {
    parts: { ...unet('refiner'), 'model_index.json': 'tiny-sdxl-parts/refiner-index.json' },
    remove: ['text_encoder', 'tokenizer'],
    manifest: { family: 'sdxl-refiner' },
  },
  inpaint: { parts: unet('inpaint') },
  lcm: { parts: unet('lcm') },
}

export function withSdxl<T>(twin: string, changes: Changes, use: (model: Model) => Promise<T>): Promise<T> {
  return withSdxlFolder(twin, changes, async ({ dir }) => {
    await using model = await openTiny(dir)
    return await use(model)
  })
}

export async function withSdxlFolder<T>(twin: string, changes: Changes, use: (pack: Pack) => Promise<T>): Promise<T> {
  const variant = VARIANTS[twin]
  assert.ok(variant, twin)
  await using folder = await temporaryFolder()
  const dir = join(folder.path, 'tiny-sdxl')
  await cp(join(GOLDENS, 'tiny-sdxl'), dir, { recursive: true })
  for (const [path, file] of Object.entries({ ...variant.parts, ...changes.parts }))
    await cp(join(GOLDENS, file), join(dir, path))
  for (const [path, value] of Object.entries(changes.json ?? {}))
    await writeFile(join(dir, path), JSON.stringify(value))
  for (const path of [...(variant.remove ?? []), ...(changes.remove ?? [])])
    await rm(join(dir, path), { recursive: true })
  const own = { id: 'tiny-sdxl', family: 'sdxl', scheduler: 'EulerDiscreteScheduler' }
  await writeManifest(dir, { ...own, ...variant.manifest, ...changes.manifest })
  return await use(await readPackManifest(dir))
}

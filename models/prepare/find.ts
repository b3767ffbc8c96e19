// A model by its id, to be prepared or measured.
import { ModelError } from '../runtime/error.ts'
import type { TextToImageManifest } from '../runtime/manifest.ts'
import type { Pack } from '../runtime/pack.ts'
import { surveyPacks } from '../runtime/survey.ts'

export type ModelPack = Pack & { manifest: TextToImageManifest }

/** ModelError: invalid_input (there is none of this id, or it draws nothing), or why the pack is refused. */
export async function findModel(packsDir: string, id: string): Promise<ModelPack> {
  const { packs, refused } = await surveyPacks(packsDir)
  const found = packs.find(({ manifest }) => manifest.id === id)
  if (found === undefined) {
    const bad = refused.find((one) => one.id === id)
    if (bad !== undefined) throw bad.error
    const ids = packs.map(({ manifest }) => manifest.id).join(', ')
    throw new ModelError('invalid_input', `there is no pack ${id}; there are ${ids}`, { field: 'ID' })
  }
  const { manifest } = found
  if (manifest.kind !== 'text-to-image')
    throw new ModelError('invalid_input', `${id} is of kind ${manifest.kind}: it has no denoiser`, { field: 'ID' })
  return { ...found, manifest }
}

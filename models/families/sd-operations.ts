// What a Stable Diffusion or SDXL pack can do, read from its files alone: whoever lists models opens no session.
// An edit starts from a picture's latents, so it needs the encoder; a refiner makes nothing but edits. A UNet that takes a mask
// beside the latents (9 channels for 4) was trained to inpaint and does nothing else. Opening such packs: sd-pack.ts, sdxl-pack.ts.
import { readFields } from '../runtime/fields.ts'
import { type Pack, packFileIf, readPackJson } from '../runtime/pack.ts'
import { inpaintChannels } from '../runtime/pack-latents.ts'

export type SdOperation = 'generate' | 'edit' | 'inpaint'

export const ENCODER = 'vae_encoder/model.onnx'

/** In order of what needs least. ModelError pack_corrupt: a configuration that is no JSON object. */
export async function operationsOf(pack: Pack): Promise<readonly SdOperation[]> {
  const [unet, decoder] = await Promise.all([
    integerOf(pack, 'unet/config.json', 'in_channels'),
    integerOf(pack, 'vae_decoder/config.json', 'latent_channels'),
  ])
  const encodes = packFileIf(pack, ENCODER) !== null
  if (unet !== null && unet === inpaintChannels(decoder ?? 4)) return encodes ? ['inpaint'] : []
  const { manifest } = pack
  const refines = manifest.kind === 'text-to-image' && manifest.family === 'sdxl-refiner'
  const edits: readonly SdOperation[] = encodes ? ['edit', 'inpaint'] : []
  return refines ? edits : ['generate', ...edits]
}

/** The script of diffusers writes no config.json beside its graphs. */
async function integerOf(pack: Pack, path: string, field: string): Promise<number | null> {
  if (packFileIf(pack, path) === null) return null
  return readFields(await readPackJson(pack, path), path).integerIf(field, 1, 256) ?? null
}

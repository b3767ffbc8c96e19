// The latents of a pack, by its configurations and the shapes that its graphs declare: how many channels, how they are scaled, and
// whether the denoiser takes a mask. Where two of them disagree the pack is refused by file and field, before a session is opened too.
import type { Shape } from './graph-file.ts'
import type { Family } from './manifest.ts'
import type { Pack } from './pack.ts'
import { configOf, denoiserOf, refuse } from './pack-parts.ts'

export type Latents = {
  latentChannels: number
  /** The denoiser takes a mask and what it leaves beside the latents. */
  inpaints: boolean
  scalingFactor: number
  shiftFactor: number
}

const VAE = 'vae_decoder/config.json'

/** `taken` is the denoiser's latents, `decoded` the decoder's. ModelError: pack_corrupt, pack_unsupported. */
export async function readLatents(pack: Pack, family: Family, taken: Shape, decoded: Shape): Promise<Latents> {
  const part = denoiserOf(family)
  const file = `${part}/config.json`
  if (typeof taken[0] === 'number') throw refuse(`${part}/model.onnx`, latentsOf(family), 'a batch of fixed size')
  // FLUX sees a square of four as one, its channels last.
  const packed = family === 'flux' ? 4 : 1
  const declared = packed === 1 ? taken[1] : taken[2]
  const channels = (await configOf(pack, part))?.integerIf('in_channels', 1, 1024) ?? declared
  if (typeof channels !== 'number') throw refuse(file, 'in_channels', 'an unknown number of latent channels')
  if (typeof declared === 'number' && declared !== channels)
    throw refuse(file, 'in_channels', `${channels} for ${declared}`)
  const vae = await configOf(pack, 'vae_decoder')
  const latentChannels =
    vae?.integerIf('latent_channels', 1, 256) ?? (typeof decoded[1] === 'number' ? decoded[1] : channels / packed)
  const inpaints = packed === 1 && channels === inpaintChannels(latentChannels)
  if (channels !== packed * latentChannels && !inpaints)
    throw refuse(file, 'in_channels', `${channels} for ${latentChannels} channels of the decoder`)
  if (inpaints && part === 'transformer') throw refuse(file, 'in_channels', 'a transformer that takes a mask')
  // No pipeline of these families knows them: silently ignoring them would change the picture. A UNet's knows no shift either.
  for (const field of ['latents_mean', 'latents_std', ...(part === 'unet' ? ['shift_factor'] : [])])
    if (vae?.has(field)) throw refuse(VAE, field, 'a value')
  return {
    latentChannels,
    inpaints,
    scalingFactor: vae?.numberIf('scaling_factor', 1e-6, 1e6) ?? 0.18215,
    shiftFactor: vae?.numberIf('shift_factor', -1e6, 1e6) ?? 0,
  }
}

/** What the denoiser calls its latents. */
export function latentsOf(family: Family): 'sample' | 'hidden_states' {
  return denoiserOf(family) === 'unet' ? 'sample' : 'hidden_states'
}

/** The latents, a mask of one channel, and the latents of the picture without what the mask gives free. */
export function inpaintChannels(latentChannels: number): number {
  return 2 * latentChannels + 1
}

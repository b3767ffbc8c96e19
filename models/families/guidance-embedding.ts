// Guidance that a distilled model was taught: its scale comes as an embedding beside the timestep, and there is one row a sample.
// Source: diffusers pipelines/latent_consistency_models, get_guidance_scale_embedding (arXiv 2310.04378).
import type { Pack } from '../runtime/pack.ts'
import { configOf, refuse } from '../runtime/pack-parts.ts'
import type { Module } from '../runtime/sessions.ts'

const INPUT = 'timestep_cond'
const fround = Math.fround

/** How wide the UNet's embedding of guidance is; null where it was not taught. ModelError pack_unsupported: unknown. */
export async function guidanceWidthOf(pack: Pack, unet: Module): Promise<number | null> {
  const input = unet.inputs.get(INPUT)
  if (input === undefined) return null
  const [, declared] = input.shape
  const config = await configOf(pack, 'unet')
  const width = config?.integerIf('time_cond_proj_dim', 4, 65_536) ?? declared
  if (typeof width !== 'number' || (typeof declared === 'number' && declared !== width))
    throw refuse('unet/config.json', 'time_cond_proj_dim', `${width} for ${INPUT} of ${declared}`)
  return width
}

/** [1, width] of sines, then cosines, of (scale − 1) · 1000 at falling frequencies; each operation in float32, as in torch. */
export function guidanceInput(scale: number, width: number) {
  const half = Math.floor(width / 2)
  const decay = fround(fround(Math.log(10_000)) / (half - 1))
  const values = new Float32Array(width)
  for (let i = 0; i < half; i++) {
    const angle = fround(fround(fround(scale - 1) * 1000) * fround(Math.exp(fround(i * -decay))))
    values[i] = Math.sin(angle)
    values[half + i] = Math.cos(angle)
  }
  return { [INPUT]: { values, dims: [1, width] } }
}

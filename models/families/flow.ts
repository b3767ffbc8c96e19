// What SD3 and FLUX share: transformers that flow from noise to latents, seen in squares of latents, with T5 beside CLIP.
// Sources: diffusers pipelines/stable_diffusion_3 and pipelines/flux. What may be asked of them: flow-request.ts.
// Next: sd3.ts, flux.ts.
import type { TextToImageManifest } from '../runtime/manifest.ts'
import { type Pack, readPackJson } from '../runtime/pack.ts'
import { refuse } from '../runtime/pack-parts.ts'
import type { Module } from '../runtime/sessions.ts'
import type { Denoiser } from './denoise.ts'
import { PATCH } from './flow-request.ts'
import { openScheduling, timestepKind } from './opening.ts'
import { SCHEDULING, usesFlowSigmas } from './schedulers.ts'

/** The steps left out are rounded down, where Stable Diffusion rounds the steps taken. */
export function firstFlowStep(steps: number, strength: number): number {
  return Math.trunc(Math.max(steps - Math.min(steps * strength, steps), 0))
}

/** ModelError pack_unsupported, field `sizes`: a side that is no whole number of tokens, or more than `most`. */
export function checkFlowSizes({ sizes }: TextToImageManifest, most = Infinity): void {
  const side = sizes.factor * PATCH
  for (const { width, height } of sizes.supported)
    if (width % side !== 0 || height % side !== 0 || Math.max(width, height) > most * side)
      throw refuse('pack.json', 'sizes', `${width}x${height}, for sides in multiples of ${side} up to ${most * side},`)
}

/** Noise levels are no whole numbers: a graph that takes whole timesteps would see others. ModelError pack_unsupported. */
export function flowTimestep(transformer: Pick<Module, 'inputs'>): Denoiser['timestep'] {
  const type = transformer.inputs.get('timestep')?.type ?? ''
  if (type.startsWith('int')) throw refuse('transformer/model.onnx', 'timestep', type)
  return timestepKind(transformer)
}

/** Plans by scheduler, as opening.ts; and whether the configuration places the noise levels, also where the pipeline has its own. */
export async function openFlowScheduling(pack: Pack, manifest: TextToImageManifest) {
  return {
    placed: usesFlowSigmas(await readPackJson(pack, SCHEDULING)),
    planFor: await openScheduling(pack, manifest),
  }
}

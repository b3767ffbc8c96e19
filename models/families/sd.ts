// Stable Diffusion 1.x and 2.x, in numbered steps: CLIP text encoder, one UNet with classifier-free guidance, a KL autoencoder.
// A latent consistency model is the same with a UNet that was taught guidance (guidance-embedding.ts).
// Source: diffusers pipelines/stable_diffusion/pipeline_stable_diffusion.py; edits begin in start.ts. Opening a pack: sd-pack.ts.
import type { ClipTokenizer } from '../prompts/clip-tokenizer.ts'
import { seedNoise } from '../runtime/noise.ts'
import type { Module } from '../runtime/sessions.ts'
import type { Stepper } from '../runtime/stepper.ts'
import type { Output } from '../runtime/tensors.ts'
import type { Planners } from '../schedulers/planners.ts'
import type { SchedulerName } from '../schedulers/scheduler.ts'
import { chunksOf, encodeChunks } from './chunked.ts'
import { createDenoiser, type LatentSample, sampleOf } from './denoise.ts'
import { finishing } from './finishing.ts'
import { guidanceInput } from './guidance-embedding.ts'
import { checkRequest, develop, type LatentSpace } from './latent-space.ts'
import { begin, type Encodings } from './start.ts'

export type SdParts = LatentSpace & {
  tokenizer: ClipTokenizer
  /** Its output [1, length, width] by name. */
  textEncoder: { module: Pick<Module, 'run'>; hidden: string }
  unet: Pick<Module, 'run'>
  timestep: 'vector' | 'single' | 'scalar'
  scheduler: SchedulerName
  planFor: Planners
  /** How wide the guidance that the UNet was taught is embedded; null where guidance takes two rows. */
  guidanceWidth: number | null
}

export function createSd(parts: SdParts): Stepper<LatentSample> {
  const { tokenizer, textEncoder } = parts
  // 3. The UNet sees [rows, channels, height, width], the timestep as it is.
  const step = createDenoiser({
    module: parts.unet,
    input: 'sample',
    timestep: parts.timestep,
    timestepOf: (timestep) => timestep,
    shapeOf: ({ height, width }, values) => [values / (height * width), height, width],
  })

  return {
    async prepare(requests) {
      const known = new Map<string, Output>()
      const encodings: Encodings = new Map()
      const samples: LatentSample[] = []
      for (const request of requests) {
        checkRequest(parts, request, ['promptSyntax'])
        // 1. Encode the prompt and the negative prompt; equal texts once.
        const guided = request.guidanceScale > 1 && parts.guidanceWidth === null
        const texts = guided ? [request.negativePrompt, request.prompt] : [request.prompt]
        const prompts = chunksOf(tokenizer, texts, request.promptSyntax)
        const embeddings: Output[] = []
        for (const prompt of prompts) {
          const key = JSON.stringify(prompt.chunks)
          const done = known.get(key) ?? (await encodeChunks(textEncoder.module, prompt, textEncoder.hidden)).hidden
          known.set(key, done)
          embeddings.push(done)
        }
        // 2. Plan the timesteps, draw the first latents: noise, or a picture's with noise (start.ts).
        const plan = parts.planFor(request.scheduler ?? parts.scheduler, request.schedulerOptions)(
          request.steps,
          request.custom,
        )
        const noise = seedNoise(request.seed)
        const beginning = await begin(parts, request, plan, noise, encodings)
        const guidance = parts.guidanceWidth === null ? {} : guidanceInput(request.guidanceScale, parts.guidanceWidth)
        const own = {
          truncated: prompts.some(({ truncated }) => truncated),
          rows: embeddings.map((embedding) => ({ encoder_hidden_states: embedding, ...guidance })),
          height: request.height / parts.sizes.factor,
          width: request.width / parts.sizes.factor,
        }
        samples.push(sampleOf(request, beginning, noise, own))
      }
      return samples
    },

    step,

    // 4. Decode.
    ...finishing((sample, latents) => develop(parts, sample, latents)),
  }
}

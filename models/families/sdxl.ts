// SDXL in numbered steps: base (two text encoders), refiner (one) and what is distilled from them (Turbo, LCM), with one UNet.
// Sources: diffusers pipelines/stable_diffusion_xl/pipeline_stable_diffusion_xl.py and its img2img and inpaint; edits begin in
// start.ts, portions of the noise in portions.ts. Opening a pack: sdxl-pack.ts.
import { ModelError } from '../runtime/error.ts'
import { seedNoise } from '../runtime/noise.ts'
import type { Module } from '../runtime/sessions.ts'
import type { SampleRequest, Stepper } from '../runtime/stepper.ts'
import type { Planners } from '../schedulers/planners.ts'
import type { SchedulerName } from '../schedulers/scheduler.ts'
import { type Conditioning, createDenoiser, type LatentSample, sampleOf } from './denoise.ts'
import { finishing } from './finishing.ts'
import { guidanceInput } from './guidance-embedding.ts'
import { checkRequest, develop, type LatentSpace } from './latent-space.ts'
import { checkPortions, endingAt, goesOnAt } from './portions.ts'
import { timeIdsOf } from './sdxl-conditioning.ts'
import { encodePrompts, type Prompt, type SdxlEncoder, zeroed } from './sdxl-prompt.ts'
import { begin, type Encodings, UNET_JOINING } from './start.ts'

export type SdxlParts = LatentSpace & {
  /** The last one projects. */
  encoders: readonly SdxlEncoder[]
  unet: Pick<Module, 'run'>
  timestep: 'vector' | 'single' | 'scalar'
  scheduler: SchedulerName
  planFor: Planners
  /** Timesteps of the training. */
  trainSteps: number
  /** A refiner works on pictures and latents alone, and is told of beauty. */
  refines: boolean
  /** Without a negative prompt the negative rows are zeros, not the encoding of an empty text. */
  zeroesEmptyNegative: boolean
  /** How wide the guidance that the UNet was taught is embedded; null where guidance takes two rows. */
  guidanceWidth: number | null
}

export function createSdxl(parts: SdxlParts): Stepper<LatentSample> {
  // 4. The UNet sees [rows, channels, height, width], the timestep as it is.
  const step = createDenoiser({
    module: parts.unet,
    input: 'sample',
    timestep: parts.timestep,
    timestepOf: (timestep) => timestep,
    shapeOf: ({ height, width }, values) => [values / (height * width), height, width],
  })

  return {
    async prepare(requests) {
      const known = new Map<string, Prompt>()
      const encodings: Encodings = new Map()
      const samples: LatentSample[] = []
      for (const request of requests) {
        check(parts, request)
        // 1. Encode the prompt, and the negative prompt where guidance takes two rows; equal texts once.
        const prompts = await promptsOf(request, known)
        // 2. What the UNet is told beside them.
        const rows = conditioningOf(request, prompts)
        // 3. Plan the timesteps, draw the first latents; go on from others' latents, stop for others to go on.
        const plan = parts.planFor(request.scheduler ?? parts.scheduler, request.schedulerOptions)(
          request.steps,
          request.custom,
        )
        const noise = seedNoise(request.seed)
        const joining = { ...UNET_JOINING, goesOnAt: goesOnAt(plan, parts.trainSteps, request) }
        const beginning = await begin(parts, request, plan, noise, encodings, joining)
        const scheduler = endingAt(beginning.scheduler, parts.trainSteps, request)
        const own = {
          truncated: prompts.some(({ truncated }) => truncated),
          rows,
          height: request.height / parts.sizes.factor,
          width: request.width / parts.sizes.factor,
        }
        samples.push(sampleOf(request, { ...beginning, scheduler }, noise, own))
      }
      return samples
    },

    step,

    // 5. Decode.
    ...finishing((sample, latents) => develop(parts, sample, latents)),
  }

  async function promptsOf(request: SampleRequest, known: Map<string, Prompt>): Promise<Prompt[]> {
    const { prompt, negativePrompt, promptSyntax, conditioning: { emptyNegative } = {} } = request
    const encode = (texts: readonly string[]) => encodePrompts(parts.encoders, texts, promptSyntax, known)
    if (request.guidanceScale <= 1 || parts.guidanceWidth !== null) return encode([prompt])
    const zeroes = emptyNegative === undefined ? parts.zeroesEmptyNegative : emptyNegative === 'zeros'
    if (negativePrompt !== '' || !zeroes) return encode([negativePrompt, prompt])
    return (await encode([prompt])).flatMap((one) => [zeroed(one), one])
  }

  /** [negative, prompt], or the prompt alone. */
  function conditioningOf(request: SampleRequest, prompts: readonly Prompt[]): Conditioning[] {
    const ids = timeIdsOf(request, parts.refines)
    const guidance = parts.guidanceWidth === null ? {} : guidanceInput(request.guidanceScale, parts.guidanceWidth)
    return prompts.map(({ embedding, pooled }, i) => {
      const own = i === prompts.length - 1 ? ids.prompt : ids.negative
      const timeIds = { values: Float32Array.from(own), dims: [1, own.length] }
      return { encoder_hidden_states: embedding, text_embeds: pooled, time_ids: timeIds, ...guidance }
    })
  }
}

function check(parts: SdxlParts, request: SampleRequest): void {
  checkRequest(parts, request, ['conditioning', 'denoising', 'promptSyntax'])
  checkPortions(request)
  if (parts.refines && request.start === undefined)
    throw new ModelError('invalid_input', 'image: expected a picture or latents; a refiner makes none of nothing', {
      field: 'image',
    })
}

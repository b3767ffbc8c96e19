// Stable Diffusion 3 and 3.5, in numbered steps: two CLIP text encoders and T5, which may be absent, one transformer with
// classifier-free guidance, a flow from noise to latents, a KL autoencoder with a shift.
// Sources: diffusers pipelines/stable_diffusion_3; edits begin in start.ts. Opening a pack: sd3-pack.ts.
// Their inpainting pipeline forgets the shift when it decodes; here an edit's latents are decoded as all others are.
import { seedNoise } from '../runtime/noise.ts'
import type { Module } from '../runtime/sessions.ts'
import type { Stepper } from '../runtime/stepper.ts'
import type { Output } from '../runtime/tensors.ts'
import type { Planners } from '../schedulers/planners.ts'
import type { SchedulerName } from '../schedulers/scheduler.ts'
import { type Conditioning, createDenoiser, type LatentSample, sampleOf } from './denoise.ts'
import { finishing } from './finishing.ts'
import { firstFlowStep } from './flow.ts'
import { checkFlowRequest, imageTokens } from './flow-request.ts'
import { checkRequest, develop, type LatentSpace } from './latent-space.ts'
import { begin, type Encodings } from './start.ts'
import { encodeText, type TextEncoder, take } from './text-encoders.ts'

/** One of the two CLIPs, and what its exporter calls the hidden states before the last layer. */
export type Clip = TextEncoder & { penultimate: string }

export type Sd3Parts = LatentSpace & {
  clips: readonly [Clip, Clip]
  /** Null: zeros stand where T5 would have spoken. */
  t5: TextEncoder | null
  /** What the transformer reads of T5: so many tokens, each so wide. */
  t5Tokens: number
  t5Width: number
  transformer: Pick<Module, 'run'>
  timestep: 'vector' | 'single' | 'scalar'
  scheduler: SchedulerName
  planFor: Planners
}

export function createSd3(parts: Sd3Parts): Stepper<LatentSample> {
  // 3. The transformer sees [rows, channels, height, width], the timestep as it is: 1000 at noise alone.
  const step = createDenoiser({
    module: parts.transformer,
    input: 'hidden_states',
    timestep: parts.timestep,
    timestepOf: (timestep) => timestep,
    shapeOf: ({ height, width }, values) => [values / (height * width), height, width],
  })

  return {
    async prepare(requests) {
      const known = new Map<string, { row: Conditioning; truncated: boolean }>()
      const encodings: Encodings = new Map()
      const samples: LatentSample[] = []
      for (const request of requests) {
        checkRequest(parts, request)
        checkFlowRequest(request)
        // 1. Encode the prompt and the negative prompt; equal texts once.
        const guided = request.guidanceScale > 1
        const texts = guided ? [request.negativePrompt, request.prompt] : [request.prompt]
        const encoded = []
        for (const text of texts) {
          const done = known.get(text) ?? (await condition(parts, text))
          known.set(text, done)
          encoded.push(done)
        }
        // 2. Plan the timesteps, draw the first latents: noise, or a picture's with noise (start.ts).
        const size = { height: request.height / parts.sizes.factor, width: request.width / parts.sizes.factor }
        const custom = { sigmas: request.custom?.sigmas, imageTokens: imageTokens(size) }
        const plan = parts.planFor(request.scheduler ?? parts.scheduler, request.schedulerOptions)(
          request.steps,
          custom,
        )
        const noise = seedNoise(request.seed)
        const beginning = await begin(parts, request, plan, noise, encodings, { first: firstFlowStep, fresh: true })
        const own = {
          truncated: encoded.some(({ truncated }) => truncated),
          rows: encoded.map(({ row }) => row),
          ...size,
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

/** What the transformer is told of a text: CLIP's tokens, side by side and filled up to T5's width, then T5's; and both pooled. */
async function condition({ clips, t5, t5Tokens, t5Width }: Sd3Parts, text: string) {
  const [first, second] = [await encodeText(clips[0], text), await encodeText(clips[1], text)]
  const third = t5 && (await encodeText(t5, text))
  const [a, b] = [take(first.outputs, clips[0].penultimate), take(second.outputs, clips[1].penultimate)]
  const [, tokens = 0] = a.dims
  const values = new Float32Array((tokens + t5Tokens) * t5Width)
  layRows(values, t5Width, a, 0)
  layRows(values, t5Width, b, a.dims[2] ?? 0)
  if (third) values.set(take(third.outputs, 'last_hidden_state').values, tokens * t5Width)
  const pooled = [take(first.outputs, 'text_embeds'), take(second.outputs, 'text_embeds')].flatMap((one) => [
    ...one.values,
  ])
  return {
    row: {
      encoder_hidden_states: { values, dims: [1, tokens + t5Tokens, t5Width] },
      pooled_projections: { values: Float32Array.from(pooled), dims: [1, pooled.length] },
    },
    // T5 reads on where both CLIPs have long ended.
    truncated: third ? third.truncated : first.truncated || second.truncated,
  }
}

/** Each token's states into its row of `width` values, from `left` on. */
function layRows(rows: Float32Array, width: number, { values, dims }: Output, left: number): void {
  const [, tokens = 0, own = 0] = dims
  for (let token = 0; token < tokens; token++)
    rows.set(values.subarray(token * own, (token + 1) * own), token * width + left)
}

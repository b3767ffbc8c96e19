// FLUX, in numbered steps: CLIP's pooled output, T5's tokens, one transformer that sees latents packed by squares, a flow from
// noise to latents, a KL autoencoder with a shift. dev is distilled for guidance and takes its scale as an input; schnell has
// none, and a guidance scale means nothing to it. True guidance, by a negative prompt, is asked for apart.
// Sources: diffusers pipelines/flux; edits begin in start.ts. Packing: flux-packing.ts. Opening a pack: flux-pack.ts.
import { seedNoise } from '../runtime/noise.ts'
import type { Module } from '../runtime/sessions.ts'
import type { SampleRequest, Stepper } from '../runtime/stepper.ts'
import type { Output } from '../runtime/tensors.ts'
import type { Planners } from '../schedulers/planners.ts'
import { linspace } from '../schedulers/schedule.ts'
import type { SchedulerName } from '../schedulers/scheduler.ts'
import { type Conditioning, createDenoiser, type LatentSample, sampleOf } from './denoise.ts'
import { finishing } from './finishing.ts'
import { firstFlowStep } from './flow.ts'
import { checkFlowRequest, imageTokens } from './flow-request.ts'
import { packBeginning, positions, type Side, unpack } from './flux-packing.ts'
import { checkRequest, develop, type LatentSpace } from './latent-space.ts'
import { begin, type Encodings } from './start.ts'
import { encodeText, type TextEncoder, take } from './text-encoders.ts'

export type FluxParts = LatentSpace & {
  clip: TextEncoder
  t5: TextEncoder
  transformer: Pick<Module, 'run'>
  timestep: 'vector' | 'single' | 'scalar'
  /** The transformer takes `guidance`. */
  guided: boolean
  /** once: positions are one list for all rows. row: each row has its own, as exported with diffusers before 0.31. */
  positions: 'once' | 'row'
  /** The pipeline gives its own evenly spaced noise levels; a scheduler with `use_flow_sigmas` places them itself. */
  spacesLevels: boolean
  scheduler: SchedulerName
  planFor: Planners
}

export function createFlux(parts: FluxParts): Stepper<LatentSample> {
  const known = new Map<string, Conditioning>()
  // 3. The transformer sees [rows, tokens, 4 · channels], the noise level from 1 down, and where each token stands.
  const step = createDenoiser({
    module: parts.transformer,
    input: 'hidden_states',
    timestep: parts.timestep,
    timestepOf: (timestep) => timestep / 1000,
    shapeOf: (sample, values) => [imageTokens(sample), values / imageTokens(sample)],
    shared: (sample) => {
      const [, tokens = 0] = sample.rows[0]?.encoder_hidden_states?.dims ?? []
      return parts.positions === 'once' ? positionsOf(sample, tokens) : {}
    },
  })

  return {
    async prepare(requests) {
      const texts = new Map<string, Promise<Text>>()
      const encodings: Encodings = new Map()
      const samples: LatentSample[] = []
      for (const request of requests) {
        checkRequest(parts, request, ['trueGuidanceScale'])
        checkFlowRequest(request)
        // 1. Encode the prompt, and with true guidance the negative prompt; equal texts once.
        const scale = request.trueGuidanceScale ?? 1
        const asked = scale > 1 ? [request.negativePrompt, request.prompt] : [request.prompt]
        const size = { height: request.height / parts.sizes.factor, width: request.width / parts.sizes.factor }
        const encoded = []
        for (const text of asked) {
          const done = texts.get(text) ?? readText(parts, text)
          texts.set(text, done)
          encoded.push(await done)
        }
        // 2. Plan the timesteps, draw the first latents: noise, or a picture's with noise (start.ts); then pack them.
        const plan = parts.planFor(request.scheduler ?? parts.scheduler, request.schedulerOptions)(request.steps, {
          sigmas: levelsOf(request),
          imageTokens: imageTokens(size),
        })
        const noise = seedNoise(request.seed)
        const beginning = await begin(parts, request, plan, noise, encodings, { first: firstFlowStep, fresh: false })
        const own = {
          truncated: encoded.some(({ truncated }) => truncated),
          rows: encoded.map((text) => rowOf(text, request.guidanceScale, size)),
          ...size,
        }
        const sample = sampleOf(request, packBeginning(beginning, parts.latentChannels, size), noise, own)
        samples.push({ ...sample, guidanceScale: scale })
      }
      return samples
    },

    step,

    // 4. Unpack and decode.
    ...finishing(decode),
  }

  function decode(sample: LatentSample, latents: Float32Array) {
    return develop(parts, sample, unpack(latents, parts.latentChannels, sample))
  }

  function levelsOf({ custom, steps }: SampleRequest): readonly number[] | undefined {
    return custom?.sigmas ?? (parts.spacesLevels ? linspace(1, 1 / steps, steps) : undefined)
  }

  function rowOf({ pooled, tokens }: Text, guidanceScale: number, size: Side): Conditioning {
    const row = {
      encoder_hidden_states: tokens,
      pooled_projections: pooled,
      ...(parts.guided ? { guidance: { values: Float32Array.of(guidanceScale), dims: [1] } } : {}),
    }
    return parts.positions === 'once' ? row : { ...row, ...positionsOf(size, tokens.dims[1] ?? 0) }
  }

  /** Text stands at the origin, a picture's tokens at their row and column. */
  function positionsOf(size: Side, textTokens: number): Conditioning {
    const key = `${size.width}x${size.height} ${textTokens}`
    const done = known.get(key) ?? positions(size, textTokens, parts.positions === 'row')
    known.set(key, done)
    return done
  }
}

type Text = { pooled: Output; tokens: Output; truncated: boolean }

async function readText({ clip, t5 }: FluxParts, text: string): Promise<Text> {
  const [short, long] = [await encodeText(clip, text), await encodeText(t5, text)]
  return {
    pooled: take(short.outputs, 'pooler_output'),
    tokens: take(long.outputs, 'last_hidden_state'),
    // T5 reads on where CLIP, of which one vector is left, has long ended.
    truncated: long.truncated,
  }
}

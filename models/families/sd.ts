// Stable Diffusion 1.x and 2.x, in numbered steps: CLIP text encoder, one UNet with classifier-free guidance, a KL decoder.
// Rows of the UNet's batch never see each other: a sample's latents are the same alone and in company.
// Source: diffusers pipelines/stable_diffusion/pipeline_stable_diffusion.py. Opening a pack: sd-pack.ts.
import { ModelError } from '../runtime/error.ts'
import type { Size } from '../runtime/manifest.ts'
import { type Noise, seedNoise } from '../runtime/noise.ts'
import type { Module } from '../runtime/sessions.ts'
import { groupBy, isRunning, type Picture, type Sample, type SampleRequest, type Stepper } from '../runtime/stepper.ts'
import { allFinite, type Output } from '../runtime/tensors.ts'
import type { PromptTokenizer } from '../runtime/tokenizer.ts'
import type { Memory, PlanSteps, Scheduler, SchedulerName } from '../schedulers/scheduler.ts'

export type SdParts = {
  tokenizer: PromptTokenizer
  textEncoder: Pick<Module, 'run'>
  unet: Pick<Module, 'run'>
  vaeDecoder: Pick<Module, 'run'>
  /** vector: one timestep a row, so samples at different steps share a run. single: one timestep a run. */
  timestep: 'vector' | 'single' | 'scalar'
  latentChannels: number
  scalingFactor: number
  sizes: { supported: readonly Size[]; factor: number }
  scheduler: SchedulerName
  planFor(name: SchedulerName): PlanSteps
}

export type SdSample = Sample & {
  readonly truncated: boolean
  /** [latentChannels, height, width] in latents. */
  readonly height: number
  readonly width: number
  readonly latents: Float32Array
  readonly scheduler: Scheduler
  readonly memory: Memory
  /** Continues after the first latents, for schedulers that draw. */
  readonly noise: Noise
  readonly guidanceScale: number
  /** One text embedding a row of the UNet: [negative, prompt], or the prompt alone without guidance. */
  readonly rows: readonly Output[]
}

type Batch = { rows: readonly Output[]; context: Float32Array }

export function createSd(parts: SdParts): Stepper<SdSample> {
  const { tokenizer, textEncoder, unet, vaeDecoder, latentChannels, scalingFactor } = parts
  // From one step to the next the same samples mostly stay together, and so do their embeddings.
  let batch: Batch = { rows: [], context: new Float32Array(0) }

  return {
    async prepare(requests) {
      const known = new Map<string, { embedding: Output; truncated: boolean }>()
      const samples: SdSample[] = []
      for (const request of requests) {
        checkRequest(parts, request)
        // 1. Encode the prompt and the negative prompt; equal texts once.
        const guided = request.guidanceScale > 1
        const texts = guided ? [request.negativePrompt, request.prompt] : [request.prompt]
        const encoded = []
        for (const text of texts) {
          const done = known.get(text) ?? (await encodeText(text))
          known.set(text, done)
          encoded.push(done)
        }
        // 2. Plan the timesteps, draw the first latents at the schedule's own deviation.
        const scheduler = parts.planFor(request.scheduler ?? parts.scheduler)(request.steps)
        const [height, width] = [request.height / parts.sizes.factor, request.width / parts.sizes.factor]
        const noise = seedNoise(request.seed)
        const latents = noise.randn(latentChannels * height * width)
        for (let i = 0; i < latents.length; i++) latents[i] = (latents[i] ?? 0) * scheduler.initNoiseSigma
        samples.push({
          id: request.id,
          total: scheduler.timesteps.length,
          index: 0,
          failure: null,
          truncated: encoded.some(({ truncated }) => truncated),
          height,
          width,
          latents,
          scheduler,
          memory: { outputs: [] },
          noise,
          guidanceScale: request.guidanceScale,
          rows: encoded.map(({ embedding }) => embedding),
        })
      }
      return samples
    },

    async step(samples) {
      const ready = samples.filter(isRunning)
      const key = (sample: SdSample) =>
        `${sample.height}x${sample.width}${parts.timestep === 'vector' ? '' : `@${timestepOf(sample)}`}`
      for (const group of groupBy(ready, key)) await stepTogether(group)
    },

    async finish(sample): Promise<Picture> {
      if (sample.failure) throw sample.failure
      // 7. Decode. What the decoder returns is [1, 3, height, width] in -1..1.
      const scaled = sample.latents.map((value) => value / scalingFactor)
      const dims = [1, latentChannels, sample.height, sample.width]
      const image = only(await vaeDecoder.run({ latent_sample: { values: scaled, dims } }), 'sample')
      if (!allFinite(image.values))
        throw new ModelError('nan', 'the decoder returned values that are not numbers', { field: 'image' })
      const [, channels, height = 0, width = 0] = image.dims
      if (channels !== 3)
        throw new ModelError('pack_unsupported', `the decoder returned ${channels} channels`, { field: 'image' })
      return { id: sample.id, width, height, rgb: toRgb(image.values, width * height), truncated: sample.truncated }
    },
  }

  async function encodeText(text: string) {
    const { ids, truncated } = tokenizer.encode(text)
    const outputs = await textEncoder.run({ input_ids: { values: ids, dims: [1, ids.length] } })
    const embedding = only(outputs, 'last_hidden_state')
    if (!allFinite(embedding.values))
      throw new ModelError('nan', 'the text encoder returned values that are not numbers')
    return { embedding, truncated }
  }

  async function stepTogether(group: readonly SdSample[]): Promise<void> {
    const [first] = group
    const size = first?.latents.length ?? 0
    const [, tokens = 0, width = 0] = first?.rows[0]?.dims ?? []
    const embeddings = group.flatMap((sample) => sample.rows)
    const count = embeddings.length
    if (!sameRows(batch.rows, embeddings)) batch = { rows: embeddings, context: concatenate(embeddings) }
    // 3. Lay out the batch: each sample's rows side by side, its latents scaled for the model.
    const input = new Float32Array(count * size)
    const timesteps = new Float32Array(count)
    let row = 0
    for (const sample of group) {
      const scale = sample.scheduler.inputScale(sample.index)
      const at = row * size
      for (let k = 0; k < size; k++) input[at + k] = (sample.latents[k] ?? 0) * scale
      if (sample.rows.length === 2) input.copyWithin(at + size, at, at + size)
      for (const _ of sample.rows) timesteps[row++] = timestepOf(sample)
    }
    // 4. One model call for all.
    const output = only(
      await unet.run({
        sample: { values: input, dims: [count, latentChannels, first?.height ?? 0, first?.width ?? 0] },
        timestep: timestepFeed(timesteps),
        encoder_hidden_states: { values: batch.context, dims: [count, tokens, width] },
      }),
      'out_sample',
    ).values
    if (output.length !== input.length)
      throw new ModelError('pack_unsupported', `the UNet returned ${output.length} values for ${input.length}`, {
        field: 'out_sample',
      })
    row = 0
    for (const sample of group) {
      // 5. Guidance, 6. the scheduler's step.
      const predicted = output.subarray(row * size, (row + 1) * size)
      if (sample.rows.length === 2)
        guide(predicted, output.subarray((row + 1) * size, (row + 2) * size), sample.guidanceScale)
      row += sample.rows.length
      sample.scheduler.step(sample.index, predicted, sample.latents, sample.memory)
      sample.index++
      if (!allFinite(sample.latents))
        sample.failure = new ModelError(
          'nan',
          `latents are not numbers after step ${sample.index} of ${sample.total}`,
          { field: 'latents' },
        )
    }
  }

  function timestepFeed(timesteps: Float32Array) {
    if (parts.timestep === 'vector') return { values: timesteps, dims: [timesteps.length] }
    return { values: timesteps.subarray(0, 1), dims: parts.timestep === 'single' ? [1] : [] }
  }
}

function timestepOf(sample: SdSample): number {
  return sample.scheduler.timesteps[sample.index] ?? 0
}

function sameRows(a: readonly Output[], b: readonly Output[]): boolean {
  return a.length === b.length && a.every((row, i) => row === b[i])
}

function concatenate(rows: readonly Output[]): Float32Array {
  const all = new Float32Array(rows.reduce((sum, { values }) => sum + values.length, 0))
  let at = 0
  for (const { values } of rows) {
    all.set(values, at)
    at += values.length
  }
  return all
}

/** Classifier-free guidance (arXiv 2207.12598), in place: unguided + scale · (guided − unguided). */
function guide(unguided: Float32Array, guided: Float32Array, scale: number): void {
  for (let i = 0; i < unguided.length; i++) {
    const base = unguided[i] ?? 0
    unguided[i] = base + scale * ((guided[i] ?? 0) - base)
  }
}

/** Planes in -1..1 to interleaved bytes. */
function toRgb(planes: Float32Array, pixels: number): Uint8Array {
  const rgb = new Uint8Array(pixels * 3)
  for (let channel = 0; channel < 3; channel++)
    for (let i = 0; i < pixels; i++) {
      const value = (planes[channel * pixels + i] ?? 0) / 2 + 0.5
      rgb[i * 3 + channel] = Math.round(Math.min(Math.max(value, 0), 1) * 255)
    }
  return rgb
}

/** The output of this name, or the only one where an exporter named it otherwise. */
function only(outputs: ReadonlyMap<string, Output>, name: string): Output {
  const [first] = outputs.values()
  const output = outputs.get(name) ?? (outputs.size === 1 ? first : undefined)
  if (output === undefined) throw new ModelError('pack_unsupported', `no output ${name}`, { field: name })
  return output
}

function checkRequest({ sizes }: SdParts, request: SampleRequest): void {
  const wrong = (field: string, expected: string) =>
    new ModelError('invalid_input', `${field}: expected ${expected}`, { field })
  const { width, height, seed, steps, guidanceScale } = request
  if (!sizes.supported.some((size) => size.width === width && size.height === height))
    throw wrong('size', `one of ${sizes.supported.map((size) => `${size.width}x${size.height}`).join(', ')}`)
  if (!Number.isSafeInteger(seed) || seed < 0) throw wrong('seed', 'a whole number from 0')
  if (!Number.isInteger(steps) || steps < 1) throw wrong('steps', 'a whole number from 1')
  if (!Number.isFinite(guidanceScale) || guidanceScale < 0) throw wrong('guidance_scale', 'a number from 0')
}

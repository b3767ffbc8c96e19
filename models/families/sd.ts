// Stable Diffusion 1.x and 2.x, in numbered steps: CLIP text encoder, one UNet with classifier-free guidance, a KL autoencoder.
// Rows of the UNet's batch never see each other: a sample's latents are the same alone and in company.
// Source: diffusers pipelines/stable_diffusion/pipeline_stable_diffusion.py; edits begin in sd-start.ts. Opening a pack: sd-pack.ts.
import { ModelError } from '../runtime/error.ts'
import { type Noise, seedNoise } from '../runtime/noise.ts'
import { layOver, toRgb } from '../runtime/pixels.ts'
import {
  groupBy,
  isRunning,
  previewSteps,
  type Rgb,
  type Sample,
  type Start,
  type Stepper,
} from '../runtime/stepper.ts'
import { allFinite, type Output } from '../runtime/tensors.ts'
import { emptyMemory, type Memory, type Scheduler } from '../schedulers/scheduler.ts'
import { checkRequest, only, type SdParts } from './sd-parts.ts'
import { begin, type Encodings, type Keep, putBack } from './sd-start.ts'

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
  readonly start: Start | null
  /** What stays of the picture, in latents, and what a UNet that inpaints is told of it. */
  readonly keep: Keep | null
  readonly condition: Float32Array | null
  /** After these steps a preview is due. */
  readonly previewAt: readonly number[]
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
      const encodings: Encodings = new Map()
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
        // 2. Plan the timesteps, draw the first latents: noise, or a picture's with noise (sd-start.ts).
        const plan = parts.planFor(request.scheduler ?? parts.scheduler)(request.steps)
        const noise = seedNoise(request.seed)
        const { scheduler, ...beginning } = await begin(parts, request, plan, noise, encodings)
        samples.push({
          ...beginning,
          id: request.id,
          total: scheduler.timesteps.length,
          index: 0,
          failure: null,
          truncated: encoded.some(({ truncated }) => truncated),
          height: request.height / parts.sizes.factor,
          width: request.width / parts.sizes.factor,
          scheduler,
          memory: emptyMemory(),
          noise,
          guidanceScale: request.guidanceScale,
          rows: encoded.map(({ embedding }) => embedding),
          start: request.start ?? null,
          previewAt: previewSteps(scheduler.timesteps.length, request.previews ?? 0),
          previews: [],
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

    async finish(sample) {
      if (sample.failure) throw sample.failure
      return { id: sample.id, truncated: sample.truncated, ...(await develop(sample, sample.latents)) }
    },

    async preview(sample) {
      const due = sample.previews.shift()
      return due === undefined ? null : { index: due.index, picture: await develop(sample, due.latents) }
    },
  }

  /** 8. Decodes. What the decoder returns is [1, 3, height, width] in -1..1. */
  async function develop(sample: SdSample, latents: Float32Array): Promise<Rgb> {
    const scaled = latents.map((value) => value / scalingFactor)
    const dims = [1, latentChannels, sample.height, sample.width]
    const image = only(await vaeDecoder.run({ latent_sample: { values: scaled, dims } }), 'sample')
    if (!allFinite(image.values))
      throw new ModelError('nan', 'the decoder returned values that are not numbers', { field: 'image' })
    const [, channels, height = 0, width = 0] = image.dims
    if (channels !== 3)
      throw new ModelError('pack_unsupported', `the decoder returned ${channels} channels`, { field: 'image' })
    const rgb = toRgb(image.values, width * height)
    // Encoding and decoding change every pixel a little: those that the mask keeps are given back as they came.
    const { picture, mask } = sample.start ?? {}
    return { width, height, rgb: picture && mask ? layOver(picture.rgb, rgb, mask) : rgb }
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
    const rowSize = size + (first?.condition?.length ?? 0)
    const area = (first?.height ?? 0) * (first?.width ?? 0)
    const [, tokens = 0, width = 0] = first?.rows[0]?.dims ?? []
    const embeddings = group.flatMap((sample) => sample.rows)
    const count = embeddings.length
    if (!sameRows(batch.rows, embeddings)) batch = { rows: embeddings, context: concatenate(embeddings) }
    // 3. Lay out the batch: each sample's rows side by side, its latents scaled for the model, then its condition.
    const input = new Float32Array(count * rowSize)
    const timesteps = new Float32Array(count)
    let row = 0
    for (const sample of group) {
      const scale = sample.scheduler.inputScale(sample.index)
      const at = row * rowSize
      for (let k = 0; k < size; k++) input[at + k] = (sample.latents[k] ?? 0) * scale
      if (sample.condition) input.set(sample.condition, at + size)
      if (sample.rows.length === 2) input.copyWithin(at + rowSize, at, at + rowSize)
      for (const _ of sample.rows) timesteps[row++] = timestepOf(sample)
    }
    // 4. One model call for all.
    const output = only(
      await unet.run({
        sample: { values: input, dims: [count, rowSize / area, first?.height ?? 0, first?.width ?? 0] },
        timestep: timestepFeed(timesteps),
        encoder_hidden_states: { values: batch.context, dims: [count, tokens, width] },
      }),
      'out_sample',
    ).values
    if (output.length !== count * size)
      throw new ModelError('pack_unsupported', `the UNet returned ${output.length} values for ${count * size}`, {
        field: 'out_sample',
      })
    row = 0
    for (const sample of group) {
      // 5. Guidance, 6. the scheduler's step, 7. what the mask keeps.
      const predicted = output.subarray(row * size, (row + 1) * size)
      if (sample.rows.length === 2)
        guide(predicted, output.subarray((row + 1) * size, (row + 2) * size), sample.guidanceScale)
      row += sample.rows.length
      const due = sample.previewAt.indexOf(sample.index + 1)
      // The model's own guess at the end is far clearer than the noisy latents of the same step.
      const guess = due < 0 ? null : sample.scheduler.predictClean(sample.index, predicted, sample.latents)
      sample.scheduler.step(sample.index, predicted, sample.latents, sample.memory, sample.noise)
      sample.index++
      if (sample.keep) putBack(sample.latents, sample.keep, sample.scheduler, sample.index)
      if (guess) sample.previews.push({ index: due, latents: guess })
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

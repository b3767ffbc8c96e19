// How samples of any family are denoised together: one model call for all that share a shape, then each its own guidance and step.
// Rows of the batch never see each other: a sample's latents are the same alone and in company.
// Where samples come from: the families' own files. Where they go: latent-space.ts.
import { ModelError } from '../runtime/error.ts'
import type { Noise } from '../runtime/noise.ts'
import type { Module } from '../runtime/sessions.ts'
import { groupBy, isRunning, previewSteps, type Sample, type SampleRequest, type Start } from '../runtime/stepper.ts'
import { allFinite, type Output } from '../runtime/tensors.ts'
import { emptyMemory, type Memory, type Scheduler } from '../schedulers/scheduler.ts'
import { guide, rescaleGuidance } from './guidance.ts'
import { only } from './outputs.ts'
import { type Beginning, type Keep, putBack } from './start.ts'

/** What one row of the batch is conditioned on, by the denoiser's input: each [1, ...]. */
export type Conditioning = Readonly<Record<string, Output>>

export type LatentSample = Sample & {
  readonly truncated: boolean
  /** In latents. */
  readonly height: number
  readonly width: number
  /** [channels, height, width], or as the family packs them. */
  readonly latents: Float32Array
  readonly scheduler: Scheduler
  readonly memory: Memory
  /** Continues after the first latents, for schedulers that draw. */
  readonly noise: Noise
  readonly start: Start | null
  /** What stays of the picture, in latents, and what a denoiser that inpaints is told of it. */
  readonly keep: Keep | null
  readonly condition: Float32Array | null
  /** After these steps a preview is due. */
  readonly previewAt: readonly number[]
  readonly guidanceScale: number
  readonly guidanceRescale: number
  /** [negative, prompt], or the prompt alone without guidance. */
  readonly rows: readonly Conditioning[]
}

export type Denoiser = {
  /** One whose rows see each other takes each sample alone. */
  module: Pick<Module, 'run'> & { readonly mixesRows?: boolean }
  /** What the denoiser calls its latents: `sample` of a UNet, `hidden_states` of a transformer. */
  input: string
  /** vector: one timestep a row, so samples at different steps share a run. single: one timestep a run. */
  timestep: 'vector' | 'single' | 'scalar'
  /** What it is told of a timestep of the plan. */
  timestepOf(timestep: number): number
  /** The dimensions of one row's latents with their condition, `values` numbers in all. */
  shapeOf(sample: LatentSample, values: number): readonly number[]
  /** Inputs that are one for all rows; the same for all samples of one size that are conditioned alike. */
  shared?(sample: LatentSample): Readonly<Record<string, Output>>
}

/** A sample at the first step of its plan. */
export function sampleOf(
  request: SampleRequest,
  { scheduler, ...beginning }: Beginning,
  noise: Noise,
  own: Pick<LatentSample, 'truncated' | 'rows' | 'height' | 'width'>,
): LatentSample {
  const total = scheduler.timesteps.length
  return {
    ...beginning,
    ...own,
    id: request.id,
    total,
    index: 0,
    failure: null,
    scheduler,
    memory: emptyMemory(),
    noise,
    guidanceScale: request.guidanceScale,
    guidanceRescale: request.guidanceRescale ?? 0,
    start: request.start ?? null,
    previewAt: previewSteps(total, request.previews ?? 0),
    previews: [],
  }
}

type Batch = { rows: readonly Conditioning[]; inputs: Record<string, Output> }

/** Takes each running sample one step further. A sample's own trouble goes to its `failure`. */
export function createDenoiser(denoiser: Denoiser): (samples: readonly LatentSample[]) => Promise<void> {
  // From one step to the next the same samples mostly stay together, and so does what they are conditioned on.
  let batch: Batch = { rows: [], inputs: {} }
  const { module, input } = denoiser

  // How many samples of a kind fit into memory together, once that has been found out.
  const fits = new Map<string, number>()

  return async (samples) => {
    const running = samples.filter(isRunning)
    const groups = module.mixesRows ? running.map((sample) => [sample]) : groupBy(running, keyOf)
    for (const group of groups) await stepWithin(group)
  }

  /** In as many calls as memory asks for: a group that runs out of it is halved, and later ones begin at that size. */
  async function stepWithin(group: readonly LatentSample[]): Promise<void> {
    const [first] = group
    if (first === undefined) return
    const kind = kindOf(first)
    for (let at = 0; at < group.length; ) {
      const part = group.slice(at, at + (fits.get(kind) ?? group.length))
      try {
        await stepTogether(part)
        at += part.length
      } catch (error) {
        if (!(error instanceof ModelError) || error.code !== 'out_of_memory') throw error
        if (part.length > 1) fits.set(kind, Math.ceil(part.length / 2))
        else {
          // Not even alone: its own trouble, and no reason for the others to stop.
          for (const sample of part) sample.failure = error
          at++
        }
      }
    }
  }

  function timestepOf({ scheduler, index }: LatentSample): number {
    return denoiser.timestepOf(scheduler.timesteps[index] ?? 0)
  }

  /** Samples of one key share a model call. */
  function keyOf(sample: LatentSample): string {
    return denoiser.timestep === 'vector' ? kindOf(sample) : `${kindOf(sample)} @${timestepOf(sample)}`
  }

  async function stepTogether(group: readonly LatentSample[]): Promise<void> {
    const [first] = group
    if (first === undefined) return
    const size = first.latents.length
    const rowSize = size + (first.condition?.length ?? 0)
    const rows = group.flatMap((sample) => sample.rows)
    if (!sameRows(batch.rows, rows)) batch = { rows, inputs: concatenate(rows) }
    // a. Lay out the batch: each sample's rows side by side, its latents scaled for the model, then its condition.
    const values = new Float32Array(rows.length * rowSize)
    const timesteps = new Float32Array(rows.length)
    let row = 0
    for (const sample of group) {
      const scale = sample.scheduler.inputScale(sample.index)
      const at = row * rowSize
      for (let k = 0; k < size; k++) values[at + k] = (sample.latents[k] ?? 0) * scale
      if (sample.condition) values.set(sample.condition, at + size)
      if (sample.rows.length === 2) values.copyWithin(at + rowSize, at, at + rowSize)
      for (const _ of sample.rows) timesteps[row++] = timestepOf(sample)
    }
    // b. One model call for all.
    const outputs = await module.run({
      ...batch.inputs,
      ...denoiser.shared?.(first),
      [input]: { values, dims: [rows.length, ...denoiser.shapeOf(first, rowSize)] },
      timestep: timestepFeed(timesteps),
    })
    const output = only(outputs, 'out_sample').values
    if (output.length !== rows.length * size)
      throw new ModelError(
        'pack_unsupported',
        `the denoiser returned ${output.length} values for ${rows.length * size}`,
        { field: 'out_sample' },
      )
    row = 0
    for (const sample of group) {
      const [own, other] = [row, row + 1].map((at) => output.subarray(at * size, (at + 1) * size))
      row += sample.rows.length
      if (own) finishStep(sample, own, sample.rows.length === 2 && other ? other : null)
    }
  }

  function timestepFeed(timesteps: Float32Array) {
    if (denoiser.timestep === 'vector') return { values: timesteps, dims: [timesteps.length] }
    return { values: timesteps.subarray(0, 1), dims: denoiser.timestep === 'single' ? [1] : [] }
  }
}

/** c. Guidance, d. the scheduler's step, e. what the mask keeps. `prompted` is null where there is no guidance. */
function finishStep(sample: LatentSample, predicted: Float32Array, prompted: Float32Array | null): void {
  if (prompted) {
    guide(predicted, prompted, sample.guidanceScale)
    if (sample.guidanceRescale > 0) rescaleGuidance(predicted, prompted, sample.guidanceRescale)
  }
  const { scheduler, latents } = sample
  const due = sample.previewAt.indexOf(sample.index + 1)
  // The model's own guess at the end is far clearer than the noisy latents of the same step.
  const guess = due < 0 ? null : scheduler.predictClean(sample.index, predicted, latents)
  scheduler.step(sample.index, predicted, latents, sample.memory, sample.noise)
  sample.index++
  if (sample.keep) putBack(latents, sample.keep, scheduler, sample.index)
  if (guess) sample.previews.push({ index: due, latents: guess })
  if (!allFinite(latents))
    sample.failure = new ModelError('nan', `latents are not numbers after step ${sample.index} of ${sample.total}`, {
      field: 'latents',
    })
}

/** What decides how much memory a row takes. */
function kindOf({ height, width, rows }: LatentSample): string {
  const conditioned = Object.entries(rows[0] ?? {}).map(([name, { dims }]) => `${name}:${dims.join('x')}`)
  return `${height}x${width} ${conditioned.join(' ')}`
}

function sameRows(a: readonly Conditioning[], b: readonly Conditioning[]): boolean {
  return a.length === b.length && a.every((row, i) => row === b[i])
}

/** Rows under each other, input by input: [1, ...] of each to [rows, ...]. */
function concatenate(rows: readonly Conditioning[]): Record<string, Output> {
  const inputs: Record<string, Output> = {}
  for (const [name, { dims }] of Object.entries(rows[0] ?? {})) {
    const parts = rows.flatMap((row) => row[name]?.values ?? [])
    const all = new Float32Array(parts.reduce((sum, values) => sum + values.length, 0))
    let at = 0
    for (const values of parts) {
      all.set(values, at)
      at += values.length
    }
    inputs[name] = { values: all, dims: [rows.length, ...dims.slice(1)] }
  }
  return inputs
}

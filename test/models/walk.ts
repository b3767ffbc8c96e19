// Walks a scheduler's plan with a small function in the place of the network; the goldens' Python walks the same way.
import { seedNoise } from '../../models/runtime/noise.ts'
import { type Custom, emptyMemory, readScheduler, type SchedulerName } from '../../models/schedulers/scheduler.ts'

export const FILE = 'scheduler/scheduler_config.json'
export const SD = { num_train_timesteps: 1000, beta_start: 0.00085, beta_end: 0.012, beta_schedule: 'scaled_linear' }

export type Model = (x: number, t: number) => number

/** Not linear, so that an error in any step shows in all later ones. */
export const curvedModel: Model = (x, t) => 0.7 * x * (t / (t + 1)) + 0.1 * Math.sin(3 * x + t / 100)

export type WalkOptions = {
  /** Upstream's own tests step from the scaled sample. */
  feedsScaled?: boolean | undefined
  custom?: Custom | undefined
  /** The step that the walk begins at, as a run of image-to-image does. */
  first?: number | undefined
  seed?: number | undefined
}

export type Walked = {
  /** The sample after each step. */
  path: Float32Array[]
  /** The whole plan's timesteps, those before the first step as well. */
  timesteps: number[]
  sigma: number
}

/** Runs a schedule from `start` times its first standard deviation. */
export function walk(
  name: SchedulerName,
  config: unknown,
  steps: number,
  start: Float32Array,
  model: Model,
  { feedsScaled = false, custom, first = 0, seed = 0 }: WalkOptions = {},
): Walked {
  const scheduler = readScheduler(config, name, FILE)(steps, custom)
  const memory = emptyMemory()
  const noise = seedNoise(seed)
  let sample = start.map((x) => x * scheduler.initNoiseSigma)
  const path: Float32Array[] = []
  for (const [index, t] of scheduler.timesteps.entries()) {
    if (index < first) continue
    const scale = scheduler.inputScale(index)
    const input = sample.map((x) => x * scale)
    if (feedsScaled) sample = input.slice()
    scheduler.step(
      index,
      input.map((x) => model(x, t)),
      sample,
      memory,
      noise,
    )
    path.push(sample.slice())
  }
  return { path, timesteps: Array.from(scheduler.timesteps), sigma: scheduler.initNoiseSigma }
}

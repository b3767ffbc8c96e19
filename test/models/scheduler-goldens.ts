// What diffusers' schedulers do, as test/goldens/make/schedulers.py wrote it down.
import { readFileSync } from 'node:fs'
import type { SchedulerName } from '../../models/schedulers/scheduler.ts'
import { floats } from './parity.ts'

export type SchedulerCase = {
  name: string
  scheduler: SchedulerName
  config: Record<string, unknown>
  steps: number
  /** The first call; those before it are not made. */
  first: number
  own_timesteps?: number[]
  own_sigmas?: number[]
  timesteps: number[]
  init_noise_sigma: number
  /** Base64 of float32 [calls, n]: the sample after each call. */
  path: string
  /** add_noise of the start and its mirror image before each call. */
  noised?: string
  /** x_0 as each call's output says it. */
  clean?: string
}

type Counts = {
  scheduler: SchedulerName
  config: Record<string, unknown>
  /** Steps, how many timesteps, the first, the last; null where diffusers makes none. */
  counts: [steps: number, count: number | null, first?: number, last?: number][]
}

export const golden: {
  start: string
  fields: Record<string, string[]>
  counts: Counts[]
  cases: SchedulerCase[]
} = JSON.parse(readFileSync(new URL('../goldens/schedulers.json', import.meta.url), 'utf8'))

export const goldenStart = floats(golden.start)

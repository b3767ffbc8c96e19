// What test/goldens/make/schedulers_solvers.py wrote: paths, single fields and numbers of timesteps.
import { readFileSync } from 'node:fs'
import type { Custom, SchedulerName } from '../../models/schedulers/scheduler.ts'

export type Asked = {
  timesteps?: number[]
  sigmas?: number[]
  tokens?: number
  eta?: number
  first?: number
}

type Config = Record<string, unknown>

export const solvers: {
  start: string
  /** The image tokens that the single fields were walked with. */
  tokens: number
  cases: {
    name: string
    scheduler: SchedulerName
    config: Config
    steps: number
    asked: Asked
    timesteps: number[]
    path: string
    noised: string
  }[]
  fields: {
    scheduler: SchedulerName
    field: string
    config: Config
    /** How diffusers fails. */
    raises?: string
    /** Whether diffusers walks another path than with the default. */
    effect?: boolean
    end?: string
  }[]
  plans: { scheduler: SchedulerName; config: Config; counts: ([number, number, number] | null)[] }[]
} = JSON.parse(readFileSync(new URL('../goldens/schedulers-solvers.json', import.meta.url), 'utf8'))

export function customOf({ timesteps, sigmas, tokens, eta }: Asked): Custom {
  return { timesteps, sigmas, imageTokens: tokens, eta }
}

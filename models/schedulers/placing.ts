// Which of the ways to place noise levels between the largest and the smallest a configuration asks for.
// Source: diffusers schedulers/scheduling_*.py: karras, exponential and beta exclude each other; lu stands behind karras.
import type { Fields } from '../runtime/fields.ts'
import { linspace } from './schedule.ts'
import { betaSigmas, exponentialSigmas, karrasSigmas } from './sigmas.ts'

export type Placing = {
  kind: 'karras' | 'lu' | 'exponential' | 'beta'
  /** Descending, n values, between bounds that sigma_max and sigma_min of the configuration override. */
  place(max: number, min: number, n: number): number[]
}

/** Null where the levels are the schedule's own. Classes that lack sigma_min and sigma_max read them all the same. */
export function readPlacing(fields: Fields, { lu }: { lu: boolean }): Placing | null {
  const [low, high] = [fields.numberIf('sigma_min', 0), fields.numberIf('sigma_max', 0)]
  const [chosen, second] = KINDS.filter((kind) => fields.flagIf(`use_${kind}_sigmas`) === true)
  if (second !== undefined) throw fields.bad(`use_${second}_sigmas`, 'at most one way to place sigmas')
  const uniform = lu && fields.flagIf('use_lu_lambdas') === true
  const kind = chosen !== 'karras' && uniform ? 'lu' : chosen
  if (kind === undefined) return null
  if (low === 0) throw fields.bad('sigma_min', 'a number above 0')
  if (high === 0) throw fields.bad('sigma_max', 'a number above 0')
  return {
    kind,
    place(max, min, n) {
      switch (kind) {
        case 'karras':
          return karrasSigmas(high ?? max, low ?? min, n)
        case 'lu':
          // Uniform λ (ρ = 1) is uniform log σ, from logarithms in float32. It alone has no bounds of its own.
          return linspace(Math.fround(Math.log(max)), Math.fround(Math.log(min)), n).map(Math.exp)
        case 'exponential':
          return exponentialSigmas(high ?? max, low ?? min, n)
        case 'beta':
          return betaSigmas(high ?? max, low ?? min, n)
        default:
          return kind satisfies never
      }
    },
  }
}

const KINDS = ['karras', 'exponential', 'beta'] as const

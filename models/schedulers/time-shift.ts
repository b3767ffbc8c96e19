// Flow schedules lean towards noise: by a fixed shift, or by one that grows with the picture ("Scaling Rectified Flow
// Transformers", arXiv 2403.03206, eq. 23). A level σ is a share of noise, from 1 down to above 0.
// Source: diffusers scheduling_flow_match_euler_discrete.py (time_shift, stretch_shift_to_terminal) and
// pipeline_flux.py (calculate_shift).
import { ModelError } from '../runtime/error.ts'
import type { Fields } from '../runtime/fields.ts'
import { unsupported } from './schedule.ts'

/** ModelError pack_unsupported where the shift is dynamic and nobody says how large the picture is. */
export type Shift = (sigmas: readonly number[], imageTokens: number | undefined) => number[]

type ShiftOf = {
  /** The class's name for its fixed shift. */
  amount: 'shift' | 'flow_shift'
  /** Whether the class knows the linear time shift besides the exponential one. */
  linear: boolean
  /** Whether the levels are a flow's: nothing else can be shifted. */
  flow: boolean
}

export function readShift(fields: Fields, { amount, linear, flow }: ShiftOf): Shift {
  const fixed = positive(fields, amount, 1)
  const dynamic = fields.flagIf('use_dynamic_shifting') ?? false
  const kind = fields.choiceIf('time_shift_type', ['exponential', 'linear']) ?? 'exponential'
  const muOf = readMu(fields)
  if (!dynamic) return (sigmas) => shifted(sigmas, fixed)
  if (!flow) throw unsupported(fields, 'use_dynamic_shifting', 'true without use_flow_sigmas')
  if (kind === 'linear' && !linear) throw unsupported(fields, 'time_shift_type', kind)
  return (sigmas, imageTokens) => {
    if (imageTokens === undefined)
      throw new ModelError('pack_unsupported', `${fields.file}: use_dynamic_shifting: this model has no image tokens`, {
        file: fields.file,
        field: 'use_dynamic_shifting',
      })
    const mu = muOf(imageTokens)
    const odds = kind === 'linear' ? mu : Math.exp(mu)
    // The same to the last bit but one, which decides where a timestep is cut off.
    return linear ? sigmas.map((sigma) => odds / (odds + (1 / sigma - 1))) : shifted(sigmas, odds)
  }
}

/** μ is even between two sizes of picture. The defaults are those of FlowMatchEulerDiscreteScheduler and FLUX's pipeline. */
function readMu(fields: Fields): (imageTokens: number) => number {
  const [low, high] = [fields.numberIf('base_shift') ?? 0.5, fields.numberIf('max_shift') ?? 1.15]
  const least = fields.integerIf('base_image_seq_len', 1, 1_000_000) ?? 256
  const most = fields.integerIf('max_image_seq_len', 1, 1_000_000) ?? 4096
  if (least === most) throw fields.bad('max_image_seq_len', 'a number that differs from base_image_seq_len')
  const slope = (high - low) / (most - least)
  return (imageTokens) => imageTokens * slope + (low - slope * least)
}

/** The odds of noise, σ / (1 − σ), times `amount`. */
function shifted(sigmas: readonly number[], amount: number): number[] {
  return sigmas.map((sigma) => (amount * sigma) / (1 + (amount - 1) * sigma))
}

/** Stretches a flow's levels so that the last one is shift_terminal, where that is set. */
export function readTerminal(fields: Fields, flow: boolean): (sigmas: readonly number[]) => readonly number[] {
  const terminal = fields.numberIf('shift_terminal', 0, 1) ?? 0
  if (terminal !== 0 && !flow) throw unsupported(fields, 'shift_terminal', `${terminal} without use_flow_sigmas`)
  if (terminal === 1) throw fields.bad('shift_terminal', 'a number below 1')
  return (sigmas) => {
    if (terminal === 0) return sigmas
    const scale = (1 - (sigmas.at(-1) ?? 0)) / (1 - terminal)
    if (scale === 0)
      throw new ModelError('invalid_input', 'steps: a schedule with shift_terminal takes at least two', {
        field: 'steps',
      })
    return sigmas.map((sigma) => 1 - (1 - sigma) / scale)
  }
}

export function positive(fields: Fields, name: string, otherwise: number): number {
  const value = fields.numberIf(name, 0) ?? otherwise
  if (value === 0) throw fields.bad(name, 'a number above 0')
  return value
}

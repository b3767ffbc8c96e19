// What every scheduler shares: the noise schedule, the spacing of timesteps, the three kinds of prediction.
// Betas and their cumulative product are float32, as torch keeps them. Source: diffusers schedulers/scheduling_*.py.
import { ModelError } from '../runtime/error.ts'
import type { Fields } from '../runtime/fields.ts'
import type { Custom } from './scheduler.ts'

const fround = Math.fround

export type Spacing = 'linspace' | 'leading' | 'trailing'
export type Prediction = 'epsilon' | 'sample' | 'v_prediction'
export type Betas = {
  trainSteps: number
  /** ᾱ_t, float32 [trainSteps]. */
  alphasCumprod: Float32Array
  betaSchedule: string
  zeroTerminalSnr: boolean
}
export type NoiseSchedule = Betas & { prediction: Prediction; spacing: Spacing; stepsOffset: number }

/** Refuses a field that asks for something which is not built. */
export function unsupported(fields: Fields, name: string, value: unknown): ModelError {
  return new ModelError('pack_unsupported', `${fields.file}: ${name}: ${String(value)} is not supported`, {
    file: fields.file,
    field: name,
  })
}

/** Fields that may be present, but only switched off. */
export function refuseFlags(fields: Fields, names: readonly string[]): void {
  for (const name of names) if (fields.flagIf(name) === true) throw unsupported(fields, name, true)
}

export function readNoiseSchedule(
  fields: Fields,
  defaults: { spacing: Spacing } & Partial<BetaDefaults>,
): NoiseSchedule {
  const betas = readBetas(fields, defaults)
  return {
    ...betas,
    ...readSpacing(fields, defaults.spacing, betas.trainSteps),
    prediction: fields.choiceIf('prediction_type', ['epsilon', 'sample', 'v_prediction']) ?? 'epsilon',
  }
}

export function readSpacing(
  fields: Fields,
  spacing: Spacing,
  trainSteps: number,
): { spacing: Spacing; stepsOffset: number } {
  return {
    spacing: fields.choiceIf('timestep_spacing', ['linspace', 'leading', 'trailing']) ?? spacing,
    stepsOffset: fields.integerIf('steps_offset', 0, trainSteps) ?? 0,
  }
}

type BetaDefaults = {
  start: number
  end: number
  kind: BetaKind
  /** Beta schedules that the class knows besides the common ones. */
  kinds: readonly BetaKind[]
  rescales: boolean
}

/** The part of a noise schedule that every class of this kind has. Without `rescales` the class has no rescale_betas_zero_snr. */
export function readBetas(fields: Fields, defaults: Partial<BetaDefaults> = {}): Betas {
  const trained = fields.numbersIf('trained_betas')
  const trainSteps = fields.integerIf('num_train_timesteps', 1, 100_000) ?? 1000
  if (trained !== undefined && trained.length !== trainSteps)
    throw fields.bad('trained_betas', `${trainSteps} numbers, one for each of num_train_timesteps`)
  const start = fields.numberIf('beta_start', 0, 1) ?? defaults.start ?? 0.0001
  const end = fields.numberIf('beta_end', 0, 1) ?? defaults.end ?? 0.02
  const kind =
    fields.choiceIf('beta_schedule', [...COMMON_KINDS, ...(defaults.kinds ?? [])]) ?? defaults.kind ?? 'linear'
  const zeroTerminalSnr = (defaults.rescales ?? true) && (fields.flagIf('rescale_betas_zero_snr') ?? false)
  const betas = trained ? Float32Array.from(trained) : makeBetas(kind, start, end, trainSteps)
  const alphas = betas.map((beta) => 1 - beta)
  return {
    trainSteps,
    alphasCumprod: cumulativeProduct(zeroTerminalSnr ? rescaleZeroTerminalSnr(alphas) : alphas),
    betaSchedule: kind,
    zeroTerminalSnr,
  }
}

type BetaKind = 'linear' | 'scaled_linear' | 'squaredcos_cap_v2' | 'exp' | 'laplace' | 'sigmoid'
const COMMON_KINDS: readonly BetaKind[] = ['linear', 'scaled_linear', 'squaredcos_cap_v2']

function makeBetas(kind: BetaKind, start: number, end: number, n: number): Float32Array {
  switch (kind) {
    case 'linear':
      return torchLinspace(start, end, n)
    case 'scaled_linear':
      return torchLinspace(Math.sqrt(start), Math.sqrt(end), n).map((root) => root * root)
    case 'squaredcos_cap_v2':
      return betasOf((t) => Math.cos((((t + 0.008) / 1.008) * Math.PI) / 2) ** 2, n)
    case 'exp':
      return betasOf((t) => Math.exp(-12 * t), n)
    case 'laplace':
      return betasOf((t) => {
        const snr = Math.exp((t > 0.5 ? 0.5 : -0.5) * Math.log(1 - 2 * Math.abs(0.5 - t) + 1e-6))
        return Math.sqrt(snr / (1 + snr))
      }, n)
    case 'sigmoid':
      return torchLinspace(-6, 6, n).map((x) => fround(fround(1 / (1 + Math.exp(-x))) * fround(end - start)) + start)
    default:
      return kind satisfies never
  }
}

/** Betas whose cumulative product follows ᾱ(t), t in [0, 1]. */
function betasOf(alphaBar: (t: number) => number, n: number): Float32Array {
  return Float32Array.from({ length: n }, (_, i) => Math.min(1 - alphaBar((i + 1) / n) / alphaBar(i / n), 0.999))
}

/** torch.linspace in float32: counted from both ends towards the middle. */
export function torchLinspace(start: number, end: number, n: number): Float32Array {
  const [from, to] = [fround(start), fround(end)]
  if (n === 1) return Float32Array.of(from)
  const step = fround((to - from) / (n - 1))
  return Float32Array.from({ length: n }, (_, i) => (i < n / 2 ? from + step * i : to - step * (n - 1 - i)))
}

// torch multiplies in double and rounds each product that it stores.
function cumulativeProduct(values: Float32Array): Float32Array {
  let product = 1
  return values.map((value) => {
    product *= value
    return product
  })
}

// "Common Diffusion Noise Schedules and Sample Steps are Flawed" (arXiv 2305.08891), algorithm 1.
function rescaleZeroTerminalSnr(alphas: Float32Array): Float32Array {
  const roots = cumulativeProduct(alphas).map(Math.sqrt)
  const [first, last] = [roots[0] ?? 0, roots.at(-1) ?? 0]
  const scale = fround(first / fround(first - last))
  const bars = roots.map((root) => fround(fround(root - last) * scale) ** 2)
  // 1 - (1 - a): the trip through betas rounds, as it does upstream.
  return bars.map((bar, i) => 1 - fround(1 - (i === 0 ? bar : fround(bar / (bars[i - 1] ?? 0)))))
}

/** σ_t = √((1 − ᾱ_t) / ᾱ_t), float32, ascending. With zero terminal SNR the last ᾱ is 2⁻²⁴, so that σ stays finite. */
export function trainingSigmas(schedule: Betas): Float32Array {
  const bars = schedule.alphasCumprod.slice()
  if (schedule.zeroTerminalSnr) bars[bars.length - 1] = 2 ** -24
  return bars.map((bar) => Math.sqrt(fround(fround(1 - bar) / bar)))
}

/** x_0 from a sample of unit variance, a · x_0 + b · noise: the weight of the sample and that of the model's output. */
export function cleanWeights(prediction: Prediction, a: number, b: number): [ofSample: number, ofOutput: number] {
  switch (prediction) {
    case 'epsilon':
      return [1 / a, -b / a]
    case 'sample':
      return [0, 1]
    case 'v_prediction':
      return [a, -b]
    default:
      return prediction satisfies never
  }
}

/** ofA · a + ofB · b, value by value. */
export function combine(ofA: number, a: Float32Array, ofB: number, b: Float32Array): Float32Array {
  const out = new Float32Array(a.length)
  for (let i = 0; i < out.length; i++) out[i] = ofA * (a[i] ?? 0) + ofB * (b[i] ?? 0)
  return out
}

/** numpy's round: halves go to the even neighbour. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  if (rest !== 0.5) return Math.round(value)
  return floor % 2 === 0 ? floor : floor + 1
}

/** numpy.linspace, in doubles. */
export function linspace(start: number, end: number, n: number): number[] {
  const step = n > 1 ? (end - start) / (n - 1) : 0
  return Array.from({ length: n }, (_, i) => (n > 1 && i === n - 1 ? end : start + i * step))
}

// numpy.arange adds one value too many at some n (61, 103, ...), a timestep of -1; here n steps are n steps.
/** Trailing spacing: round(T − k·T/n) − 1, downwards from `last`; n values, fewer where `last` < T. */
export function trailingTimesteps(last: number, trainSteps: number, n: number): number[] {
  const ratio = trainSteps / n
  const count = Math.min(n, Math.ceil(last / ratio))
  const delta = last - ratio - last
  return Array.from({ length: count }, (_, i) => roundHalfEven(last + i * delta) - 1)
}

/** Refuses a schedule of one's own where the method has only its own. ModelError invalid_input. */
export function refuseCustom(custom: Custom | undefined, names: readonly ('timesteps' | 'sigmas')[]): void {
  for (const name of names)
    if (custom?.[name] !== undefined)
      throw new ModelError('invalid_input', `${name}: this scheduler takes none`, { field: name })
}

export function tooManySteps(steps: number, most: number): ModelError {
  return new ModelError('invalid_input', `steps: ${steps} do not fit a schedule of ${most}`, { field: 'steps' })
}

/** Reads values at fractional positions, held at both ends (numpy.interp over 0..n-1). */
export function interpolate(positions: readonly number[], values: Float32Array): number[] {
  return positions.map((position) => {
    const at = Math.min(Math.max(position, 0), values.length - 1)
    const low = Math.floor(at)
    const [a, b] = [values[low] ?? 0, values[Math.min(low + 1, values.length - 1)] ?? 0]
    return a + (b - a) * (at - low)
  })
}

// Dynamic thresholding (Imagen, arXiv 2205.11487): for models in pixel space. Shared by DDIM and DPM-Solver++.
import type { Fields } from '../runtime/fields.ts'

export type Threshold = { ratio: number; max: number }

export function readThreshold(fields: Fields): Threshold | null {
  const on = fields.flagIf('thresholding') ?? false
  const ratio = fields.numberIf('dynamic_thresholding_ratio', 0, 1) ?? 0.995
  const max = fields.numberIf('sample_max_value', 0) ?? 1
  return on ? { ratio, max } : null
}

/** Clamps to the quantile s of |x| (at least 1, at most max) and divides by it, in place. */
export function applyThreshold(x: Float32Array, threshold: Threshold): void {
  const sizes = x.map(Math.abs).sort()
  const rank = threshold.ratio * (sizes.length - 1)
  const low = Math.floor(rank)
  const below = sizes[low] ?? 0
  const quantile = below + ((sizes[low + 1] ?? below) - below) * (rank - low)
  // torch.clamp applies the upper bound last.
  const s = Math.min(Math.max(quantile, 1), threshold.max)
  for (let i = 0; i < x.length; i++) x[i] = Math.min(Math.max(x[i] ?? 0, -s), s) / s
}

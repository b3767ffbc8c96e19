// From a graph's numbers to calibrated probabilities by label and scores by category. Pure.
// A value that is not a number is a failure, never a score.
import { ModelError } from '../runtime/error.ts'
import type { Calibration, Scoring } from './manifest.ts'

export type Classification = {
  /** Calibrated probability by label; labels without a calibration are not in it. */
  probabilities: Readonly<Record<string, number>>
  /** Category to its largest probability. */
  categories: Readonly<Record<string, number>>
}

/** `logits` in the order of `labels`. ModelError: nan. */
export function score(
  logits: ArrayLike<number>,
  { labels, calibration, categories: named }: Pick<Scoring, 'labels' | 'calibration' | 'categories'>,
): Classification {
  const probabilities: Record<string, number> = {}
  for (const [i, label] of labels.entries()) {
    const own = calibration.get(label)
    const logit = logits[i]
    if (own && logit !== undefined) probabilities[label] = platt(own, logit)
  }
  const categories: Record<string, number> = {}
  for (const [category, parts] of named) {
    const worst = Math.max(...parts.map((label) => probabilities[label] ?? Number.NaN))
    if (Number.isNaN(worst)) throw new ModelError('nan', `no score for ${category}`, { field: category })
    categories[category] = worst
  }
  return { probabilities, categories }
}

/** sigmoid(scale · logit + bias): Platt scaling. */
function platt({ scale, bias }: Calibration, logit: number): number {
  return 1 / (1 + Math.exp(-(scale * logit + bias)))
}

/** A softmax probability as the logit that sigmoid would take: scale 1 and bias 0 give the probability itself. */
export function softmaxLogits(logits: ArrayLike<number>): number[] {
  const all = Array.from(logits)
  return all.map((logit, i) => {
    const others = all.filter((_, j) => j !== i)
    const largest = Math.max(...others)
    return logit - largest - Math.log(others.reduce((sum, other) => sum + Math.exp(other - largest), 0))
  })
}

/** A probability as a logit; 0 and 1 are infinite. */
export function logitOf(probability: number): number {
  return Math.log(probability) - Math.log1p(-probability)
}

// What both DPM-Solvers read of their configuration besides the schedule: which of the kinds, and which rules.
// Source: diffusers scheduling_dpmsolver_multistep.py and _singlestep.py, __init__.
import type { Fields } from '../runtime/fields.ts'
import type { DpmAlgorithm } from './dpm-weights.ts'
import { unsupported } from './schedule.ts'
import { type Convert, converter, readSolverPrediction, type SolverPrediction } from './solver-levels.ts'
import { readThreshold } from './threshold.ts'

export type DpmRules = {
  algorithm: DpmAlgorithm
  stochastic: boolean
  order: number
  midpoint: boolean
  endsAtZero: boolean
  prediction: SolverPrediction
  convert: Convert
}

export function readDpmRules(fields: Fields, algorithms: readonly DpmAlgorithm[]): DpmRules {
  // Names of other solvers' kinds and rules stand for the default: one configuration serves several classes.
  const named = fields.choiceIf('algorithm_type', [...ALGORITHMS, 'deis']) ?? 'dpmsolver++'
  const algorithm = named === 'deis' ? 'dpmsolver++' : named
  if (!algorithms.includes(algorithm)) throw unsupported(fields, 'algorithm_type', algorithm)
  const clean = algorithm === 'dpmsolver++' || algorithm === 'sde-dpmsolver++'
  const endsAtZero = fields.choiceIf('final_sigmas_type', ['zero', 'sigma_min']) !== 'sigma_min'
  if (!clean && endsAtZero) throw unsupported(fields, 'final_sigmas_type', `zero with ${algorithm}`)
  const order = fields.integerIf('solver_order', 1, 3) ?? 2
  if (algorithm === 'sde-dpmsolver' && order === 3) throw unsupported(fields, 'solver_order', `3 with ${algorithm}`)
  const variance = fields.textIf('variance_type')
  // DDPM's fixed variances say nothing about the model; a learnt one is more channels of its output.
  if (variance?.startsWith('learned')) throw unsupported(fields, 'variance_type', variance)
  const prediction = readSolverPrediction(fields)
  if (!clean && prediction === 'flow_prediction')
    throw unsupported(fields, 'prediction_type', `${prediction} with ${algorithm}`)
  return {
    algorithm,
    stochastic: algorithm.startsWith('sde'),
    order,
    midpoint: fields.choiceIf('solver_type', SOLVERS) !== 'heun',
    endsAtZero,
    prediction,
    convert: converter(prediction, readThreshold(fields), clean ? 'clean' : 'noise'),
  }
}

const ALGORITHMS = ['dpmsolver++', 'dpmsolver', 'sde-dpmsolver++', 'sde-dpmsolver'] as const
const SOLVERS = ['midpoint', 'heun', 'logrho', 'bh1', 'bh2'] as const

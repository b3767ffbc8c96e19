// `darkroom models bench`: how long a model takes here, as a table or as JSON. It opens the model in this process and ends by itself.
import { openModel } from '../../models/families/family.ts'
import { type Bench, benchModel } from '../../models/prepare/bench.ts'
import { findModel } from '../../models/prepare/find.ts'
import { RUNTIME } from '../../models/runtime/sessions.ts'
import { chooseQuietly } from '../../workers/quiet-provider.ts'
import type { Config } from '../kernel/config.ts'
import { Fault } from '../kernel/fault.ts'
import { progressBar } from './progress.ts'

export type BenchOptions = { steps?: string | undefined; batch: string; rounds: string; json: boolean }

export async function benchOne(
  { packsDir, provider: wanted, threads }: Pick<Config, 'packsDir' | 'provider' | 'threads'>,
  id: string,
  options: BenchOptions,
): Promise<void> {
  const batches = options.batch.split(',').map((text) => whole(text, '--batch', 64))
  const rounds = whole(options.rounds, '--rounds', 1000)
  const asked = options.steps === undefined ? null : whole(options.steps, '--steps', 1000)
  const pack = await findModel(packsDir, id)
  const { manifest } = pack
  const steps = asked ?? manifest.quality.medium.steps
  const { provider, why } = await chooseQuietly(wanted)
  await using model = await openModel(pack, manifest, { provider, threads })
  const bar = progressBar(process.stderr)
  const bench = await benchModel(model, manifest, { steps, batches: [...new Set(batches)], rounds }, (done, all) =>
    bar.show(done, all, `round ${done + 1} of ${all}`),
  ).finally(bar.end)
  const { width, height } = manifest.sizes.default
  const size = `${width}x${height}`
  const conditions = { model: id, size, steps, rounds, provider, why, threads, runtime: RUNTIME, dtype: model.dtype }
  if (options.json) process.stdout.write(`${JSON.stringify({ ...conditions, ...bench }, null, 1)}\n`)
  else process.stdout.write(tableOf(conditions, bench))
}

type Conditions = Record<'model' | 'size' | 'provider' | 'why' | 'runtime' | 'dtype', string> &
  Record<'steps' | 'rounds' | 'threads', number>

function tableOf(
  { model, size, steps, rounds, provider, why, threads, runtime, dtype }: Conditions,
  bench: Bench,
): string {
  const heads = ['pictures', 's a picture', 'ms a step', 'in session.run', 'outside', 'MB after']
  const rows = bench.rows.map((row) => [
    `${row.batch}`,
    row.secondsPerPicture.toFixed(3),
    row.stepMs.toFixed(2),
    row.stepRunMs.toFixed(2),
    row.stepOutsideMs.toFixed(3),
    megabytes(row.memoryBytes),
  ])
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map((row) => row[i]?.length ?? 0)))
  const line = (cells: readonly string[]) => `${cells.map((cell, i) => cell.padStart(widths[i] ?? 0)).join('  ')}\n`
  return [
    `${model}, ${size}, ${steps} steps, ${dtype}; ${provider} (${why}), ${threads} threads, ${runtime}\n`,
    ...[heads, ...rows].map(line),
    `medians of ${rounds} rounds after one that warms up; at the peak ${megabytes(bench.peakBytes)} MB\n`,
  ].join('')
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0)
}

/** Fault invalid_request, by the option. */
export function whole(text: string, field: string, most: number): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (number >= 1 && number <= most) return number
  throw new Fault('invalid_request', { field, detail: `expected a whole number from 1 to ${most}, not ${text}` })
}

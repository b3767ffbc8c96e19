// How long a model takes on this machine, by how many pictures share a run: rounds in turn over the batches, so that what else the
// machine does meets all alike; medians; a first round that does not count. Time in session.run is told apart from the rest.
import type { Model } from '../families/opening.ts'
import type { TextToImageManifest } from '../runtime/manifest.ts'
import { isRunning } from '../runtime/stepper.ts'
import { drawn, median, prepareSamples, requestOf } from './draw.ts'

export type BenchOrder = { steps: number; batches: readonly number[]; rounds: number }
export type BenchRow = {
  batch: number
  /** Prompt, steps and decoding. */
  secondsPerPicture: number
  /** One step of all pictures of the batch: in all, in session.run, and outside of it. */
  stepMs: number
  stepRunMs: number
  stepOutsideMs: number
  /** Of the process, after the last round of this batch. */
  memoryBytes: number
}
export type Bench = { rows: BenchRow[]; peakBytes: number }

type Timed = { pictureMs: number; stepMs: number; runMs: number }

const PROMPT = 'a red boat on the sea at sunset'

/** ModelError as the stepper's own. */
export async function benchModel(
  model: Model,
  manifest: TextToImageManifest,
  { steps, batches, rounds }: BenchOrder,
  onRound: (done: number, all: number) => void = () => {},
): Promise<Bench> {
  const times = new Map(batches.map((batch) => [batch, { rounds: [] as Timed[], memoryBytes: 0 }]))
  for (let round = 0; round <= rounds; round++)
    for (const [at, [batch, measured]] of [...times].entries()) {
      onRound(round * times.size + at, (rounds + 1) * times.size)
      const timed = await drawBatch(model, manifest, batch, steps)
      measured.memoryBytes = process.memoryUsage.rss()
      if (round > 0) measured.rounds.push(timed)
    }
  const rows = Array.from(times, ([batch, measured]) => ({
    batch,
    secondsPerPicture: median(measured.rounds.map(({ pictureMs }) => pictureMs)) / 1000,
    stepMs: median(measured.rounds.map(({ stepMs }) => stepMs)),
    stepRunMs: median(measured.rounds.map(({ runMs }) => runMs)),
    stepOutsideMs: median(measured.rounds.map(({ stepMs, runMs }) => stepMs - runMs)),
    memoryBytes: measured.memoryBytes,
  }))
  // Linux and Node count it in kibibytes.
  return { rows, peakBytes: process.resourceUsage().maxRSS * 1024 }
}

async function drawBatch(model: Model, manifest: TextToImageManifest, batch: number, steps: number): Promise<Timed> {
  const requests = Array.from({ length: batch }, (_, seed) =>
    requestOf(manifest, manifest.sizes.default, { prompt: PROMPT, seed, steps }),
  )
  const begun = performance.now()
  const samples = await prepareSamples(model, requests)
  const [stepped, ran] = [performance.now(), model.runMs()]
  let taken = 0
  for (; samples.some(isRunning); taken++) await model.step(samples)
  const [ended, runMs] = [performance.now(), model.runMs() - ran]
  for (const sample of await drawn(model, samples)) await model.finish(sample)
  return {
    pictureMs: (performance.now() - begun) / batch,
    stepMs: (ended - stepped) / taken,
    runMs: runMs / taken,
  }
}

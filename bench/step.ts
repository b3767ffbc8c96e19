// What a step costs outside session.run: laying out the batch, guidance, the scheduler, the check for NaN; against session.run's
// own time in the same run. The null rows take the model away: latents of zeros, so that the stepper is all there is.
// "child" is a whole generation in the inference child: prompt, steps, messages, decoding to bytes. At most .3 ms a step.
//   npm run bench -- bench/step.ts [packs folder]
import { resolve } from 'node:path'
import type { LatentSample } from '../models/families/denoise.ts'
import { openModel } from '../models/families/family.ts'
import { createSd, type SdParts } from '../models/families/sd.ts'
import type { Module } from '../models/runtime/sessions.ts'
import type { SampleRequest, Stepper } from '../models/runtime/stepper.ts'
import { listPacks } from '../models/runtime/survey.ts'
import { openPlanners } from '../models/schedulers/planners.ts'
import { openLog } from '../src/kernel/log.ts'
import { spawnInference } from '../workers/inference-child.ts'
import { median } from './median.ts'

const LIMIT_MS = 0.3
const STEPS = 20
const ROUNDS = 3
const THREADS = 2
const packsDir = resolve(process.argv[2] ?? 'models/packs')

type Timed = { stepMs: number; runMs: number }
type Row = { what: string; samples: number; outsideMs: number; leastMs: number; runMs: number }

/** A model that answers zeros of the right shape, at once; one buffer a batch size, so that allocation is the stepper's own. */
function nullParts(channels: number, tokens: number, width: number, side: number): SdParts {
  const zeros = (count: number, dims: number[]) => ({ values: new Float32Array(count), dims })
  const embedding = zeros(tokens * width, [1, tokens, width])
  const answers = new Map<number, ReturnType<typeof zeros>>()
  const unet: Pick<Module, 'run'> = {
    async run({ sample }) {
      const [rows = 0] = sample?.dims ?? []
      const answer = answers.get(rows) ?? zeros(rows * channels * side * side, [rows, channels, side, side])
      answers.set(rows, answer)
      answer.values.fill(0)
      return new Map([['out_sample', answer]])
    },
  }
  const config = { prediction_type: 'v_prediction', rescale_betas_zero_snr: true, timestep_spacing: 'trailing' }
  return {
    tokenizer: {
      ...{ length: tokens, start: 0, end: 0, pad: 0, comma: undefined, largestId: 0 },
      tokens: () => [],
      encode: () => ({ ids: Array.from({ length: tokens }, () => 0), truncatedTokens: 0 }),
    },
    textEncoder: {
      module: { run: async () => new Map([['last_hidden_state', embedding]]) },
      hidden: 'last_hidden_state',
    },
    unet,
    vaeDecoder: { run: async () => new Map([['sample', zeros(3 * 64 * side * side, [1, 3, 8 * side, 8 * side])]]) },
    vaeEncoder: null,
    timestep: 'vector',
    latentChannels: channels,
    inpaints: false,
    scalingFactor: 1,
    shiftFactor: 0,
    tiling: { tileLatents: 64, factor: 8, fromLatents: Infinity },
    float32Decoder: null,
    sizes: { supported: [{ width: 8 * side, height: 8 * side }], factor: 8 },
    scheduler: 'DPMSolverMultistepScheduler',
    planFor: openPlanners(config, 'bench'),
    guidanceWidth: null,
  }
}

function requests(samples: number, side: number): SampleRequest[] {
  return Array.from({ length: samples }, (_, i) => ({
    id: `${i}`,
    prompt: 'a red boat on the sea at sunset',
    negativePrompt: '',
    seed: i,
    width: side,
    height: side,
    steps: STEPS,
    guidanceScale: 4,
  }))
}

/** Medians over the rounds of the mean step, and the least disturbed round. */
function toRow(what: string, samples: number, rounds: readonly Timed[]): Row {
  const outside = rounds.map(({ stepMs, runMs }) => stepMs - runMs)
  return {
    what,
    samples,
    outsideMs: median(outside),
    leastMs: Math.min(...outside),
    runMs: median(rounds.map(({ runMs }) => runMs)),
  }
}

/** The first round warms up and does not count. */
async function measure(
  what: string,
  stepper: Stepper<LatentSample>,
  runMs: () => number,
  samples: number,
  side: number,
): Promise<Row> {
  const rounds: Timed[] = []
  for (let round = 0; round <= ROUNDS; round++) {
    const states = await stepper.prepare(requests(samples, side))
    const [begun, ran] = [performance.now(), runMs()]
    for (let step = 0; step < STEPS; step++) await stepper.step(states)
    if (round > 0) rounds.push({ stepMs: (performance.now() - begun) / STEPS, runMs: (runMs() - ran) / STEPS })
  }
  return toRow(what, samples, rounds)
}

async function measureChild(packId: string, samples: number, side: number): Promise<Row> {
  const child = spawnInference(openLog('silent'))
  const deadlineMs = 120_000
  const load = { type: 'load', command: 1, packsDir, provider: 'cpu', threads: THREADS, deviceId: 0 } as const
  const loaded = await child.ask(load, { deadlineMs })
  if (loaded.type === 'failed') throw new Error(loaded.failure.message)
  const rounds: Timed[] = []
  for (let round = 0; round <= ROUNDS; round++) {
    const command = {
      type: 'generate',
      command: round + 2,
      packId,
      samples: requests(samples, side),
      previewSide: 1,
    } as const
    const answer = await child.ask(command, { deadlineMs })
    if (answer.type !== 'generated') throw new Error(`expected generated, got ${answer.type}`)
    if (round > 0) rounds.push({ stepMs: answer.totalMs / STEPS, runMs: answer.runMs / STEPS })
  }
  await child.stop()
  return toRow(`${packId}, in the child`, samples, rounds)
}

const rows: Row[] = []
for (const [what, channels, tokens, width, side] of [
  ['null, 16×16×16 latents', 16, 32, 160, 16],
  ['null, 4×64×64 latents', 4, 77, 768, 64],
] as const)
  for (const samples of [1, 4])
    rows.push(await measure(what, createSd(nullParts(channels, tokens, width, side)), () => 0, samples, 8 * side))

for (const pack of await listPacks(packsDir)) {
  const { manifest } = pack
  if (manifest.kind !== 'text-to-image') continue
  const side = manifest.sizes.default.width
  await using model = await openModel(pack, manifest, { provider: 'cpu', threads: THREADS })
  for (const samples of [1, 4]) rows.push(await measure(manifest.id, model, model.runMs, samples, side))
  rows.push(await measureChild(manifest.id, 1, side))
}

console.log(`milliseconds a step, ${STEPS} guided steps, median of ${ROUNDS} rounds, CPU, ${THREADS} threads`)
console.table(
  rows.map(({ what, samples, outsideMs, leastMs, runMs }) => ({
    model: what,
    samples,
    'outside session.run': outsideMs.toFixed(3),
    'best round': leastMs.toFixed(3),
    'in session.run': runMs.toFixed(2),
    'outside / in': runMs === 0 ? '–' : `${((100 * outsideMs) / runMs).toFixed(2)} %`,
    [`≤ ${LIMIT_MS} ms`]: outsideMs <= LIMIT_MS ? 'yes' : 'no',
  })),
)

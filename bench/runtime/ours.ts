// This runtime as a peer of bench/runtime.ts: the same questions and answers as ../peers/diffusion.py, in a process of its own.
//   node ours.ts FOLDER THREADS
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { openModel } from '../../models/families/family.ts'
import { isRunning } from '../../models/runtime/stepper.ts'
import { surveyPacks } from '../../models/runtime/survey.ts'

type Asked = { seed: number; count: number; steps: number; guidance: number; prompt: string }

const [, , folder = '', threads = '1'] = process.argv
const { packs } = await surveyPacks(folder)
const [pack] = packs
if (pack?.manifest.kind !== 'text-to-image') throw new Error(`no model in ${folder}`)
const { manifest } = pack
await using model = await openModel(pack, manifest, { provider: 'cpu', threads: Number(threads) })
const { width, height } = manifest.sizes.default

function say(answer: object): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}

async function draw({ seed, count, steps, guidance, prompt }: Asked) {
  const requests = Array.from({ length: count }, (_, i) => ({
    ...{ id: `${i}`, prompt, negativePrompt: '', seed: seed + i, width, height, steps, guidanceScale: guidance },
  }))
  const samples = await model.prepare(requests)
  while (samples.some(isRunning)) await model.step(samples)
  const pictures = []
  for (const sample of samples) pictures.push(await model.finish(sample))
  return pictures
}

/** The most memory that this process has held. */
function peakBytes(): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0) * 1024
}

say({ ready: true })
for await (const line of createInterface(process.stdin)) {
  const [begun, ran] = [performance.now(), model.runMs()]
  const asked: Asked = JSON.parse(line)
  const [picture] = await draw(asked)
  const seconds = (performance.now() - begun) / 1000
  const outsideMs = seconds * 1000 - (model.runMs() - ran)
  const pixels = Buffer.from(picture?.rgb ?? []).toString('base64')
  say({ seconds, peak_bytes: peakBytes(), pixels, outside_ms: outsideMs / asked.steps })
}

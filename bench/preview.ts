// What a preview costs: the time a render of the shipped model takes with and without previews, in the same run, alternating; a
// preview is one decoding, one classification, and averaging. What marking it costs afterwards is in mark.ts.
//   npm run bench -- bench/preview.ts [rounds, 7]
import { resolve } from 'node:path'
import { openLog } from '../src/kernel/log.ts'
import { openDevice } from '../workers/device.ts'
import { median } from './median.ts'
import { SAMPLE } from './sample.ts'

const rounds = Number(process.argv[2] ?? 7)
const PREVIEWS = 3
const packsDir = resolve(import.meta.dirname, '../models/packs')

await using device = await openDevice({
  packsDir,
  provider: 'cpu',
  threads: 2,
  log: openLog('silent'),
  stepDeadlineMs: () => 60_000,
})

async function render(n: number, previews: number): Promise<number> {
  const samples = Array.from({ length: n }, (_, i) => ({ ...SAMPLE, id: `${i}`, seed: i, previews }))
  let shown = 0
  const begun = performance.now()
  await device.generate({ packId: 'storybook', samples, previewSide: 128 }, { onPreview: () => void shown++ })
  if (shown !== n * previews) throw new Error(`${shown} previews of ${n * previews}`)
  return performance.now() - begun
}

for (const n of [1, 4]) {
  const plain: number[] = []
  const extra: number[] = []
  for (let round = 0; round <= rounds; round++) {
    const [without, with3] = [await render(n, 0), await render(n, PREVIEWS)]
    // The first round warms up.
    if (round > 0) {
      plain.push(without)
      extra.push((with3 - without) / (n * PREVIEWS))
    }
  }
  console.log(
    `${n} at once: ${median(plain).toFixed(0)} ms without previews, ${median(extra).toFixed(1)} ms more a preview`,
  )
}

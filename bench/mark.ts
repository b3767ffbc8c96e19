// What marking costs: medians in one thread, beside sharp's own PNG encode of the same picture in the same run. What marks survive:
// bench/watermark.ts.
//   npm run bench -- bench/mark.ts
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodePicture } from '../src/mark/encode.ts'
import { markImage } from '../src/mark/mark.ts'
import { openMarkKeys } from '../src/mark/mark-keys.ts'
import { openSigner } from '../src/mark/signer.ts'
import { readMark } from '../src/mark/watermark/detect.ts'
import { planMark, render } from '../src/mark/watermark/embed.ts'
import { openWatermarker } from '../src/mark/watermark/pool.ts'
import { cartoon, textured } from '../test/mark/pictures.ts'
import { median } from './median.ts'

const ROUNDS = 5
const PNG = { format: 'png', quality: null, xmp: null } as const
const manifest = {
  claim_generator_info: [{ name: 'bench' }],
  title: 'bench',
  format: 'image/png',
  assertions: [
    {
      label: 'c2pa.actions.v2',
      created: true,
      data: { actions: [{ action: 'c2pa.created', digitalSourceType: 'http://c2pa.org/digitalsourcetype/empty' }] },
    },
  ],
}

async function timed(work: () => unknown): Promise<number> {
  const times: number[] = []
  for (let round = 0; round <= ROUNDS; round++) {
    const started = performance.now()
    await work()
    // The first round compiles.
    if (round > 0) times.push(performance.now() - started)
  }
  return median(times)
}

const home = await mkdtemp(join(tmpdir(), 'darkroom-bench-mark-'))
try {
  const keys = await openMarkKeys({ home })
  const signer = await openSigner({ home })
  await using watermark = openWatermarker({ keys, threads: 1 })
  const [key] = keys
  if (key === undefined) throw new Error('no mark key')
  const costs: Record<string, Record<string, string>> = {}
  for (const [name, drawn] of [
    ['flat 128', await cartoon(1)],
    ['textured 512', await textured(1, 512)],
    ['textured 1024', await textured(1, 1024)],
  ] as const) {
    const bytes = await encodePicture(drawn, PNG)
    const plan = planMark(drawn, 1, key)
    const marked = render(plan, 2)
    const signed = await signer.sign(bytes, 'image/png', manifest)
    const order = {
      picture: drawn,
      imageId: 'bench',
      markId: 1,
      outputFormat: 'png',
      compression: null,
      system: { name: 'bench', version: '1' },
      model: { id: 'bench', version: '1' },
      createdAt: new Date(),
      parent: null,
    } as const
    const png = await timed(() => encodePicture(drawn, PNG))
    const steps = {
      'PNG encode (peer)': png,
      'plan and embed once': await timed(() => render(planMark(drawn, 1, key), 2)),
      'look in place': await timed(() => readMark(marked, keys, { search: 'quick', deadlineMs: 1000 })),
      'full search, unmarked': await timed(() => readMark(drawn, keys, { search: 'full', deadlineMs: 1500 })),
      sign: await timed(() => signer.sign(bytes, 'image/png', manifest)),
      'read manifest': await timed(() => signer.read(signed.bytes, 'image/png')),
      'markImage, whole': await timed(() => markImage(order, { signer, watermark })),
    }
    for (const [step, ms] of Object.entries(steps)) {
      costs[step] = { ...costs[step], [name]: `${ms.toFixed(1)} ms, ×${(ms / png).toFixed(2)}` }
    }
  }
  console.log('Cost: median, and ratio to the PNG encode of the same picture')
  console.table(costs)
} finally {
  await rm(home, { recursive: true, force: true })
}

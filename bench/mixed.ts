// Memory over 500 mixed generations in one process: every family's tiny model and the storybook, under a budget that cannot hold them all,
// so that models are opened and closed on the way; sizes, steps, schedulers, guidance and batches by chance, from one seed.
// Flat is: over the second half the resident memory after a collection grows by less than 2 MiB for a hundred generations.
//   npm run bench -- bench/mixed.ts [--count 500] [--budget-mib 90] [--write]
import { spawnSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { schedulersOf } from '../models/families/schedulers.ts'
import type { TextToImageManifest } from '../models/runtime/manifest.ts'
import { type Pack, readPackManifest } from '../models/runtime/pack.ts'
import { isRunning, type SampleRequest } from '../models/runtime/stepper.ts'
import type { SchedulerName } from '../models/schedulers/scheduler.ts'
import { seeded } from '../test/mark/pictures.ts'
import { NODE_OPTIONS } from '../workers/inference-child.ts'
import { keepModels } from '../workers/inference-models.ts'

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '500' },
    'budget-mib': { type: 'string', default: '90' },
    write: { type: 'boolean', default: false },
  },
})
// In a process like the inference child's own.
if (!NODE_OPTIONS.every((option) => process.execArgv.includes(option))) {
  const again = spawnSync(process.execPath, [...NODE_OPTIONS, ...process.argv.slice(1)], { stdio: 'inherit' })
  process.exit(again.status ?? 1)
}
const [count, budgetMib] = [Number(values.count), Number(values['budget-mib'])]
setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

type Model = { pack: Pack; manifest: TextToImageManifest; schedulers: readonly SchedulerName[] }

async function findModels(): Promise<Model[]> {
  const goldens = resolve('test/goldens')
  const tiny = readdirSync(goldens).filter((name) => name.startsWith('tiny-'))
  const models: Model[] = []
  for (const dir of [resolve('models/packs/storybook'), ...tiny.map((name) => join(goldens, name))]) {
    const pack = await readPackManifest(dir).catch(() => null)
    if (pack?.manifest.kind !== 'text-to-image' || pack.manifest.family === 'sdxl-refiner') continue
    models.push({ pack, manifest: pack.manifest, schedulers: await schedulersOf(pack, pack.manifest) })
  }
  return models
}

const random = seeded(20261129)
const below = (most: number) => Math.floor(random() * most)
function pick<T>(list: readonly T[]): T {
  const one = list[below(list.length)]
  if (one === undefined) throw new RangeError('nothing to choose from')
  return one
}

function requests({ manifest, schedulers }: Model): SampleRequest[] {
  const size = pick(manifest.sizes.supported)
  return Array.from({ length: 1 + below(4) }, (_, i) => ({
    ...{
      id: `${i}`,
      prompt: pick(['a red boat', 'the cat and the dog', '']),
      negativePrompt: '',
      seed: below(2 ** 31),
    },
    ...{ width: size.width, height: size.height, steps: 4 + below(5), guidanceScale: pick([1, 4, 7.5]) },
    scheduler: pick(schedulers),
  }))
}

const models = await findModels()
const memory = { budgetBytes: budgetMib * 2 ** 20, pinned: [] }
await using open = keepModels(
  new Map(models.map(({ pack, manifest }) => [manifest.id, pack])),
  { provider: 'cpu', threads: 1 },
  memory,
)
const rows: { done: number; rssMib: number; opened: number }[] = []
let opened = 0
for (let done = 1; done <= count; done++) {
  const chosen = pick(models)
  if (!open.has(chosen.manifest.id)) opened++
  const model = await open.get(chosen.manifest.id)
  const samples = await model.prepare(requests(chosen))
  while (samples.some(isRunning)) await model.step(samples)
  for (const sample of samples) await model.finish(sample)
  if (done % Math.max(1, count / 10) !== 0) continue
  collect()
  rows.push({ done, rssMib: process.memoryUsage.rss() / 2 ** 20, opened })
}

/** MiB for a hundred generations, by least squares over the second half. */
function slope(): number {
  const half = rows.slice(rows.length / 2)
  const mean = (of: (row: (typeof rows)[number]) => number) => half.reduce((sum, row) => sum + of(row), 0) / half.length
  const [x, y] = [mean((row) => row.done), mean((row) => row.rssMib)]
  const spread = half.reduce((sum, row) => sum + (row.done - x) ** 2, 0)
  return (100 * half.reduce((sum, row) => sum + (row.done - x) * (row.rssMib - y), 0)) / spread
}

const report = [
  `${count} generations of ${models.map(({ manifest }) => manifest.id).join(', ')}, budget ${budgetMib} MiB`,
  '',
  '| generations | resident MiB | models opened so far |',
  '|---|---|---|',
  ...rows.map((row) => `| ${row.done} | ${row.rssMib.toFixed(0)} | ${row.opened} |`),
  '',
  `Second half: ${slope().toFixed(2)} MiB for a hundred generations (${slope() < 2 ? 'flat' : 'NOT FLAT'}).`,
  '',
].join('\n')
console.log(report)
if (values.write) {
  const head = `# Memory over mixed generations\n\n\`npm run bench -- bench/mixed.ts --count ${count} --budget-mib ${budgetMib}\`, on ${cpus()[0]?.model.trim()}, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}.\n\n`
  writeFileSync(join(import.meta.dirname, 'results/mixed.md'), `${head}${report}`)
}

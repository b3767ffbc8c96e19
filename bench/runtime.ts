// One guided picture here against Optimum's Python pipeline on the same graphs and PyTorch on the same weights: equal threads, alternating
// rounds, each peer in a process of its own. The model is a random Stable Diffusion that the bench makes, `sd15` one of version 1.5's
// shapes; pictures must agree.
//   npm run bench -- bench/runtime.ts --python FILE [--model small|sd15] [--threads 2] [--rounds 7] [--steps 10] [--counts 1,4] [--write]
// FILE is a Python with test/goldens/make/requirements-export.txt. Contract: 0.95 times Optimum's speed or more, 1.5 times PyTorch's.
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { cpus, homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { parseArgs } from 'node:util'
import { median } from './median.ts'

const { values } = parseArgs({
  options: {
    python: { type: 'string' },
    model: { type: 'string', default: 'small' },
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '7' },
    steps: { type: 'string', default: '10' },
    counts: { type: 'string', default: '1,4' },
    write: { type: 'boolean', default: false },
  },
})
const { python, threads, model } = values
if (model !== 'small' && model !== 'sd15') throw new Error('--model is small or sd15')
const [rounds, steps] = [Number(values.rounds), Number(values.steps)]
if (python === undefined || spawnSync(python, ['-c', 'import optimum.onnxruntime, diffusers']).status !== 0)
  throw new Error(
    'NOT RUN: it needs --python FILE, a Python with Optimum: python3 -m venv DIR && DIR/bin/pip install -r test/goldens/make/requirements-export.txt, then --python DIR/bin/python',
  )

const SCRIPT = join(import.meta.dirname, 'peers/diffusion.py')
const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), `darkroom-bench/runtime-${model}`)
if (!existsSync(join(folder, 'onnx/model_index.json'))) {
  mkdirSync(folder, { recursive: true })
  const made = spawnSync(python, [SCRIPT, 'make', folder, resolve('models/packs/storybook/tokenizer'), model], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (made.status !== 0) throw new Error('the random model could not be made')
}

type Answer = { seconds: number; peak_bytes: number; pixels: string; outside_ms?: number }
type Peer = { name: string; child: ChildProcessByStdio<Writable, Readable, null>; lines: AsyncIterator<string> }

async function open(name: string, command: string, words: readonly string[]): Promise<Peer> {
  const env = { ...process.env, OMP_NUM_THREADS: threads, MKL_NUM_THREADS: threads }
  const child = spawn(command, words, { stdio: ['pipe', 'pipe', 'inherit'], env })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const peer = { name, child, lines }
  await next(peer)
  return peer
}

/** Libraries that greet on standard output are not answers. */
async function next({ name, lines }: Peer): Promise<Answer> {
  for (;;) {
    const { value, done } = await lines.next()
    if (done === true) throw new Error(`${name} ended`)
    if (value.startsWith('{')) return JSON.parse(value)
  }
}

async function ask(peer: Peer, seed: number, count: number): Promise<Answer> {
  const question = { seed, count, steps, guidance: 5, prompt: 'a red boat on the sea at sunset' }
  peer.child.stdin.write(`${JSON.stringify(question)}\n`)
  return next(peer)
}

/** Of 255, on average over the first picture's bytes. */
function difference(a: Answer, b: Answer): number {
  const [one, other] = [Buffer.from(a.pixels, 'base64'), Buffer.from(b.pixels, 'base64')]
  if (one.length !== other.length || one.length === 0) throw new Error('pictures of different sizes')
  return one.reduce((sum, value, i) => sum + Math.abs(value - (other[i] ?? 0)), 0) / one.length
}

const peers = [
  await open('darkroom', process.execPath, [join(import.meta.dirname, 'runtime/ours.ts'), folder, threads]),
  await open('Optimum', python, [SCRIPT, 'optimum', folder, threads]),
  await open('PyTorch eager, float32', python, [SCRIPT, 'torch', folder, threads]),
  await open('PyTorch eager, bfloat16', python, [SCRIPT, 'torch-bf16', folder, threads]),
]
const lines: string[] = []
for (const count of values.counts.split(',').map(Number)) {
  const taken = new Map(peers.map((peer) => [peer, [] as Answer[]]))
  // The first round warms up and does not count; who begins changes from round to round.
  for (let round = 0; round <= rounds; round++)
    for (let i = 0; i < peers.length; i++) {
      const peer = peers[(round + i) % peers.length]
      if (peer === undefined) continue
      const answer = await ask(peer, 100 + round, count)
      if (round > 0) taken.get(peer)?.push(answer)
    }
  const [ours = []] = taken.values()
  const rows = Array.from(taken, ([{ name }, answers]) => ({
    name,
    seconds: median(answers.map(({ seconds }) => seconds)),
    ratio: median(answers.map(({ seconds }, i) => seconds / (ours[i]?.seconds ?? 0))),
    peak: Math.max(...answers.map((answer) => answer.peak_bytes)) / 2 ** 20,
    apart: median(answers.map((answer, i) => (ours[i] ? difference(answer, ours[i]) : Number.NaN))),
    outside: answers[0]?.outside_ms === undefined ? null : median(answers.map((answer) => answer.outside_ms ?? 0)),
  }))
  lines.push(
    `${count} guided picture${count > 1 ? 's' : ''} of 256×256, ${steps} steps, ${threads} threads; medians of ${rounds} alternating rounds`,
    '',
    '| | seconds | its time / ours | peak MiB | picture from ours, of 255 | outside session.run, ms a step |',
    '|---|---|---|---|---|---|',
    ...rows.map(
      ({ name, seconds, ratio, peak, apart, outside }) =>
        `| ${name} | ${seconds.toFixed(2)} | ${ratio.toFixed(2)} | ${peak.toFixed(0)} | ${apart.toFixed(3)} | ${outside?.toFixed(2) ?? ''} |`,
    ),
    '',
  )
}
for (const { child } of peers) {
  child.stdin.end()
  await once(child, 'close')
}
const report = lines.join('\n')
console.log(report)
if (values.write) {
  const command = `npm run bench -- bench/runtime.ts --python FILE --model ${model} --threads ${threads} --rounds ${rounds} --steps ${steps} --counts ${values.counts}`
  const head = `# The runtime against Python\n\n\`${command}\`, on ${cpus()[0]?.model.trim()} (${cpus().length} cores), Node ${process.version}, ${new Date().toISOString().slice(0, 10)}.\n\n`
  writeFileSync(join(import.meta.dirname, `results/runtime-${model}.md`), `${head}${report}`)
}

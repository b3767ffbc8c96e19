// What marking costs, item by item: medians in one thread, beside sharp's own PNG encode of the same picture in the same run, and as shares of
// the time that the shipped model takes for a picture. What marks survive: bench/watermark.ts.
//   npm run bench -- bench/mark.ts [--write]
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'
import sharp from 'sharp'
import { openLog } from '../src/kernel/log.ts'
import { decodeUpload, encodePicture } from '../src/mark/encode.ts'
import { fingerprintOf } from '../src/mark/fingerprint.ts'
import { markImage } from '../src/mark/mark.ts'
import { openMarkKeys } from '../src/mark/mark-keys.ts'
import { openSigner } from '../src/mark/signer.ts'
import { readMark } from '../src/mark/watermark/detect.ts'
import { openWatermarker } from '../src/mark/watermark/pool.ts'
import { markPicture } from '../src/mark/watermark/strengthen.ts'
import { orderOf } from '../test/mark/orders.ts'
import { cartoon, type Drawn, rough, textured } from '../test/mark/pictures.ts'
import { openDevice } from '../workers/device.ts'
import { median } from './median.ts'
import { SAMPLE } from './sample.ts'

const ROUNDS = 15
const PNG = { format: 'png', quality: null, xmp: null } as const
/** What one core may spend on a picture of 1024² beside the encoder, in ms. */
const TARGET_MS = 150
const QUICK = { search: 'quick' } as const
const FULL = { search: 'full', deadlineMs: 60_000 } as const
// libvips takes no more cores than the threads of ours that are measured.
sharp.concurrency(1)

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

const home = await mkdtemp(join(tmpdir(), 'darkroom-bench-mark-'))
const columns: [string, Drawn][] = [
  ['flat 128²', await cartoon(1, 128)],
  ['soft 512²', await textured(1, 512)],
  ['flat 1024²', await cartoon(1, 1024)],
  ['soft 1024²', await textured(1, 1024)],
  ['rough 1024²', await rough(1, 1024)],
]
try {
  const keys = await openMarkKeys({ home })
  const signer = await openSigner({ home })
  await using watermark = openWatermarker({ keys, threads: 1 })
  const [key] = keys
  if (key === undefined) throw new Error('no mark key')
  const measured: Map<string, number>[] = []
  for (const [, drawn] of columns) {
    const marked = await markPicture(drawn, 1, key, PNG)
    const { bytes } = await signer.sign(marked.bytes, 'image/png', manifest)
    const { picture } = await decodeUpload(bytes)
    const order = orderOf(drawn, 1)
    const encode = await timed(() => encodePicture(picture, PNG))
    const mark = await timed(() => markPicture(drawn, 1, key, PNG))
    const sign = await timed(() => signer.sign(marked.bytes, 'image/png', manifest))
    const readBack = await timed(async () => {
      await signer.read(bytes, 'image/png')
      const seen = (await decodeUpload(bytes)).picture
      readMark(seen, keys, QUICK)
      fingerprintOf(seen)
    })
    measured.push(
      new Map([
        ['PNG encode (peer)', encode],
        ['embed: strength found and read in the file, one PNG encode taken off', Math.max(0, mark - encode)],
        ['sign', sign],
        ['read back: manifest, pixels, mark, fingerprint', readBack],
        ['**embed, sign and read back**', Math.max(0, mark - encode) + sign + readBack],
        [
          'the whole of `markImage`, encoder and thread included',
          await timed(() => markImage(order, { signer, watermark })),
        ],
        ['verify: the mark, in place', await timed(() => readMark(picture, keys, QUICK))],
        ['verify: no mark, without search', await timed(() => readMark(drawn, keys, QUICK))],
        ['verify: no mark, the whole search to its end', await timed(() => readMark(drawn, keys, FULL))],
      ]),
    )
  }
  const whole = measured.map((column) => column.get('**embed, sign and read back**') ?? 0)
  const large = whole.filter((_, i) => columns[i]?.[1].width === 1024)
  const generation = await timeOfAGeneration()
  const small = whole[0] ?? 0
  const [processor] = cpus()
  const rows = [...(measured[0]?.keys() ?? [])].map((step) => {
    const cells = measured.map((column) => {
      const ms = column.get(step) ?? 0
      return `${ms.toFixed(1)} ms, ×${(ms / (column.get('PNG encode (peer)') ?? 1)).toFixed(1)}`
    })
    return `| ${step} | ${cells.join(' | ')} |`
  })
  const text = `# What marking costs

\`npm run bench -- bench/mark.ts --write\`, ${new Date().toISOString().slice(0, 10)}; ${cpus().length} × ${processor?.model}, one thread, load at the end ${loadavg()[0]?.toFixed(1)}; Node ${process.version}.

Medians of ${ROUNDS}; × is the ratio to sharp's PNG encode of the same picture. One epoch of keys, the development signer.

| | ${columns.map(([name]) => name).join(' | ')} |
|---|${'---|'.repeat(columns.length)}
${rows.join('\n')}

- Embed, sign and read back at 1024² in at most ${TARGET_MS} ms beside the encoder: ${large.every((ms) => ms <= TARGET_MS) ? 'yes' : '**no**'} (${large.map((ms) => ms.toFixed(0)).join(', ')} ms).
- The shipped model takes ${generation.toFixed(0)} ms for a picture of 128² in 20 steps on one core: embed, sign and read back are ${((100 * small) / generation).toFixed(1)} % of
  that. A model that draws 1024² takes seconds on a GPU and minutes on a processor; none is shipped, so that share was not measured.
`
  console.log(text)
  if (process.argv.includes('--write')) await writeFile(join(import.meta.dirname, 'results/mark.md'), text)
} finally {
  await rm(home, { recursive: true, force: true })
}

async function timeOfAGeneration(): Promise<number> {
  await using device = await openDevice({
    packsDir: resolve(import.meta.dirname, '../models/packs'),
    provider: 'cpu',
    threads: 1,
    log: openLog('silent'),
    stepDeadlineMs: () => 60_000,
  })
  return await timed(() =>
    device.generate(
      { packId: 'storybook', samples: [{ ...SAMPLE, previews: 0 }], previewSide: 128 },
      { onPreview: () => {} },
    ),
  )
}

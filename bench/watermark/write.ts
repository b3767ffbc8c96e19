// Where the tables go: the whole of bench/results/watermark.md, and in docs/watermark.md what stands between its two marker lines. The text
// around them is written by hand.
import { readFile, writeFile } from 'node:fs/promises'
import { cpus, loadavg } from 'node:os'
import sharp from 'sharp'
import { FALSE_POSITIVES, TARGET_DB } from './methods.ts'
import { DEADLINE_MS } from './ours.ts'
import { leastAgreeing } from './statistics.ts'

export type Run = {
  pictures: number
  compared: number
  deep: number
  /** The options by which less was asked for than there is. */
  narrowed: readonly string[]
  threads: number
  bits: readonly number[]
  versions: readonly string[]
}

const RESULTS = 'bench/results/watermark.md'
const DOCS = 'docs/watermark.md'
const BEGIN = '<!-- figures: written by bench/watermark.ts -->'
const END = '<!-- end of figures -->'

export async function writeTables(text: string, run: Run): Promise<void> {
  const around = await readFile(DOCS, 'utf8')
  const [before, rest] = around.split(BEGIN)
  const after = rest?.split(END)[1]
  if (before === undefined || after === undefined) throw new Error(`${DOCS} lacks the lines ${BEGIN} and ${END}`)
  await writeFile(RESULTS, `# What the watermark survives, against two peers\n\n${conditions(run)}\n\n${text}\n`)
  await writeFile(DOCS, `${before}${BEGIN}\n${conditions(run)}\n\n${text}\n${END}${after}`)
}

function conditions({ pictures, compared, deep, narrowed, threads, bits, versions }: Run): string {
  const [one] = cpus()
  const day = new Date().toISOString().slice(0, 10)
  const command = [
    'npm run bench -- bench/watermark.ts',
    `--pictures ${pictures} --compared ${compared} --deep ${deep}`,
    ...narrowed,
    '--write',
  ].join(' ')
  const extent = narrowed.length === 0 ? 'the whole list' : '**a part of the list**'
  const enough = bits.map((of) => `${leastAgreeing(of, FALSE_POSITIVES) ?? 'more than'} of ${of}`).join(', ')
  return `\`${command}\`,
${day}: ${extent}. ${versions.join('; ')};
Node ${process.version}, sharp ${sharp.versions.sharp} (libvips ${sharp.versions.vips}). ${cpus().length} × ${one?.model}, ${threads} threads, load at the end ${loadavg()[0]?.toFixed(1)}.

- ${pictures} pictures of each set and size, and ${deep} on the rows that targets are about; the peers mark the first ${compared}.
- Every method marks the same pictures with the same payloads at ${TARGET_DB} dB, over all three channels; *as released* is ours at the strength
  that the service would choose.
- *Found*: without the mark at most one picture in ${(1 / FALSE_POSITIVES).toLocaleString('en')} is. Ours as its reader is calibrated; a peer where ${enough} bits are
  those that were put in. *Decoded*: all bits are.
- Our reader searches for at most ${DEADLINE_MS / 1000} seconds a copy and is told nothing. The peers are told their strength and the size that was marked.`
}

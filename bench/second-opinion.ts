// Every kind of output, written as files and judged by programs that are not ours: c2patool of the Content Authenticity Initiative,
// @trustnxt/c2pa-ts, openssl. Each is also judged with a stranger's anchor, and with one bit of its pixels changed. Prints a table in
// Markdown; fails where one of them says anything but what it should. c2patool is built from source:
//   cargo install c2patool --version 0.27.22 --locked
//   npm run bench -- bench/second-opinion.ts [--c2patool PATH] [--keep FOLDER]
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { makeOutputs, type Output, withChangedPixels } from '../test/mark/outputs.ts'
import { chainProblem, fields, secondOpinion, stampProblem } from '../test/mark/second-opinion.ts'
import { openssl } from '../test/support/openssl.ts'

const run = promisify(execFile)
/** It looks for what was redacted, and goes no further than the signature. */
const UNKNOWN_TO_C2PA_TS = 'assertion.missing assertion.action.redactionMismatch'
const EXTENSIONS = { png: 'png', jpeg: 'jpg', webp: 'webp' } as const

const { values } = parseArgs({
  options: { c2patool: { type: 'string', default: 'c2patool' }, keep: { type: 'string' } },
})

const version = await run(values.c2patool, ['--version']).catch(() => {
  process.stderr.write(
    `${values.c2patool} cannot be run: cargo install c2patool --version 0.27.22 --locked, or name it by --c2patool\n`,
  )
  process.exit(1)
})
const folder = values.keep === undefined ? await mkdtemp(join(tmpdir(), 'darkroom-opinions-')) : resolve(values.keep)
const wrong: string[] = []

try {
  await mkdir(folder, { recursive: true })
  await using outputs = await makeOutputs()
  const rows: string[][] = []
  for (const [index, output] of outputs.all.entries())
    rows.push(await judge(output, index + 1, outputs.strangersAnchorPem))
  process.stdout.write(`${await head(outputs.all.length)}\n${table(rows)}\n${tail()}\n`)
} finally {
  if (values.keep === undefined) await rm(folder, { recursive: true, force: true })
}
process.exitCode = wrong.length === 0 ? 0 : 1

async function judge(output: Output, number: number, strangersAnchorPem: string): Promise<string[]> {
  const { name, marked, order, anchorPem, timestampAnchorPem } = output
  const extension = EXTENSIONS[order.outputFormat]
  const paths = {
    file: join(folder, `${number}.${extension}`),
    changed: join(folder, `${number}-changed.${extension}`),
    anchors: join(folder, `${number}-anchors.pem`),
    stranger: join(folder, 'stranger.pem'),
  }
  await writeFile(paths.file, marked.bytes)
  await writeFile(paths.changed, withChangedPixels(output))
  await writeFile(paths.anchors, `${anchorPem}\n${timestampAnchorPem ?? ''}`)
  await writeFile(paths.stranger, strangersAnchorPem)
  const other = await secondOpinion(marked.bytes)
  const stamp =
    other.stamp === null || timestampAnchorPem === null
      ? 'none'
      : held(await stampProblem(other.stamp, timestampAnchorPem, folder))
  const tool = await byTool(paths.file, paths.anchors)
  const claims = {
    image_id: order.imageId,
    model: order.model.id,
    created_at: order.createdAt.toISOString().replace('.000', ''),
  }
  const told = Object.entries(claims).every(([key, value]) => tool.image[key] === value)
  const row = [
    other.valid ? 'valid' : other.failures.join(' '),
    held(await chainProblem(other.chain, anchorPem, folder)),
    stamp,
    tool.state,
    told ? 'the record’s' : 'others',
    (await byTool(paths.file, paths.stranger)).state,
    (await byTool(paths.changed, paths.anchors)).state,
    (await secondOpinion(withChangedPixels(output))).valid ? 'valid' : 'invalid',
  ]
  const hashes = output.redacted ? UNKNOWN_TO_C2PA_TS : 'valid'
  const stamped = timestampAnchorPem === null ? 'none' : 'holds'
  const right = [hashes, 'holds', stamped, 'Trusted', 'the record’s', 'Valid', 'Invalid', 'invalid']
  if (row.join() !== right.join()) wrong.push(`${name}: ${row.join(', ')}`)
  return [name, ...row]
}

/** What c2patool says of a file, trusting these anchors alone; the state of one that it does not read is its complaint. */
async function byTool(
  file: string,
  anchors: string,
): Promise<{ state: string; image: Readonly<Record<string, unknown>> }> {
  const asked = await run(values.c2patool, [file, 'trust', '--trust_anchors', anchors], { maxBuffer: 2 ** 24 }).catch(
    (cause: unknown) => ({ stdout: JSON.stringify({ validation_state: String(cause).slice(0, 80) }) }),
  )
  const store = fields(JSON.parse(asked.stdout))
  const active = fields(fields(store.manifests)[String(store.active_manifest)])
  const assertions = Array.isArray(active.assertions) ? active.assertions.map(fields) : []
  const image = fields(assertions.find(({ label }) => label === 'org.darkroom.image')?.data)
  return { state: String(store.validation_state), image }
}

function held(problem: string | null): string {
  return problem === null ? 'holds' : 'does not hold'
}

async function head(count: number): Promise<string> {
  const manifest = fields(JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')))
  const packages = { ...fields(manifest.dependencies), ...fields(manifest.devDependencies) }
  return `# Second opinions on our files

\`npm run bench -- bench/second-opinion.ts\`: ${count} files, one of each kind, made by the service's own marking from pictures of 128 × 128.
${version.stdout.trim()}, @trustnxt/c2pa-ts ${packages['@trustnxt/c2pa-ts']}, ${(await openssl('version')).trim()};
signed through @contentauth/c2pa-node ${packages['@contentauth/c2pa-node']}, Node ${process.version}.
`
}

function table(rows: readonly string[][]): string {
  const titles = ['output', 'c2pa-ts', 'chain, by openssl', 'timestamp, by openssl', 'c2patool', 'its claims']
  const others = ['c2patool, another’s anchor', 'c2patool, a bit changed', 'c2pa-ts, a bit changed']
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const columns = [...titles, ...others]
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n')
}

function tail(): string {
  const verdict =
    wrong.length === 0 ? 'All of them say what they should.' : `Otherwise than they should:\n${wrong.join('\n')}`
  return `
${verdict}

- c2patool is built on c2pa-rs, as the library that signs here is: it shows that the file, the chain and the deployment's anchor are all
  that a stranger needs, and is no second implementation. c2pa-ts is one: TypeScript, no code in common.
- c2pa-ts holds no anchors, opens no WebP and knows no redaction; what is done about it stands in docs/provenance.md, "Checked by others".
- With another's anchor a file is \`Valid\`: intact, by a signer who is not trusted.`
}

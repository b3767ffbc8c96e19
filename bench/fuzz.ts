// The long run of test/mark/fuzz.test.ts: broken files, each by its seed, through what strangers reach. It goes on where an earlier run of
// the same commit stopped, and writes what came of all of them into bench/results/fuzz.md.
//   npm run soak -- [files in all, 100000]
import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { cpus, release, type } from 'node:os'
import { join } from 'node:path'
import { LIMIT_MS, openFuzzing, residentBytes } from '../test/mark/fuzzing.ts'
import { keepSoakState, readSoakState, type SoakState } from './soak-state.ts'

const wanted = Number(process.argv[2] ?? 100_000)
const root = join(import.meta.dirname, '..')
const stateFile = join(root, '.darkroom', 'fuzz.json')
const resultFile = join(import.meta.dirname, 'results', 'fuzz.md')
const BATCH = 1000
const GROWTH_BYTES = 300_000_000

/** What is run, whatever is committed meanwhile. */
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root }).toString().trim()
const state = await readSoakState(stateFile, commit)
state.runs++
let base = 0
await using fuzzing = await openFuzzing()
while (state.tally.files < wanted) {
  const started = performance.now()
  await fuzzing.run(state.tally.files, Math.min(BATCH, wanted - state.tally.files), state.tally)
  state.seconds += (performance.now() - started) / 1000
  base ||= residentBytes()
  state.growthBytes = Math.max(state.growthBytes, residentBytes() - base)
  await keepSoakState(stateFile, state)
  await writeFile(resultFile, report(state))
  process.stdout.write(`${state.tally.files} of ${wanted}, ${state.tally.wrong.length} wrong\n`)
}
if (state.tally.wrong.length > 0 || state.growthBytes > GROWTH_BYTES) process.exitCode = 1

function report({ tally, seconds, runs, growthBytes }: SoakState): string {
  const counts = (of: Record<string, number>) =>
    Object.entries(of)
      .sort(([, a], [, b]) => b - a)
      .map(([name, count]) => `| ${name} | ${count} |`)
      .join('\n')
  return `# Broken files through what strangers reach

\`npm run soak\` (\`bench/fuzz.ts\`), seeds 0 to ${tally.files - 1}: ${tally.files.toLocaleString('en')} files in ${Math.round(seconds)} s, over ${runs} run${runs === 1 ? '' : 's'}.
Node ${process.version}, ${type()} ${release()}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'an unnamed CPU'}, shared with other work;
commit ${commit}.

Each file is one of PNG, JPEG, WebP and AVIF, plain or (but AVIF) marked and signed, of 96 × 96 pixels, with one to four mutations: bits, heads,
truncation, lengths that lie, parts removed, doubled, moved, or spliced from another file. Each goes through the decoding child, the
manifest child and the mark's reader, with one look for the mark where the service searches copies as well.

| what came of it | files |
|---|---|
${counts(tally.verdicts)}
${counts(tally.refusals)}

- Crashes of the service, or answers that are neither a verdict nor a refusal by the field \`file\`: **${tally.wrong.length}**.
- Files that ended, hung or swelled the child that decodes: ${tally.readersEnded}.
- The longest answer took ${Math.round(tally.longestMs)} ms (limit ${LIMIT_MS}).
- Most that this process grew after its first ${BATCH.toLocaleString('en')} files: ${Math.round(growthBytes / 1e6)} MB.

A file that reads and whose manifest does not is counted twice: by its verdict, and as \`manifest.unreadable\`. What this does not show: the
libraries' own code is not instrumented, so a path that no mutation reaches is not tried.
${tally.wrong.map((one) => `\n- ${one}`).join('')}`
}

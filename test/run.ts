// Runs the tests: `npm test` all of them, `npm test -- unit` or any part of a path only the files it matches.
// Most suites wait for their servers, pages and faults more than they compute, so that a core has more than one of them at a time;
// those that fill the cores by themselves are run one at a time.
// A suite whose service is missing says so in one NOT RUN line (see support/services.ts) and fails only where services
// are required (CI=true or DARKROOM_REQUIRE_SERVICES=1). The last line is always "N passed, N failed[, N skipped]".
// Under CI, a file that shared the cores with others and failed is run once more when nothing else runs. What it reports then counts; that
// it failed before stays in the output and is named UNSTEADY at the end: a race to be found, here or in what it tests.

import { globSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve, sep } from 'node:path'
import process from 'node:process'
import { type FileReport, runFiles } from './support/file-runs.ts'

const root = resolve(import.meta.dirname, '..')
const unit = `test${sep}unit${sep}`
// Nothing outlasts the signal. A long kill matrix that was asked for has its time.
const MINUTE = 60_000
const [fileMs, allMs] = process.env.DARKROOM_FAULT_REQUESTS ? [60 * MINUTE, 70 * MINUTE] : [8 * MINUTE, 60 * MINUTE]
// Nor a process of a test's, once this one is told to end.
const told = new AbortController()
for (const ending of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(ending, () => told.abort())
const signal = AbortSignal.any([AbortSignal.timeout(allMs), told.signal])
// With their models drawing they take what there is.
const busy = ['models', 'screening']
// More at once would wait for each other and for memory.
const patientAtOnce = Math.min(availableParallelism() + 1, 4)
// Cheap suites first, so that a broken foundation shows before a browser starts; the longest file is not the last.
const slowLast = ['faults', 'browser']

const isUnit = (file: string): boolean => file.startsWith(unit)
const isBusy = (file: string): boolean => busy.some((name) => file.startsWith(`test${sep}${name}${sep}`))
// A browser is several processes: a page that waits for its turn looks like one that is slow.
const isBrowser = (file: string): boolean => file.startsWith(`test${sep}browser${sep}`)
const MOST_UNSTEADY = 5
const rank = (file: string): number => slowLast.findIndex((name) => file.startsWith(`test${sep}${name}${sep}`))

const findFiles = (filters: readonly string[]): string[] =>
  globSync('test/**/*.test.ts', { cwd: root })
    .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
    .sort((a, b) => rank(a) - rank(b) || a.localeCompare(b))

const files = findFiles(process.argv.slice(2))
if (files.length === 0) {
  console.error(`no test file matches ${process.argv.slice(2).join(' ')}`)
  process.exit(1)
}

// A developer's own settings must not lead a test to real data.
for (const name of Object.keys(process.env)) {
  if (/^(DARKROOM_(?!REQUIRE_SERVICES$|CHROMIUM$|FAULT_REQUESTS$)|(PORT|HOST|DATABASE_URL|REDIS_URL)$)/.test(name))
    delete process.env[name]
}

// Made once in a run: what records in memory begin from (support/records-copy.ts), and what Node makes of each module.
const own = mkdtempSync(join(tmpdir(), 'darkroom-tests-'))
process.env.TEST_RECORDS = own
process.env.NODE_COMPILE_CACHE = join(own, 'compiled')
process.on('exit', () => rmSync(own, { recursive: true, force: true }))

const reports = new Map<string, FileReport>()
const notRun = new Set<string>()
const runGroup = async (group: string[], concurrency: number, timeoutMs: number): Promise<void> => {
  const outcome = await runFiles(group, { root, concurrency, timeoutMs, signal })
  for (const [name, report] of outcome.reports) reports.set(name, report)
  for (const line of outcome.notRun) notRun.add(line)
}

await runGroup(files.filter(isUnit), 2, 2 * MINUTE)
await runGroup(files.filter(isBusy), 1, fileMs)
await runGroup(
  files.filter((file) => !isUnit(file) && !isBusy(file) && !isBrowser(file)),
  patientAtOnce,
  fileMs,
)
await runGroup(files.filter(isBrowser), Math.min(availableParallelism(), 4), fileMs)

const unsteady: string[] = []
if (process.env.CI === 'true') {
  const hasFailed = (file: string): boolean => (reports.get(file)?.failed ?? 0) > 0
  const again = files.filter((file) => !isUnit(file) && !isBusy(file) && hasFailed(file))
  // Many that fail are no accident; three at once have been.
  if (again.length <= MOST_UNSTEADY) {
    await runGroup(again, 1, fileMs)
    unsteady.push(...again.filter((file) => !hasFailed(file)))
  }
}

const total = { passed: 0, failed: 0, skipped: 0 }
for (const report of reports.values()) {
  total.passed += report.passed
  total.failed += report.failed
  total.skipped += report.skipped
}
const failing = [...reports].filter(([, report]) => report.failed > 0).map(([name]) => name)
if (failing.length > 0) console.log(`failing: ${failing.join(', ')}`)
if (unsteady.length > 0) console.log(`UNSTEADY, passed when run once more: ${unsteady.join(', ')}`)
for (const line of notRun) console.log(line)
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`)
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0

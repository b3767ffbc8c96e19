// Runs the tests: `npm test` all of them, `npm test -- unit` or any part of a path only the files it matches.
// Files of test/unit, and of the suites that mostly wait for their servers, run two at a time; the others may fill the cores, so one
// at a time.
// A suite whose service is missing says so in one NOT RUN line (see support/services.ts) and fails only where services
// are required (CI=true or DARKROOM_REQUIRE_SERVICES=1). The last line is always "N passed, N failed[, N skipped]".

import { globSync } from 'node:fs'
import { relative, resolve, sep } from 'node:path'
import process from 'node:process'
import { run } from 'node:test'
import { inspect } from 'node:util'
import { missingPrefix } from './support/services.ts'

const root = resolve(import.meta.dirname, '..')
const unit = `test${sep}unit${sep}`
// A test that timed out leaves its file hanging on timers or sockets; and nothing outlasts the signal. A long kill matrix that was
// asked for has its time.
const MINUTE = 60_000
const [fileMs, allMs] = process.env.DARKROOM_FAULT_REQUESTS ? [60 * MINUTE, 70 * MINUTE] : [8 * MINUTE, 40 * MINUTE]
const hangs = { execArgv: ['--test-force-exit'], signal: AbortSignal.timeout(allMs) }
// They wait for a database or a socket more than they compute.
const patient = [
  'browser',
  'commands',
  'contract',
  'deploy',
  'http',
  'journey',
  'mark',
  'notify',
  'openai',
  'publish',
  'review',
]
// Cheap suites first, so that a broken foundation shows before a browser starts.
const slowLast = ['browser', 'faults']

interface FileReport {
  passed: number
  failed: number
  skipped: number
  output: string[]
  printed: boolean
}

const rank = (file: string): number => {
  if (file.startsWith(unit)) return 0
  return 1 + slowLast.findIndex((name) => file.startsWith(`test${sep}${name}`)) + 1
}

const findFiles = (filters: readonly string[]): string[] =>
  globSync('test/**/*.test.ts', { cwd: root })
    .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
    .sort((a, b) => rank(a) - rank(b) || a.localeCompare(b))

const reports = new Map<string, FileReport>()
const notRun = new Set<string>()

const reportOf = (file: string | undefined): FileReport => {
  const name = file === undefined ? 'test/run.ts' : relative(root, file)
  const known = reports.get(name)
  if (known) return known
  const report: FileReport = { passed: 0, failed: 0, skipped: 0, output: [], printed: false }
  reports.set(name, report)
  return report
}

const printFile = (name: string, report: FileReport, took = ''): void => {
  const { passed, failed, skipped, output } = report
  const counts = [`${passed} passed`, failed > 0 && `${failed} failed`, skipped > 0 && `${skipped} skipped`]
  // Tests that a helper declares are counted under the helper's file.
  const mark = failed > 0 ? 'FAIL' : passed === 0 && skipped > 0 ? 'skip' : 'ok  '
  console.log(`${mark} ${name}  ${counts.filter(Boolean).join(', ')}${took}`)
  if (failed > 0) console.log(output.join('').replace(/^/gm, '     '))
  report.printed = true
}

const addFailure = (report: FileReport, name: string, why: string): void => {
  report.failed += 1
  report.output.push(`\n✖ ${name}\n${why}\n`)
}

/** Whether a failure stands for itself: a parent that only repeats its children's failures is not counted again. */
const isOwnFailure = (error: Error): boolean => !('failureType' in error && error.failureType === 'subtestsFailed')

const runFiles = async (files: string[], concurrency: number, timeoutMs: number): Promise<void> => {
  if (files.length === 0) return
  const stream = run({
    files: files.map((file) => resolve(root, file)),
    concurrency,
    timeout: timeoutMs,
    cwd: root,
    ...hangs,
  })
  stream.on('test:pass', ({ file, name, skip, details }) => {
    if (typeof skip === 'string' && skip.startsWith(missingPrefix)) {
      notRun.add(`NOT RUN: suite "${name}" ${skip}`)
    }
    if (details.type === 'suite') return
    if (file !== undefined && resolve(root, name) === file) {
      addFailure(reportOf(file), name, 'the file has no tests')
      return
    }
    reportOf(file)[skip ? 'skipped' : 'passed'] += 1
  })
  stream.on('test:fail', ({ file, name, todo, details }) => {
    if (todo || !isOwnFailure(details.error)) return
    addFailure(reportOf(file), name, inspect(details.error.cause ?? details.error))
  })
  stream.on('test:stdout', ({ file, message }) => void reportOf(file).output.push(message))
  stream.on('test:stderr', ({ file, message }) => void reportOf(file).output.push(message))
  // What a test has to say of itself, such as what a matrix counted.
  stream.on('test:diagnostic', ({ file, message, nesting }) => {
    if (file !== undefined && nesting > 0) console.log(`     ${relative(root, file)}: ${message}`)
  })
  stream.on('test:summary', ({ file, duration_ms }) => {
    if (file !== undefined) printFile(relative(root, file), reportOf(file), `  ${(duration_ms / 1000).toFixed(1)} s`)
  })
  for await (const _ of stream);
  // A file that crashed, or has no tests, sends no summary of its own.
  for (const [name, report] of reports) if (!report.printed) printFile(name, report)
}

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

await runFiles(
  files.filter((file) => file.startsWith(unit)),
  2,
  120_000,
)
const isPatient = (file: string): boolean => patient.some((name) => file.startsWith(`test${sep}${name}${sep}`))
await runFiles(files.filter(isPatient), 2, fileMs)
await runFiles(
  files.filter((file) => !file.startsWith(unit) && !isPatient(file)),
  1,
  fileMs,
)

const total = { passed: 0, failed: 0, skipped: 0 }
for (const report of reports.values()) {
  total.passed += report.passed
  total.failed += report.failed
  total.skipped += report.skipped
}
const failing = [...reports].filter(([, report]) => report.failed > 0).map(([name]) => name)
if (failing.length > 0) console.log(`failing: ${failing.join(', ')}`)
for (const line of notRun) console.log(line)
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`)
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0

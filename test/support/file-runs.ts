// Runs test files, each in a process of its own, and counts what they report. A file is through only with its own summary,
// and its summary's count is the number of tests that were reported: one that ended earlier, or said less than it ran,
// has failed, whatever passed before. What a helper declares counts for the file that ran it.

import { relative, resolve } from 'node:path'
import { run } from 'node:test'
import { inspect } from 'node:util'
import { missingPrefix } from './services.ts'

export interface FileReport {
  passed: number
  failed: number
  skipped: number
  /** The tests whose end was reported, a parent of subtests among them. */
  ended: number
  /** Nothing more is to come, or what is missing is counted as a failure already. */
  through: boolean
  output: string[]
}

export interface Outcome {
  reports: Map<string, FileReport>
  /** A line for each suite that could not run. */
  notRun: Set<string>
}

export interface Running {
  root: string
  concurrency: number
  timeoutMs: number
  signal: AbortSignal
}

// A test that timed out leaves its file hanging on timers or sockets, so a file's last test is its end.
const execArgv = ['--test-force-exit', '--import', import.meta.resolve('./whole-reports.ts')]

const printFile = (name: string, report: FileReport, took = ''): void => {
  const { passed, failed, skipped, output } = report
  const counts = [`${passed} passed`, failed > 0 && `${failed} failed`, skipped > 0 && `${skipped} skipped`]
  const mark = failed > 0 ? 'FAIL' : passed === 0 && skipped > 0 ? 'skip' : 'ok  '
  console.log(`${mark} ${name}  ${counts.filter(Boolean).join(', ')}${took}`)
  if (failed > 0) console.log(output.join('').replace(/^/gm, '     '))
}

const addFailure = (report: FileReport, name: string, why: string): void => {
  report.failed += 1
  report.output.push(`\n✖ ${name}\n${why}\n`)
}

/** Whether a failure stands for itself: a parent that only repeats its children's failures is not counted again. */
const isOwnFailure = (error: Error): boolean => !('failureType' in error && error.failureType === 'subtestsFailed')

/** Why a file failed, beyond its tests: how its process ended, or that it could not go on. */
const whyOf = (error: Error): string =>
  'exitCode' in error && 'signal' in error
    ? `the file ended with ${error.signal ?? `exit code ${error.exitCode}`}`
    : inspect(error.cause ?? error)

/** The file that was run, which is not always the one that declares a test. */
const fileOf = (event: object & { file?: string | undefined }): string | undefined =>
  'entryFile' in event && typeof event.entryFile === 'string' ? event.entryFile : event.file

/** Runs the files, whose names are relative to the root, and prints a line for each, with the output of one that failed. */
export const runFiles = async (files: readonly string[], running: Running): Promise<Outcome> => {
  const { root, concurrency, timeoutMs, signal } = running
  const reports = new Map<string, FileReport>()
  const notRun = new Set<string>()
  const reportOf = (name: string): FileReport => {
    const known = reports.get(name)
    if (known) return known
    const report = { passed: 0, failed: 0, skipped: 0, ended: 0, through: false, output: [] }
    reports.set(name, report)
    return report
  }
  for (const file of files) reportOf(file)
  const reportFor = (event: object & { file?: string | undefined }): FileReport => {
    const file = fileOf(event)
    return reportOf(file === undefined ? 'test/run.ts' : relative(root, file))
  }
  const endEarly = (name: string, report: FileReport, why: string): void => {
    addFailure(report, name, why)
    report.through = true
    printFile(name, report)
  }

  if (files.length === 0) return { reports, notRun }
  const paths = files.map((file) => resolve(root, file))
  const isFile = (name: string): boolean => paths.includes(resolve(root, name))
  const stream = run({ files: paths, concurrency, timeout: timeoutMs, cwd: root, execArgv, signal })
  stream.on('test:pass', (event) => {
    const { name, skip, details } = event
    if (typeof skip === 'string' && skip.startsWith(missingPrefix)) notRun.add(`NOT RUN: suite "${name}" ${skip}`)
    if (details.type === 'suite') return
    const report = reportFor(event)
    // It left in good order and had reported nothing: it has no tests, or it left before them.
    if (isFile(name)) return endEarly(relative(root, name), report, 'the file has no tests')
    report.ended += 1
    report[skip ? 'skipped' : 'passed'] += 1
  })
  stream.on('test:fail', (event) => {
    const { name, todo, details } = event
    const report = reportFor(event)
    if (isFile(name)) return endEarly(relative(root, name), report, whyOf(details.error))
    if (details.type !== 'suite') report.ended += 1
    if (todo || !isOwnFailure(details.error)) return
    addFailure(report, name, inspect(details.error.cause ?? details.error))
  })
  stream.on('test:stdout', (event) => void reportFor(event).output.push(event.message))
  stream.on('test:stderr', (event) => void reportFor(event).output.push(event.message))
  // What a test has to say of itself, such as what a matrix counted.
  stream.on('test:diagnostic', (event) => {
    const file = fileOf(event)
    if (file !== undefined && event.nesting > 0) console.log(`     ${relative(root, file)}: ${event.message}`)
  })
  stream.on('test:summary', (event) => {
    const file = fileOf(event)
    if (file === undefined) return
    const [name, report] = [relative(root, file), reportFor(event)]
    const { ended } = report
    if (ended !== event.counts.tests)
      addFailure(report, name, `${event.counts.tests} tests were run, and ${ended} were reported`)
    report.through = true
    printFile(name, report, `  ${(event.duration_ms / 1000).toFixed(1)} s`)
  })
  for await (const _ of stream);
  for (const [name, report] of reports)
    if (!report.through) endEarly(name, report, 'the file ended before it was through')
  return { reports, notRun }
}

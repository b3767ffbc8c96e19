// Runs the real `schemathesis` against a service, and reads what it found from its report of events (never from its text).
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type Operation = Record<string, unknown>
export type Document = { paths: Record<string, Record<string, Operation>>; [field: string]: unknown }
export type Pass = {
  program: string
  url: string
  document: Document
  /** The configuration file's text. */
  config: string
  headers: Record<string, string>
  args: readonly string[]
  limitMs: number
}
export type Found = {
  cases: number
  /** Operations that were asked at least once, such as `GET /v1/me`. */
  operations: string[]
  phases: string[]
  statuses: Map<number, number>
  failures: string[]
}

type Check = { name: string; status: string; failure_info?: { failure: { title: string; message: string } } }
type Scenario = {
  phase: string
  recorder: {
    label: string
    cases?: Record<string, unknown>
    checks?: Record<string, Check[]>
    interactions?: Record<
      string,
      { response?: { status_code?: number } | null; request?: { method: string; uri: string } }
    >
  }
}
type Event = { ScenarioFinished?: Scenario; EngineFinished?: object; [other: string]: unknown }

/** Throws when the program ends otherwise than by having tried everything. */
export async function runSchemathesis({
  program,
  url,
  document,
  config,
  headers,
  args,
  limitMs,
}: Pass): Promise<Found> {
  const home = await mkdtemp(join(tmpdir(), 'darkroom-schemathesis-'))
  try {
    await writeFile(join(home, 'openapi.json'), JSON.stringify(document))
    await writeFile(join(home, 'schemathesis.toml'), config)
    const given = Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}: ${value}`])
    const child = spawn(
      program,
      [
        ...['--config-file', 'schemathesis.toml', 'run', 'openapi.json', '--url', url, ...given, ...args],
        ...['--report', 'ndjson', '--report-dir', 'report', '--continue-on-failure', '--no-color'],
        ...['--generation-database', 'none', '--request-timeout', '30'],
      ],
      { cwd: home, stdio: ['ignore', 'pipe', 'pipe'], timeout: limitMs },
    )
    let text = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk))
    const [code, signal] = await once(child, 'close')
    const [report] = await readdir(join(home, 'report')).catch(() => [])
    // 0: nothing found; 1: something was.
    if (signal !== null || (code !== 0 && code !== 1) || report === undefined)
      throw new Error(`schemathesis ended by ${signal ?? code}: ${text.slice(-3000)}`)
    const lines = (await readFile(join(home, 'report', report), 'utf8')).split('\n').filter((line) => line !== '')
    return read(lines.map((line): Event => JSON.parse(line)))
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

function read(events: readonly Event[]): Found {
  if (!events.some((event) => event.EngineFinished !== undefined)) throw new Error('the report has no end')
  const found: Found = { cases: 0, operations: [], phases: [], statuses: new Map(), failures: [] }
  const operations = new Set<string>()
  const phases = new Set<string>()
  for (const event of events) {
    for (const name of Object.keys(event))
      if (/Error/.test(name)) found.failures.push(`${name}: ${JSON.stringify(event[name]).slice(0, 600)}`)
    const { ScenarioFinished: scenario } = event
    if (scenario === undefined) continue
    const { label, cases = {}, checks = {}, interactions = {} } = scenario.recorder
    found.cases += Object.keys(cases).length
    for (const { response } of Object.values(interactions)) {
      const status = response?.status_code ?? 0
      found.statuses.set(status, (found.statuses.get(status) ?? 0) + 1)
    }
    if (Object.keys(interactions).length > 0) {
      operations.add(label)
      phases.add(scenario.phase)
    }
    for (const [id, list] of Object.entries(checks))
      for (const { name, status, failure_info: info } of list)
        if (status === 'failure') {
          const asked = interactions[id]?.request
          const title = `${info?.failure.title}: ${info?.failure.message}`.replaceAll('\n', ' ')
          found.failures.push(`${label} [${name}] ${title} (${asked?.method} ${asked?.uri})`.slice(0, 900))
        }
  }
  return { ...found, operations: [...operations].sort(), phases: [...phases] }
}

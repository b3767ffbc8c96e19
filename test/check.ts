// The daily loop, `npm run check`: types, lint and format, dead code, import rules and the fast tests, side by side, in
// about a minute on two cores. One line each; the output of whatever failed follows. `npm test` is everything.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'

const root = resolve(import.meta.dirname, '..')
const tool = (name: string): string => resolve(root, 'node_modules/.bin', name)

const checks: [string, string, ...string[]][] = [
  ['types', tool('tsc'), '--noEmit'],
  ['lint and format', tool('biome'), 'check', '--error-on-warnings'],
  ['dead code', process.execPath, tool('knip')],
  ['import rules', process.execPath, 'test/run.ts', 'unit/import-rules'],
  ['fast tests', process.execPath, 'test/run.ts', 'unit/'],
]

const runCheck = async ([name, command, ...args]: [string, string, ...string[]]): Promise<boolean> => {
  const started = performance.now()
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${code === 0 ? 'ok  ' : 'FAIL'} ${name}  ${seconds} s`)
  if (code !== 0) console.log(`${out}${errors}`.trimEnd().replace(/^/gm, '     '))
  return code === 0
}

const passed = await Promise.all(checks.map(runCheck))
process.exitCode = passed.every(Boolean) ? 0 : 1

// The counting of tests: none is lost on the way to a busy reader, and a file that says less than it ran has failed.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

const runner = resolve(import.meta.dirname, 'file-runs.ts')

// A run inside a test file is refused by Node, so it is a process of its own. When the file says that it began, it is deaf
// for `deafMs`: the loop stands, and nothing is read.
const driver = (deafMs: number): string => `
  import { existsSync } from 'node:fs'
  import { runFiles } from ${JSON.stringify(runner)}
  const signal = AbortSignal.timeout(60_000)
  const running = runFiles(['it.test.ts'], { root: import.meta.dirname, concurrency: 1, timeoutMs: 30_000, signal })
  const began = import.meta.dirname + '/began'
  const waiting = setInterval(() => {
    if (!existsSync(began)) return
    clearInterval(waiting)
    for (const end = performance.now() + ${deafMs}; performance.now() < end;);
  }, 1)
  const { passed, failed } = (await running).reports.get('it.test.ts')
  clearInterval(waiting)
  console.log(passed + ' passed, ' + failed + ' failed in all')`

const opening = `import { writeFileSync } from 'node:fs'
  import { test } from 'node:test'
  import { setTimeout } from 'node:timers/promises'
  writeFileSync('began', '')`

const runFile = async (file: string, { helper = '', deafMs = 0 } = {}): Promise<string> => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'file-runs-'))
  await writeFile(join(folder.path, 'package.json'), '{ "type": "module" }')
  await writeFile(join(folder.path, 'it.test.ts'), `${opening}\n${file}`)
  await writeFile(join(folder.path, 'helper.ts'), helper)
  await writeFile(join(folder.path, 'run.ts'), driver(deafMs))
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  return (await promisify(execFile)(process.execPath, [join(folder.path, 'run.ts')], { env })).stdout
}

test('every test of a file that ended long before its reports were read is counted', async () => {
  const output = await runFile("for (let i = 0; i < 3000; i += 1) test('number ' + i, () => {})", { deafMs: 2_000 })
  assert.match(output, /3000 passed, 0 failed in all/)
})

test('a failure is shown with its reason', async () => {
  const output = await runFile("test('good', () => {})\ntest('bad', () => { throw new Error('broken here') })")
  assert.match(output, /^FAIL it\.test\.ts {2}1 passed, 1 failed/)
  assert.match(output, /✖ bad\n.*broken here/)
})

test('a file whose reports stop has failed, though all that was heard of it passed', async () => {
  const output = await runFile(`
    test('heard', () => {})
    test('unheard', () => setTimeout(100).then(() => { process.stdout.write = () => true }))`)
  assert.match(output, /the file ended before it was through/)
  assert.match(output, /1 passed, 1 failed in all/)
})

test('a file that reports fewer tests than it ran has failed', async () => {
  const output = await runFile(`
    const write = process.stdout.write.bind(process.stdout)
    process.stdout.write = (...all) => String(all[0]).includes('lost') || write(...all)
    test('heard', () => {})
    test('lost', () => {})`)
  assert.match(output, /2 tests were run, and 1 were reported/)
  assert.match(output, /1 passed, 1 failed in all/)
})

test('a file that is killed, or leaves before its first test, has failed', async () => {
  const killed = await runFile(`
    test('one', () => {})
    test('two', () => setTimeout(100).then(() => process.kill(process.pid, 'SIGKILL')))`)
  assert.match(killed, /the file ended with SIGKILL\n\s+1 passed, 1 failed in all/)
  assert.match(await runFile('process.exit(0)'), /the file has no tests\n\s+0 passed, 1 failed in all/)
})

test('what a helper declares counts for the file that ran it', async () => {
  const helper = "import { test } from 'node:test'\nexport const declare = () => test('declared elsewhere', () => {})"
  const output = await runFile("import { declare } from './helper.ts'\ndeclare()\ntest('here', () => {})", { helper })
  assert.match(output, /^ok {3}it\.test\.ts {2}2 passed {2}\d+\.\d s\n2 passed, 0 failed in all\n$/)
})

// boot.mjs, in a throw-away root with a stand-in npm: what it installs and when, what it runs, how it ends.

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

const boot = resolve(import.meta.dirname, '../../boot.mjs')

// Says what it was asked in npm.log; succeeds by "installing" a pinned Node, unless a file `npm-fails` lies in the root.
const standInNpm = `#!${process.execPath}
const fs = require('node:fs')
fs.appendFileSync('npm.log', process.argv.slice(2).join(' ') + '\\n')
console.log('npm speaks')
if (fs.existsSync('npm-fails')) process.exit(1)
const bin = 'node_modules/node-' + process.platform + '-' + process.arch + '/bin'
setTimeout(() => {
  fs.mkdirSync(bin, { recursive: true })
  if (!fs.existsSync(bin + '/node')) fs.symlinkSync(process.execPath, bin + '/node')
}, fs.existsSync('npm-hangs') ? 60000 : 300)
`

const makeRoot = (t: TestContext, program = ''): string => {
  const root = mkdtempSync(join(tmpdir(), 'darkroom-boot-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  mkdirSync(join(root, 'bin'))
  mkdirSync(join(root, 'src'))
  cpSync(boot, join(root, 'boot.mjs'))
  writeFileSync(join(root, 'package.json'), '{}')
  writeFileSync(join(root, 'package-lock.json'), '{"version":1}')
  writeFileSync(join(root, 'bin/npm'), standInNpm, { mode: 0o755 })
  writeFileSync(join(root, 'src/main.ts'), program)
  return root
}

interface Started {
  child: ChildProcess
  output: () => { stdout: string; stderr: string }
}

const start = (root: string, args: string[] = [], env: NodeJS.ProcessEnv = {}): Started => {
  const PATH = `${join(root, 'bin')}:${process.env.PATH}`
  const child = spawn(process.execPath, [join(root, 'boot.mjs'), ...args], {
    cwd: tmpdir(),
    env: { PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return { child, output: () => ({ stdout, stderr }) }
}

const end = async ({ child, output }: Started) => {
  const [code, signal] = await once(child, 'close')
  return { code, signal, ...output() }
}

const until = async (holds: () => boolean): Promise<void> => {
  for (const give = Date.now() + 30_000; !holds(); await sleep(20))
    assert.ok(Date.now() < give, 'waited thirty seconds')
}

const npmLog = (root: string): string[] => {
  const file = join(root, 'npm.log')
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

test('it installs once, again when the lockfile changes, and never writes npm to stdout', async (t) => {
  const root = makeRoot(t, 'console.log("ran")')
  const first = await end(start(root))
  assert.deepEqual([first.code, first.stdout], [0, 'ran\n'])
  assert.match(first.stderr, /^darkroom: installing dependencies/)
  assert.deepEqual(npmLog(root), ['ci --include=dev --loglevel=error'])
  assert.deepEqual(await end(start(root)), { code: 0, signal: null, stdout: 'ran\n', stderr: '' })
  assert.equal(npmLog(root).length, 1)
  writeFileSync(join(root, 'package-lock.json'), '{"version":2}')
  await end(start(root))
  assert.equal(npmLog(root).length, 2)
})

test('a failed installation is said, leaves no stamp and is tried again', async (t) => {
  const root = makeRoot(t, 'console.log("ran")')
  writeFileSync(join(root, 'npm-fails'), '')
  const failed = await end(start(root))
  assert.deepEqual([failed.code, failed.stdout], [1, ''])
  assert.match(failed.stderr, /npm ci failed .* needs the npm registry/)
  assert.ok(!existsSync(join(root, '.boot-lock')))
  rmSync(join(root, 'npm-fails'))
  assert.equal((await end(start(root))).stdout, 'ran\n')
})

test('a production installation omits the development tools, and a full start completes it', async (t) => {
  const root = makeRoot(t)
  await end(start(root, ['--install-only'], { DARKROOM_OMIT_DEV: '1' }))
  await end(start(root, [], { DARKROOM_OMIT_DEV: '1' }))
  assert.deepEqual(npmLog(root), ['ci --omit=dev --loglevel=error'])
  await end(start(root))
  await end(start(root, [], { DARKROOM_OMIT_DEV: '1' }))
  assert.deepEqual(npmLog(root), ['ci --omit=dev --loglevel=error', 'ci --include=dev --loglevel=error'])
})

test('of two starts at once one installs and both run', async (t) => {
  const root = makeRoot(t, 'console.log("ran")')
  const ends = await Promise.all([end(start(root)), end(start(root))])
  assert.deepEqual(
    ends.map(({ stdout }) => stdout),
    ['ran\n', 'ran\n'],
  )
  assert.equal(npmLog(root).length, 1)
})

test('a lock that a killed start left behind is taken over', async (t) => {
  const root = makeRoot(t, 'console.log("ran")')
  const lock = join(root, '.boot-lock')
  mkdirSync(lock)
  const minuteAgo = new Date(Date.now() - 60_000)
  utimesSync(lock, minuteAgo, minuteAgo)
  assert.equal((await end(start(root))).stdout, 'ran\n')
  assert.ok(!existsSync(lock))
})

test('without npm it says so', async (t) => {
  const root = makeRoot(t)
  const { code, stderr } = await end(start(root, [], { PATH: join(root, 'nowhere') }))
  assert.equal(code, 1)
  assert.match(stderr, /npm cannot be run \(ENOENT\); install Node\.js 20 or newer with npm/)
})

test('arguments, a named file and the exit code go through', async (t) => {
  const root = makeRoot(t, 'console.log(JSON.stringify(process.argv.slice(2))); process.exitCode = 7')
  const plain = await end(start(root, ['generate', 'a red kite', '--out', 'x.png']))
  assert.deepEqual([plain.code, plain.stdout], [7, '["generate","a red kite","--out","x.png"]\n'])
  writeFileSync(join(root, 'src/other.ts'), 'console.log("other", ...process.argv.slice(2) satisfies string[])')
  assert.equal((await end(start(root, ['src/other.ts', 'x']))).stdout, 'other x\n')
})

const patient = `
  process.on('SIGTERM', () => { console.log('SIGTERM'); setTimeout(() => process.exit(3), 200) })
  process.on('SIGINT', () => console.log('SIGINT'))
  setInterval(() => {}, 1000)
  console.log('pid', process.pid)`

const pidOf = async ({ output }: Started): Promise<number> => {
  await until(() => output().stdout.includes('\n'))
  return Number(/pid (\d+)/.exec(output().stdout)?.[1])
}

test('a signal reaches the program once, and boot waits for its end', async (t) => {
  const started = start(makeRoot(t, patient))
  await pidOf(started)
  started.child.kill('SIGINT')
  await until(() => started.output().stdout.includes('SIGINT'))
  started.child.kill('SIGTERM')
  const { code, stdout } = await end(started)
  assert.equal(code, 3)
  assert.match(stdout, /^pid \d+\nSIGINT\nSIGTERM\n$/)
})

test('a program that a signal ended makes boot end by it', async (t) => {
  const started = start(makeRoot(t, patient))
  process.kill(await pidOf(started), 'SIGKILL')
  assert.equal((await end(started)).signal, 'SIGKILL')
})

test('when boot is killed the program gets SIGTERM, and no orphan stays', async (t) => {
  const started = start(makeRoot(t, patient))
  const pid = await pidOf(started)
  started.child.kill('SIGKILL')
  const { stdout } = await end(started)
  assert.match(stdout, /SIGTERM/)
  await until(() => !isAlive(pid))
})

test('an interrupted installation ends at once, with npm, and the lock is free', async (t) => {
  const root = makeRoot(t)
  writeFileSync(join(root, 'npm-hangs'), '')
  const started = start(root)
  await until(() => npmLog(root).length === 1)
  started.child.kill('SIGINT')
  const { code, stderr } = await end(started)
  assert.equal(code, 130)
  assert.match(stderr, /installation interrupted/)
  assert.ok(!existsSync(join(root, '.boot-lock')))
})

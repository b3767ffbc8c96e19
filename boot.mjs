#!/usr/bin/env node
// Starts Darkroom on a machine that has only Node 20+ and npm: `node boot.mjs [file.ts] [arguments]`, or the command
// `darkroom [arguments]`, which means src/main.ts. Plain Node 20 JavaScript, because it runs before anything is installed.
// It runs `npm ci` unless a stamp in node_modules, written only after the last success, names this very lockfile; then
// it runs the file in the pinned Node (optionalDependencies of package.json) and ends as that process ended.
//
// No orphans: the child sits in a session of its own, so a Ctrl-C or a kill of the process group reaches boot alone and
// is passed on once. Boot and child share an IPC channel that carries nothing; when boot dies, even by kill -9, the
// channel closes and the child sends itself SIGTERM. This file is the child's preload for that (see the last lines).
//
// DARKROOM_OMIT_DEV=1 leaves the development tools out; --install-only stops after the installation (see Dockerfile).

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isMainThread } from 'node:worker_threads'

const self = fileURLToPath(import.meta.url)
const root = dirname(self)
const stampFile = join(root, 'node_modules', '.darkroom-installed')
const lockDirectory = join(root, '.boot-lock')
const lockStaleMs = 10_000
const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** A start that cannot go on: said in one line, without a stack. */
class BootError extends Error {
  constructor(message, exitCode = 1) {
    super(message)
    this.exitCode = exitCode
  }
}

const say = (line) => process.stderr.write(`darkroom: ${line}\n`)

/** What must be installed: the lockfile's digest, for this platform, with or without the development tools. */
const wantedStamp = () => {
  const lockfile = readFileSync(join(root, 'package-lock.json'))
  const digest = createHash('sha256').update(lockfile).digest('hex')
  const scope = process.env.DARKROOM_OMIT_DEV === '1' ? 'production' : 'all'
  return { key: `${digest} ${process.platform}-${process.arch}`, scope }
}

const isInstalled = ({ key, scope }) => {
  if (!existsSync(stampFile)) return false
  const stamp = readFileSync(stampFile, 'utf8').trim()
  return stamp === `${key} all` || stamp === `${key} ${scope}`
}

/**
 * Runs a Node program to its end and passes on, once each, the signals that would have ended boot.
 * Answers its exit code, or the signal that ended it; `interrupted` says that boot was told to stop meanwhile.
 */
const supervise = async (command, args, { env = {}, ...options }) => {
  const child = spawn(command, args, {
    ...options,
    env: { ...process.env, ...env, DARKROOM_BOOT: '1' },
    detached: true,
  })
  let interrupted = false
  const handlers = forwarded.map((signal) => [
    signal,
    () => {
      interrupted = true
      child.kill(signal)
    },
  ])
  for (const [signal, handler] of handlers) process.on(signal, handler)
  try {
    const [code, signal] = await once(child, 'exit')
    return { code, signal, interrupted }
  } finally {
    for (const [signal, handler] of handlers) process.off(signal, handler)
  }
}

// npm's own output goes to stderr: stdout belongs to the command that was asked for.
const npmCi = async (scope) => {
  const preload = `--import ${import.meta.url}`
  const { code, interrupted } = await supervise(
    'npm',
    ['ci', scope === 'production' ? '--omit=dev' : '--include=dev', '--loglevel=error'],
    {
      cwd: root,
      env: { NODE_OPTIONS: [process.env.NODE_OPTIONS, preload].filter(Boolean).join(' ') },
      stdio: ['ignore', 2, 2, 'ipc'],
    },
  ).catch((cause) => {
    throw new BootError(
      `npm cannot be run (${cause.code}); install Node.js 20 or newer with npm, and put npm on the PATH`,
    )
  })
  if (interrupted) throw new BootError('installation interrupted; the next start begins it again', 130)
  if (code !== 0) {
    throw new BootError(
      `npm ci failed (its message is above). The first start needs the npm registry and a writable ${root}; ` +
        'once that is mended, run the same command again',
    )
  }
}

/** Takes the installation lock; a holder that stopped refreshing it (killed, power cut) loses it after ten seconds. */
const takeLock = async () => {
  for (let told = false; ; told = true) {
    try {
      mkdirSync(lockDirectory)
      break
    } catch (cause) {
      if (cause.code !== 'EEXIST') {
        throw new BootError(`cannot write to ${root} (${cause.code}); the first start installs into its node_modules`)
      }
    }
    const held = statSync(lockDirectory, { throwIfNoEntry: false })
    if (held && Date.now() - held.mtimeMs > lockStaleMs) rmSync(lockDirectory, { recursive: true, force: true })
    else if (!told) say('another start is installing; waiting for it')
    await sleep(200)
  }
  const refresh = setInterval(() => {
    // Taken away as stale, after the machine slept: the other one installs too, which is harmless.
    if (existsSync(lockDirectory)) utimesSync(lockDirectory, new Date(), new Date())
  }, 1000)
  return () => {
    clearInterval(refresh)
    rmSync(lockDirectory, { recursive: true, force: true })
  }
}

const install = async () => {
  const wanted = wantedStamp()
  if (isInstalled(wanted)) return
  const release = await takeLock()
  try {
    if (isInstalled(wanted)) return
    say('installing dependencies with npm ci (first start, or the lockfile changed; usually under a minute)')
    rmSync(stampFile, { force: true })
    await npmCi(wanted.scope)
    writeFileSync(stampFile, `${wanted.key} ${wanted.scope}\n`)
  } finally {
    release()
  }
}

/** The pinned Node of this platform, else the Node that runs boot when it is new enough to run TypeScript. */
const findNode = () => {
  const pinned = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node')
  if (existsSync(pinned)) return pinned
  if (Number.parseInt(process.versions.node, 10) >= 24) return process.execPath
  throw new BootError(
    `no pinned Node for ${process.platform}-${process.arch}. Supported: linux-x64 and linux-arm64 with glibc (nothing ` +
      `to do), and macOS with Node.js 24 or newer (this is ${process.version})`,
  )
}

const run = async (node, file, args) => {
  const { code, signal } = await supervise(
    node,
    ['--disable-warning=ExperimentalWarning', '--import', import.meta.url, file, ...args],
    {
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    },
  ).catch((cause) => {
    throw new BootError(`cannot run ${node} (${cause.code}); a Linux without glibc, such as Alpine, is not supported`)
  })
  // A program that a signal ended makes boot end by the same signal, as a shell expects.
  if (signal) process.kill(process.pid, signal)
  process.exitCode = code
}

const main = async ([first, ...rest]) => {
  try {
    if (Number.parseInt(process.versions.node, 10) < 20) {
      throw new BootError(`Node.js 20 or newer is needed; this is ${process.version}`)
    }
    await install()
    if (first === '--install-only') return
    const [file, args] = first?.endsWith('.ts')
      ? [first, rest]
      : ['src/main.ts', first === undefined ? [] : [first, ...rest]]
    await run(findNode(), resolve(root, file), args)
  } catch (fault) {
    if (!(fault instanceof BootError)) throw fault
    say(fault.message)
    process.exitCode = fault.exitCode
  }
}

// The preload half: in boot's own child, and not in that one's children, which inherit the command line but not the mark.
const watchBoot = () => {
  delete process.env.DARKROOM_BOOT
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  process.channel?.unref()
}

if (process.argv[1] && existsSync(process.argv[1]) && realpathSync(process.argv[1]) === self) {
  await main(process.argv.slice(2))
} else if (process.env.DARKROOM_BOOT === '1' && isMainThread) {
  watchBoot()
}

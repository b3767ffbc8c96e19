// The Go program of test/audit/go, which reads a log with others' libraries: built once for each state of its sources, where CI keeps
// its tools. `writeLog` lays a log out as files, as far as it has grown; `run` answers what the program says of such folders.
import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { hashLeaf } from '../../src/audit/merkle.ts'
import {
  encodeEntries,
  entriesBetween,
  entriesPath,
  TILE_WIDTH,
  tilePath,
  tilesBetween,
} from '../../src/audit/tiles.ts'
import type { Missing } from '../support/services.ts'
import { tools } from '../support/tools.ts'
import { at, type MemoryTree, memoryTree } from './trees.ts'

/** "" for what was accepted, and the reason for what was not. */
export interface Report {
  checkpoint: string
  cosignature: string
  tiles: string
  /** Files that the tree has to have. */
  needed: number
  proofs: Record<string, string>
}

export interface Logcheck {
  run(...folders: string[]): Promise<Report[]>
}

export interface Entries {
  entries: Buffer[]
  tree: MemoryTree
}

const SOURCES = join(import.meta.dirname, 'go')
const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'darkroom-ci')
const TILE_LEVELS = 8
const execute = promisify(execFile)

export const logcheck = async (): Promise<Logcheck | Missing> => {
  const found = await tools('go')
  if ('missing' in found) return found
  const digest = createHash('sha256')
  for (const name of (await readdir(SOURCES)).sort())
    digest.update(`${name}\n`).update(await readFile(join(SOURCES, name)))
  const program = join(CACHE, 'logcheck', digest.digest('hex').slice(0, 32))
  if (!existsSync(program)) await build(found.go, program)
  return {
    run: async (...folders) => {
      const { stdout } = await execute(program, folders, { maxBuffer: 1 << 26 })
      return stdout
        .trimEnd()
        .split('\n')
        .map((line): Report => JSON.parse(line))
    },
  }
}

// Others may build it at the same time: each under a name of its own, and the last one stays.
const build = async (go: string, program: string): Promise<void> => {
  await mkdir(dirname(program), { recursive: true })
  const own = `${program}.${randomUUID()}`
  const env = { ...process.env, CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '-mod=readonly -buildvcs=false' }
  await execute(go, ['build', '-o', own, '.'], { cwd: SOURCES, env })
  await rename(own, program)
}

/** Short entries of different lengths, the first one empty. */
export const someEntries = (count: number): Entries => {
  const entries = Array.from({ length: count }, (_, i) => Buffer.from('entry'.repeat(i % 3) + (i === 0 ? '' : i)))
  return { entries, tree: memoryTree(entries.map(hashLeaf)) }
}

/** Writes what a tree of `to` leaves has and one of `from` leaves has not. */
export const writeLog = async (folder: string, { entries, tree }: Entries, from: number, to: number): Promise<void> => {
  for (const { level, index, width } of tilesBetween(from, to)) {
    const hashes = Array.from({ length: width }, (_, i) => tree.read(level * TILE_LEVELS, index * TILE_WIDTH + i))
    await writeInto(join(folder, tilePath(level, index, width)), Buffer.concat(await Promise.all(hashes)))
  }
  for (const { index, width } of entriesBetween(from, to)) {
    const bundle = Array.from({ length: width }, (_, i) => at(entries, index * TILE_WIDTH + i))
    await writeInto(join(folder, entriesPath(index, width)), encodeEntries(bundle))
  }
}

const writeInto = async (file: string, bytes: Uint8Array): Promise<void> => {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, bytes)
}

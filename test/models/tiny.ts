// Packs for tests: test/goldens/tiny-sd copied to a temporary folder, with parts exchanged and its manifest made anew.
import { createHash } from 'node:crypto'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const GOLDENS = fileURLToPath(new URL('../goldens/', import.meta.url))
export const TINY_SD = join(GOLDENS, 'tiny-sd')

export type Changes = {
  id?: string
  /** Path in the pack to a file of test/goldens/tiny-sd-dialects. */
  dialects?: Record<string, string>
  /** Path in the pack to its new JSON. */
  json?: Record<string, unknown>
  remove?: readonly string[]
  manifest?: Record<string, unknown>
}

/** Writes <packsDir>/<id>. */
export async function writeTinyPack(packsDir: string, changes: Changes = {}): Promise<string> {
  const id = changes.id ?? 'tiny-sd'
  const dir = join(packsDir, id)
  await cp(TINY_SD, dir, { recursive: true })
  for (const [path, file] of Object.entries(changes.dialects ?? {}))
    await cp(join(GOLDENS, 'tiny-sd-dialects', file), join(dir, path))
  for (const [path, value] of Object.entries(changes.json ?? {}))
    await writeFile(join(dir, path), JSON.stringify(value))
  for (const path of changes.remove ?? []) await rm(join(dir, path))
  await writeManifest(dir, { id, ...changes.manifest })
  return dir
}

/** Writes pack.json anew over whatever files lie there. */
export async function writeManifest(dir: string, changes: Record<string, unknown> = {}): Promise<void> {
  const manifest = JSON.parse(await readFile(join(TINY_SD, 'pack.json'), 'utf8'))
  const files = []
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name === 'pack.json') continue
    const file = join(entry.parentPath, entry.name)
    const body = await readFile(file)
    files.push({
      path: file.slice(dir.length + 1),
      sha256: createHash('sha256').update(body).digest('hex'),
      size_bytes: body.length,
    })
  }
  await writeFile(join(dir, 'pack.json'), JSON.stringify({ ...manifest, files, ...changes }))
}

/** A folder that goes away with its scope. */
export async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'darkroom-test-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

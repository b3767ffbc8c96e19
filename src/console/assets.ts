// The console's static files: one stylesheet, the browser's modules and the icon, read once at start.
// Modules are written in TypeScript and served without their types, comments and blanks, under the same `.ts` path, so that their
// imports hold as written. All live under one content digest: a page and its modules always belong together and cache for good.

import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { brotliCompressSync } from 'node:zlib'
import { transform } from 'esbuild'

export type Asset = { body: string; brotli: Buffer; contentType: string }
export type Assets = {
  /** Digest over every file; part of each address. */
  version: string
  files: ReadonlyMap<string, Asset>
  /** The address of a file of this version. */
  at: (name: string) => string
  /** A module and all that it imports, itself first: a page names them at once, so that the browser need not find them one by one. */
  withImports: (module: string) => string[]
}

// The cascade's order: later ones refine earlier ones.
const sheets = [
  'tokens.css',
  'base.css',
  'controls.css',
  'playground.css',
  'contacts.css',
  'evidence.css',
  'verify.css',
  'public.css',
  'desk.css',
  'leads.css',
  'routing.css',
  'audit.css',
  'audit-exports.css',
  'audit-reports.css',
]

export async function loadAssets(folder: string = import.meta.dirname): Promise<Assets> {
  const files = new Map<string, Asset>()
  const read = (...path: string[]) => readFile(join(folder, ...path), 'utf8')
  const add = (name: string, body: string, contentType: string) =>
    files.set(name, { body, brotli: brotliCompressSync(body), contentType })

  const css = await Promise.all(sheets.map((name) => read('style', name)))
  const { code: style } = await transform(css.join('\n'), { loader: 'css', minify: true })
  add('console.css', style, 'text/css; charset=utf-8')
  add('icon.svg', await read('style', 'icon.svg'), 'image/svg+xml')

  const found = await readdir(join(folder, 'modules'), { recursive: true })
  for (const name of found.filter((path) => path.endsWith('.ts')).sort())
    add(name, await script(await read('modules', name)), 'text/javascript; charset=utf-8')

  const digest = createHash('sha256')
  for (const [name, file] of files) digest.update(`${name}\0${file.body}\0`)
  const version = digest.digest('hex').slice(0, 16)
  return {
    version,
    files,
    at: (name) => `/console/${version}/${name}`,
    withImports: (module) => [...reach(files, module)],
  }
}

async function script(source: string): Promise<string> {
  const { code } = await transform(source, { loader: 'ts', format: 'esm', target: 'es2023', minify: true })
  return code
}

function reach(files: ReadonlyMap<string, Asset>, module: string, seen = new Set<string>()): Set<string> {
  if (seen.has(module)) return seen
  const file = files.get(module)
  if (file === undefined) throw new TypeError(`there is no module ${module}`)
  seen.add(module)
  for (const [, path = ''] of file.body.matchAll(/(?:\bfrom|\bimport)\s*"(\.{1,2}\/[^"]+)"/g))
    reach(files, posix.join(posix.dirname(module), path), seen)
  return seen
}

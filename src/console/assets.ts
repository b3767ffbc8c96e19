// The console's static files: one stylesheet, the browser's modules and the icon, read once at start.
// Modules are written in TypeScript and served with their types blanked out, under the same `.ts` path, so that their imports
// hold as written. All live under one content digest: a page and its modules always belong together and cache for good.

import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'

export type Asset = { body: string; brotli: Buffer; contentType: string }
export type Assets = {
  /** Digest over every file; part of each address. */
  version: string
  files: ReadonlyMap<string, Asset>
  /** The address of a file of this version. */
  at: (name: string) => string
}

// The cascade's order: later ones refine earlier ones.
const sheets = ['tokens.css', 'base.css', 'controls.css', 'playground.css', 'contacts.css', 'evidence.css']

export async function loadAssets(folder: string = import.meta.dirname): Promise<Assets> {
  const files = new Map<string, Asset>()
  const read = (...path: string[]) => readFile(join(folder, ...path), 'utf8')

  const add = (name: string, body: string, contentType: string) =>
    files.set(name, { body, brotli: brotliCompressSync(body), contentType })

  const css = await Promise.all(sheets.map((name) => read('style', name)))
  add('console.css', css.join('\n'), 'text/css; charset=utf-8')
  add('icon.svg', await read('style', 'icon.svg'), 'image/svg+xml')

  const modules = (await readdir(join(folder, 'modules'))).filter((name) => name.endsWith('.ts')).sort()
  for (const name of modules) {
    const source = stripTypeScriptTypes(await read('modules', name), { mode: 'strip' })
    // Types leave blanks of their own length behind.
    add(name, source.replace(/[ \t]+$/gm, '').replace(/\n{3,}/g, '\n\n'), 'text/javascript; charset=utf-8')
  }

  const digest = createHash('sha256')
  for (const [name, file] of files) digest.update(`${name}\0${file.body}\0`)
  const version = digest.digest('hex').slice(0, 16)
  return { version, files, at: (name) => `/console/${version}/${name}` }
}

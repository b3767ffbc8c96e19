// The files of a folder that is a pack or is to become one: digests, and JSON and text that are read within limits. Links are refused.
// Everything here may come from anywhere, so a size is looked at before a file is read, and a depth before JSON is parsed.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { ModelError } from './error.ts'
import { parseJson } from './fields.ts'

/** What a pack may hold, with the most bytes of one such file; weights have no limit but the disk's. */
export const MOST_BYTES: Readonly<Record<string, number>> = {
  '.onnx': 2 ** 31 - 1,
  '.onnx_data': Number.MAX_SAFE_INTEGER,
  '.safetensors': Number.MAX_SAFE_INTEGER,
  '.json': 64 * 2 ** 20,
  '.txt': 32 * 2 ** 20,
  '.model': 32 * 2 ** 20,
  '.md': 4 * 2 ** 20,
}
const JSON_DEPTH = 64

/** ModelError pack_corrupt: larger than a file of its kind may be. */
export function expectSize(file: string, sizeBytes: number): void {
  const most = MOST_BYTES[extname(file)] ?? 0
  if (sizeBytes <= most) return
  const remedy = extname(file) === '.onnx' ? '; export its weights as external data (.onnx_data)' : ''
  throw new ModelError('pack_corrupt', `${file}: ${sizeBytes} bytes; a file of its kind has ${most} at most${remedy}`, {
    file,
    field: 'size_bytes',
  })
}

/** Parses JSON of limited size and depth. ModelError: pack_missing, pack_corrupt. */
export async function readJsonFile(file: string): Promise<unknown> {
  const found = await lstat(file).catch((cause: unknown) => {
    throw new ModelError('pack_missing', `${file}: missing`, { file, cause })
  })
  if (!found.isFile()) throw new ModelError('pack_corrupt', `${file}: not a file`, { file })
  expectSize(file, found.size)
  const text = await readFile(file, 'utf8')
  if (depthOf(text) > JSON_DEPTH)
    throw new ModelError('pack_corrupt', `${file}: nested deeper than ${JSON_DEPTH}`, { file, field: 'depth' })
  return parseJson(text, file)
}

/** How deep brackets are nested outside of texts. */
function depthOf(text: string): number {
  let [depth, deepest, quoted] = [0, 0, false]
  for (let i = 0; i < text.length; i++) {
    const char = text[i]
    if (quoted) {
      if (char === '\\') i++
      else if (char === '"') quoted = false
    } else if (char === '"') quoted = true
    else if (char === '{' || char === '[') deepest = Math.max(deepest, ++depth)
    else if (char === '}' || char === ']') depth--
  }
  return deepest
}

/** ModelError: pack_missing, pack_corrupt (a link anywhere on the way). */
export async function refuseLinks(dir: string, path: string): Promise<void> {
  let at = dir
  for (const part of path.split('/')) {
    at = join(at, part)
    const found = await lstat(at).catch((cause: unknown) => {
      throw new ModelError('pack_missing', `${at}: missing; fetch the pack again`, { file: at, cause })
    })
    if (found.isSymbolicLink()) throw refusedLink(at)
  }
}

/** Paths of every file below a folder, in order; names that begin with a dot are not looked at. ModelError pack_corrupt: a link. */
export async function filesBelow(dir: string, prefix = ''): Promise<string[]> {
  const entries = await readdir(join(dir, prefix), { withFileTypes: true })
  const paths: string[] = []
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.')) continue
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`
    if (entry.isSymbolicLink()) throw refusedLink(join(dir, path))
    if (entry.isDirectory()) paths.push(...(await filesBelow(dir, path)))
    else if (entry.isFile()) paths.push(path)
  }
  return paths
}

function refusedLink(file: string): ModelError {
  return new ModelError(
    'pack_corrupt',
    `${file}: a link; a pack is its own bytes: copy it with its links followed (cp -L)`,
    {
      file,
    },
  )
}

export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 })) hash.update(chunk)
  return hash.digest('hex')
}

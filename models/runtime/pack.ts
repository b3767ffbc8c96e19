// A model pack on disk: its manifest, read as untrusted input, and its files, checked against the manifest's digests.
// A pack's digest is the SHA-256 of its pack.json, which in turn names every file's: one number stands for the whole.
// Nothing opens a file of a pack but through `packFile`, so what is not in the manifest is never read.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, readdir, readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { ModelError } from './error.ts'
import { parseJson } from './fields.ts'
import { type PackManifest, parseManifest } from './manifest.ts'

export type Pack = { dir: string; manifest: PackManifest; digest: string }

const MANIFEST = 'pack.json'
const MANIFEST_BYTES = 4 * 1024 * 1024
// These hold weights or code paths: one that the manifest does not name has no business in a pack.
const WEIGHTS = /\.(onnx|onnx_data|safetensors|model)$/

/** Reads <dir>/pack.json. ModelError: pack_missing, pack_corrupt (a field), pack_unsupported (format, kind, family). */
export async function readPackManifest(dir: string): Promise<Pack> {
  const file = join(dir, MANIFEST)
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new ModelError('pack_missing', `${file}: cannot be read`, { file, cause })
  })
  if (bytes.length > MANIFEST_BYTES) throw new ModelError('pack_corrupt', `${file}: too long for a manifest`, { file })
  const manifest = parseManifest(parseJson(bytes.toString('utf8'), file), file)
  return { dir, manifest, digest: createHash('sha256').update(bytes).digest('hex') }
}

/** Every pack under a folder, by id. Folders without a pack.json are no packs; two packs of one id are an error. */
export async function listPacks(packsDir: string): Promise<Pack[]> {
  const entries = await readdir(packsDir, { withFileTypes: true }).catch((cause: unknown) => {
    throw new ModelError('pack_missing', `${packsDir}: cannot be read`, { file: packsDir, cause })
  })
  const packs = new Map<string, Pack>()
  for (const { name } of entries.filter((entry) => entry.isDirectory()).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const dir = join(packsDir, name)
    if (!(await exists(join(dir, MANIFEST)))) continue
    const pack = await readPackManifest(dir)
    if (packs.has(pack.manifest.id))
      throw new ModelError('pack_corrupt', `${dir}: a second pack with id ${pack.manifest.id}`, {
        file: dir,
        field: 'id',
      })
    packs.set(pack.manifest.id, pack)
  }
  return [...packs.values()]
}

/**
 * Reads the manifest and every file that it names. ModelError pack_missing or pack_corrupt: the file, the digest that was
 * found and the one expected. Links are refused: a pack is its own bytes.
 */
export async function verifyPack(dir: string): Promise<Pack> {
  const pack = await readPackManifest(dir)
  for (const { path, sha256, sizeBytes } of pack.manifest.files) {
    const file = join(dir, path)
    await refuseLinks(dir, path)
    const found = await lstat(file)
    if (!found.isFile()) throw new ModelError('pack_corrupt', `${file}: not a file`, { file })
    const digest = await sha256Of(file)
    if (found.size !== sizeBytes || digest !== sha256)
      throw new ModelError(
        'pack_corrupt',
        `${file}: ${found.size} bytes, sha256 ${digest}; expected ${sizeBytes}, ${sha256}`,
        {
          file,
          digest,
          expectedDigest: sha256,
        },
      )
  }
  const named = new Set(pack.manifest.files.map(({ path }) => path))
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    const path = relative(dir, join(entry.parentPath, entry.name)).split(sep).join('/')
    if (WEIGHTS.test(path) && !named.has(path))
      throw new ModelError('pack_corrupt', `${join(dir, path)}: not in the manifest`, { file: join(dir, path) })
  }
  return pack
}

/** The path of a file that the manifest names. ModelError pack_corrupt where it does not. */
export function packFile(pack: Pack, path: string): string {
  const found = packFileIf(pack, path)
  if (found !== null) return found
  const file = join(pack.dir, path)
  throw new ModelError('pack_corrupt', `${file}: not in the manifest`, { file, field: 'files' })
}

export function packFileIf(pack: Pack, path: string): string | null {
  return pack.manifest.files.some((file) => file.path === path) ? join(pack.dir, path) : null
}

/** A JSON file of the pack. */
export async function readPackJson(pack: Pack, path: string): Promise<unknown> {
  const file = packFile(pack, path)
  return parseJson(await readFile(file, 'utf8'), file)
}

async function refuseLinks(dir: string, path: string): Promise<void> {
  let at = dir
  for (const part of path.split('/')) {
    at = join(at, part)
    const found = await lstat(at).catch((cause: unknown) => {
      throw new ModelError('pack_missing', `${at}: missing`, { file: at, cause })
    })
    if (found.isSymbolicLink()) throw new ModelError('pack_corrupt', `${at}: a link`, { file: at })
  }
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 })) hash.update(chunk)
  return hash.digest('hex')
}

async function exists(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  )
}

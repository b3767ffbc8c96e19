// A model pack on disk: its manifest, read as untrusted input, and its files, checked against the manifest's digests.
// A pack's digest is the SHA-256 of its pack.json, which in turn names every file's: one number stands for the whole.
// Nothing opens a file of a pack but through `packFile`, so what is not in the manifest is never read. All packs of a folder: survey.ts.
import { createHash } from 'node:crypto'
import { lstat, readdir, readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { adoptFolder, INDEX } from './adopt.ts'
import { ModelError } from './error.ts'
import { parseJson } from './fields.ts'
import { type PackManifest, parseManifest } from './manifest.ts'
import { readJsonFile, refuseLinks, sha256Of } from './pack-files.ts'

export type Pack = {
  dir: string
  manifest: PackManifest
  digest: string
  /** The folder has no pack.json: the manifest was derived just now, and its digests hold nothing that came before. */
  adopted?: boolean
}

export const MANIFEST = 'pack.json'
const MANIFEST_BYTES = 4 * 1024 * 1024
// These hold weights or code paths: one that the manifest does not name has no business in a pack.
const WEIGHTS = /\.(onnx|onnx_data|safetensors|model)$/

/**
 * Reads <dir>/pack.json, or derives it where the folder has diffusers' layout and none. ModelError: pack_missing, pack_corrupt (a
 * field), pack_unsupported (format, kind, family).
 */
export async function readPackManifest(dir: string): Promise<Pack> {
  const file = join(dir, MANIFEST)
  const found = await lstat(file).catch(() => null)
  if (found === null && (await lstat(join(dir, INDEX)).catch(() => null)) !== null)
    return { ...readManifest(dir, Buffer.from(await adoptFolder(dir))), adopted: true }
  if (found?.isSymbolicLink()) await refuseLinks(dir, MANIFEST)
  if (found !== null && found.size > MANIFEST_BYTES)
    throw new ModelError('pack_corrupt', `${file}: too long for a manifest`, { file })
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new ModelError('pack_missing', `${file}: cannot be read`, { file, cause })
  })
  return readManifest(dir, bytes)
}

function readManifest(dir: string, bytes: Buffer): Pack {
  const file = join(dir, MANIFEST)
  const manifest = parseManifest(parseJson(bytes.toString('utf8'), file), file)
  return { dir, manifest, digest: createHash('sha256').update(bytes).digest('hex') }
}

/**
 * Reads the manifest and every file that it names. ModelError pack_missing or pack_corrupt: the file, the digest that was
 * found and the one expected. Links are refused: a pack is its own bytes.
 */
export async function verifyPack(dir: string): Promise<Pack> {
  const pack = await readPackManifest(dir)
  if (pack.adopted) return pack
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

/** A JSON file of the pack, within limits. */
export async function readPackJson(pack: Pack, path: string): Promise<unknown> {
  return readJsonFile(packFile(pack, path))
}

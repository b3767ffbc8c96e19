// Every pack of a folder, each looked through: those that can be served, and those that are refused with their reason. One that is
// refused keeps no other from serving. Folders whose names begin with a dot are nobody's: a pull works in one.
import { lstat, readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { INDEX } from './adopt.ts'
import { ModelError } from './error.ts'
import { inspectPack } from './inspect.ts'
import type { PackManifest } from './manifest.ts'
import { MANIFEST, type Pack, readPackManifest } from './pack.ts'
import { filesBelow } from './pack-files.ts'

export type RefusedPack = {
  dir: string
  /** The folder's name where its manifest could not be read. */
  id: string
  error: ModelError
}
export type Survey = { packs: Pack[]; refused: RefusedPack[] }
type Kind = PackManifest['kind']

/** By folder, in order; of some kinds alone, or all. ModelError pack_missing: the folder itself. */
export async function surveyPacks(packsDir: string, kinds?: readonly Kind[]): Promise<Survey> {
  const refused: RefusedPack[] = []
  const found: Pack[] = []
  for (const dir of await packFolders(packsDir, kinds, refused)) {
    const pack = await tried(refused, dir, basename(dir), () => readPackManifest(dir))
    if (pack !== null) found.push(pack)
  }
  const packs: Pack[] = []
  for (const pack of found) {
    const { id, kind } = pack.manifest
    if (kinds?.includes(kind) === false) continue
    const good = await tried(refused, pack.dir, id, async () => {
      expectOneOf(pack, found)
      await inspectPack(pack)
      return pack
    })
    if (good !== null) packs.push(good)
  }
  return { packs, refused }
}

/** Every pack. ModelError: the first reason for which one is refused. */
export async function listPacks(packsDir: string): Promise<Pack[]> {
  const { packs, refused } = await surveyPacks(packsDir)
  const [first] = refused
  if (first !== undefined) throw first.error
  return packs
}

async function packFolders(
  packsDir: string,
  kinds: readonly Kind[] | undefined,
  refused: RefusedPack[],
): Promise<string[]> {
  const entries = await readdir(packsDir, { withFileTypes: true }).catch((cause: unknown) => {
    throw new ModelError('pack_missing', `${packsDir}: cannot be read`, { file: packsDir, cause })
  })
  const folders: string[] = []
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const dir = join(packsDir, entry.name)
    if (entry.name.startsWith('.')) continue
    if (entry.isSymbolicLink() && (await isFolder(dir))) refused.push({ dir, id: entry.name, error: linked(dir) })
    if (!entry.isDirectory()) continue
    if (await exists(join(dir, MANIFEST))) folders.push(dir)
    else if (kinds?.includes('text-to-image') === false) continue
    else if (await exists(join(dir, INDEX))) folders.push(dir)
    else await tried(refused, dir, entry.name, () => refuseBare(dir))
  }
  return folders
}

/** Graphs without a word of what they are; a folder of notes is nobody's pack. */
async function refuseBare(dir: string): Promise<null> {
  const graph = (await filesBelow(dir)).find((path) => path.endsWith('.onnx'))
  if (graph === undefined) return null
  const file = join(dir, INDEX)
  throw new ModelError('pack_missing', `${file}: missing, and pack.json too: nothing says what ${graph} is`, { file })
}

/** Of packs with one id the one in the folder of that name is meant: another may not take its place. */
function expectOneOf(pack: Pack, found: readonly Pack[]): void {
  const { id } = pack.manifest
  const twin = found.find((other) => other !== pack && other.manifest.id === id)
  if (twin === undefined || basename(pack.dir) === id) return
  throw new ModelError('pack_corrupt', `${pack.dir}: a second pack with id ${id}, beside ${twin.dir}; remove one`, {
    file: pack.dir,
    field: 'id',
  })
}

async function tried<T>(refused: RefusedPack[], dir: string, id: string, work: () => Promise<T>): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    refused.push({ dir, id, error: asRefusal(error, dir) })
    return null
  }
}

/** What the file system says of one folder is that folder's trouble. */
function asRefusal(error: unknown, dir: string): ModelError {
  if (error instanceof ModelError) return error
  if (!(error instanceof Error) || !('syscall' in error)) throw error
  return new ModelError('pack_missing', `${dir}: ${error.message}`, { file: dir, cause: error })
}

function linked(dir: string): ModelError {
  return new ModelError('pack_corrupt', `${dir}: a link; copy the folder itself`, { file: dir })
}

async function isFolder(dir: string): Promise<boolean> {
  return stat(dir).then(
    (found) => found.isDirectory(),
    () => false,
  )
}

async function exists(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  )
}

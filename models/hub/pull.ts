// A repository of a hub becomes a pack: listed at one commit, chosen, accepted, fetched into <packs>/.pulling/<id>, looked through as
// any pack is, and moved into place at once, whole. Started again it goes on where it was. What is small comes first, so that a
// model that cannot be served, or a licence that is not accepted, costs no weights. Files: choose.ts; bytes: download.ts.
import { createHash } from 'node:crypto'
import { lstat, mkdir, open, readFile, rename, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { adoptFolder, INDEX, statedLicence } from '../runtime/adopt.ts'
import { familyOf } from '../runtime/adopt-family.ts'
import { ModelError } from '../runtime/error.ts'
import { readFields } from '../runtime/fields.ts'
import { inspectPack } from '../runtime/inspect.ts'
import { type Acceptance, SERVED_FAMILIES } from '../runtime/manifest.ts'
import { MANIFEST, type Pack, readPackManifest } from '../runtime/pack.ts'
import { filesBelow, readJsonFile } from '../runtime/pack-files.ts'
import { alone } from './alone.ts'
import { chooseFiles, isLicence, type Wanted } from './choose.ts'
import { fetchFile, type Patience, type Source } from './download.ts'
import type { Hub } from './hub.ts'

export type LicenceText = { name: string; file: string; text: string; sha256: string }
export type Progress = { path: string; files: number; fileCount: number; bytes: number; totalBytes: number }
export type PullOrder = {
  packsDir: string
  repo: string
  revision: string
  /** The repository's name unless said. */
  id?: string
  include: readonly string[]
  /** The name of the licence, where the card states none. */
  licence?: string
  maxBytes: number
  patience?: Patience
}
export type PullHooks = {
  /** What is going to happen, before it does. */
  onPlan(plan: { id: string; commit: string; files: number; bytes: number }): void
  onProgress(progress: Progress): void
  /** Who accepts the licence. Throws where nobody does. */
  accept(licence: LicenceText): Promise<string>
}

/** `owner/name` or `name`, perhaps with @revision. ModelError invalid_input. */
export function readRepo(text: string): { repo: string; revision: string } {
  const [, repo, revision = 'main'] = /^((?:[\w.-]+\/)?[\w.-]+)(?:@([\w./+-]+))?$/.exec(text) ?? []
  if (repo === undefined || /(^|\/)\.+(\/|$)|\.\./.test(text))
    throw new ModelError('invalid_input', `${text}: expected OWNER/NAME or OWNER/NAME@REVISION`, { field: 'repo' })
  return { repo, revision }
}

/** Makes <packsDir>/<id>. ModelError: invalid_input, pack_missing, pack_corrupt, pack_unsupported, by file and field. */
export async function pullPack(hub: Hub, order: PullOrder, hooks: PullHooks): Promise<Pack> {
  const { packsDir, repo, include, maxBytes } = order
  const id = idOf(order)
  const place = join(packsDir, id)
  await expectFree(place, id)
  const commit = await hub.resolve(repo, order.revision)
  const wanted = chooseFiles(repo, await hub.list(repo, commit), include, maxBytes)
  const bytes = wanted.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const work = join(packsDir, '.pulling', id)
  const [files, parts] = [join(work, 'files'), join(work, 'parts')]
  await mkdir(files, { recursive: true })
  await using _ = await alone(work)
  await clearOthers(files, wanted)
  hooks.onPlan({ id, commit, files: wanted.length, bytes })

  const source = { hub, repo, commit }
  const fetching = openFetching(source, wanted, { files, parts }, hooks, order.patience)
  await fetching.through((path) => isStated(path))
  const licence = await readLicence(files, order)
  const by = await hooks.accept(licence)
  await fetching.through((path) => !/\.onnx(_data)?$/.test(path))
  await expectServed(files)
  await expectRoom(packsDir, fetching.left())
  await fetching.through(() => true)

  const acceptance: Acceptance = {
    licence: licence.name,
    by,
    at: new Date().toISOString(),
    text: licence.file,
    textSha256: licence.sha256,
  }
  const provenance = { hub: hub.address, repo, commit }
  await writeSynced(
    join(files, MANIFEST),
    await adoptFolder(files, { id, licence: licence.name, provenance, acceptance }),
  )
  await inspectPack(await readPackManifest(files))
  await rename(files, place)
  await rm(work, { recursive: true, force: true })
  return readPackManifest(place)
}

function idOf({ id, repo }: PullOrder): string {
  const named =
    id ??
    repo
      .slice(repo.lastIndexOf('/') + 1)
      .toLowerCase()
      .replaceAll(/[^a-z0-9._-]/g, '-')
  if (/^[a-z0-9][a-z0-9._-]{0,63}$/.test(named)) return named
  throw new ModelError('invalid_input', `${named}: expected lower-case letters, digits, . _ -; name it with --id`, {
    field: 'id',
  })
}

async function expectFree(place: string, id: string): Promise<void> {
  if ((await lstat(place).catch(() => null)) === null) return
  const found = await readPackManifest(place).catch(() => null)
  const from = found?.manifest.kind === 'text-to-image' ? found.manifest.provenance : null
  const what = from === null || from === undefined ? '' : ` (${from.repo} at ${from.commit.slice(0, 12)})`
  throw new ModelError(
    'invalid_input',
    `${id} is here already${what}; give another name with --id, or remove it first`,
    { field: 'id' },
  )
}

/** What an earlier pull, perhaps of another commit, left there and this one does not want. */
async function clearOthers(files: string, wanted: readonly Wanted[]): Promise<void> {
  const targets = new Set(wanted.map(({ target }) => target))
  for (const path of await filesBelow(files)) if (!targets.has(path)) await rm(join(files, path))
}

function openFetching(
  source: Source,
  wanted: readonly Wanted[],
  folders: { files: string; parts: string },
  { onProgress }: PullHooks,
  patience: Patience | undefined,
) {
  const totalBytes = wanted.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  let [next, bytes] = [0, 0]
  return {
    left: () => totalBytes - bytes,
    /** Fetches, in order, as long as files are of the kind that is asked for. */
    async through(kind: (path: string) => boolean): Promise<void> {
      for (let file = wanted[next]; file !== undefined && kind(file.target); file = wanted[next]) {
        const { path } = file
        const tell = (more: number) => {
          bytes += more
          onProgress({ path, files: next, fileCount: wanted.length, bytes, totalBytes })
        }
        await fetchFile(source, file, folders, tell, patience)
        next++
        tell(0)
      }
    },
  }
}

function isStated(path: string): boolean {
  return path === 'README.md' || isLicence(path)
}

/** The licence by the card's name, or by the order's where the card has none; its text is the licence file, else the card. */
async function readLicence(files: string, { repo, licence }: PullOrder): Promise<LicenceText> {
  const stated = await statedLicence(files)
  if (stated !== null && licence !== undefined && licence !== stated)
    throw new ModelError('invalid_input', `${repo}: the card says ${stated}, not ${licence}`, { field: 'licence' })
  const name = stated ?? licence
  const paths = await filesBelow(files)
  const file = paths.find(isLicence) ?? paths.find(isStated)
  if (name === undefined || file === undefined)
    throw new ModelError(
      'pack_unsupported',
      `${repo}: ${file === undefined ? 'no card and no licence file' : 'the card states no licence'}; find out under which it is, and say so with --licence`,
      { file: repo, field: 'licence' },
    )
  const text = await readFile(join(files, file), 'utf8')
  return { name, file, text, sha256: createHash('sha256').update(text).digest('hex') }
}

/** Before the weights: whether anything here could draw with them. */
async function expectServed(files: string): Promise<void> {
  const family = familyOf(readFields(await readJsonFile(join(files, INDEX)), INDEX))
  if (!SERVED_FAMILIES.includes(family))
    throw new ModelError('pack_unsupported', `${INDEX}: ${family} is not served; ${SERVED_FAMILIES.join(', ')} is`, {
      file: INDEX,
      field: '_class_name',
    })
}

async function expectRoom(packsDir: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(packsDir)
  if (bavail * bsize < bytes)
    throw new ModelError(
      'pack_missing',
      `${packsDir}: ${bytes} bytes are left to fetch, ${bavail * bsize} are free; make room`,
      { file: packsDir, field: 'DARKROOM_PACKS_DIR' },
    )
}

/** On the disk before it is moved into place. */
async function writeSynced(file: string, text: string): Promise<void> {
  await using writing = await open(file, 'w')
  await writing.writeFile(text)
  await writing.sync()
}

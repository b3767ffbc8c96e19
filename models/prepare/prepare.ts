// Makes one pack of another: <packs>/<as> is <packs>/<id> with its denoiser changed, and the old one stays. Written in a folder of its
// own, opened, drawn with and compared, and moved into place at once; what fails on the way leaves nothing. What is changed:
// change.ts; whether it still draws what it drew: verify.ts; what int8 costs: cost.ts; what is written about it: card.ts.
import { constants } from 'node:fs'
import { copyFile, lstat, mkdir, rename, rm, statfs } from 'node:fs/promises'
import { dirname, join, posix } from 'node:path'
import { openModel } from '../families/family.ts'
import { GRAPHS } from '../runtime/adopt-family.ts'
import { ModelError } from '../runtime/error.ts'
import { inspectPack } from '../runtime/inspect.ts'
import type { PackFile } from '../runtime/manifest.ts'
import { packFile, readPackManifest } from '../runtime/pack.ts'
import { filesBelow, sha256Of } from '../runtime/pack-files.ts'
import type { SessionOptions } from '../runtime/sessions.ts'
import { writeCard, writeManifest } from './card.ts'
import { type Changed, changeDenoiser } from './change.ts'
import { type Cost, measureCost } from './cost.ts'
import { findModel, type ModelPack } from './find.ts'
import { verifyTimesteps } from './verify.ts'

export type PrepareOrder = {
  packsDir: string
  id: string
  /** What the new pack is called. */
  as: string
  /** Null: products stay as they are. */
  int8: { leastNumbers: number; prompts: readonly string[]; steps: number | null; keepSlower: boolean } | null
  session: SessionOptions
  /** Bytes that are free in a folder; the file system's own word unless said. */
  freeBytes?: (folder: string) => Promise<number>
  /** What int8 costs; drawn and measured unless said. */
  measure?: typeof measureCost
}
export type Measured = Cost & { bytes: { before: number; after: number } }
export type Prepared = {
  /** Null: it was slower, and is not there. */
  dir: string | null
  changes: readonly string[]
  /** How far a changed timestep is from the unchanged one, in deviations; null where it was not changed alone. */
  apart: number | null
  cost: Measured | null
}

// The smallest matrix for which eight bits are faster than 32 by more than what scaling its input takes.
export const LEAST_NUMBERS = 4096

/** ModelError: invalid_input, pack_missing, pack_corrupt, pack_unsupported, model_error, nan, out_of_memory. */
export async function preparePack(order: PrepareOrder, onStage: (stage: string) => void): Promise<Prepared> {
  const { packsDir, as } = order
  const pack = await findModel(packsDir, order.id)
  const place = join(packsDir, as)
  await expectFree(place, as)
  await expectRoom(order, pack)
  const work = join(packsDir, '.preparing', as)
  await rm(work, { recursive: true, force: true })
  try {
    onStage('changing the denoiser')
    const changed = await changeCopy(pack, work, order.int8?.leastNumbers ?? null)
    await writeManifest(pack, work, as, changed.sentences, await listFiles(work))
    const drawing = await draw(pack, work, order, onStage)
    const outcome = { changes: changed.sentences, ...drawing }
    if (drawing.cost !== null && isSlower(drawing.cost) && order.int8?.keepSlower === false)
      return { ...outcome, dir: null }
    await writeCard(pack, work, as, outcome)
    await writeManifest(pack, work, as, changed.sentences, await listFiles(work))
    await rename(work, place)
    return { ...outcome, dir: place }
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

export function isSlower({ stepMs }: Measured): boolean {
  return stepMs.after >= stepMs.before
}

async function expectFree(place: string, as: string): Promise<void> {
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(as))
    throw new ModelError('invalid_input', `${as}: expected lower-case letters, digits, . _ -; at most 64`, {
      field: '--as',
    })
  const there = await lstat(place).catch(() => null)
  if (there !== null)
    throw new ModelError('invalid_input', `${as} is here already; give another name with --as, or remove it first`, {
      field: '--as',
    })
}

async function expectRoom({ packsDir, freeBytes = bytesFree }: PrepareOrder, { manifest }: ModelPack): Promise<void> {
  const needed = manifest.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const free = await freeBytes(packsDir)
  if (free >= needed) return
  throw new ModelError('pack_missing', `${packsDir}: ${needed} bytes are needed, ${free} are free; make room`, {
    file: packsDir,
    field: 'DARKROOM_PACKS_DIR',
  })
}

async function bytesFree(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

/** The pack's files, each held against its digest, and the denoiser changed. */
async function changeCopy(pack: ModelPack, work: string, int8: number | null): Promise<Changed> {
  const graph = `${GRAPHS[pack.manifest.family][0]}/model.onnx`
  await mkdir(join(work, dirname(graph)), { recursive: true })
  const source = packFile(pack, graph)
  const changed = changeDenoiser(source, join(work, graph), int8)
  const left = new Set([graph, ...Array.from(changed.replaced, (name) => posix.join(posix.dirname(graph), name))])
  for (const file of pack.manifest.files) {
    const from = join(pack.dir, file.path)
    if (left.has(file.path)) {
      await expectDigest(from, file)
      continue
    }
    const to = join(work, file.path)
    await mkdir(dirname(to), { recursive: true })
    // Where the file system can, the bytes are shared until one of the two is written to.
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
    await expectDigest(to, file)
  }
  return changed
}

async function expectDigest(file: string, { path, sha256 }: PackFile): Promise<void> {
  const digest = await sha256Of(file)
  if (digest !== sha256)
    throw new ModelError('pack_corrupt', `${path}: sha256 ${digest}; expected ${sha256}`, {
      file: path,
      digest,
      expectedDigest: sha256,
    })
}

async function listFiles(work: string): Promise<PackFile[]> {
  const files: PackFile[] = []
  for (const path of await filesBelow(work)) {
    if (path === 'pack.json') continue
    const { size } = await lstat(join(work, path))
    files.push({ path, sha256: await sha256Of(join(work, path)), sizeBytes: size })
  }
  return files
}

/** Opens both and draws with both. */
async function draw(
  pack: ModelPack,
  work: string,
  { int8, session, measure = measureCost }: PrepareOrder,
  onStage: (stage: string) => void,
): Promise<Pick<Prepared, 'apart' | 'cost'>> {
  const made = await readPackManifest(work)
  await inspectPack(made)
  const { manifest } = pack
  onStage('opening both')
  await using before = await openModel(pack, manifest, session)
  await using after = await openModel(made, manifest, session)
  if (int8 === null) {
    onStage('drawing with both')
    return { apart: await verifyTimesteps(before, after, manifest), cost: null }
  }
  onStage(`drawing ${int8.prompts.length} pictures with both`)
  const steps = int8.steps ?? manifest.quality.medium.steps
  const cost = await measure(before, after, manifest, { prompts: int8.prompts, steps })
  return { apart: null, cost: { ...cost, bytes: { before: bytesOf(pack), after: bytesOf(made) } } }
}

function bytesOf({ manifest }: Pick<ModelPack, 'manifest'> | Awaited<ReturnType<typeof readPackManifest>>): number {
  return manifest.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}

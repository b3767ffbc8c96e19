// Packs that are here already: `darkroom models verify`, `adopt` and `remove`.
import { lstat, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { adoptFolder } from '../../models/runtime/adopt.ts'
import { ModelError } from '../../models/runtime/error.ts'
import { inspectPack } from '../../models/runtime/inspect.ts'
import { MANIFEST, readPackManifest, verifyPack } from '../../models/runtime/pack.ts'
import { type Survey, surveyPacks } from '../../models/runtime/survey.ts'
import type { Config } from '../kernel/config.ts'
import { Fault } from '../kernel/fault.ts'
import { ask } from './ask.ts'

type Place = Pick<Config, 'packsDir' | 'defaultModel'>
type Known = { id: string; dir: string; error: ModelError | null }

/** Holds every file of every pack, or of one, against its digest. Fault pack_corrupt: how many do not match. */
export async function verifyModels({ packsDir }: Place, id?: string): Promise<void> {
  const known = knownOf(await surveyPacks(packsDir))
  const asked = id === undefined ? known : [find(known, id)]
  let broken = 0
  for (const { id: name, dir, error } of asked) {
    const fault = error ?? (await verified(dir))
    if (fault !== null) broken++
    process.stdout.write(`${name}  ${fault === null ? 'verified' : fault.message}\n`)
  }
  if (broken > 0) throw new Fault('pack_corrupt', { detail: `${broken} pack(s) are not what they should be` })
}

async function verified(dir: string): Promise<ModelError | null> {
  try {
    const { adopted } = await verifyPack(dir)
    if (!adopted) return null
    return new ModelError('pack_corrupt', `${dir}: no pack.json, so there is no digest to hold it to; run models adopt`)
  } catch (error) {
    if (error instanceof ModelError) return error
    throw error
  }
}

/** Writes the folder's pack.json, so that its digests are computed once. */
export async function adoptModel({ packsDir }: Place, folder: string, licence: string | undefined): Promise<void> {
  const dir = resolve(folder)
  const file = join(dir, MANIFEST)
  if (await exists(file)) throw new Fault('invalid_request', { field: 'FOLDER', detail: `${file} is there already` })
  const text = await adoptFolder(dir, licence === undefined ? {} : { licence })
  await writeFile(file, text, { flag: 'wx' })
  try {
    const pack = await readPackManifest(dir)
    await inspectPack(pack)
    process.stdout.write(`${pack.manifest.id}: wrote ${file}\n`)
  } catch (error) {
    // A manifest of what cannot be served would only hide why.
    await rm(file)
    throw error
  }
  process.stdout.write('It names no classifier: every picture is held for a person.\n')
  if (dirname(dir) !== packsDir) process.stdout.write(`It is not in ${packsDir}: move it there to have it served.\n`)
}

/** Deletes a pack's folder, once somebody said yes. Fault invalid_request: the default model, or nobody did. */
export async function removeModel({ packsDir, defaultModel }: Place, id: string, yes: boolean): Promise<void> {
  const { dir, id: name } = find(knownOf(await surveyPacks(packsDir)), id)
  if (name === defaultModel)
    throw new Fault('invalid_request', {
      field: 'DARKROOM_DEFAULT_MODEL',
      detail: `${id} is the default model, without which nothing starts; name another first`,
    })
  if (!yes && (await ask(`Delete ${dir}? Type ${id} to confirm: `, '--yes')) !== id)
    throw new Fault('invalid_request', { field: 'ID', detail: 'nothing was removed' })
  // A link goes, not what it leads to.
  await rm(dir, { recursive: true })
  process.stdout.write(`removed ${dir}\n`)
}

function knownOf({ packs, refused }: Survey): Known[] {
  const good = packs.map(({ dir, manifest }) => ({ id: manifest.id, dir, error: null }))
  return [...good, ...refused.map(({ dir, id, error }) => ({ id, dir, error }))]
}

/** By id; of two that claim one the folder's name tells which. */
function find(known: readonly Known[], id: string): Known {
  const found = known.find(({ dir }) => basename(dir) === id) ?? known.find((one) => one.id === id)
  if (found !== undefined) return found
  const names = known.map((one) => one.id).join(', ')
  throw new Fault('invalid_request', { field: 'ID', detail: `there is no pack ${id}; there are ${names}` })
}

async function exists(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  )
}

// The model cards: what the packs on disk say of themselves, without opening a session.
import { stat } from 'node:fs/promises'
import { operationsOf } from '../../models/families/sd-operations.ts'
import { ModelError } from '../../models/runtime/error.ts'
import { listPacks, type Pack } from '../../models/runtime/pack.ts'
import { SCHEDULER_NAMES } from '../../models/schedulers/scheduler.ts'
import { Fault } from '../kernel/fault.ts'
import type { ModelCard } from '../kernel/model.ts'

/** Cards of the text-to-image packs, the default first. Faults: pack_missing, pack_corrupt, model_unknown (the default). */
export async function readCards(packsDir: string, defaultModel: string): Promise<ModelCard[]> {
  const packs = await listPacks(packsDir).catch((cause: unknown) => {
    if (!(cause instanceof ModelError)) throw cause
    const code = cause.code === 'pack_missing' ? 'pack_missing' : 'pack_corrupt'
    throw new Fault(code, { detail: cause.message, cause, ...(cause.file === undefined ? {} : { field: cause.file }) })
  })
  const cards: ModelCard[] = []
  for (const pack of packs) {
    const card = await cardOf(pack)
    if (card !== null) cards.push(card)
  }
  if (!cards.some((card) => card.id === defaultModel))
    throw new Fault('model_unknown', {
      field: 'DARKROOM_DEFAULT_MODEL',
      detail: `there is no text-to-image pack '${defaultModel}' in ${packsDir}`,
    })
  return cards.sort((a, b) => Number(b.id === defaultModel) - Number(a.id === defaultModel))
}

async function cardOf(pack: Pack): Promise<ModelCard | null> {
  const { dir, manifest, digest } = pack
  if (manifest.kind !== 'text-to-image') return null
  return {
    id: manifest.id,
    version: manifest.version,
    digest,
    licence: manifest.licence,
    sizes: manifest.sizes,
    quality: manifest.quality,
    guidanceScale: manifest.guidanceScale,
    scheduler: manifest.scheduler,
    schedulers: SCHEDULER_NAMES,
    promptTokens: manifest.promptTokens,
    operations: await operationsOf(pack),
    classifiers: manifest.classifiers,
    createdAt: (await stat(dir)).mtime,
  }
}

// The model cards: what the packs on disk say of themselves, without opening a session.
import { stat } from 'node:fs/promises'
import { openPlanning, samplingOf } from '../../models/families/sampling.ts'
import { schedulersOf } from '../../models/families/schedulers.ts'
import { operationsOf } from '../../models/families/sd-operations.ts'
import { ModelError } from '../../models/runtime/error.ts'
import type { Pack } from '../../models/runtime/pack.ts'
import { surveyPacks } from '../../models/runtime/survey.ts'
import { SCHEDULER_NAMES } from '../../models/schedulers/scheduler.ts'
import { Fault } from '../kernel/fault.ts'
import type { Log } from '../kernel/log.ts'
import type { ModelCard, Plan } from '../kernel/model.ts'

/**
 * Cards of the text-to-image packs, the default first; a pack that is refused has none, and the log says why. Faults: pack_missing,
 * pack_corrupt (the folder, or the default), model_unknown (the default).
 */
export async function readCards(packsDir: string, defaultModel: string, log?: Log): Promise<ModelCard[]> {
  const { packs, refused } = await surveyPacks(packsDir).catch((error: unknown) => {
    throw asFault(error)
  })
  for (const { id, dir, error } of refused) {
    const served = packs.some(({ manifest }) => manifest.id === id)
    if (id === defaultModel && !served) throw asFault(error)
    log?.error({ packId: id, dir, error }, 'a pack is refused and not offered')
  }
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

function asFault(error: unknown): unknown {
  if (!(error instanceof ModelError)) return error
  const code = error.code === 'pack_missing' ? 'pack_missing' : 'pack_corrupt'
  return new Fault(code, {
    detail: error.message,
    cause: error,
    ...(error.file === undefined ? {} : { field: error.file }),
  })
}

async function cardOf(pack: Pack): Promise<ModelCard | null> {
  const { dir, manifest, digest } = pack
  if (manifest.kind !== 'text-to-image') return null
  const schedulers = await schedulersOf(pack, manifest)
  const plan = await openPlanning(pack, manifest)
  return {
    id: manifest.id,
    version: manifest.version,
    digest,
    licence: manifest.licence,
    sizes: manifest.sizes,
    quality: manifest.quality,
    guidanceScale: manifest.guidanceScale,
    scheduler: manifest.scheduler,
    schedulers,
    promptTokens: manifest.promptTokens,
    ...(await samplingOf(pack, manifest)),
    refusePlan: ({ timesteps, sigmas, scheduler: name, ...asked }: Plan) => {
      const scheduler = SCHEDULER_NAMES.find((known) => known === name)
      if (scheduler === undefined) return { field: 'scheduler', detail: `there is no scheduler ${name}` }
      const refusal = plan({ ...asked, scheduler, custom: { timesteps, sigmas } })
      return refusal && { field: refusal.field ?? 'steps', detail: refusal.message }
    },
    operations: await operationsOf(pack),
    classifiers: manifest.classifiers,
    createdAt: (await stat(dir)).mtime,
  }
}

// What an inference child loaded and what it refused: one bad pack is told and left out, and asking for it gives its own fault.
import type { ProviderChoice } from '../models/runtime/sessions.ts'
import { Fault } from '../src/kernel/fault.ts'
import type { Log } from '../src/kernel/log.ts'
import { toFault } from './inference-fault.ts'
import type { LoadedPack, PackKind, Refused } from './inference-protocol.ts'

export type Loaded = {
  provider: ProviderChoice
  runtime: string
  packs: readonly LoadedPack[]
  refused: readonly Refused[]
}

export function loadedOf({ provider, runtime, packs, refused }: Loaded): Loaded {
  return { provider, runtime, packs, refused }
}

/** Fault: that of the pack which must serve, or of the first where none is left. */
export function tellPacks({ packs, refused }: Loaded, { required, log }: { required?: string; log: Log }): void {
  const served = packs.some(({ manifest }) => manifest.id === required)
  const fatal = packs.length === 0 ? refused[0] : served ? undefined : refused.find(({ id }) => id === required)
  if (fatal !== undefined) throw toFault(fatal.failure, { packId: fatal.id })
  for (const { dir, id, failure } of refused)
    log.error({ packId: id, dir, error: toFault(failure) }, 'a pack is refused and does not serve')
  for (const { manifest } of packs.filter(({ adopted }) => adopted))
    log.warn(
      { packId: manifest.id },
      'a pack has no pack.json: hashed at every start, held to no digest; run darkroom models adopt',
    )
}

/** Faults: model_unknown, or why the pack was refused. */
export function expectPack(
  { packs, refused }: Pick<Loaded, 'packs' | 'refused'>,
  packId: string,
  kind: PackKind,
): void {
  const found = packs.find(({ manifest }) => manifest.id === packId)
  if (found?.manifest.kind === kind) return
  const why = found === undefined ? refused.find(({ id }) => id === packId) : undefined
  if (why !== undefined) throw toFault(why.failure, { packId })
  throw new Fault('model_unknown', { field: 'model', detail: `no ${kind} pack of this name`, facts: { packId } })
}

// Which schedulers a model may be asked for: those of its own kind that its configuration can be read by, without opening a session.
import { ModelError } from '../runtime/error.ts'
import type { TextToImageManifest } from '../runtime/manifest.ts'
import { type Pack, readPackJson } from '../runtime/pack.ts'
import { readScheduler, SCHEDULER_NAMES, type SchedulerName } from '../schedulers/scheduler.ts'

const FLOWS: readonly TextToImageManifest['family'][] = ['sd3', 'flux']
const CONFIG = 'scheduler/scheduler_config.json'

/** Names, the pack's own first. ModelError pack_missing, pack_corrupt: a configuration that is no JSON. */
export async function schedulersOf(pack: Pack, manifest: TextToImageManifest): Promise<readonly SchedulerName[]> {
  const config = await readPackJson(pack, CONFIG)
  const flows = FLOWS.includes(manifest.family)
  const others = SCHEDULER_NAMES.filter((name) => name !== manifest.scheduler && isFlow(name) === flows)
  return [manifest.scheduler, ...others.filter((name) => reads(config, name))]
}

/** A flow goes from noise to latents on straight lines: no plan of the one kind fits a model of the other. */
function isFlow(name: SchedulerName): boolean {
  return name.startsWith('FlowMatch')
}

function reads(config: unknown, name: SchedulerName): boolean {
  try {
    readScheduler(config, name, CONFIG)
    return true
  } catch (error) {
    if (error instanceof ModelError) return false
    throw error
  }
}

// Which schedulers a model may be asked for: those of its own kind that its configuration can be read by, without opening a session.
// A flow goes from noise to latents on straight lines; a plan of the one kind would take the other's prediction for its own.
import { ModelError } from '../runtime/error.ts'
import { readFields } from '../runtime/fields.ts'
import type { TextToImageManifest } from '../runtime/manifest.ts'
import { type Pack, readPackJson } from '../runtime/pack.ts'
import { readScheduler, SCHEDULER_NAMES, type SchedulerName } from '../schedulers/scheduler.ts'

export const SCHEDULING = 'scheduler/scheduler_config.json'

type Family = TextToImageManifest['family']

const FLOWS: readonly Family[] = ['sd3', 'flux']
/** What read `use_flow_sigmas`, and then follow a flow as well. */
const TURNED: readonly SchedulerName[] = [
  'DPMSolverMultistepScheduler',
  'DPMSolverSinglestepScheduler',
  'UniPCMultistepScheduler',
  'DEISMultistepScheduler',
]
/** FluxPipeline hands over its own noise levels, which this one cannot take. */
const NOT_FLUX: SchedulerName = 'FlowMatchHeunDiscreteScheduler'

/** Whether a family is served by a scheduler of this name; `flows` is what its configuration says of use_flow_sigmas. */
export function serves(name: SchedulerName, family: Family, flows: boolean): boolean {
  const follows = name.startsWith('FlowMatch') || (flows && TURNED.includes(name))
  return follows === FLOWS.includes(family) && !(family === 'flux' && name === NOT_FLUX)
}

/** ModelError pack_corrupt: a configuration that is no JSON object, or says neither true nor false. */
export function usesFlowSigmas(config: unknown): boolean {
  return readFields(config, SCHEDULING).flagIf('use_flow_sigmas') ?? false
}

/** Names, the pack's own first. ModelError pack_missing, pack_corrupt. */
export async function schedulersOf(pack: Pack, manifest: TextToImageManifest): Promise<readonly SchedulerName[]> {
  const config = await readPackJson(pack, SCHEDULING)
  const flows = usesFlowSigmas(config)
  const others = SCHEDULER_NAMES.filter((name) => name !== manifest.scheduler && serves(name, manifest.family, flows))
  return [manifest.scheduler, ...others.filter((name) => reads(config, name))]
}

function reads(config: unknown, name: SchedulerName): boolean {
  try {
    readScheduler(config, name, SCHEDULING)
    return true
  } catch (error) {
    if (error instanceof ModelError) return false
    throw error
  }
}

// What every family does when a pack is opened: its graphs, its scheduler, the space of its latents, and refusals by file and field.
// The families' own: sd-pack.ts and its like; which of them serves a pack: family.ts.
import { ModelError } from '../runtime/error.ts'
import { type Fields, readFields } from '../runtime/fields.ts'
import type { TextToImageManifest } from '../runtime/manifest.ts'
import { type Pack, packFile, packFileIf, readPackJson } from '../runtime/pack.ts'
import { type Module, openModule, type SessionOptions } from '../runtime/sessions.ts'
import { slotted } from '../runtime/slots.ts'
import type { Stepper } from '../runtime/stepper.ts'
import { type PlanSteps, readScheduler, type SchedulerName } from '../schedulers/scheduler.ts'
import type { Denoiser, LatentSample } from './denoise.ts'
import type { LatentSpace } from './latent-space.ts'
import { SCHEDULING, serves, usesFlowSigmas } from './schedulers.ts'
import { inpaintChannels } from './sd-operations.ts'

export type Model = Stepper<LatentSample> & {
  /** Milliseconds inside session.run so far, over all parts. */
  runMs(): number
  /** What the denoiser takes and gives: float32, float16. */
  readonly dtype: string
  [Symbol.asyncDispose](): Promise<void>
}

/** The open graphs of a pack; they are released together, also when opening one of them fails. */
export type Opened = {
  open(part: string, inputs: readonly string[], optional?: readonly string[]): Promise<Module>
  openIf(part: string, inputs: readonly string[]): Promise<Module | null>
  /** Opens a part when it is first asked for; null where the pack has none. */
  openLater(part: string, inputs: readonly string[]): (() => Promise<Module>) | null
  /** Hands the graphs over to a model. */
  serve(stepper: Stepper<LatentSample>, denoiser: Module, input: string): Model
}

/** What a denoiser calls its latents, by the part that it is. */
const DENOISERS: Readonly<Record<string, string>> = { unet: 'sample', transformer: 'hidden_states' }

/** Opens a family's graphs with `build`. ModelError: pack_missing, pack_corrupt, pack_unsupported, out_of_memory. */
export async function openGraphs(
  pack: Pack,
  options: SessionOptions,
  build: (opened: Opened) => Promise<Model>,
): Promise<Model> {
  await using stack = new AsyncDisposableStack()
  const modules: Module[] = []
  const late = new AsyncDisposableStack()
  const opened: Opened = {
    async open(part, inputs, optional = []) {
      const module = stack.use(await openModule(packFile(pack, `${part}/model.onnx`), options))
      modules.push(module)
      expectInputs(module, part, inputs, optional)
      const main = DENOISERS[part]
      const { slotRows = null } = options
      return main === undefined || slotRows === null ? module : { ...module, ...slotted(module, slotRows, main) }
    },
    async openIf(part, inputs) {
      return packFileIf(pack, `${part}/model.onnx`) === null ? null : opened.open(part, inputs)
    },
    openLater(part, inputs) {
      if (packFileIf(pack, `${part}/model.onnx`) === null) return null
      let found: Promise<Module> | null = null
      return () => {
        found ??= openModule(packFile(pack, `${part}/model.onnx`), options).then((module) => {
          expectInputs(late.use(module), part, inputs, [])
          modules.push(module)
          return module
        })
        return found
      }
    },
    serve(stepper, denoiser, input) {
      stack.use(late)
      const kept = stack.move()
      return {
        ...stepper,
        runMs: () => modules.reduce((sum, module) => sum + module.runMs(), 0),
        dtype: denoiser.inputs.get(input)?.type ?? 'unknown',
        [Symbol.asyncDispose]: () => kept.disposeAsync(),
      }
    },
  }
  return await build(opened)
}

/**
 * Plans by scheduler, each read once. A pack whose own scheduler is refused does not load at all: ModelError pack_unsupported. Of
 * another kind than the model: invalid_input, field `scheduler`.
 */
export async function openScheduling(
  pack: Pack,
  manifest: TextToImageManifest,
): Promise<(name: SchedulerName) => PlanSteps> {
  const { family, scheduler: own } = manifest
  const config = await readPackJson(pack, SCHEDULING)
  const flows = usesFlowSigmas(config)
  if (!serves(own, family, flows)) throw refuse('pack.json', 'scheduler', `${own}, for a model of family ${family},`)
  const planners = new Map<SchedulerName, PlanSteps>()
  const planFor = (name: SchedulerName) => {
    if (!serves(name, family, flows))
      throw new ModelError('invalid_input', `scheduler: ${name} is for models of another kind`, { field: 'scheduler' })
    const plan = planners.get(name) ?? readScheduler(config, name, SCHEDULING)
    planners.set(name, plan)
    return plan
  }
  planFor(own)
  return planFor
}

/** Exporters declare the timestep as a scalar, as a vector, or as a vector of fixed length 1. */
export function timestepKind(denoiser: Pick<Module, 'inputs'>): Denoiser['timestep'] {
  const shape = denoiser.inputs.get('timestep')?.shape ?? []
  if (shape.length === 0) return 'scalar'
  return typeof shape[0] === 'number' ? 'single' : 'vector'
}

type Autoencoder = Pick<LatentSpace, 'float32Decoder'> & { decoder: Module; encoder: Module | null }

const FLOAT32_DECODER = 'vae_decoder_float32'

/** The autoencoder's graphs: decoder, encoder where there is one, and the decoder in float32 for when float16 overflows. */
export async function openAutoencoder({ open, openIf, openLater }: Opened): Promise<Autoencoder> {
  return {
    decoder: await open('vae_decoder', ['latent_sample']),
    encoder: await openIf('vae_encoder', ['sample']),
    float32Decoder: openLater(FLOAT32_DECODER, ['latent_sample']),
  }
}

// A tile of diffusers' own at 512 pixels; whole pictures up to 2048 by 2048, unless memory runs out.
const TILE_LATENTS = 64
const TILES_FROM = 256 * 256

/**
 * How latents become pixels, from the configurations and the graphs; `part` is the denoiser's folder. A denoiser that takes
 * `packed` latents sees a square of so many as one, its channels last.
 */
export async function readLatentSpace(
  pack: Pack,
  manifest: TextToImageManifest,
  part: string,
  denoiser: Module,
  input: string,
  { decoder, encoder, float32Decoder }: Autoencoder,
  packed: 1 | 4 = 1,
): Promise<LatentSpace> {
  const shape = denoiser.inputs.get(input)?.shape ?? []
  if (typeof shape[0] === 'number') throw refuse(`${part}/model.onnx`, input, 'a batch of fixed size')
  const declared = packed === 1 ? shape[1] : shape[2]
  const channels = (await configOf(pack, part))?.integerIf('in_channels', 1, 1024) ?? declared
  if (typeof channels !== 'number')
    throw refuse(`${part}/config.json`, 'in_channels', 'an unknown number of latent channels')
  if (typeof declared === 'number' && declared !== channels)
    throw refuse(`${part}/config.json`, 'in_channels', `${channels} for ${declared}`)
  const vae = await configOf(pack, 'vae_decoder')
  const [, decoded] = decoder.inputs.get('latent_sample')?.shape ?? []
  const latentChannels =
    vae?.integerIf('latent_channels', 1, 256) ?? (typeof decoded === 'number' ? decoded : channels / packed)
  const inpaints = packed === 1 && channels === inpaintChannels(latentChannels)
  if (channels !== packed * latentChannels && !inpaints)
    throw refuse(`${part}/config.json`, 'in_channels', `${channels} for ${latentChannels} channels of the decoder`)
  // No pipeline of these families knows them: silently ignoring them would change the picture.
  for (const field of ['latents_mean', 'latents_std'])
    if (vae?.has(field)) throw refuse('vae_decoder/config.json', field, 'a value')
  return {
    vaeDecoder: decoder,
    vaeEncoder: encoder,
    latentChannels,
    inpaints,
    scalingFactor: vae?.numberIf('scaling_factor', 1e-6, 1e6) ?? 0.18215,
    shiftFactor: vae?.numberIf('shift_factor', -1e6, 1e6) ?? 0,
    sizes: manifest.sizes,
    tiling: { tileLatents: TILE_LATENTS, factor: manifest.sizes.factor, fromLatents: TILES_FROM },
    float32Decoder,
  }
}

/** The script of diffusers writes no config.json beside its graphs. */
export async function configOf(pack: Pack, part: string): Promise<Fields | null> {
  const path = `${part}/config.json`
  return packFileIf(pack, path) ? readFields(await readPackJson(pack, path), path) : null
}

function expectInputs(module: Module, part: string, names: readonly string[], optional: readonly string[]): void {
  const file = `${part}/model.onnx`
  for (const name of names) if (!module.inputs.has(name)) throw refuse(file, name, 'a graph without this input')
  for (const name of module.inputs.keys())
    if (!names.includes(name) && !optional.includes(name)) throw refuse(file, name, 'a graph with this input')
}

/** ModelError pack_unsupported, by file and field. */
export function refuse(file: string, field: string, what: string): ModelError {
  return new ModelError('pack_unsupported', `${file}: ${field}: ${what} is not supported`, { file, field })
}

// What every family does when a pack is opened: its graphs, its scheduler, the space of its latents, and refusals by file and field.
// The families' own: sd-pack.ts and its like; which of them serves a pack: family.ts.
import { ModelError } from '../runtime/error.ts'
import type { TextToImageManifest } from '../runtime/manifest.ts'
import { type Pack, packFile, packFileIf, readPackJson } from '../runtime/pack.ts'
import { readLatents } from '../runtime/pack-latents.ts'
import { expectInputs, refuse } from '../runtime/pack-parts.ts'
import { type Module, openModule, type SessionOptions } from '../runtime/sessions.ts'
import { slotted } from '../runtime/slots.ts'
import type { Stepper } from '../runtime/stepper.ts'
import { openPlanners, type Planners } from '../schedulers/planners.ts'
import type { Denoiser, LatentSample } from './denoise.ts'
import type { LatentSpace } from './latent-space.ts'
import { SCHEDULING, serves, usesFlowSigmas } from './schedulers.ts'

export type Model = Stepper<LatentSample> & {
  /** Milliseconds inside session.run so far, over all parts. */
  runMs(): number
  /** What the denoiser takes and gives: float32, float16. */
  readonly dtype: string
  [Symbol.asyncDispose](): Promise<void>
}

/** The open graphs of a pack; they are released together, also when opening one of them fails. */
export type Opened = {
  open(part: string): Promise<Module>
  openIf(part: string): Promise<Module | null>
  /** Opens a part when it is first asked for; null where the pack has none. */
  openLater(part: string): (() => Promise<Module>) | null
  /** Hands the graphs over to a model. */
  serve(stepper: Stepper<LatentSample>, denoiser: Module, input: string): Model
}

/** What a denoiser calls its latents, by the part that it is. */
const DENOISERS: Readonly<Record<string, string>> = { unet: 'sample', transformer: 'hidden_states' }

/** Opens a family's graphs with `build`. ModelError: pack_missing, pack_corrupt, pack_unsupported, out_of_memory. */
export async function openGraphs(
  pack: Pack,
  { family }: TextToImageManifest,
  options: SessionOptions,
  build: (opened: Opened) => Promise<Model>,
): Promise<Model> {
  await using stack = new AsyncDisposableStack()
  const modules: Module[] = []
  const late = new AsyncDisposableStack()
  const opened: Opened = {
    async open(part) {
      const module = stack.use(await openModule(packFile(pack, `${part}/model.onnx`), options))
      modules.push(module)
      expectInputs(family, part, module.inputs)
      const main = DENOISERS[part]
      const { slotRows = null } = options
      return main === undefined || slotRows === null ? module : { ...module, ...slotted(module, slotRows, main) }
    },
    async openIf(part) {
      return packFileIf(pack, `${part}/model.onnx`) === null ? null : opened.open(part)
    },
    openLater(part) {
      if (packFileIf(pack, `${part}/model.onnx`) === null) return null
      let found: Promise<Module> | null = null
      return () => {
        found ??= openModule(packFile(pack, `${part}/model.onnx`), options).then((module) => {
          expectInputs(family, part, late.use(module).inputs)
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
 * Plans by scheduler and by what a request changes of it. A pack whose own scheduler is refused does not load at all: ModelError
 * pack_unsupported. Of another kind than the model: invalid_input, field `scheduler`.
 */
export async function openScheduling(pack: Pack, manifest: TextToImageManifest): Promise<Planners> {
  const { family, scheduler: own } = manifest
  const config = await readPackJson(pack, SCHEDULING)
  const flows = usesFlowSigmas(config)
  if (!serves(own, family, flows)) throw refuse('pack.json', 'scheduler', `${own}, for a model of family ${family},`)
  const plannerOf = openPlanners(config, SCHEDULING)
  const planFor: Planners = (name, options) => {
    if (!serves(name, family, flows))
      throw new ModelError('invalid_input', `scheduler: ${name} is for models of another kind`, { field: 'scheduler' })
    return plannerOf(name, options)
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
    decoder: await open('vae_decoder'),
    encoder: await openIf('vae_encoder'),
    float32Decoder: openLater(FLOAT32_DECODER),
  }
}

// A tile of diffusers' own at 512 pixels; whole pictures up to 2048 by 2048, unless memory runs out.
const TILE_LATENTS = 64
const TILES_FROM = 256 * 256

/** How latents become pixels, from the configurations and the graphs; `input` is what the denoiser calls its latents. */
export async function readLatentSpace(
  pack: Pack,
  manifest: TextToImageManifest,
  denoiser: Module,
  input: string,
  { decoder, encoder, float32Decoder }: Autoencoder,
): Promise<LatentSpace> {
  const { shape } = denoiser.inputs.get(input) ?? { shape: [] }
  const decoded = decoder.inputs.get('latent_sample')?.shape ?? []
  return {
    vaeDecoder: decoder,
    vaeEncoder: encoder,
    ...(await readLatents(pack, manifest.family, shape, decoded)),
    sizes: manifest.sizes,
    tiling: { tileLatents: TILE_LATENTS, factor: manifest.sizes.factor, fromLatents: TILES_FROM },
    float32Decoder,
  }
}

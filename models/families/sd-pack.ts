// Opens a Stable Diffusion pack: its four parts, its configuration, and what its exporter called things.
// What the pack asks for and sd.ts does not do is refused here, by file and field. What it can do: sd-operations.ts.
import { ModelError } from '../runtime/error.ts'
import { type Fields, readFields } from '../runtime/fields.ts'
import type { TextToImageManifest } from '../runtime/manifest.ts'
import { type Pack, packFile, packFileIf, readPackJson } from '../runtime/pack.ts'
import { type Module, openModule, type SessionOptions } from '../runtime/sessions.ts'
import type { Stepper } from '../runtime/stepper.ts'
import { openTokenizer } from '../runtime/tokenizer.ts'
import { type PlanSteps, readScheduler, type SchedulerName } from '../schedulers/scheduler.ts'
import { createSd, type SdSample } from './sd.ts'
import { ENCODER, inpaintChannels } from './sd-operations.ts'
import type { SdParts } from './sd-parts.ts'

export type SdModel = Stepper<SdSample> & {
  /** Milliseconds inside session.run so far, over all parts. */
  runMs(): number
  /** What the UNet takes and gives: float32, float16. */
  readonly dtype: string
  [Symbol.asyncDispose](): Promise<void>
}

/** Opens sessions and reads configuration. ModelError: pack_missing, pack_corrupt, pack_unsupported, out_of_memory. */
export async function openSd(pack: Pack, manifest: TextToImageManifest, options: SessionOptions): Promise<SdModel> {
  await using opened = new AsyncDisposableStack()
  const open = async (part: string) => opened.use(await openModule(packFile(pack, `${part}/model.onnx`), options))
  const tokenizer = await openTokenizer(pack, 'tokenizer', manifest.promptTokens)
  const textEncoder = await open('text_encoder')
  const unet = await open('unet')
  const vaeDecoder = await open('vae_decoder')
  const vaeEncoder = packFileIf(pack, ENCODER) === null ? null : await open('vae_encoder')
  expectInputs(textEncoder, 'text_encoder', ['input_ids'])
  expectInputs(unet, 'unet', ['sample', 'timestep', 'encoder_hidden_states'])
  expectInputs(vaeDecoder, 'vae_decoder', ['latent_sample'])
  if (vaeEncoder) expectInputs(vaeEncoder, 'vae_encoder', ['sample'])

  const config = await readScheduling(pack)
  const planners = new Map<SchedulerName, PlanSteps>()
  const planFor = (name: SchedulerName) => {
    const plan = planners.get(name) ?? readScheduler(config, name, 'scheduler/scheduler_config.json')
    planners.set(name, plan)
    return plan
  }
  // A pack whose own scheduler is refused does not load at all.
  planFor(manifest.scheduler)

  const stepper = createSd({
    tokenizer,
    textEncoder,
    unet,
    vaeDecoder,
    vaeEncoder,
    timestep: timestepKind(unet),
    ...(await readLatents(pack, unet, vaeDecoder)),
    sizes: manifest.sizes,
    scheduler: manifest.scheduler,
    planFor,
  })
  const kept = opened.move()
  return {
    ...stepper,
    runMs: () => textEncoder.runMs() + unet.runMs() + vaeDecoder.runMs() + (vaeEncoder?.runMs() ?? 0),
    dtype: unet.inputs.get('sample')?.type ?? 'unknown',
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

function readScheduling(pack: Pack): Promise<unknown> {
  return readPackJson(pack, 'scheduler/scheduler_config.json')
}

/** Exporters declare the timestep as a scalar, as a vector, or as a vector of fixed length 1. */
function timestepKind(unet: Module): SdParts['timestep'] {
  const shape = unet.inputs.get('timestep')?.shape ?? []
  if (shape.length === 0) return 'scalar'
  return typeof shape[0] === 'number' ? 'single' : 'vector'
}

type Latents = Pick<SdParts, 'latentChannels' | 'inpaints' | 'scalingFactor'>

async function readLatents(pack: Pack, unet: Module, vaeDecoder: Module): Promise<Latents> {
  const [batch, declared] = unet.inputs.get('sample')?.shape ?? []
  if (typeof batch === 'number') throw refuse('unet/model.onnx', 'sample', 'a batch of fixed size')
  const channels = (await configOf(pack, 'unet'))?.integerIf('in_channels', 1, 256) ?? declared
  if (typeof channels !== 'number')
    throw refuse('unet/config.json', 'in_channels', 'an unknown number of latent channels')
  if (typeof declared === 'number' && declared !== channels)
    throw refuse('unet/config.json', 'in_channels', `${channels} for ${declared}`)
  const vae = await configOf(pack, 'vae_decoder')
  const [, decoded] = vaeDecoder.inputs.get('latent_sample')?.shape ?? []
  const latentChannels = vae?.integerIf('latent_channels', 1, 256) ?? (typeof decoded === 'number' ? decoded : channels)
  const inpaints = channels === inpaintChannels(latentChannels)
  if (channels !== latentChannels && !inpaints)
    throw refuse('unet/config.json', 'in_channels', `${channels} for ${latentChannels} channels of the decoder`)
  // StableDiffusionPipeline knows neither of these: silently ignoring them would change the picture.
  for (const field of ['shift_factor', 'latents_mean', 'latents_std'])
    if (vae?.has(field)) throw refuse('vae_decoder/config.json', field, 'a value')
  return { latentChannels, inpaints, scalingFactor: vae?.numberIf('scaling_factor', 1e-6, 1e6) ?? 0.18215 }
}

/** The script of diffusers writes no config.json beside its graphs. */
async function configOf(pack: Pack, part: string): Promise<Fields | null> {
  const path = `${part}/config.json`
  return packFileIf(pack, path) ? readFields(await readPackJson(pack, path), path) : null
}

function expectInputs(module: Module, part: string, names: readonly string[]): void {
  const file = `${part}/model.onnx`
  for (const name of names) if (!module.inputs.has(name)) throw refuse(file, name, 'a graph without this input')
  for (const name of module.inputs.keys())
    if (!names.includes(name)) throw refuse(file, name, 'a graph with this input')
}

function refuse(file: string, field: string, what: string): ModelError {
  return new ModelError('pack_unsupported', `${file}: ${field}: ${what} is not supported`, { file, field })
}

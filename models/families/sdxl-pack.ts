// Opens an SDXL pack, base or refiner: its text encoders, UNet and autoencoder, its configuration, and what exporters called things.
// What the pack asks for and sdxl.ts does not do is refused here, by file and field.
import { openClipTokenizer } from '../prompts/clip-tokenizer.ts'
import { readFields } from '../runtime/fields.ts'
import type { TextToImageManifest } from '../runtime/manifest.ts'
import { type Pack, packFileIf, readPackJson } from '../runtime/pack.ts'
import { configOf, refuse } from '../runtime/pack-parts.ts'
import type { Module, SessionOptions } from '../runtime/sessions.ts'
import { guidanceWidthOf } from './guidance-embedding.ts'
import {
  type Model,
  type Opened,
  openAutoencoder,
  openGraphs,
  openScheduling,
  readLatentSpace,
  timestepKind,
} from './opening.ts'
import { createSdxl } from './sdxl.ts'
import type { SdxlEncoder } from './sdxl-prompt.ts'
import { outputOf, penultimateOf } from './text-encoders.ts'

/** Opens sessions and reads configuration. ModelError: pack_missing, pack_corrupt, pack_unsupported, out_of_memory. */
export function openSdxl(pack: Pack, manifest: TextToImageManifest, options: SessionOptions): Promise<Model> {
  const refines = manifest.family === 'sdxl-refiner'
  return openGraphs(pack, manifest, options, async (opened) => {
    const zeroesEmptyNegative = await readIndex(pack, refines)
    const length = manifest.promptTokens
    const first = refines ? [] : [await openEncoder(pack, opened, '', length)]
    const encoders = [...first, await openEncoder(pack, opened, '_2', length)]
    const unet = await opened.open('unet')
    await checkTimeIds(pack, unet, refines)
    const autoencoder = await openAutoencoder(opened)
    const latents = await readLatentSpace(pack, manifest, unet, 'sample', autoencoder)
    const scheduling = 'scheduler/scheduler_config.json'
    const { integerIf } = readFields(await readPackJson(pack, scheduling), scheduling)
    const stepper = createSdxl({
      ...latents,
      ...(await upcast(pack, autoencoder)),
      encoders,
      unet,
      timestep: timestepKind(unet),
      scheduler: manifest.scheduler,
      planFor: await openScheduling(pack, manifest),
      trainSteps: integerIf('num_train_timesteps', 1, 100_000) ?? 1000,
      refines,
      zeroesEmptyNegative,
      guidanceWidth: await guidanceWidthOf(pack, unet),
    })
    return opened.serve(stepper, unet, 'sample')
  })
}

/** What model_index.json says of the pipeline: whether an empty negative prompt is zeros. */
async function readIndex(pack: Pack, refines: boolean): Promise<boolean> {
  const file = 'model_index.json'
  if (packFileIf(pack, file) === null) return !refines
  const index = readFields(await readPackJson(pack, file), file)
  const scores = index.flagIf('requires_aesthetics_score') ?? refines
  if (scores !== refines)
    throw refuse(file, 'requires_aesthetics_score', `${scores} for family ${refines ? 'sdxl-refiner' : 'sdxl'}`)
  return index.flagIf('force_zeros_for_empty_prompt') ?? true
}

/** text_encoder with tokenizer, or text_encoder_2 with tokenizer_2; the second projects. */
async function openEncoder(pack: Pack, { open }: Opened, which: '' | '_2', length: number): Promise<SdxlEncoder> {
  const part = `text_encoder${which}`
  const tokenizer = await openClipTokenizer(pack, `tokenizer${which}`, length)
  const module = await open(part)
  const layers = (await configOf(pack, part))?.integerIf('num_hidden_layers', 1, 1000)
  const hidden = penultimateOf(module, part, layers)
  const pooled = which === '' ? null : outputOf(module, part, 'text_embeds', 2)
  return { tokenizer, module, hidden, pooled }
}

/** A UNet of the other kind would take other numbers for its own: sizes for beauty. */
async function checkTimeIds(pack: Pack, unet: Module, refines: boolean): Promise<void> {
  const count = refines ? 5 : 6
  const [, declared] = unet.inputs.get('time_ids')?.shape ?? []
  if (typeof declared === 'number' && declared !== count)
    throw refuse('unet/model.onnx', 'time_ids', `a graph that takes ${declared} of them, not ${count},`)
  const config = await configOf(pack, 'unet')
  const [width, each] = [
    config?.integerIf('projection_class_embeddings_input_dim', 1, 1_000_000),
    config?.integerIf('addition_time_embed_dim', 1, 100_000),
  ]
  const pooled = (await configOf(pack, 'text_encoder_2'))?.integerIf('projection_dim', 1, 100_000)
  if (width !== undefined && each !== undefined && pooled !== undefined && width !== each * count + pooled)
    throw refuse(
      'unet/config.json',
      'projection_class_embeddings_input_dim',
      `${width}, not ${count} · ${each} + ${pooled},`,
    )
}

/** diffusers decodes and encodes in float32 where force_upcast says so: then graphs in float16 do not serve. */
async function upcast(pack: Pack, { decoder, encoder, float32Decoder }: Awaited<ReturnType<typeof openAutoencoder>>) {
  const half = (module: Module | null, input: string) => module?.inputs.get(input)?.type === 'float16'
  if (((await configOf(pack, 'vae_decoder'))?.flagIf('force_upcast') ?? false) === false) return {}
  const [file, field] = ['vae_decoder/config.json', 'force_upcast']
  if (half(encoder, 'sample')) throw refuse(file, field, 'true with vae_encoder in float16: export it in float32; this')
  if (!half(decoder, 'latent_sample')) return {}
  if (float32Decoder === null)
    throw refuse(file, field, 'true with vae_decoder in float16 and no vae_decoder_float32 beside it')
  const vaeDecoder: Pick<Module, 'run'> = { run: async (feeds) => (await float32Decoder()).run(feeds) }
  return { vaeDecoder, float32Decoder: null }
}

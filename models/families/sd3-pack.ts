// Opens a Stable Diffusion 3 pack: its transformer, text encoders, autoencoder and configuration, and what its exporter called
// things. T5 (text_encoder_3) may be absent. What the pack asks for and sd3.ts does not do is refused here, by file and field.
import { openClipTokenizer } from '../prompts/clip-tokenizer.ts'
import { openT5Tokenizer } from '../prompts/t5-tokenizer.ts'
import { readFields } from '../runtime/fields.ts'
import type { TextToImageManifest } from '../runtime/manifest.ts'
import { type Pack, packFileIf, readPackJson } from '../runtime/pack.ts'
import { configOf, refuse } from '../runtime/pack-parts.ts'
import type { Module, SessionOptions } from '../runtime/sessions.ts'
import { checkFlowSizes, flowTimestep, openFlowScheduling } from './flow.ts'
import { PATCH } from './flow-request.ts'
import { type Model, type Opened, openAutoencoder, openGraphs, readLatentSpace } from './opening.ts'
import { type Clip, createSd3 } from './sd3.ts'
import { outputOf, penultimateOf, type TextEncoder, widthOf } from './text-encoders.ts'

/** StableDiffusion3Pipeline's max_sequence_length. */
const T5_TOKENS = 256
const FILE = 'transformer/config.json'

type OpenClip = Clip & { module: Module }
type OpenT5 = TextEncoder & { module: Module }

/** Opens sessions and reads configuration. ModelError: pack_missing, pack_corrupt, pack_unsupported, out_of_memory. */
export function openSd3(pack: Pack, manifest: TextToImageManifest, options: SessionOptions): Promise<Model> {
  return openGraphs(pack, manifest, options, async (opened) => {
    const { open, serve } = opened
    await checkTransformer(pack, manifest)
    const t5Tokens = manifest.t5Tokens ?? T5_TOKENS
    const clips = [
      await openClip(pack, manifest, opened, 'text_encoder', 'tokenizer'),
      await openClip(pack, manifest, opened, 'text_encoder_2', 'tokenizer_2'),
    ] as const
    const t5 = await openT5(pack, opened, t5Tokens)
    const transformer = await open('transformer')
    const autoencoder = await openAutoencoder(opened)
    const latents = await readLatentSpace(pack, manifest, transformer, 'hidden_states', autoencoder)
    const t5Width = await textWidth(pack, transformer)
    checkWidths(clips, t5, t5Width)
    const { placed, planFor } = await openFlowScheduling(pack, manifest)
    if (placed) await checkShift(pack)
    const stepper = createSd3({
      ...latents,
      clips,
      t5,
      t5Tokens,
      t5Width,
      transformer,
      timestep: flowTimestep(transformer),
      scheduler: manifest.scheduler,
      planFor,
    })
    return serve(stepper, transformer, 'hidden_states')
  })
}

async function checkTransformer(pack: Pack, manifest: TextToImageManifest): Promise<void> {
  const config = await configOf(pack, 'transformer')
  const patch = config?.integerIf('patch_size', 1, 64) ?? PATCH
  if (patch !== PATCH) throw refuse(FILE, 'patch_size', `${patch}`)
  // Positions beyond the table of them are none.
  checkFlowSizes(manifest, config?.integerIf('pos_embed_max_size', 1, 8192))
}

/** Where a configuration does not say, SD3's pipeline shifts up to 1.16, FLUX's up to 1.15. */
async function checkShift(pack: Pack): Promise<void> {
  const file = 'scheduler/scheduler_config.json'
  const config = readFields(await readPackJson(pack, file), file)
  if (config.flagIf('use_dynamic_shifting') === true && !config.has('max_shift'))
    throw refuse(file, 'max_shift', 'none, with use_dynamic_shifting,')
}

async function openClip(
  pack: Pack,
  manifest: TextToImageManifest,
  { open }: Opened,
  part: string,
  words: string,
): Promise<OpenClip> {
  const tokenizer = await openClipTokenizer(pack, words, manifest.promptTokens)
  const module = await open(part)
  outputOf(module, part, 'text_embeds', 2)
  const layers = (await configOf(pack, part))?.integerIf('num_hidden_layers', 1, 1000)
  return { tokenizer, module, penultimate: penultimateOf(module, part, layers) }
}

async function openT5(pack: Pack, { open }: Opened, length: number): Promise<OpenT5 | null> {
  const part = 'text_encoder_3'
  if (packFileIf(pack, `${part}/model.onnx`) === null) return null
  const module = await open(part)
  outputOf(module, part, 'last_hidden_state', 3)
  return { tokenizer: await openT5Tokenizer(pack, 'tokenizer_3', length), module }
}

/** How wide the transformer's text tokens are. */
async function textWidth(pack: Pack, transformer: Module): Promise<number> {
  const [, , declared] = transformer.inputs.get('encoder_hidden_states')?.shape ?? []
  const width = (await configOf(pack, 'transformer'))?.integerIf('joint_attention_dim', 1, 65_536) ?? declared
  if (typeof width !== 'number') throw refuse(FILE, 'joint_attention_dim', 'an unknown width')
  if (typeof declared === 'number' && declared !== width)
    throw refuse(FILE, 'joint_attention_dim', `${width} for ${declared}`)
  return width
}

/** Both CLIPs side by side fit under T5's width, which is the transformer's. */
function checkWidths(clips: readonly OpenClip[], t5: OpenT5 | null, width: number): void {
  const own = t5 && widthOf(t5.module, 'last_hidden_state')
  if (own !== null && own !== width)
    throw refuse('text_encoder_3/model.onnx', 'last_hidden_state', `a width of ${own}, for ${width},`)
  const both = clips.reduce((sum, { module, penultimate }) => sum + (widthOf(module, penultimate) ?? 0), 0)
  if (both > width) throw refuse(FILE, 'joint_attention_dim', `${width}, for CLIPs of ${both},`)
}

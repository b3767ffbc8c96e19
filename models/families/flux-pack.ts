// Opens a FLUX pack: its transformer, text encoders, autoencoder and configuration, and what its exporter called things.
// dev and schnell are told apart by what the transformer takes. What flux.ts does not do is refused here, by file and field.
import { openClipTokenizer } from '../prompts/clip-tokenizer.ts'
import { openT5Tokenizer } from '../prompts/t5-tokenizer.ts'
import type { TextToImageManifest } from '../runtime/manifest.ts'
import type { Pack } from '../runtime/pack.ts'
import { configOf, refuse } from '../runtime/pack-parts.ts'
import type { Module, SessionOptions } from '../runtime/sessions.ts'
import { checkFlowSizes, flowTimestep, openFlowScheduling } from './flow.ts'
import { createFlux, type FluxParts } from './flux.ts'
import { type Model, openAutoencoder, openGraphs, readLatentSpace } from './opening.ts'
import { outputOf } from './text-encoders.ts'

/** FluxPipeline's max_sequence_length. */
const T5_TOKENS = 512
const CONFIG = 'transformer/config.json'

/** Opens sessions and reads configuration. ModelError: pack_missing, pack_corrupt, pack_unsupported, out_of_memory. */
export function openFlux(pack: Pack, manifest: TextToImageManifest, options: SessionOptions): Promise<Model> {
  return openGraphs(pack, manifest, options, async (opened) => {
    const { open, serve } = opened
    checkFlowSizes(manifest)
    const clip = {
      tokenizer: await openClipTokenizer(pack, 'tokenizer', manifest.promptTokens),
      module: await open('text_encoder'),
    }
    outputOf(clip.module, 'text_encoder', 'pooler_output', 2)
    const t5 = {
      tokenizer: await openT5Tokenizer(pack, 'tokenizer_2', manifest.t5Tokens ?? T5_TOKENS),
      module: await open('text_encoder_2'),
    }
    outputOf(t5.module, 'text_encoder_2', 'last_hidden_state', 3)
    const transformer = await open('transformer')
    const autoencoder = await openAutoencoder(opened)
    const latents = await readLatentSpace(pack, manifest, transformer, 'hidden_states', autoencoder)
    const { placed, planFor } = await openFlowScheduling(pack, manifest)
    const stepper = createFlux({
      ...latents,
      clip,
      t5,
      transformer,
      timestep: flowTimestep(transformer),
      guided: await isGuided(pack, transformer),
      positions: positionsOf(transformer),
      spacesLevels: !placed,
      scheduler: manifest.scheduler,
      planFor,
    })
    return serve(stepper, transformer, 'hidden_states')
  })
}

/** A transformer that is told of guidance and whose graph cannot take it would draw another picture. */
async function isGuided(pack: Pack, transformer: Module): Promise<boolean> {
  const guided = transformer.inputs.has('guidance')
  const configured = (await configOf(pack, 'transformer'))?.flagIf('guidance_embeds') ?? guided
  if (configured !== guided) throw refuse(CONFIG, 'guidance_embeds', `${configured}, for a graph that says otherwise,`)
  return guided
}

function positionsOf(transformer: Module): FluxParts['positions'] {
  const [text, picture] = ['txt_ids', 'img_ids'].map((name) => transformer.inputs.get(name)?.shape.length)
  if (text !== picture || (text !== 2 && text !== 3))
    throw refuse('transformer/model.onnx', 'txt_ids', `a rank of ${text}, with img_ids of ${picture},`)
  return text === 2 ? 'once' : 'row'
}

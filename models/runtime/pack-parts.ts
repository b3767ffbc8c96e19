// The parts of a pack: what each graph of a family takes, its configuration, and refusals by file and field. What is listed here is held
// to a graph twice: by its file, before anybody is offered the model (inspect.ts), and by its session, when it is opened.
import { ModelError } from './error.ts'
import { type Fields, readFields } from './fields.ts'
import type { Family } from './manifest.ts'
import { type Pack, packFileIf, readPackJson } from './pack.ts'

/** The inputs that a graph must have, and those that it may have besides. */
type Inputs = readonly [takes: readonly string[], mayTake: readonly string[]]

const UNET = ['sample', 'timestep', 'encoder_hidden_states']
const TRANSFORMER = ['hidden_states', 'encoder_hidden_states', 'pooled_projections', 'timestep']
const DENOISERS: Readonly<Record<Family, Inputs>> = {
  sd: [UNET, ['timestep_cond']],
  sdxl: [[...UNET, 'text_embeds', 'time_ids'], ['timestep_cond']],
  'sdxl-refiner': [[...UNET, 'text_embeds', 'time_ids'], ['timestep_cond']],
  sd3: [TRANSFORMER, []],
  flux: [[...TRANSFORMER, 'txt_ids', 'img_ids'], ['guidance']],
}
const ENCODERS: Readonly<Record<Family, readonly string[]>> = {
  sd: ['text_encoder'],
  sdxl: ['text_encoder', 'text_encoder_2'],
  'sdxl-refiner': ['text_encoder_2'],
  sd3: ['text_encoder', 'text_encoder_2', 'text_encoder_3'],
  flux: ['text_encoder', 'text_encoder_2'],
}
/** The text encoder that is T5; the others are CLIP. */
const T5: Readonly<Partial<Record<Family, string>>> = { sd3: 'text_encoder_3', flux: 'text_encoder_2' }

export const denoiserOf = (family: Family): 'unet' | 'transformer' =>
  family === 'sd3' || family === 'flux' ? 'transformer' : 'unet'
export const isT5 = (family: Family, encoder: string): boolean => T5[family] === encoder
export const encodersOf = (family: Family): readonly string[] => ENCODERS[family]
/** Every part that is opened where the pack has it. */
export const partsOf = (family: Family): readonly string[] => [
  denoiserOf(family),
  ...ENCODERS[family],
  ...['vae_decoder', 'vae_encoder', 'vae_decoder_float32'],
]

function inputsOf(family: Family, part: string): Inputs {
  if (part === denoiserOf(family)) return DENOISERS[family]
  if (ENCODERS[family].includes(part)) return [['input_ids'], []]
  return [[part === 'vae_encoder' ? 'sample' : 'latent_sample'], []]
}

/** ModelError pack_unsupported: an input that the graph lacks, or one that nobody would feed. */
export function expectInputs(family: Family, part: string, inputs: ReadonlyMap<string, unknown>): void {
  const file = `${part}/model.onnx`
  const [takes, mayTake] = inputsOf(family, part)
  for (const name of takes) if (!inputs.has(name)) throw refuse(file, name, 'a graph without this input')
  for (const name of inputs.keys())
    if (!takes.includes(name) && !mayTake.includes(name)) throw refuse(file, name, 'a graph with this input')
}

/** The script of diffusers writes no config.json beside its graphs. */
export async function configOf(pack: Pack, part: string): Promise<Fields | null> {
  const path = `${part}/config.json`
  return packFileIf(pack, path) ? readFields(await readPackJson(pack, path), path) : null
}

/** ModelError pack_unsupported, by file and field. */
export function refuse(file: string, field: string, what: string): ModelError {
  return new ModelError('pack_unsupported', `${file}: ${field}: ${what} is not supported`, { file, field })
}

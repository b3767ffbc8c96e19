// Text encoders by what their exporters called their outputs: CLIP's hidden states before the last layer, its projection or
// pooled output, T5's last hidden state. Names are looked up when a pack is opened: a graph without one does not load.
import { ModelError } from '../runtime/error.ts'
import { refuse } from '../runtime/pack-parts.ts'
import type { Module } from '../runtime/sessions.ts'
import { allFinite, type Output } from '../runtime/tensors.ts'

export type TextEncoder = {
  tokenizer: { encode(text: string): { ids: readonly number[]; truncatedTokens: number } }
  module: Pick<Module, 'run'>
}

/** Encodes a text. ModelError invalid_input (field `prompt`), and as the session. */
export async function encodeText({ tokenizer, module }: TextEncoder, text: string) {
  const { ids, truncatedTokens } = tokenizer.encode(text)
  const outputs = await module.run({ input_ids: { values: ids, dims: [1, ids.length] } })
  return { outputs, truncated: truncatedTokens > 0 }
}

/** An output by its name. ModelError nan. */
export function take(outputs: ReadonlyMap<string, Output>, name: string): Output {
  const output = outputs.get(name)
  if (output === undefined) throw new TypeError(`${name} was looked up when the pack was opened`)
  if (!allFinite(output.values)) throw new ModelError('nan', 'a text encoder returned values that are not numbers')
  return output
}

/** The name, if the graph gives it, of `rank` dimensions where they are known. ModelError pack_unsupported. */
export function outputOf(module: Pick<Module, 'outputs'>, part: string, name: string, rank?: number): string {
  const output = module.outputs.get(name)
  if (output === undefined) throw refuse(`${part}/model.onnx`, name, 'a graph without this output')
  const { length } = output.shape
  if (rank !== undefined && length > 0 && length !== rank)
    throw refuse(`${part}/model.onnx`, name, `an output of ${length} dimensions, not ${rank},`)
  return name
}

/** The name, or the only output's where an exporter named it otherwise. ModelError pack_unsupported. */
export function onlyOutputOf(module: Pick<Module, 'outputs'>, part: string, name: string): string {
  const [first] = module.outputs.keys()
  return first !== undefined && module.outputs.size === 1 ? first : outputOf(module, part, name)
}

/**
 * The name of the hidden states before the last layer: hidden_states.0 are the embeddings, and the last the last layer's. How many
 * `layers` there are is the configuration's to say, else the names'. ModelError pack_unsupported: exported without them.
 */
export function penultimateOf(module: Pick<Module, 'outputs'>, part: string, layers?: number): string {
  const named = [...module.outputs.keys()].flatMap((name) => /^hidden_states\.(\d+)$/.exec(name)?.[1] ?? [])
  return outputOf(module, part, `hidden_states.${(layers ?? Math.max(1, ...named.map(Number))) - 1}`, 3)
}

/** How wide an output is, as the graph declares; null where it does not. */
export function widthOf(module: Pick<Module, 'outputs'>, name: string): number | null {
  const width = module.outputs.get(name)?.shape.at(-1)
  return typeof width === 'number' ? width : null
}

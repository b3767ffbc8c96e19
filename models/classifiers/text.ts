// Text classifier packs: tokens by the pack's own tokenizer.json, one sigmoid a label or a softmax over them, calibrated as an image's.
// A text that is longer than the model reads is read window by window, each window's start and end marked: no word goes unread,
// and a label's probability is its largest.
import { readFile } from 'node:fs/promises'
import { Tokenizer } from '@huggingface/tokenizers'
import { ModelError } from '../runtime/error.ts'
import { parseJson, readFields } from '../runtime/fields.ts'
import type { TextClassifierManifest } from '../runtime/manifest.ts'
import { type Pack, packFile } from '../runtime/pack.ts'
import type { SessionOptions } from '../runtime/sessions.ts'
import type { Feed } from '../runtime/tensors.ts'
import { expectLabels, openGraph } from './graph.ts'
import { type Classification, score, softmaxLogits } from './scores.ts'

export type TextClassification = Classification & {
  /** How many windows the text was read in. */
  windows: number
}

export type TextClassifierSession = {
  /** ModelError: invalid_input (empty, or too long to be read), nan, out_of_memory, model_error. */
  classify(text: string): Promise<TextClassification>
  runMs(): number
  [Symbol.asyncDispose](): Promise<void>
}

/** A text with more windows than this is refused: reading it would take too long. */
const MOST_WINDOWS = 64
const INPUTS = ['input_ids', 'attention_mask', 'token_type_ids'] as const

/** ModelError: pack_missing, pack_corrupt, pack_unsupported, out_of_memory. */
export async function openTextClassifier(
  pack: Pack,
  manifest: TextClassifierManifest,
  options: SessionOptions,
): Promise<TextClassifierSession> {
  const windowsOf = await openWindows(pack, manifest)
  await using opened = new AsyncDisposableStack()
  const graph = opened.use(await openGraph(pack, manifest, options))
  const stray = graph.inputs.find((input) => !INPUTS.some((known) => known === input))
  if (stray !== undefined || !graph.inputs.includes('input_ids'))
    throw new ModelError('pack_unsupported', `${manifest.model}: expected the inputs ${INPUTS.join(', ')}`, {
      file: packFile(pack, manifest.model),
      field: stray ?? 'input_ids',
    })
  const kept = opened.move()
  return {
    runMs: graph.runMs,
    async classify(text) {
      const windows = windowsOf(text)
      const logits: number[] = manifest.labels.map(() => -Infinity)
      for (const ids of windows) {
        const found = expectLabels(await graph.run(feedOf(graph.inputs, ids)), manifest)
        const read = manifest.activation === 'softmax' ? softmaxLogits(found) : Array.from(found)
        for (const [i, logit] of read.entries()) logits[i] = Math.max(logits[i] ?? logit, logit)
      }
      return { ...score(logits, manifest), windows: windows.length }
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

function feedOf(inputs: readonly string[], ids: readonly number[]): Record<string, Feed> {
  const dims = [1, ids.length]
  const of = { input_ids: ids, attention_mask: ids.map(() => 1), token_type_ids: ids.map(() => 0) }
  return Object.fromEntries(
    INPUTS.filter((name) => inputs.includes(name)).map((name) => [name, { values: of[name], dims }]),
  )
}

/** Token ids of a text, in windows that the model can read. ModelError: invalid_input. */
export async function openWindows(
  pack: Pack,
  { tokenizer: path, maxTokens }: Pick<TextClassifierManifest, 'tokenizer' | 'maxTokens'>,
): Promise<(text: string) => number[][]> {
  const file = packFile(pack, path)
  const source = parseJson(await readFile(file, 'utf8'), file)
  const fields = readFields(source, file)
  if (!fields.has('model')) throw fields.bad('model', 'a tokenizer model')
  const tokenizer = construct(source, file)
  // What stands before and after the tokens of any text.
  const [before, after] = marksOf(tokenizer, fields)
  const room = maxTokens - before.length - after.length
  if (room < 1) throw fields.bad('post_processor', `fewer marks than max_tokens (${maxTokens})`)
  return (text) => {
    if (text.trim() === '') throw new ModelError('invalid_input', 'text: empty', { field: 'text' })
    const ids: readonly number[] = tokenizer.encode(text, { add_special_tokens: false }).ids
    const count = Math.max(1, Math.ceil(ids.length / room))
    if (count > MOST_WINDOWS)
      throw new ModelError('invalid_input', `text: more than ${MOST_WINDOWS * room} tokens`, { field: 'text' })
    return Array.from({ length: count }, (_, i) => [...before, ...ids.slice(i * room, (i + 1) * room), ...after])
  }
}

function marksOf(tokenizer: Tokenizer, fields: ReturnType<typeof readFields>): [number[], number[]] {
  const probe = 'a'
  const bare: readonly number[] = tokenizer.encode(probe, { add_special_tokens: false }).ids
  const whole: readonly number[] = tokenizer.encode(probe).ids
  const at = whole.findIndex((_, i) => bare.every((id, j) => whole[i + j] === id))
  if (at < 0 || bare.length === 0) throw fields.bad('post_processor', 'marks before and after the text')
  return [whole.slice(0, at), whole.slice(at + bare.length)]
}

function construct(source: unknown, file: string): Tokenizer {
  try {
    return new Tokenizer(Object(source), {})
  } catch (cause) {
    throw new ModelError('pack_corrupt', `${file}: not a tokenizer`, { file, cause })
  }
}

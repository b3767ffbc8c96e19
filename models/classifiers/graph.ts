// The graph of a classifier pack, opened by its manifest: one named output, finite numbers or a failure that says so.
import { ModelError } from '../runtime/error.ts'
import { type Pack, packFile } from '../runtime/pack.ts'
import { openModule, type SessionOptions } from '../runtime/sessions.ts'
import { allFinite, type Feed, type Output } from '../runtime/tensors.ts'
import type { Scoring } from './manifest.ts'

export type Graph = {
  readonly inputs: readonly string[]
  /** ModelError: nan, out_of_memory, model_error. */
  run(feeds: Readonly<Record<string, Feed>>): Promise<Output>
  runMs(): number
  [Symbol.asyncDispose](): Promise<void>
}

/** ModelError: pack_missing, pack_corrupt, pack_unsupported (no such output), out_of_memory. */
export async function openGraph(
  pack: Pack,
  { model, output }: Pick<Scoring, 'model' | 'output'>,
  options: SessionOptions,
): Promise<Graph> {
  const file = packFile(pack, model)
  await using opened = new AsyncDisposableStack()
  const module = opened.use(await openModule(file, options))
  if (!module.outputs.has(output))
    throw new ModelError('pack_unsupported', `${model}: no output ${output}`, { file, field: 'output.name' })
  const kept = opened.move()
  return {
    inputs: [...module.inputs.keys()],
    runMs: () => module.runMs(),
    async run(feeds) {
      const found = (await module.run(feeds)).get(output) ?? { values: new Float32Array(0), dims: [] }
      if (!allFinite(found.values))
        throw new ModelError('nan', 'the classifier returned values that are not numbers', { field: output })
      return found
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

export type PictureGraph = Omit<Graph, 'inputs' | 'run'> & { run(feed: Feed): Promise<Output> }

/** A graph that takes one picture and nothing else. */
export async function openPictureGraph(
  pack: Pack,
  manifest: Pick<Scoring, 'model' | 'output'>,
  options: SessionOptions,
): Promise<PictureGraph> {
  await using opened = new AsyncDisposableStack()
  const graph = opened.use(await openGraph(pack, manifest, options))
  const [input, ...more] = graph.inputs
  const { model } = manifest
  if (input === undefined || more.length > 0)
    throw new ModelError('pack_unsupported', `${model}: expected one input`, {
      file: packFile(pack, model),
      field: 'model',
    })
  const kept = opened.move()
  return {
    runMs: graph.runMs,
    run: (feed) => graph.run({ [input]: feed }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

/** As many numbers as labels, or the pack is not what its manifest says. ModelError: pack_corrupt. */
export function expectLabels({ values }: Output, { model, labels }: Pick<Scoring, 'model' | 'labels'>): Float32Array {
  if (values.length !== labels.length)
    throw new ModelError('pack_corrupt', `${model}: ${values.length} logits for ${labels.length} labels`, {
      file: model,
      field: 'labels',
    })
  return values
}

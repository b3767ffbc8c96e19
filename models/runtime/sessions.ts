// ONNX Runtime sessions: which provider serves and why, and one module per exported graph.
// A module reads names, element types and ranks from its graph, so the three exporters' dialects look alike from outside.
// run() blocks its event loop (onnxruntime-node runs in place): only the inference child opens modules.
import { basename, dirname, join } from 'node:path'
import { env, InferenceSession, Tensor } from 'onnxruntime-node'
import { asModelError, ModelError } from './error.ts'
import { mixesRows } from './mixed-rows.ts'
import { type ElementType, encode, type Feed, fromHalf, type Output, type TensorSpec } from './tensors.ts'

export type Provider = 'cuda' | 'webgpu' | 'cpu'
export type ProviderChoice = {
  provider: Provider
  /** One sentence for an operator. */
  why: string
}
export type SessionOptions = {
  provider: Provider
  threads: number
  deviceId?: number
  /** Rows of every call of a denoiser (slots.ts); null, and unless said: as many as there are. */
  slotRows?: number | null
}

/** One exported graph: text encoder, UNet, decoder, classifier. */
export type Module = {
  readonly inputs: ReadonlyMap<string, TensorSpec>
  readonly outputs: ReadonlyMap<string, TensorSpec>
  /** Runs the graph. ModelError: out_of_memory, model_error. */
  run(feeds: Readonly<Record<string, Feed>>): Promise<ReadonlyMap<string, Output>>
  /** Milliseconds spent inside session.run so far. */
  runMs(): number
  /** A row of a batch depends on the others (mixed-rows.ts). */
  readonly mixesRows: boolean
  [Symbol.asyncDispose](): Promise<void>
}

/** The runtime that every module runs in, with its version. */
export const RUNTIME = `onnxruntime-node ${env.versions.node ?? env.versions.common}`

// onnxruntime-common keeps float16 in a Float16Array where JavaScript has one, of which onnxruntime-node 1.30 sees no bytes
// (microsoft/onnxruntime, pull request 32323). Its first tensor decides: this one is made while there is none, so bits it is.
keepHalvesAsBits()

function keepHalvesAsBits(): Tensor | null {
  const halves = Object.getOwnPropertyDescriptor(globalThis, 'Float16Array')
  if (halves === undefined) return null
  Reflect.deleteProperty(globalThis, 'Float16Array')
  try {
    return new Tensor('float16', new Uint16Array(1), [1])
  } finally {
    Object.defineProperty(globalThis, 'Float16Array', halves)
  }
}

// y = x + x over one float: small enough to try a provider with.
const PROBE = 'CAgSADo5Cg4KAXgKAXgSAXkiA0FkZBIFcHJvYmVaDwoBeBIKCggIARIECgIIAWIPCgF5EgoKCAgBEgQKAggBQgQKABAR'
const AUTO: readonly Provider[] = ['cuda', 'webgpu', 'cpu']

/**
 * Chooses by trying: a provider serves if a tiny session can be made on it, because ONNX Runtime lists providers whose
 * libraries are missing. ModelError model_error: the one that was asked for cannot serve.
 */
export async function chooseProvider(
  wanted: Provider | 'auto',
  probe: (provider: Provider) => Promise<void> = probeProvider,
): Promise<ProviderChoice> {
  if (wanted !== 'auto') {
    try {
      await probe(wanted)
    } catch (cause) {
      throw new ModelError('model_error', `${wanted} was configured and cannot serve: ${firstLine(cause)}`, { cause })
    }
    return { provider: wanted, why: `${wanted} was configured` }
  }
  const passed: string[] = []
  for (const provider of AUTO) {
    try {
      await probe(provider)
      return { provider, why: [...passed, `${provider} serves`].join('; ') }
    } catch (error) {
      passed.push(`${provider} cannot: ${firstLine(error)}`)
    }
  }
  throw new ModelError('model_error', passed.join('; '))
}

async function probeProvider(provider: Provider): Promise<void> {
  const session = await InferenceSession.create(Buffer.from(PROBE, 'base64'), sessionOptions({ provider, threads: 1 }))
  await session.release()
}

function sessionOptions({ provider, threads, deviceId = 0 }: SessionOptions): InferenceSession.SessionOptions {
  return {
    executionProviders:
      provider === 'cuda' ? [{ name: provider, deviceId }, 'cpu'] : provider === 'cpu' ? ['cpu'] : [provider, 'cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 4,
  }
}

/** Opens a graph by path (external data lies beside it). ModelError pack_corrupt: not a graph that ONNX Runtime reads. */
export async function openModule(file: string, options: SessionOptions): Promise<Module> {
  const name = join(basename(dirname(file)), basename(file))
  const session = await InferenceSession.create(file, sessionOptions(options)).catch((cause: unknown) => {
    const error = asModelError(cause, name)
    if (error.code === 'out_of_memory') throw error
    throw new ModelError('pack_corrupt', `${name}: ${firstLine(cause)}`, { file, cause })
  })
  const inputs = readSpecs(session.inputMetadata)
  const outputs = readSpecs(session.outputMetadata)
  const types = new Map(Array.from(inputs.values(), (spec) => [spec.name, elementType(spec, file)]))
  let spentMs = 0

  return {
    inputs,
    outputs,
    runMs: () => spentMs,
    mixesRows: mixesRows(file),
    async run(feeds) {
      const tensors: Record<string, Tensor> = {}
      for (const [input, type] of types) {
        const feed = feeds[input]
        if (feed === undefined)
          throw new ModelError('pack_unsupported', `${name}: input ${input} is unknown`, { file, field: input })
        tensors[input] = new Tensor(type, encode(feed.values, type), feed.dims)
      }
      const begun = performance.now()
      try {
        const results = await session.run(tensors)
        return new Map(Array.from(outputs.keys(), (output) => [output, decode(results[output], output, file)]))
      } catch (error) {
        throw asModelError(error, name)
      } finally {
        spentMs += performance.now() - begun
      }
    },
    [Symbol.asyncDispose]: () => session.release(),
  }
}

function readSpecs(metadata: readonly InferenceSession.ValueMetadata[]): Map<string, TensorSpec> {
  return new Map(
    metadata.map((value) => [
      value.name,
      value.isTensor
        ? { name: value.name, type: value.type, shape: value.shape }
        : { name: value.name, type: 'not a tensor', shape: [] },
    ]),
  )
}

function elementType(spec: TensorSpec, file: string): ElementType {
  const { type } = spec
  if (type === 'float32' || type === 'float16' || type === 'int32' || type === 'int64') return type
  throw new ModelError('pack_unsupported', `${file}: input ${spec.name} is ${type}`, { file, field: spec.name })
}

function decode(value: unknown, name: string, file: string): Output {
  if (!(value instanceof Tensor))
    throw new ModelError('pack_unsupported', `${file}: output ${name} is no tensor`, { file, field: name })
  const { data, dims } = value
  if (data instanceof Float32Array) return { values: data, dims }
  if (value.type === 'float16' && ArrayBuffer.isView(data)) {
    const bits = new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2)
    return { values: Float32Array.from(bits, fromHalf), dims }
  }
  // Whole-number outputs (lengths, indices) exist in some exports; nothing here reads them.
  return { values: new Float32Array(0), dims }
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  // ONNX Runtime's checks begin with a source path and the condition; what went wrong stands behind them.
  return (message.split('\n')[0] ?? '').replace(/^\/\S+\.cc:\d+ .* was false\. /, '').slice(0, 300)
}

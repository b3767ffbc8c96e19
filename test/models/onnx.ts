// Small ONNX models written by hand, field by field, and what they answer; the code under test has no part in it but the sessions.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { type Graph, readGraph } from '../../models/prepare/graph.ts'
import { type Links, linksOf } from '../../models/prepare/links.ts'
import { openProtobuf } from '../../models/runtime/protobuf.ts'
import { openModule } from '../../models/runtime/sessions.ts'
import type { Feed } from '../../models/runtime/tensors.ts'
import { field, message } from './graphs.ts'

export const [FLOAT, INT64, HALF] = [1, 7, 10] as const
type Dims = readonly (number | string)[]

export function value(name: string, type: number, dims: Dims): Buffer {
  const shape = message(...dims.map((dim) => field(1, typeof dim === 'number' ? field(1, dim) : field(2, dim))))
  return message(field(1, name), field(2, field(1, message(field(1, type), field(2, shape)))))
}

export const integer = (name: string, number: number) => message(field(1, name), field(3, number), field(20, 2))
export const integers = (name: string, numbers: readonly number[]) =>
  message(field(1, name), ...numbers.map((number) => field(8, number)), field(20, 7))
export function float(name: string, number: number): Buffer {
  const bits = Buffer.alloc(4)
  bits.writeFloatLE(number)
  return message(field(1, name), Buffer.from([2 * 8 + 5]), bits, field(20, 1))
}
export const subgraph = (name: string, graph: Buffer) => message(field(1, name), field(6, graph), field(20, 5))

/** A node, named by its operator and its first output. */
export function op(
  operator: string,
  inputs: readonly string[],
  outputs: readonly string[],
  ...attributes: readonly Buffer[]
): Buffer {
  return message(
    ...inputs.map((name) => field(1, name)),
    ...outputs.map((name) => field(2, name)),
    ...[field(3, `${operator} ${outputs[0]}`), field(4, operator)],
    ...attributes.map((attribute) => field(5, attribute)),
  )
}

export function tensor(name: string, dims: readonly number[], values: Float32Array | BigInt64Array | Uint16Array) {
  const type = values instanceof Float32Array ? FLOAT : values instanceof Uint16Array ? HALF : INT64
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength)
  return message(...dims.map((dim) => field(1, dim)), field(2, type), field(8, name), field(9, bytes))
}

export function beside(name: string, dims: readonly number[], offset: number, length: number): Buffer {
  const entries = Object.entries({ location: 'model.onnx_data', offset: `${offset}`, length: `${length}` })
  const data = entries.map(([key, text]) => field(13, message(field(1, key), field(2, text))))
  return message(...dims.map((dim) => field(1, dim)), field(2, FLOAT), field(8, name), ...data, field(14, 1))
}

export const whole = (name: string, ...numbers: readonly number[]) =>
  tensor(name, [numbers.length], BigInt64Array.from(numbers, BigInt))

export type Parts = {
  nodes: readonly Buffer[]
  inputs: readonly Buffer[]
  outputs: readonly Buffer[]
  initialisers?: readonly Buffer[]
  opset?: number
}

export function graphOf({ nodes, inputs, outputs, initialisers = [] }: Parts): Buffer {
  return message(
    ...nodes.map((node) => field(1, node)),
    field(2, 'by hand'),
    ...initialisers.map((one) => field(5, one)),
    ...inputs.map((one) => field(11, one)),
    ...outputs.map((one) => field(12, one)),
  )
}

export function model(parts: Parts): Buffer {
  return message(field(1, 8), field(7, graphOf(parts)), field(8, field(2, parts.opset ?? 17)))
}

/** What a graph answers with on one thread: its first output. */
export async function answer(file: string, feeds: Readonly<Record<string, Feed>>): Promise<Float32Array> {
  await using module = await openModule(file, { provider: 'cpu', threads: 1 })
  const [output] = (await module.run(feeds)).values()
  return output?.values ?? assert.fail('no output')
}

export async function withGraph<T>(file: string, bytes: Buffer | null, use: (links: Links) => T): Promise<T> {
  if (bytes !== null) await writeFile(file, bytes)
  using open = openProtobuf(file)
  return use(linksOf(readGraph(open)))
}

export const operatorsOf = ({ nodes }: Graph): string[] => nodes.map(({ operator }) => operator)

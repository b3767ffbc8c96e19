// An ONNX graph as far as it is changed here: its nodes by what they take and give, its weights by where they lie. No weight is read,
// so a graph may have two gigabytes. Field numbers: onnx.proto3 of ONNX 1.20. Writing with changes: write-graph.ts.
import { ModelError } from '../runtime/error.ts'
import type { Field, ProtobufFile, Span } from '../runtime/protobuf.ts'

export type GraphNode = {
  /** Among the nodes of the graph. */
  readonly index: number
  /** The message's body. */
  readonly body: Span
  readonly name: string
  readonly operator: string
  readonly domain: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: ReadonlyMap<string, Attribute>
}
export type Attribute = {
  number: bigint | null
  numbers: readonly bigint[]
  tensor: Tensor | null
  float: number | null
}

export type Tensor = {
  readonly body: Span
  readonly name: string
  /** TensorProto.DataType: 1 float32, 7 int64, 10 float16. */
  readonly type: number
  readonly dims: readonly number[]
  /** Bytes in the graph itself; null where they lie elsewhere, or are written number by number. */
  readonly raw: Span | null
  /** Numbers written one by one, for whole-number types. */
  readonly integers: readonly bigint[]
  readonly external: { location: string; offset: number; length: number | null } | null
}

export type Graph = {
  readonly open: ProtobufFile
  /** The graph's message in the model. */
  readonly body: Span
  /** Version of ONNX's own operators. */
  readonly opset: number
  readonly nodes: readonly GraphNode[]
  readonly initialisers: ReadonlyMap<string, Tensor>
  readonly inputs: readonly string[]
  readonly outputs: ReadonlySet<string>
  /** What graphs inside of nodes take from outside, by name, with the node that has them. */
  readonly captured: ReadonlyMap<string, string>
  /** Tensors outside of the list of initialisers lie in other files. */
  readonly hiddenExternals: boolean
}

/** Reads a graph that `walkGraph` has been through. ModelError pack_corrupt: no graph. */
export function readGraph(open: ProtobufFile): Graph {
  let body: Span | null = null
  let opset = 0
  for (const field of open.fields(open.whole)) {
    if (field.number === 7) body = field
    if (field.number === 8) opset = Math.max(opset, opsetOf(open, field))
  }
  if (body === null) throw new ModelError('pack_corrupt', `${open.file}: no graph`, { file: open.file, field: 'graph' })
  const nodes: GraphNode[] = []
  const initialisers = new Map<string, Tensor>()
  const [inputs, outputs] = [[] as string[], new Set<string>()]
  const captured = new Map<string, string>()
  let hiddenExternals = false
  for (const field of open.fields(body)) {
    if (field.number === 1) {
      const node = readNode(open, field, nodes.length)
      nodes.push(node)
      for (const name of namesWithin(open, field)) captured.set(name, node.name)
      hiddenExternals ||= [...node.attributes.values()].some(({ tensor }) => tensor?.external)
    } else if (field.number === 5) {
      const tensor = readTensor(open, field)
      initialisers.set(tensor.name, tensor)
    } else if (field.number === 11) inputs.push(nameOf(open, field))
    else if (field.number === 12) outputs.add(nameOf(open, field))
    // Sparse weights have their bytes wherever they like.
    else if (field.number === 15) hiddenExternals = true
  }
  return { open, body, opset, nodes, initialisers, inputs, outputs, captured, hiddenExternals }
}

function opsetOf(open: ProtobufFile, entry: Span): number {
  let [domain, version] = ['', 0]
  for (const field of open.fields(entry)) {
    if (field.number === 1) domain = open.text(field)
    if (field.number === 2) version = Number(field.value)
  }
  return domain === '' || domain === 'ai.onnx' ? version : 0
}

function readNode(open: ProtobufFile, body: Span, index: number): GraphNode {
  const [inputs, outputs] = [[] as string[], [] as string[]]
  const attributes = new Map<string, Attribute>()
  let [name, operator, domain] = ['', '', '']
  for (const field of open.fields(body)) {
    if (field.number === 1) inputs.push(open.text(field))
    else if (field.number === 2) outputs.push(open.text(field))
    else if (field.number === 3) name = open.text(field)
    else if (field.number === 4) operator = open.text(field)
    else if (field.number === 5) readAttribute(open, field, attributes)
    else if (field.number === 7) domain = open.text(field)
  }
  return { index, body, name, operator, domain, inputs, outputs, attributes }
}

function readAttribute(open: ProtobufFile, body: Span, into: Map<string, Attribute>): void {
  let name = ''
  let [number, tensor, float]: [bigint | null, Tensor | null, number | null] = [null, null, null]
  const numbers: bigint[] = []
  for (const field of open.fields(body)) {
    if (field.number === 1) name = open.text(field)
    else if (field.number === 2) float = open.bytes(field).readFloatLE(0)
    else if (field.number === 3) number = field.value
    else if (field.number === 5) tensor = readTensor(open, field)
    else if (field.number === 8) numbers.push(...open.numbers(field))
  }
  into.set(name, { number, numbers, tensor, float })
}

export function readTensor(open: ProtobufFile, body: Span): Tensor {
  const dims: number[] = []
  const integers: bigint[] = []
  const entries = new Map<string, string>()
  let [name, type] = ['', 0]
  let raw: Span | null = null
  for (const field of open.fields(body)) {
    if (field.number === 1) dims.push(...open.numbers(field).map(Number))
    else if (field.number === 2) type = Number(field.value)
    // Long lists of numbers are nobody's shape or axes.
    else if ((field.number === 5 || field.number === 7) && field.end - field.start < 256)
      integers.push(...open.numbers(field))
    else if (field.number === 8) name = open.text(field)
    else if (field.number === 9) raw = { start: field.start, end: field.end }
    else if (field.number === 13) {
      const [key, value] = readEntry(open, field)
      entries.set(key, value)
    }
  }
  const location = entries.get('location')
  const length = entries.get('length')
  const external =
    location === undefined
      ? null
      : { location, offset: Number(entries.get('offset') ?? 0), length: length === undefined ? null : Number(length) }
  return { body: { start: body.start, end: body.end }, name, type, dims, raw, integers, external }
}

function readEntry(open: ProtobufFile, entry: Span): [string, string] {
  let [key, value] = ['', '']
  for (const field of open.fields(entry)) {
    if (field.number === 1) key = open.text(field)
    if (field.number === 2) value = open.text(field)
  }
  return [key, value]
}

function nameOf(open: ProtobufFile, value: Span): string {
  for (const field of open.fields(value)) if (field.number === 1) return open.text(field)
  return ''
}

/** Names that the nodes and outputs of graphs inside of a node use, whoever makes them. */
function* namesWithin(open: ProtobufFile, node: Span): Generator<string> {
  for (const attribute of open.fields(node)) {
    if (attribute.number !== 5) continue
    for (const inner of open.fields(attribute))
      if (inner.number === 6 || inner.number === 11) yield* namesOf(open, inner)
  }
}

function* namesOf(open: ProtobufFile, graph: Field): Generator<string> {
  for (const field of open.fields(graph)) {
    if (field.number === 12) yield nameOf(open, field)
    if (field.number !== 1) continue
    for (const part of open.fields(field)) if (part.number === 1) yield open.text(part)
    yield* namesWithin(open, field)
  }
}

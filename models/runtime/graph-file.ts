// What an .onnx file may not hide, found by walking it: weights that lie elsewhere, operators of somebody's own; and what it says of
// itself: its inputs, and how many positions a text encoder has. No session is opened and no weight is read. Looked at are initialisers, sparse ones and tensors of attributes, in the graph, in the graphs inside its
// nodes, in functions and in training graphs. Field numbers: onnx.proto3 of ONNX 1.20.
import { ModelError } from './error.ts'
import { type Field, openProtobuf, type ProtobufFile, type Span } from './protobuf.ts'

/** A tensor whose bytes lie in another file. */
export type ExternalTensor = {
  name: string
  /** As the file says it: nothing is resolved. */
  location: string | null
  offset: string | null
  length: string | null
  /** By its dimensions and its type; null where the type has no fixed size. */
  bytes: number | null
}

/** A dimension that is not fixed is a name, or nothing. */
export type Shape = readonly (number | string)[]
export type Graph = {
  externals: readonly ExternalTensor[]
  /** What must be fed, by name. */
  inputs: ReadonlyMap<string, Shape>
  /** Rows of the position embedding; null where no initialiser has that name. */
  positions: number | null
}

const DOMAINS: readonly string[] = ['', 'ai.onnx', 'ai.onnx.ml', 'com.microsoft']
const NESTING = 32
// Bits of one element, by TensorProto.DataType; 8 is text.
const BITS: Readonly<Record<number, number>> = {
  ...{ 1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64, 14: 64, 15: 128, 16: 16 },
  ...{ 17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4, 24: 8 },
}
const POSITIONS = 'position_embedding.weight'
const LFS_POINTER = 'version https://git-lfs'

type Walk = {
  open: ProtobufFile
  externals: ExternalTensor[]
  /** Domain and name of each operator that is not ONNX's or ONNX Runtime's, with the node that uses it. */
  foreign: Map<string, string>
  functions: Set<string>
  inputs: Map<string, Shape>
  initializers: Set<string>
  positions: number | null
}

/**
 * Walks one graph file. ModelError: pack_corrupt (no protobuf, no graph, nested too deep), pack_unsupported (an operator of another
 * domain, named in `field`).
 */
export function walkGraph(file: string): Graph {
  using open = openProtobuf(file)
  const walk: Walk = {
    ...{ open, externals: [], foreign: new Map(), functions: new Set() },
    ...{ inputs: new Map(), initializers: new Set(), positions: null },
  }
  refusePointer(open)
  let [graphs, versions] = [0, 0]
  for (const field of open.fields(open.whole)) {
    if (field.number === 7) {
      graphs++
      walkBody(walk, field, GRAPH, 0)
      walkSurface(walk, field)
    }
    if (field.number === 8) versions++
    // Graphs that training would run. Nothing here does, and yet they name files.
    if (field.number === 20)
      for (const inner of open.fields(message(walk, field))) if (inner.number <= 2) walkBody(walk, inner, GRAPH, 1)
    if (field.number === 25) walkFunction(walk, field)
  }
  if (graphs !== 1 || versions === 0)
    throw new ModelError('pack_corrupt', `${file}: no ONNX model: ${graphs} graphs, ${versions} operator sets`, {
      file,
      field: 'graph',
    })
  for (const [operator, node] of walk.foreign)
    if (!walk.functions.has(operator))
      throw new ModelError(
        'pack_unsupported',
        `${file}: node ${node}: operator ${operator} is of a domain that is not loaded (${DOMAINS.slice(1).join(', ')} are); export without it`,
        { file, field: operator },
      )
  // Old exporters list weights among the inputs: nobody feeds those.
  for (const name of walk.initializers) walk.inputs.delete(name)
  const { externals, inputs, positions } = walk
  return { externals, inputs, positions }
}

/** The inputs and initialisers of the graph that runs. */
function walkSurface(walk: Walk, graph: Field): void {
  const { open } = walk
  for (const field of open.fields(graph)) {
    if (field.number === 11) {
      let [name, shape]: [string, Shape] = ['', []]
      for (const part of open.fields(message(walk, field))) {
        if (part.number === 1) name = open.text(part)
        if (part.number === 2) shape = readShape(walk, part)
      }
      walk.inputs.set(name, shape)
    }
    if (field.number !== 5) continue
    let [name, rows]: [string, number | null] = ['', null]
    for (const part of open.fields(field)) {
      if (part.number === 1 && rows === null) rows = Number(open.numbers(part)[0] ?? 0n)
      if (part.number === 8) name = open.text(part)
    }
    walk.initializers.add(name)
    if (name.endsWith(POSITIONS)) walk.positions = rows
  }
}

/** Of a TypeProto: what is no tensor has none. */
function readShape(walk: Walk, type: Field): Shape {
  const inside = (field: Field, number: number) =>
    [...walk.open.fields(message(walk, field))].filter((one) => one.number === number)
  const dimensions = inside(type, 1)
    .flatMap((tensor) => inside(tensor, 2))
    .flatMap((shape) => inside(shape, 1))
  return dimensions.map((dimension) => {
    const [fixed] = inside(dimension, 1)
    const [named] = inside(dimension, 2)
    if (fixed?.value) return Number(BigInt.asIntN(64, fixed.value))
    return named === undefined ? '' : walk.open.text(named)
  })
}

/** Where each kind of body keeps what is looked at. */
type Body = { node: number; tensors: readonly number[]; sparse: readonly number[]; attributes: readonly number[] }
const GRAPH: Body = { node: 1, tensors: [5], sparse: [15], attributes: [] }
const FUNCTION: Body = { node: 7, tensors: [], sparse: [], attributes: [11] }
const NODE_ATTRIBUTE = 5

function walkBody(walk: Walk, body: Field, kind: Body, depth: number): void {
  const { file } = walk.open
  if (depth > NESTING)
    throw new ModelError('pack_corrupt', `${file}: graphs nested deeper than ${NESTING}`, { file, field: 'graph' })
  for (const field of walk.open.fields(message(walk, body))) {
    if (field.number === kind.node) walkNode(walk, field, depth)
    else if (kind.tensors.includes(field.number)) walkTensor(walk, field)
    else if (kind.sparse.includes(field.number)) walkSparse(walk, field)
    else if (kind.attributes.includes(field.number)) walkAttribute(walk, field, depth)
  }
}

function walkNode(walk: Walk, node: Field, depth: number): void {
  let [name, operator, domain] = ['', '', '']
  for (const field of walk.open.fields(message(walk, node))) {
    if (field.number === 3) name = walk.open.text(field)
    else if (field.number === 4) operator = walk.open.text(field)
    else if (field.number === 7) domain = walk.open.text(field)
    else if (field.number === NODE_ATTRIBUTE) walkAttribute(walk, field, depth)
  }
  if (!DOMAINS.includes(domain)) walk.foreign.set(`${domain}::${operator}`, name)
}

function walkAttribute(walk: Walk, attribute: Field, depth: number): void {
  for (const field of walk.open.fields(message(walk, attribute))) {
    if (field.number === 5 || field.number === 10) walkTensor(walk, field)
    else if (field.number === 6 || field.number === 11) walkBody(walk, field, GRAPH, depth + 1)
    else if (field.number === 22 || field.number === 23) walkSparse(walk, field)
  }
}

function walkSparse(walk: Walk, sparse: Field): void {
  for (const field of walk.open.fields(message(walk, sparse))) if (field.number <= 2) walkTensor(walk, field)
}

/** A function of the model's own is made of nodes: what it is called is its own affair, its nodes are looked at. */
function walkFunction(walk: Walk, body: Field): void {
  let [name, domain] = ['', '']
  for (const field of walk.open.fields(message(walk, body))) {
    if (field.number === 1) name = walk.open.text(field)
    if (field.number === 10) domain = walk.open.text(field)
  }
  walk.functions.add(`${domain}::${name}`)
  walkBody(walk, body, FUNCTION, 1)
}

function walkTensor(walk: Walk, tensor: Field): void {
  const { open } = walk
  const entries = new Map<string, string>()
  const dims: bigint[] = []
  let [name, type, elsewhere] = ['', 0, false]
  for (const field of open.fields(message(walk, tensor))) {
    if (field.number === 1) dims.push(...open.numbers(field))
    else if (field.number === 2) type = Number(field.value ?? 0n)
    else if (field.number === 8) name = open.text(field)
    else if (field.number === 14) elsewhere ||= field.value === 1n
    else if (field.number === 13) {
      elsewhere = true
      const [key, value] = readEntry(walk, field)
      // Of two entries of one name a reader may believe either.
      if (entries.has(key)) throw corrupt(open.file, `external_data[${name}].${key}`, 'each key once')
      entries.set(key, value)
    }
  }
  if (!elsewhere) return
  const bits = BITS[type]
  const count = dims.reduce((product, dim) => product * BigInt.asIntN(64, dim), 1n)
  if (dims.some((dim) => BigInt.asIntN(64, dim) < 0n) || count > BigInt(Number.MAX_SAFE_INTEGER) / 128n)
    throw corrupt(open.file, `external_data[${name}].dims`, 'dimensions of a tensor')
  walk.externals.push({
    name,
    location: entries.get('location') ?? null,
    offset: entries.get('offset') ?? null,
    length: entries.get('length') ?? null,
    bytes: bits === undefined ? null : Math.ceil((Number(count) * bits) / 8),
  })
}

function readEntry(walk: Walk, entry: Field): [string, string] {
  let [key, value] = ['', '']
  for (const field of walk.open.fields(message(walk, entry))) {
    if (field.number === 1) key = walk.open.text(field)
    if (field.number === 2) value = walk.open.text(field)
  }
  return [key, value]
}

/** A field that must hold a message. */
function message(walk: Walk, field: Field): Span {
  if (field.value !== null) throw corrupt(walk.open.file, `field ${field.number}`, 'a message')
  return field
}

/** What git leaves where a large file was not fetched. */
function refusePointer(open: ProtobufFile): void {
  const { file, whole } = open
  if (whole.end < 1024 && open.text(whole).startsWith(LFS_POINTER))
    throw new ModelError('pack_corrupt', `${file}: a Git LFS pointer in the place of the file; run git lfs pull`, {
      file,
      field: 'graph',
    })
}

function corrupt(file: string, field: string, expected: string): ModelError {
  return new ModelError('pack_corrupt', `${file}: ${field}: expected ${expected}`, { file, field })
}

// A denoiser with one timestep a run becomes one with a timestep a row, so that samples at different steps share a run. What made a
// vector of the scalar goes, and the input is declared ["steps"]; Expand to the rows, which exporters put behind it, takes both.
// What cannot be told to stay right is refused by its node. Whether it is right is shown by running it: verify.ts.
import { ModelError } from '../runtime/error.ts'
import type { ProtobufFile, Span } from '../runtime/protobuf.ts'
import { field } from './encode.ts'
import type { GraphNode } from './graph.ts'
import { constantOf, elementsOf, type Links, wholeNumbers } from './links.ts'
import { type Changes, edited } from './write-graph.ts'

const INPUT = 'timestep'
const DIMENSION = 'steps'
const ELEMENTWISE = ['Mul', 'Div', 'Add', 'Sub']

/** Changes the graph's timestep; what was done, in a sentence; null where it has one a row already. ModelError pack_unsupported. */
export function vectorTimestep(links: Links, changes: Changes): string | null {
  const { graph } = links
  const { open } = graph
  const input = inputOf(open, graph.body)
  if (input === null)
    throw new ModelError('pack_unsupported', `${open.file}: ${INPUT}: no such input`, { file: open.file, field: INPUT })
  const { type, kind } = readType(open, input)
  if (kind === 'vector') return null
  const removed = follow(links, kind)
  if (kind === 'scalar' && removed.aliases.size === 0 && removed.expands.length === 0)
    throw refuse(open.file, INPUT, 'a scalar that no node makes a vector of')
  for (const index of removed.nodes) changes.nodes.set(index, [])
  for (const node of graph.nodes) {
    if (removed.nodes.has(node.index) || !node.inputs.some((name) => removed.aliases.has(name))) continue
    changes.nodes.set(node.index, [renamed(open, node, removed.aliases)])
  }
  for (const name of removed.reached) changes.forgotten.add(name)
  changes.inputs.set(
    INPUT,
    edited(open, input, (found) => (found.number === 2 ? field(2, typeOf(type)) : null)),
  )
  const gone = removed.nodes.size === 1 ? '1 node' : `${removed.nodes.size} nodes`
  return `${INPUT}: a ${kind === 'scalar' ? 'scalar' : 'vector of length 1'} made a timestep a row (["${DIMENSION}"]); ${gone} removed`
}

type Followed = {
  /** Nodes that only made a vector of the scalar. */
  nodes: Set<number>
  /** What they gave, by what it is now. */
  aliases: Map<string, string>
  expands: GraphNode[]
  /** Everything that depends on the timestep. */
  reached: Set<string>
}

/** From the input along everything that is still a scalar; a vector of length 1 is none, and stays as it is. */
function follow(links: Links, kind: 'scalar' | 'single'): Followed {
  const { graph } = links
  const followed: Followed = { nodes: new Set(), aliases: new Map(), expands: [], reached: new Set() }
  const scalars = new Set(kind === 'scalar' ? [INPUT] : [])
  const reached = new Set([INPUT])
  for (const node of graph.nodes) {
    if (!node.inputs.some((name) => reached.has(name))) continue
    for (const name of node.outputs) reached.add(name)
    const scalar = node.inputs.find((name) => scalars.has(name))
    if (scalar !== undefined) take(links, followed, scalars, node, scalar)
  }
  reached.delete(INPUT)
  followed.reached = reached
  for (const name of [...scalars, ...followed.aliases.keys()]) {
    const within = graph.captured.get(name)
    if (within !== undefined) throw refuse(graph.open.file, within, `${name} inside of a graph of its own`)
  }
  return followed
}

function take(links: Links, followed: Followed, scalars: Set<string>, node: GraphNode, scalar: string): void {
  const { graph } = links
  const { operator, outputs, inputs, domain } = node
  const [output] = outputs
  const unable = (what: string) =>
    refuse(graph.open.file, node.name || (output ?? operator), `${operator} of the timestep ${what}`)
  if (output === undefined || (domain !== '' && domain !== 'ai.onnx')) throw unable('in another domain')
  if (operator === 'Unsqueeze' || operator === 'Reshape') {
    if (inputs[0] !== scalar || !makesVector(links, node)) throw unable('to anything but a vector')
    if (graph.outputs.has(output)) throw unable('that is an output of the graph')
    followed.nodes.add(node.index)
    followed.aliases.set(output, scalar)
  } else if (operator === 'Expand' && inputs[0] === scalar) {
    followed.expands.push(node)
  } else if (
    operator === 'Cast' ||
    operator === 'Identity' ||
    (ELEMENTWISE.includes(operator) && inputs.every((name) => name === scalar || isNumber(links, name)))
  ) {
    scalars.add(output)
  } else throw unable('before it is a vector')
}

function isNumber(links: Links, name: string): boolean {
  const tensor = constantOf(links, name)
  return tensor !== null && elementsOf(tensor) === 1
}

/** Of a scalar: [1]. Before opset 13 axes are an attribute. */
function makesVector(links: Links, { operator, inputs, attributes }: GraphNode): boolean {
  const second = inputs[1]
  const listed = attributes.get('axes')?.numbers.map((axis) => Number(BigInt.asIntN(64, axis)))
  const numbers = second === undefined ? listed : wholeNumbers(links, second)
  if (numbers?.length !== 1) return false
  const [number] = numbers
  return number === -1 || number === (operator === 'Unsqueeze' ? 0 : 1)
}

function renamed(open: ProtobufFile, { body }: GraphNode, aliases: ReadonlyMap<string, string>): Uint8Array {
  return edited(open, body, (found) => {
    const alias = found.number === 1 ? aliases.get(open.text(found)) : undefined
    return alias === undefined ? null : field(1, alias)
  })
}

function inputOf(open: ProtobufFile, graph: Span): Span | null {
  for (const found of open.fields(graph)) {
    if (found.number !== 11) continue
    for (const part of open.fields(found)) if (part.number === 1 && open.text(part) === INPUT) return found
  }
  return null
}

/** The element type, and how many timesteps the input takes. */
function readType(open: ProtobufFile, input: Span): { type: bigint; kind: 'scalar' | 'single' | 'vector' } {
  const tensor = within(open, within(open, input, 2), 1)
  let [type, dims, fixed] = [0n, 0, false]
  for (const part of open.fields(tensor)) {
    if (part.number === 1) type = part.value ?? 0n
    if (part.number !== 2) continue
    for (const dim of open.fields(part)) {
      dims++
      for (const value of open.fields(dim)) if (value.number === 1) fixed = value.value === 1n
    }
  }
  if (dims > 1) throw refuse(open.file, INPUT, `an input of ${dims} dimensions`)
  return { type, kind: dims === 0 ? 'scalar' : fixed ? 'single' : 'vector' }
}

function within(open: ProtobufFile, message: Span, number: number): Span {
  for (const part of open.fields(message)) if (part.number === number) return part
  throw refuse(open.file, INPUT, 'an input that is no tensor')
}

/** TypeProto: a tensor of this type with one dimension that has a name. */
function typeOf(type: bigint): Uint8Array {
  const shape = field(1, field(2, DIMENSION))
  return field(1, Buffer.concat([field(1, type), field(2, shape)]))
}

function refuse(file: string, name: string, what: string): ModelError {
  return new ModelError('pack_unsupported', `${file}: ${name}: ${what} cannot be made a timestep a row`, {
    file,
    field: name,
  })
}

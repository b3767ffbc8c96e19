// Who makes a value of a graph and who takes it, and the small constants that shapes and axes are.
import type { Graph, GraphNode, Tensor } from './graph.ts'

export type Links = {
  readonly graph: Graph
  /** Null: an input or an initialiser. */
  makerOf(name: string): GraphNode | null
  usersOf(name: string): readonly GraphNode[]
}

export function linksOf(graph: Graph): Links {
  const makers = new Map<string, GraphNode>()
  const users = new Map<string, GraphNode[]>()
  for (const node of graph.nodes) {
    for (const name of node.outputs) makers.set(name, node)
    for (const name of new Set(node.inputs)) {
      const known = users.get(name)
      if (known) known.push(node)
      else users.set(name, [node])
    }
  }
  return { graph, makerOf: (name) => makers.get(name) ?? null, usersOf: (name) => users.get(name) ?? [] }
}

/** An initialiser or what a Constant holds; null where the value depends on anything. */
export function constantOf({ graph, makerOf }: Links, name: string): Tensor | null {
  const initialiser = graph.initialisers.get(name)
  // One that is an input too may be fed with something else.
  if (initialiser !== undefined) return graph.inputs.includes(name) ? null : initialiser
  const maker = makerOf(name)
  return maker?.operator === 'Constant' ? (maker.attributes.get('value')?.tensor ?? null) : null
}

/** A list of whole numbers, as axes and shapes are; null where it is no such constant. */
export function wholeNumbers(links: Links, name: string): number[] | null {
  const maker = links.makerOf(name)
  const listed = maker?.operator === 'Constant' ? maker.attributes.get('value_ints')?.numbers : undefined
  if (listed !== undefined) return listed.map(signed)
  const tensor = constantOf(links, name)
  if (tensor === null || tensor.type !== INT64 || tensor.external !== null) return null
  if (tensor.raw === null) return tensor.integers.map(signed)
  const bytes = links.graph.open.bytes(tensor.raw)
  return Array.from({ length: bytes.length / 8 }, (_, i) => Number(bytes.readBigInt64LE(8 * i)))
}

const INT64 = 7
const signed = (value: bigint): number => Number(BigInt.asIntN(64, value))
export const elementsOf = ({ dims }: Tensor): number => dims.reduce((product, dim) => product * dim, 1)

// The constant matrices that a graph multiplies by: found behind what exporters put before them (a Cast from float16, an Identity where
// weights are shared, a Transpose), and read as float32 from the graph or the file beside it, one at a time.
import { closeSync, openSync, readSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ModelError } from '../runtime/error.ts'
import { fromHalf } from '../runtime/tensors.ts'
import type { Graph, GraphNode, Tensor } from './graph.ts'
import { constantOf, elementsOf, type Links } from './links.ts'

export type Weight = {
  readonly tensor: Tensor
  /** Of the matrix as it is multiplied by, the transposing of the graph counted. */
  readonly rows: number
  readonly columns: number
  readonly transposed: boolean
  /** What stands between the numbers and the product, the nearest to the product first. */
  readonly chain: readonly GraphNode[]
}

const [FLOAT, HALF] = [1, 10] as const

/** Null: no constant, not of two dimensions, not multiplied in float32, or of numbers that are not read here. */
export function weightOf(links: Links, name: string): Weight | null {
  const chain: GraphNode[] = []
  let transposed = false
  let type: bigint | null = null
  let at = name
  for (let tensor = constantOf(links, at); ; tensor = constantOf(links, at)) {
    if (tensor !== null) {
      const [height, width] = tensor.dims
      const read = tensor.raw !== null || tensor.external !== null
      if (tensor.dims.length !== 2 || !height || !width || !read) return null
      if ((type ?? BigInt(tensor.type)) !== BigInt(FLOAT) || (tensor.type !== FLOAT && tensor.type !== HALF))
        return null
      const [rows, columns] = transposed ? [width, height] : [height, width]
      return { tensor, rows, columns, transposed, chain }
    }
    const maker = links.makerOf(at)
    const [source] = maker?.inputs ?? []
    if (maker === null || source === undefined) return null
    if (maker.operator === 'Cast') type ??= maker.attributes.get('to')?.number ?? null
    else if (maker.operator === 'Transpose' && swaps(maker)) transposed = !transposed
    else if (maker.operator !== 'Identity') return null
    chain.push(maker)
    at = source
  }
}

/** A matrix is turned over: by default, or as it is said. */
function swaps({ attributes }: GraphNode): boolean {
  const order = attributes.get('perm')?.numbers
  return order === undefined || (order.length === 2 && order[0] === 1n && order[1] === 0n)
}

/** Its numbers in the order in which they are written, the first dimension slowest. ModelError pack_corrupt: too few bytes. */
export function valuesOf({ open }: Graph, tensor: Tensor): Float32Array {
  const count = elementsOf(tensor)
  const size = tensor.type === HALF ? 2 : 4
  const bytes = tensor.raw === null ? readBeside(open.file, tensor, count * size) : open.bytes(tensor.raw)
  if (bytes.length !== count * size)
    throw new ModelError('pack_corrupt', `${open.file}: ${tensor.name}: ${bytes.length} bytes for ${count} numbers`, {
      file: open.file,
      field: tensor.name,
    })
  if (size === 4) return new Float32Array(bytes.buffer, bytes.byteOffset, count)
  return Float32Array.from(new Uint16Array(bytes.buffer, bytes.byteOffset, count), (bits) => HALVES[bits] ?? 0)
}

const HALVES = Float32Array.from({ length: 65_536 }, (_, bits) => fromHalf(bits))

function readBeside(file: string, { name, external }: Tensor, length: number): Buffer {
  const beside = join(dirname(file), external?.location ?? '')
  const bytes = Buffer.alloc(length)
  const handle = openSync(beside, 'r')
  try {
    for (let at = 0; at < length; ) {
      const read = readSync(handle, bytes, at, Math.min(length - at, 2 ** 30), (external?.offset ?? 0) + at)
      if (read === 0)
        throw new ModelError('pack_corrupt', `${beside}: it ends before ${name} does`, { file: beside, field: name })
      at += read
    }
    return bytes
  } finally {
    closeSync(handle)
  }
}

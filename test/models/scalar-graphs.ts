// Denoisers that take a timestep a run, made of the tiny ones that take one a row: the other way round of what is tested.
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { edited, noChanges, writeGraph } from '../../models/prepare/write-graph.ts'
import { field, message } from './graphs.ts'
import { FLOAT, INT64, integer, op, value, whole, withGraph } from './onnx.ts'
import { writeManifest } from './tiny.ts'

/** What makes the vector `timestep/row` of the scalar `timestep`. */
const unsqueezed = (from = 'timestep') => op('Unsqueeze', [from, 'timestep/axes'], ['timestep/row'])
const cast = op('Cast', ['timestep'], ['timestep/float'], integer('to', FLOAT))
const axes = whole('timestep/axes', 0)
const again = (...middle: readonly Buffer[]) => [
  op('Unsqueeze', ['timestep', 'timestep/axes'], ['timestep/vector']),
  ...middle,
]

export const SCALARS = {
  float: { type: FLOAT, dims: [], nodes: [unsqueezed()] },
  int64: { type: INT64, dims: [], nodes: [cast, unsqueezed('timestep/float')] },
  'length 1': { type: FLOAT, dims: [1], nodes: [op('Identity', ['timestep'], ['timestep/row'])] },
  /** Goes on with the first timestep alone, which is right while there is one. */
  'first alone': {
    type: FLOAT,
    dims: [],
    nodes: again(op('Gather', ['timestep/vector', 'timestep/axes'], ['timestep/row'])),
  },
  /** Cannot run with more than one. */
  'squeezed again': {
    type: FLOAT,
    dims: [],
    nodes: again(
      op('Squeeze', ['timestep/vector', 'timestep/axes'], ['timestep/scalar']),
      op('Unsqueeze', ['timestep/scalar', 'timestep/axes'], ['timestep/row']),
    ),
  },
  /** Has a second user of the timestep that nobody knows. */
  squared: {
    type: FLOAT,
    dims: [],
    nodes: [unsqueezed(), op('Pow', ['timestep', 'timestep'], ['timestep/squared'])],
  },
  /** Does not open at all. */
  unknown: { type: FLOAT, dims: [], nodes: [unsqueezed(), op('Bewilder', ['timestep/row'], ['timestep/odd'])] },
} as const

/** Makes the pack's denoiser one of these, and its manifest anew with `changes`. */
export async function makeScalar(
  dir: string,
  part: string,
  kind: keyof typeof SCALARS,
  changes: Record<string, unknown>,
): Promise<void> {
  const { type, dims, nodes } = SCALARS[kind]
  const [graph, made] = [join(dir, part, 'model.onnx'), join(dir, part, 'made.onnx')]
  await withGraph(graph, null, ({ graph: { open, ...rest } }) => {
    const written = noChanges()
    written.added.push(axes)
    written.inputs.set('timestep', value('timestep', type, dims))
    for (const { index, inputs, body } of rest.nodes) {
      if (!inputs.includes('timestep')) continue
      const own = edited(open, body, (found) =>
        found.number === 1 && open.text(found) === 'timestep' ? field(1, 'timestep/row') : null,
      )
      written.nodes.set(index, [message(own)])
    }
    const [first] = rest.nodes
    if (first === undefined) throw new RangeError('no nodes')
    written.nodes.set(0, [...nodes, ...(written.nodes.get(0) ?? [open.bytes(first.body)])])
    writeGraph({ open, ...rest }, written, made)
  })
  await rename(made, graph)
  await writeManifest(dir, changes)
}

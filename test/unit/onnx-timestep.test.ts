// A timestep a run becomes a timestep a row: the same bytes as ONNX's own library writes, the same numbers at equal timesteps, and at
// different ones in one run what separate runs give. What cannot be told to stay right is refused by its node.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { vectorTimestep } from '../../models/prepare/timestep.ts'
import { noChanges, writeGraph } from '../../models/prepare/write-graph.ts'
import { ModelError } from '../../models/runtime/error.ts'
import {
  answer,
  FLOAT,
  graphOf,
  INT64,
  integer,
  integers,
  model,
  op,
  type Parts,
  subgraph,
  tensor,
  value,
  whole,
  withGraph,
} from '../models/onnx.ts'
import { refused } from '../models/sd-model.ts'
import { temporaryFolder } from '../models/tiny.ts'

const GOLDENS = fileURLToPath(new URL('../goldens/', import.meta.url))

type Input = { type?: number; dims?: (number | string)[]; opset?: number }

/** x · t for each row: what makes a vector of the timestep, and then Expand to the rows as exporters write it. */
function rowsTimes(ways: readonly Buffer[], { type = FLOAT, dims = [], opset = 17 }: Input = {}): Parts {
  const axes = (input: string, output: string) =>
    opset < 13 ? op('Unsqueeze', [input], [output], integers('axes', [1])) : op('Unsqueeze', [input, 'one'], [output])
  return {
    nodes: [
      ...ways,
      op('Shape', ['sample'], ['shape']),
      op('Gather', ['shape', 'zero'], ['rows']),
      op('Expand', ['vector', 'rows'], ['expanded']),
      op('Cast', ['expanded'], ['float'], integer('to', FLOAT)),
      axes('float', 'column'),
      op('Mul', ['sample', 'column'], ['out']),
    ],
    inputs: [value('sample', FLOAT, ['batch', 2]), value('timestep', type, dims)],
    outputs: [value('out', FLOAT, ['batch', 2])],
    initialisers: [
      whole('zero', 0),
      whole('one', 1),
      whole('back', -1),
      tensor('half', [], Float32Array.of(0.5)),
      tensor('two', [2], Float32Array.of(1, 2)),
    ],
    opset,
  }
}

const unsqueeze = (from: string, axes = 'zero') => op('Unsqueeze', [from, axes], ['vector'])
const WAYS: Record<string, Parts> = {
  unsqueezed: rowsTimes([unsqueeze('timestep')]),
  'unsqueezed from behind': rowsTimes([unsqueeze('timestep', 'back')]),
  'unsqueezed by an attribute': rowsTimes([op('Unsqueeze', ['timestep'], ['vector'], integers('axes', [0]))], {
    opset: 11,
  }),
  'of whole numbers, cast first': rowsTimes(
    [op('Cast', ['timestep'], ['number'], integer('to', FLOAT)), unsqueeze('number')],
    { type: INT64 },
  ),
  'of whole numbers, cast behind': rowsTimes([unsqueeze('timestep')], { type: INT64 }),
  'scaled first': rowsTimes([op('Mul', ['timestep', 'half'], ['number']), unsqueeze('number')]),
  reshaped: rowsTimes([op('Reshape', ['timestep', 'back'], ['vector'])]),
  'reshaped to one': rowsTimes([op('Reshape', ['timestep', 'one'], ['vector'])]),
  'axes in a Constant': rowsTimes([
    op('Constant', [], ['axis'], integers('value_ints', [0])),
    unsqueeze('timestep', 'axis'),
  ]),
  'expanded at once': rowsTimes([op('Identity', ['timestep'], ['vector'])]),
  'of length 1': rowsTimes([op('Identity', ['timestep'], ['vector'])], { dims: [1] }),
}

describe('a timestep a run', () => {
  for (const [scalar, vector] of [
    ['tiny-sd-dialects/unet-scalar.onnx', 'tiny-sd/unet/model.onnx'],
    ['tiny-sdxl-parts/unet-scalar.onnx', 'tiny-sdxl/unet/model.onnx'],
  ] as const)
    it(`becomes one a row in ${scalar}: the bytes that ONNX's own library wrote`, async () => {
      await using folder = await temporaryFolder()
      const out = join(folder.path, 'out.onnx')
      await withGraph(join(GOLDENS, scalar), null, (links) => {
        const changes = noChanges()
        assert.match(vectorTimestep(links, changes) ?? '', /a scalar made a timestep a row .* 1 node removed/)
        writeGraph(links.graph, changes, out)
      })
      assert.ok((await readFile(out)).equals(await readFile(join(GOLDENS, vector))))
    })

  for (const [how, parts] of Object.entries(WAYS))
    it(`${how}: draws the same at equal timesteps, and rows of their own at others`, async () => {
      await using folder = await temporaryFolder()
      const [before, after] = [join(folder.path, 'before.onnx'), join(folder.path, 'after.onnx')]
      await withGraph(before, model(parts), (links) => {
        const changes = noChanges()
        assert.notEqual(vectorTimestep(links, changes), null)
        writeGraph(links.graph, changes, after)
      })
      const sample = (...values: number[]) => ({ values, dims: [values.length / 2, 2] })
      const at = how === 'of length 1' ? [1] : []
      const alone = async (row: readonly number[], timestep: number) =>
        answer(before, { sample: sample(...row), timestep: { values: [timestep], dims: at } })
      const together = async (...timesteps: number[]) =>
        answer(after, { sample: sample(1, 2, 3, 5), timestep: { values: timesteps, dims: [timesteps.length] } })
      const [first, second, other] = [await alone([1, 2], 7), await alone([3, 5], 7), await alone([3, 5], 901)]
      assert.deepEqual([...(await together(7, 7))], [...first, ...second])
      assert.deepEqual([...(await together(7, 901))], [...first, ...other])
      await withGraph(after, null, (links) => assert.equal(vectorTimestep(links, noChanges()), null))
    })

  const inner = graphOf({ nodes: [op('Neg', ['vector'], ['n'])], inputs: [], outputs: [value('n', FLOAT, [1])] })
  const refusals: Record<string, readonly [node: string, Parts]> = {
    'unsqueezed to a matrix': ['Unsqueeze vector', rowsTimes([unsqueeze('timestep', 'two axes')])],
    'unsqueezed behind': ['Unsqueeze vector', rowsTimes([unsqueeze('timestep', 'one')])],
    'by axes that are computed': ['Unsqueeze vector', rowsTimes([unsqueeze('timestep', 'shape')])],
    'squared before it is a vector': [
      'Pow number',
      rowsTimes([op('Pow', ['timestep', 'half'], ['number']), unsqueeze('number')]),
    ],
    'multiplied by more than a number': [
      'Mul number',
      rowsTimes([op('Mul', ['timestep', 'two'], ['number']), unsqueeze('number')]),
    ],
    'taken by a graph inside of a node': [
      'If o',
      rowsTimes([unsqueeze('timestep'), op('If', ['c'], ['o'], subgraph('then_branch', inner))]),
    ],
    'given out as a vector': [
      'Unsqueeze vector',
      { ...rowsTimes([unsqueeze('timestep')]), outputs: [value('vector', FLOAT, [1])] },
    ],
    'never made a vector': ['timestep', { ...rowsTimes([]), nodes: [op('Mul', ['timestep', 'half'], ['out'])] }],
    'of two dimensions': ['timestep', rowsTimes([unsqueeze('timestep')], { dims: ['a', 'b'] })],
    'not there at all': ['timestep', { ...rowsTimes([unsqueeze('timestep')]), inputs: [value('t', FLOAT, [])] }],
  }
  for (const [what, [node, parts]] of Object.entries(refusals))
    it(`${what}: refused by the name of the node`, async () => {
      await using folder = await temporaryFolder()
      const initialisers = [...(parts.initialisers ?? []), whole('two axes', 0, 1)]
      await withGraph(join(folder.path, 'in.onnx'), model({ ...parts, initialisers }), (links) =>
        assert.throws(
          () => vectorTimestep(links, noChanges()),
          (error) => {
            assert.ok(error instanceof ModelError)
            return error.message.includes(node) && refused('pack_unsupported', node)(error)
          },
        ),
      )
    })
})

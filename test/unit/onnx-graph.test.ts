// Graphs that are read and written again: what is not changed is the same bytes, wherever it lies and whatever it is.
import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { noChanges, writeGraph } from '../../models/prepare/write-graph.ts'
import { field, message } from '../models/graphs.ts'
import { beside, FLOAT, graphOf, model, op, operatorsOf, tensor, value, withGraph } from '../models/onnx.ts'
import { temporaryFolder } from '../models/tiny.ts'

const root = join(import.meta.dirname, '../..')
const SHIPPED = globSync(['test/goldens/**/*.onnx', 'models/packs/**/*.onnx'], { cwd: root })
const SMALL = {
  nodes: [op('MatMul', ['x', 'w'], ['y']), op('Add', ['y', 'b'], ['z'])],
  inputs: [value('x', FLOAT, ['rows', 2])],
  outputs: [value('z', FLOAT, ['rows', 3])],
  initialisers: [tensor('w', [2, 3], new Float32Array(6)), tensor('b', [3], new Float32Array(3))],
}

describe('a graph that is read and written again', () => {
  it('is the same bytes, for each graph that ships or that a golden has', async () => {
    assert.ok(SHIPPED.length > 30)
    await using folder = await temporaryFolder()
    for (const [i, path] of SHIPPED.entries()) {
      const [source, out] = [join(root, path), join(folder.path, `${i}.onnx`)]
      await withGraph(source, null, ({ graph }) => writeGraph(graph, noChanges(), out))
      assert.ok((await readFile(out)).equals(await readFile(source)), path)
    }
  })

  it('keeps fields that nobody here knows, and where external data lies', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 30, max: 5000 }), fc.uint8Array({ maxLength: 300 }))),
        async (unknown) => {
          const odd = message(...unknown.map(([number, bytes]) => field(number, Buffer.from(bytes))))
          const parts = { ...SMALL, initialisers: [beside('w', [2, 3], 8, 24)] }
          const graph = message(odd, graphOf(parts), odd)
          const bytes = message(odd, field(7, graph), field(8, field(2, 17)), odd)
          await using folder = await temporaryFolder()
          const out = join(folder.path, 'out.onnx')
          await withGraph(join(folder.path, 'in.onnx'), bytes, ({ graph }) => writeGraph(graph, noChanges(), out))
          assert.ok((await readFile(out)).equals(bytes))
        },
      ),
      { numRuns: 20 },
    ))

  it('has what was put in the place of a node, an initialiser and an input, and nothing else is other', async () => {
    await using folder = await temporaryFolder()
    const [source, out] = ['in.onnx', 'out.onnx'].map((name) => join(folder.path, name))
    assert.ok(source && out)
    const changed = {
      nodes: [op('Gemm', ['x', 'v'], ['z'])],
      inputs: [value('x', FLOAT, [4, 2])],
      outputs: SMALL.outputs,
      initialisers: [tensor('v', [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6))],
    }
    await withGraph(source, model(SMALL), ({ graph }) => {
      const changes = noChanges()
      changes.nodes.set(0, changed.nodes).set(1, [])
      changes.initialisers.set('w', changed.initialisers[0] ?? null).set('b', null)
      changes.inputs.set('x', value('x', FLOAT, [4, 2]))
      writeGraph(graph, changes, out)
    })
    assert.ok((await readFile(out)).equals(model(changed)))
  })

  it('is never written over a file that is there', async () => {
    await using folder = await temporaryFolder()
    const out = join(folder.path, 'out.onnx')
    await writeFile(out, 'mine')
    await withGraph(join(folder.path, 'in.onnx'), model(SMALL), ({ graph }) =>
      assert.throws(() => writeGraph(graph, noChanges(), out), { code: 'EEXIST' }),
    )
    assert.equal(await readFile(out, 'utf8'), 'mine')
  })

  it('is seen with its operators, its version of them, and what graphs inside of nodes take from outside', async () => {
    await using folder = await temporaryFolder()
    const inner = graphOf({ nodes: [op('Neg', ['y'], ['n'])], inputs: [], outputs: [value('n', FLOAT, [])] })
    const branch = message(field(1, 'then_branch'), field(6, inner), field(20, 5))
    const nodes = [...SMALL.nodes, op('If', ['c'], ['o'], branch)]
    await withGraph(join(folder.path, 'in.onnx'), model({ ...SMALL, nodes, opset: 13 }), ({ graph }) => {
      assert.deepEqual(operatorsOf(graph), ['MatMul', 'Add', 'If'])
      assert.equal(graph.opset, 13)
      assert.equal(graph.captured.get('y'), 'If o')
      assert.deepEqual([...graph.initialisers.keys()], ['w', 'b'])
    })
  })
})

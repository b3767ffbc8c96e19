// Products in int8: how near each number stays, through what exporters put before a matrix it is found, which operators ONNX Runtime
// makes of them, and what stays as it is.
import assert from 'node:assert/strict'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { InferenceSession } from 'onnxruntime-node'
import { changeDenoiser } from '../../models/prepare/change.ts'
import { inGraph, int8Products } from '../../models/prepare/int8.ts'
import { quantise } from '../../models/prepare/quantise.ts'
import { noChanges, writeGraph } from '../../models/prepare/write-graph.ts'
import { mixesRows } from '../../models/runtime/mixed-rows.ts'
import { toHalf } from '../../models/runtime/tensors.ts'
import {
  answer,
  beside,
  FLOAT,
  float,
  HALF,
  integer,
  integers,
  model,
  op,
  operatorsOf,
  type Parts,
  tensor,
  value,
  whole,
  withGraph,
} from '../models/onnx.ts'
import { refused } from '../models/sd-model.ts'
import { temporaryFolder } from '../models/tiny.ts'

const [ROWS, IN, OUT] = [5, 24, 16]
const wave = (count: number, phase: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i * phase + 1))
const W = wave(IN * OUT, 0.7)
const TURNED = Float32Array.from({ length: IN * OUT }, (_, i) => W[(i % IN) * OUT + Math.floor(i / IN)] ?? 0)
const B = wave(OUT, 0.3)
const HALVES = Uint16Array.from(W, toHalf)
const X = { values: wave(ROWS * IN, 1.3), dims: [ROWS, IN] }

const product = (nodes: readonly Buffer[], ...initialisers: Buffer[]): Parts => ({
  nodes,
  inputs: [value('x', FLOAT, ['rows', IN])],
  outputs: [value('y', FLOAT, ['rows', OUT])],
  initialisers,
})
const cast = (from: string, to: string) => op('Cast', [from], [to], integer('to', FLOAT))
const w = tensor('w', [IN, OUT], W)
const turned = tensor('w', [OUT, IN], TURNED)
const bias = tensor('b', [OUT], B)
const gemm = (...attributes: Buffer[]) => op('Gemm', ['x', 'w', 'b'], ['y'], ...attributes)

const FOUND: Record<string, Parts> = {
  MatMul: product([op('MatMul', ['x', 'w'], ['y'])], w),
  'MatMul with a bias before it': product([op('MatMul', ['x', 'w'], ['p']), op('Add', ['b', 'p'], ['y'])], w, bias),
  'MatMul with a bias behind it': product([op('MatMul', ['x', 'w'], ['p']), op('Add', ['p', 'b'], ['y'])], w, bias),
  Gemm: product([gemm()], w, bias),
  'Gemm turned over': product([gemm(integer('transB', 1), float('alpha', 1))], turned, bias),
  'Gemm without a bias': product([op('Gemm', ['x', 'w'], ['y'])], w),
  'behind a Cast from float16': product(
    [cast('w16', 'w'), op('MatMul', ['x', 'w'], ['y'])],
    tensor('w16', [IN, OUT], HALVES),
  ),
  'behind an Identity and a Transpose': product(
    [
      op('Identity', ['w'], ['i']),
      op('Transpose', ['i'], ['t'], integers('perm', [1, 0])),
      op('MatMul', ['x', 't'], ['y']),
    ],
    turned,
  ),
  'in a Constant': product([
    op('Constant', [], ['w'], Buffer.concat([Buffer.from([10, 5]), Buffer.from('value'), constant(w)])),
    op('MatMul', ['x', 'w'], ['y']),
  ]),
}

/** AttributeProto.t and its type. */
function constant(of: Buffer): Buffer {
  const length = of.length
  return Buffer.concat([Buffer.from([42, (length & 127) | 128, length >> 7]), of, Buffer.from([160, 1, 4])])
}

/** Writes the graph and the same in int8 beside it. */
async function changedGraph(folder: string, parts: Parts): Promise<{ before: string; after: string; said: string }> {
  const [before, after] = [join(folder, 'before.onnx'), join(folder, 'after.onnx')]
  const said = await withGraph(before, model(parts), (links) => {
    const changes = noChanges()
    const sentence = int8Products(links, changes, IN * OUT, inGraph)
    writeGraph(links.graph, changes, after)
    return sentence
  })
  return { before, after, said }
}

function distance(found: Float32Array, expected: Float32Array): number {
  assert.equal(found.length, expected.length)
  return Math.max(...expected.map((value, i) => Math.abs(value - (found[i] ?? Number.NaN))))
}

describe('a matrix in eight bits', () => {
  it('is, in each column, within half a step of its own scale, and turned over where it is stored so', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.infiniteStream(fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 })),
        (rows, columns, numbers) => {
          const matrix = Float32Array.from(numbers.take(rows * columns))
          const { values, scales } = quantise(matrix, rows, columns, false)
          for (const [i, number] of matrix.entries()) {
            const scale = scales[i % columns] ?? 0
            assert.ok(Math.abs((values[i] ?? 0) * scale - number) <= scale * 0.501, `${number} ${values[i]} ${scale}`)
            assert.ok(Math.abs(values[i] ?? 0) <= 64)
          }
          const other = Float32Array.from(matrix, (_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)] ?? 0)
          assert.deepEqual(quantise(other, rows, columns, true), { values, scales })
        },
      ),
    ))
})

describe('a product with a constant matrix', () => {
  for (const [what, parts] of Object.entries(FOUND))
    it(`${what}: is in int8, near to what it was, fused into one operator, and its float weights are gone`, async () => {
      await using folder = await temporaryFolder()
      const { before, after, said } = await changedGraph(folder.path, parts)
      assert.match(said, /1 products by 1 constant matrices of 384 numbers/)
      const [expected, found] = [await answer(before, { x: X }), await answer(after, { x: X })]
      // Sums of 24 products of numbers in -1..1: an input is off by half of 2/255, a weight by half of 1/64.
      const apart = distance(found, expected)
      assert.ok(apart < (24 * (1 / 255 + 1 / 128)) / 2, `${apart}`)
      assert.ok(apart > 0, 'it is not the float product any more')
      const kept = { float: 4, halves: 2 }[what.includes('float16') ? 'halves' : 'float'] * IN * OUT
      assert.ok((await stat(after)).size < (await stat(before)).size - kept + IN * OUT + 1000)
      await withGraph(after, null, ({ graph }) => {
        assert.ok(!operatorsOf(graph).some((one) => ['MatMul', 'Gemm', 'Identity', 'Transpose'].includes(one)))
        assert.ok(!graph.initialisers.has('w') && !graph.initialisers.has('w16'))
      })
      const fused = join(folder.path, 'fused.onnx')
      const session = await InferenceSession.create(after, { optimizedModelFilePath: fused, logSeverityLevel: 4 })
      await session.release()
      await withGraph(fused, null, ({ graph }) => assert.deepEqual(operatorsOf(graph), ['DynamicQuantizeMatMul']))
      assert.ok(mixesRows(after) && mixesRows(fused) && !mixesRows(before))
    })

  it('scales an input once for all that take it, and keeps a matrix that rows are gathered from as well', async () => {
    await using folder = await temporaryFolder()
    const nodes = [
      op('MatMul', ['x', 'w'], ['p']),
      op('MatMul', ['x', 'w'], ['q']),
      op('Gather', ['w', 'first'], ['g'], integer('axis', 0)),
      op('Add', ['p', 'q'], ['s']),
      op('Add', ['s', 'g'], ['y']),
    ]
    const { before, after, said } = await changedGraph(folder.path, product(nodes, w, whole('first', 0)))
    assert.match(said, /2 products by 1 constant matrices/)
    await withGraph(after, null, ({ graph }) => {
      assert.equal(operatorsOf(graph).filter((one) => one === 'DynamicQuantizeLinear').length, 1)
      assert.ok(graph.initialisers.has('w') && operatorsOf(graph).includes('Gather'))
    })
    assert.ok(distance(await answer(after, { x: X }), await answer(before, { x: X })) < 0.3)
  })

  const left = tensor('l', [OUT, IN], TURNED)
  const STAYS: Record<string, Parts> = {
    'a matrix that is smaller': product([op('MatMul', ['x', 'v'], ['y'])], tensor('v', [IN, 15], wave(IN * 15, 1))),
    'a constant on the left': product([op('MatMul', ['l', 'x'], ['y'])], left),
    'a matrix that is computed': product([op('Abs', ['w'], ['v']), op('MatMul', ['x', 'v'], ['y'])], w),
    'one that may be fed': {
      ...product([op('MatMul', ['x', 'w'], ['y'])], w),
      inputs: [value('x', FLOAT, ['rows', IN]), value('w', FLOAT, [IN, OUT])],
    },
    'a product in float16': {
      ...product([op('MatMul', ['x', 'w'], ['y'])], tensor('w', [IN, OUT], HALVES)),
      inputs: [value('x', HALF, ['rows', IN])],
    },
    'a stack of matrices': product([op('MatMul', ['x', 's'], ['y'])], tensor('s', [2, IN, OUT], wave(2 * IN * OUT, 1))),
    'a Gemm that scales': product([gemm(float('alpha', 0.5))], w, bias),
    'a Gemm that turns its input over': product([gemm(integer('transA', 1))], w, bias),
    'whole numbers': product([op('MatMul', ['x', 'n'], ['y'])], tensor('n', [IN, OUT], new BigInt64Array(IN * OUT))),
    'a convolution': product([op('Conv', ['x', 'c'], ['y'])], tensor('c', [OUT, IN, 1, 1], TURNED)),
  }
  for (const [what, parts] of Object.entries(STAYS))
    it(`stays where it is ${what}, and there is nothing to make int8`, async () => {
      await using folder = await temporaryFolder()
      await assert.rejects(changedGraph(folder.path, parts), refused('pack_unsupported', 'graph'))
    })

  it('is refused where the operators of int8 are not known yet', async () => {
    await using folder = await temporaryFolder()
    const parts = { ...product([op('MatMul', ['x', 'w'], ['y'])], w), opset: 10 }
    await assert.rejects(changedGraph(folder.path, parts), refused('pack_unsupported', 'opset_import'))
  })

  it('has its weights beside the graph where they lay there, with those that stay and none that went', async () => {
    await using folder = await temporaryFolder()
    const size = 4 * IN * OUT
    const data = Buffer.concat([Buffer.alloc(16), Buffer.from(W.buffer), Buffer.from(B.buffer)])
    const nodes = [
      op('Unsqueeze', ['timestep', 'zero'], ['t']),
      op('MatMul', ['x', 'w'], ['p']),
      op('Add', ['b', 'p'], ['q']),
      op('Mul', ['q', 't'], ['y']),
    ]
    const parts = product(
      nodes,
      beside('w', [IN, OUT], 16, size),
      beside('b', [OUT], 16 + size, 4 * OUT),
      whole('zero', 0),
    )
    const inputs = [...parts.inputs, value('timestep', FLOAT, [])]
    const [source, target] = ['old', 'new'].map((name) => join(folder.path, name, 'model.onnx'))
    assert.ok(source && target)
    for (const name of ['old', 'new']) await mkdir(join(folder.path, name))
    await writeFile(source, model({ ...parts, inputs }))
    await writeFile(`${source}_data`, data)
    const { sentences, replaced } = changeDenoiser(source, target, IN * OUT)
    assert.deepEqual([sentences.length, [...replaced]], [2, ['model.onnx_data']])
    const beneath = await readFile(`${target}_data`)
    assert.ok(beneath.includes(Buffer.from(B.buffer)) && !beneath.includes(Buffer.from(W.buffer)))
    const expected = await answer(source, { x: X, timestep: { values: [2], dims: [] } })
    const found = await answer(target, { x: X, timestep: { values: [2], dims: [1] } })
    assert.ok(distance(found, expected) < 0.4)
    // A timestep alone leaves data where it is: the graph names the old file, which is copied whole.
    const alone = join(folder.path, 'alone.onnx')
    assert.equal(changeDenoiser(source, alone, null).replaced.size, 0)
    await writeFile(join(folder.path, 'model.onnx_data'), data)
    assert.deepEqual(await answer(alone, { x: X, timestep: { values: [2], dims: [1] } }), expected)
  })
})

// Graphs that are wrong in one way each: what they hide is written by hand into the tiny model's denoiser (graphs.ts).
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ModelErrorCode } from '../../models/runtime/error.ts'
import * as graphs from './graphs.ts'
import { type Changes, TINY_SD, writeManifest } from './tiny.ts'

export type Malformed = {
  what: string
  code: ModelErrorCode
  /** The end of the file's path. */
  file: string
  field?: string
  changes?: Changes
  /** Once pack.json is written. */
  spoil?: (dir: string) => Promise<unknown>
  /** Only a look at every byte, or opening it, tells. */
  late?: true
}

const GRAPH = 'unet/model.onnx'
const DATA = 'unet/model.onnx_data'
const UNET = await readFile(join(TINY_SD, GRAPH))

/** A graph in the place of the denoiser, and 16 bytes of data beside it. */
const graph = (what: string, bytes: Buffer | string, of: Partial<Malformed> = {}): Malformed => ({
  what,
  code: 'pack_corrupt',
  file: GRAPH,
  spoil: async (dir) => {
    await writeFile(join(dir, GRAPH), bytes)
    await writeFile(join(dir, DATA), Buffer.alloc(16))
    await writeManifest(dir, { id: dir.slice(dir.lastIndexOf('/') + 1) })
  },
  ...of,
})
const foreign = (what: string, bytes: Buffer): Malformed =>
  graph(what, bytes, { code: 'pack_unsupported', field: 'evil.ops::Run' })
const GOOD = [
  ['location', 'model.onnx_data'],
  ['offset', '0'],
  ['length', '16'],
] as const
const data = (
  what: string,
  key: string,
  entries: readonly (readonly [string, string])[],
  place = graphs.initializer,
): Malformed =>
  graph(`external data ${what}`, graphs.withMore(UNET, place(graphs.external(entries))), {
    field: `external_data[w].${key}`,
  })
const at = (location: string) => [['location', location]] as const
const deep = Array.from({ length: 40 }).reduce<Buffer>(
  (inner) => graphs.node('If', '', graphs.graphAttribute(inner)),
  Buffer.alloc(0),
)

export const GRAPHS: readonly Malformed[] = [
  graph('a graph that is text', 'not a graph at all, and longer than a byte'),
  graph('a graph that is empty', '', { field: 'graph' }),
  graph('a graph that is cut short', UNET.subarray(0, 400_000)),
  graph('a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n', { field: 'graph' }),
  graph('a model without a graph', graphs.message(graphs.field(1, 8), graphs.field(8, graphs.field(2, 17))), {
    field: 'graph',
  }),
  graph('a model of two graphs', graphs.message(UNET, graphs.field(7, Buffer.alloc(0))), { field: 'graph' }),
  graph('graphs in graphs without end', graphs.withMore(UNET, deep), { field: 'graph' }),
  foreign('an operator of a library', graphs.withMore(UNET, graphs.node('Run', 'evil.ops'))),
  foreign(
    'one inside a branch',
    graphs.withMore(UNET, graphs.node('If', '', graphs.graphAttribute(graphs.node('Run', 'evil.ops')))),
  ),
  foreign(
    'one inside a function',
    graphs.withMore(UNET, Buffer.alloc(0), graphs.localFunction('f', 'mine', 'Run', 'evil.ops')),
  ),
  data('by an absolute path', 'location', at('/etc/passwd.onnx_data')),
  data('that climbs out', 'location', at('../../good/unet/model.onnx_data')),
  data('that climbs out in the middle', 'location', at('a/../../../x.onnx_data')),
  data('by a path of another system', 'location', at('..\\x.onnx_data')),
  data('by an address in memory', 'location', at('*/_ORT_MEM_ADDR_/*')),
  data('in a file of another kind', 'location', at('config.json')),
  data('that is not there', 'location', at('other.onnx_data')),
  data('without a place', 'location', [['offset', '0']]),
  data('named twice', 'location', [['location', '../x.onnx_data'], ...GOOD]),
  data('that is cut short', 'length', [GOOD[0], ['offset', '1'], GOOD[2]]),
  data('that is cut short, by its dimensions', 'length', [GOOD[0], ['offset', '1']]),
  data('that begins behind its end', 'offset', [GOOD[0], ['offset', '17'], GOOD[2]]),
  data('that begins before its beginning', 'offset', [GOOD[0], ['offset', '-1'], GOOD[2]]),
  data('of another length than its dimensions say', 'length', [GOOD[0], GOOD[1], ['length', '8']]),
  data('of a sparse tensor', 'location', at('../x.onnx_data'), (tensor) => graphs.sparse(1, tensor)),
  data('of its indices', 'location', at('../x.onnx_data'), (tensor) => graphs.sparse(2, tensor)),
  data('of a constant', 'location', at('../x.onnx_data'), (tensor) =>
    graphs.node('Constant', '', graphs.tensorAttribute(tensor)),
  ),
  data('inside a branch', 'location', at('../x.onnx_data'), (tensor) =>
    graphs.node('If', '', graphs.graphAttribute(graphs.initializer(tensor))),
  ),
  graph(
    'external data of a graph that trains',
    graphs.withMore(UNET, Buffer.alloc(0), graphs.training(graphs.initializer(graphs.external(at('../x.onnx_data'))))),
    {
      field: 'external_data[w].location',
    },
  ),
]

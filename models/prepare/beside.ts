// The file beside a graph that holds its weights, written anew where some of them are exchanged: the new ones, then those that stay.
// What nobody takes any more is not carried along.
import { closeSync, fsyncSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ModelError } from '../runtime/error.ts'
import { field, packed } from './encode.ts'
import type { Graph, Tensor } from './graph.ts'
import type { Store } from './int8.ts'
import { type Changes, copyBytes, edited, writeWhole } from './write-graph.ts'

// As ONNX Runtime's memory maps like it on no machine worse than on another.
const ALIGNMENT = 64
const ELSEWHERE = 1

export type Beside = {
  store: Store
  /** Copies what stays, with its new place in `changes`. ModelError pack_unsupported: a tensor without a length. */
  keep(changes: Changes): void
  [Symbol.dispose](): void
}

/** Names of the files that a graph's initialisers lie in, as the graph says them. */
export function filesBeside(graph: Graph): Set<string> {
  return new Set(Array.from(graph.initialisers.values(), ({ external }) => external?.location ?? '').filter(Boolean))
}

/** Begins <folder>/<location>. */
export function openBeside(graph: Graph, folder: string, location: string): Beside {
  const handle = openSync(join(folder, location), 'wx')
  let at = 0

  function align(): number {
    const gap = (ALIGNMENT - (at % ALIGNMENT)) % ALIGNMENT
    writeWhole(handle, Buffer.alloc(gap))
    at += gap
    return at
  }
  const place = (offset: number, length: number) =>
    Buffer.concat(
      Object.entries({ location, offset, length }).map(([key, value]) =>
        field(13, Buffer.concat([field(1, key), field(2, `${value}`)])),
      ),
    )

  function moved(tensor: Tensor): Uint8Array {
    const { external, name, body } = tensor
    const { file } = graph.open
    if (external === null || external.length === null)
      throw new ModelError('pack_unsupported', `${file}: ${name}: its external data has no length; export it again`, {
        file,
        field: `external_data[${name}].length`,
      })
    const offset = align()
    const source = openSync(join(dirname(file), external.location), 'r')
    try {
      copyBytes(source, { start: external.offset, end: external.offset + external.length }, handle)
    } finally {
      closeSync(source)
    }
    at += external.length
    let placed = false
    return edited(graph.open, body, ({ number }) => {
      if (number !== 13) return null
      const entries = placed ? Buffer.alloc(0) : place(offset, external.length ?? 0)
      placed = true
      return entries
    })
  }

  return {
    store(name, type, dims, bytes) {
      const offset = align()
      writeWhole(handle, bytes)
      at += bytes.length
      const described = [packed(1, dims), field(2, type), field(8, name), place(offset, bytes.length)]
      return Buffer.concat([...described, field(14, ELSEWHERE)])
    },
    keep(changes) {
      for (const [name, tensor] of graph.initialisers)
        if (tensor.external !== null && !changes.initialisers.has(name)) changes.initialisers.set(name, moved(tensor))
      fsyncSync(handle)
    },
    [Symbol.dispose]: () => closeSync(handle),
  }
}

// Writes a graph with changes: what is not changed is copied byte by byte, in its order, so that it is what it was. External data
// stays where it is. Lengths are known before a byte is written: a graph is never held in memory.
import { closeSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs'
import { ModelError } from '../runtime/error.ts'
import { MOST_BYTES } from '../runtime/pack-files.ts'
import type { Field, ProtobufFile, Span } from '../runtime/protobuf.ts'
import { field, prefix } from './encode.ts'
import type { Graph } from './graph.ts'

export type Changes = {
  /** By a node's index: the bodies that stand in its place; none removes it. */
  nodes: Map<number, readonly Uint8Array[]>
  /** By an initialiser's name: its body; null removes it. */
  initialisers: Map<string, Uint8Array | null>
  added: Uint8Array[]
  /** By an input's name: its body. */
  inputs: Map<string, Uint8Array>
  /** Values whose shapes are no longer what the exporter said of them; ONNX Runtime finds them out itself. */
  forgotten: Set<string>
}
export const noChanges = (): Changes => ({
  nodes: new Map(),
  initialisers: new Map(),
  added: [],
  inputs: new Map(),
  forgotten: new Set(),
})

/** Bytes of the source, or others. */
type Piece = Span | Uint8Array

const [NODE, INITIALISER, INPUT, VALUE] = [1, 5, 11, 13] as const
const COPIED = 1024 * 1024

/** Writes the whole model. ModelError pack_unsupported: it would be larger than a graph file may be. */
export function writeGraph(graph: Graph, changes: Changes, file: string): void {
  const { open } = graph
  const inner = piecesOf(graph, changes)
  const pieces: Piece[] = []
  for (const { whole, found } of fieldsOf(open, open.whole)) {
    if (found.number !== 7) pieces.push(whole)
    else pieces.push(prefix(7, lengthOf(inner)), ...inner)
  }
  const most = MOST_BYTES['.onnx'] ?? 0
  if (lengthOf(pieces) > most)
    throw new ModelError(
      'pack_unsupported',
      `${open.file}: ${lengthOf(pieces)} bytes where a graph has ${most} at most`,
      {
        file: open.file,
        field: 'size_bytes',
      },
    )
  write(open.file, pieces, file)
}

function piecesOf({ open, body }: Graph, changes: Changes): Piece[] {
  const pieces: Piece[] = []
  let node = 0
  for (const { whole, found } of fieldsOf(open, body)) {
    const bodies = bodiesFor(open, changes, found, found.number === NODE ? node++ : -1)
    if (bodies === 'kept') pieces.push(whole)
    else pieces.push(...bodies.map((bytes) => field(found.number, bytes)))
  }
  for (const tensor of changes.added) pieces.push(prefix(INITIALISER, tensor.length), tensor)
  return joined(pieces)
}

function bodiesFor(open: ProtobufFile, changes: Changes, found: Field, node: number): readonly Uint8Array[] | 'kept' {
  if (found.number === NODE) return changes.nodes.get(node) ?? 'kept'
  if (found.number === INITIALISER) {
    const change = changes.initialisers.get(nameOf(open, found, 8))
    return change === undefined ? 'kept' : change === null ? [] : [change]
  }
  if (found.number === INPUT) {
    const change = changes.inputs.get(nameOf(open, found, 1))
    return change === undefined ? 'kept' : [change]
  }
  return found.number === VALUE && changes.forgotten.has(nameOf(open, found, 1)) ? [] : 'kept'
}

function nameOf(open: ProtobufFile, message: Span, number: number): string {
  for (const part of open.fields(message)) if (part.number === number) return open.text(part)
  return ''
}

/** A message with some of its fields exchanged; null keeps a field as it is. */
export function edited(open: ProtobufFile, body: Span, change: (found: Field) => Uint8Array | null): Buffer {
  const parts = Array.from(fieldsOf(open, body), ({ whole, found }) => change(found) ?? open.bytes(whole))
  return Buffer.concat(parts)
}

/** Fields with their number and length before them: they lie side by side. */
function* fieldsOf(open: ProtobufFile, message: Span): Generator<{ whole: Span; found: Field }> {
  let start = message.start
  for (const found of open.fields(message)) {
    yield { whole: { start, end: found.end }, found }
    start = found.end
  }
}

/** Neighbours of the source as one. */
function joined(pieces: readonly Piece[]): Piece[] {
  const all: Piece[] = []
  for (const piece of pieces) {
    const last = all.at(-1)
    if (last !== undefined && 'start' in last && 'start' in piece && last.end === piece.start)
      all[all.length - 1] = { start: last.start, end: piece.end }
    else all.push(piece)
  }
  return all
}

function lengthOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, piece) => sum + ('start' in piece ? piece.end - piece.start : piece.length), 0)
}

function write(source: string, pieces: readonly Piece[], file: string): void {
  const from = openSync(source, 'r')
  const to = openSync(file, 'wx')
  try {
    for (const piece of pieces)
      if ('start' in piece) copyBytes(from, piece, to)
      else writeWhole(to, piece)
    fsyncSync(to)
  } finally {
    closeSync(to)
    closeSync(from)
  }
}

/** Copies a part of an open file to where another one stands. RangeError: the source is shorter. */
export function copyBytes(from: number, { start, end }: Span, to: number): void {
  const buffer = Buffer.alloc(Math.min(COPIED, end - start))
  for (let at = start; at < end; ) {
    const read = readSync(from, buffer, 0, Math.min(buffer.length, end - at), at)
    if (read === 0) throw new RangeError(`a file ends at ${at}, before ${end}`)
    writeWhole(to, buffer.subarray(0, read))
    at += read
  }
}

export function writeWhole(to: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(to, bytes, at, bytes.length - at)
}

// Walks a protobuf file without loading it: a window over the file, and the fields of one message at a time, told by where they lie.
// Nothing is trusted: a length that leaves its message, a wire type or a field number that does not exist ends the walk.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { ModelError } from './error.ts'

/** Where a message lies in its file. */
export type Span = { start: number; end: number }
export type Field = Span & {
  number: number
  /** Of a varint or a fixed number; null where bytes follow, which lie from `start` to `end`. */
  value: bigint | null
}
export type ProtobufFile = {
  readonly file: string
  readonly whole: Span
  fields(message: Span): Generator<Field>
  /** UTF-8 of at most `TEXT_BYTES`. */
  text(span: Span): string
  /** All of it, which is held in memory. */
  bytes(span: Span): Buffer
  /** Whole numbers of a repeated field, packed or not. */
  numbers(field: Field): bigint[]
  [Symbol.dispose](): void
}

const WINDOW = 64 * 1024
// A read takes 2 GiB at most.
const CHUNK = 2 ** 30
const TEXT_BYTES = 64 * 1024
const NUMBERS = 4096

/** Opens a file to be walked. ModelError pack_corrupt: whatever is no protobuf, where it stops being one. */
export function openProtobuf(file: string): ProtobufFile {
  const handle = openSync(file, 'r')
  const size = fstatSync(handle).size
  const window = Buffer.alloc(WINDOW)
  let [from, until] = [0, 0]

  const broken = (at: number, what: string) =>
    new ModelError('pack_corrupt', `${file}: not protobuf at byte ${at}: ${what}; fetch or export it again`, { file })

  function byte(at: number, end: number): number {
    if (at >= end) throw broken(at, 'it ends in the middle')
    if (at < from || at >= until) {
      from = at
      until = at + readSync(handle, window, 0, WINDOW, at)
      if (until === from) throw broken(at, 'it ends in the middle')
    }
    return window[at - from] ?? 0
  }

  function varint(at: number, end: number): { value: bigint; next: number } {
    let value = 0n
    for (let i = 0; i < 10; i++) {
      const bits = byte(at + i, end)
      value |= BigInt(bits & 0x7f) << BigInt(7 * i)
      if (bits < 0x80) return { value: BigInt.asUintN(64, value), next: at + i + 1 }
    }
    throw broken(at, 'a number that does not end')
  }

  function* fields({ start, end }: Span): Generator<Field> {
    for (let at = start; at < end; ) {
      const key = varint(at, end)
      const number = Number(key.value >> 3n)
      if (number < 1 || number >= 2 ** 29) throw broken(at, `field ${number}`)
      const wire = Number(key.value & 7n)
      const field = readField(number, wire, key.next, end)
      yield field
      at = field.end
    }
  }

  function readField(number: number, wire: number, at: number, end: number): Field {
    if (wire === 0) {
      const { value, next } = varint(at, end)
      return { number, value, start: at, end: next }
    }
    if (wire === 1 || wire === 5) {
      const next = at + (wire === 1 ? 8 : 4)
      if (next > end) throw broken(at, 'it ends in the middle')
      return { number, value: 0n, start: at, end: next }
    }
    if (wire !== 2) throw broken(at, `wire type ${wire}`)
    const { value: length, next } = varint(at, end)
    if (length > BigInt(end - next)) throw broken(at, `${length} bytes where ${end - next} are left`)
    return { number, value: null, start: next, end: next + Number(length) }
  }

  function bytes({ start, end }: Span): Buffer {
    const all = Buffer.alloc(end - start)
    for (let at = 0; at < all.length; ) {
      const read = readSync(handle, all, at, Math.min(all.length - at, CHUNK), start + at)
      if (read === 0) throw broken(start + at, 'it ends in the middle')
      at += read
    }
    return all
  }

  return {
    file,
    whole: { start: 0, end: size },
    fields,
    bytes,
    text({ start, end }) {
      if (end - start > TEXT_BYTES) throw broken(start, `a name of ${end - start} bytes`)
      const bytes = Buffer.alloc(end - start)
      readSync(handle, bytes, 0, bytes.length, start)
      return bytes.toString('utf8')
    },
    numbers({ value, start, end }) {
      if (value !== null) return [value]
      const values: bigint[] = []
      for (let at = start; at < end; ) {
        const { value: one, next } = varint(at, end)
        values.push(one)
        if (values.length > NUMBERS) throw broken(start, `a list of more than ${NUMBERS} numbers`)
        at = next
      }
      return values
    },
    [Symbol.dispose]: () => closeSync(handle),
  }
}

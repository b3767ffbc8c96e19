// Fields of protobuf messages as bytes: what a changed graph is written with. Numbers of 32 and 64 fixed bits are not needed here.
// Reading: runtime/protobuf.ts.

/** A whole number in groups of seven bits; a negative one as its two's complement in 64 bits. */
export function varint(value: number | bigint): Buffer {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  do {
    const bits = Number(rest & 0x7fn)
    rest >>= 7n
    bytes.push(rest === 0n ? bits : bits | 0x80)
  } while (rest !== 0n)
  return Buffer.from(bytes)
}

/** What stands before a field whose bytes follow: its number, and how many there are. */
export function prefix(number: number, length: number): Buffer {
  return Buffer.concat([varint(number * 8 + 2), varint(length)])
}

/** One field: a number, or text, a message or raw bytes. */
export function field(number: number, value: number | bigint | string | Uint8Array): Buffer {
  if (typeof value === 'number' || typeof value === 'bigint') return Buffer.concat([varint(number * 8), varint(value)])
  const bytes = typeof value === 'string' ? Buffer.from(value) : value
  return Buffer.concat([prefix(number, bytes.length), bytes])
}

/** The same field once for each value. */
export function repeated(number: number, values: readonly (number | bigint | string | Uint8Array)[]): Buffer {
  return Buffer.concat(values.map((value) => field(number, value)))
}

/** Whole numbers of a repeated field, packed as proto3 packs them. */
export function packed(number: number, values: readonly (number | bigint)[]): Buffer {
  return field(number, Buffer.concat(values.map(varint)))
}

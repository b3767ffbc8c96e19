// The Distinguished Encoding Rules (X.690), as far as timestamps need them: elements with a tag of one byte and a length that is spelled
// the shortest way. Whatever else a stranger sends is a RangeError that says what.

/** `bytes`: the whole of it, tag and length included. */
export type Element = { readonly tag: number; readonly body: Buffer; readonly bytes: Buffer }

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  octets: 0x04,
  null: 0x05,
  identifier: 0x06,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  /** [0], constructed. */
  first: 0xa0,
} as const

const LONG = 0x80
const MOST_LENGTH_BYTES = 4

export function element(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([Uint8Array.of(tag), lengthOf(body.length), body])
}

/** Of a whole number that is not negative, big-endian. */
export function integer(bytes: Uint8Array): Buffer {
  const from = bytes.findIndex((byte) => byte !== 0)
  const short = from < 0 ? Buffer.of(0) : Buffer.from(bytes.subarray(from))
  return element(TAG.integer, (short[0] ?? 0) < 0x80 ? short : Buffer.concat([Uint8Array.of(0), short]))
}

/** Every element of a stretch of bytes, one behind the other. */
export function elementsOf(bytes: Buffer): Element[] {
  const found: Element[] = []
  for (let rest = bytes; rest.length > 0; ) {
    const [one, more] = split(rest)
    found.push(one)
    rest = more
  }
  return found
}

/** The elements inside the only element of `bytes`, which has that tag. */
export function inside(bytes: Buffer, tag: number, what: string): Element[] {
  const [one, more] = split(bytes)
  if (more.length > 0) throw new RangeError(`something follows ${what}`)
  return elementsOf(expectTag(one, tag, what).body)
}

/** The element, if it is there and has that tag. */
export function expectTag(one: Element | undefined, tag: number, what: string): Element {
  if (one === undefined) throw new RangeError(`${what} is missing`)
  if (one.tag !== tag) throw new RangeError(`${what} has the tag ${hex(one.tag)}, not ${hex(tag)}`)
  return one
}

function split(bytes: Buffer): [Element, Buffer] {
  const [tag, first] = bytes
  if (tag === undefined || first === undefined) throw new RangeError('an element ends in its header')
  if ((tag & 0x1f) === 0x1f) throw new RangeError('an element has a tag of more than one byte')
  const more = first < LONG ? 0 : first - LONG
  if (first === LONG || more > MOST_LENGTH_BYTES) throw new RangeError('an element has no length that DER knows')
  if (bytes.length < 2 + more) throw new RangeError('an element ends in its header')
  const length = more === 0 ? first : bytes.readUIntBE(2, more)
  const start = 2 + more
  if (!lengthOf(length).equals(bytes.subarray(1, start)))
    throw new RangeError('a length is not spelled the shortest way')
  const end = start + length
  if (bytes.length < end) throw new RangeError(`an element of ${length} bytes ends after ${bytes.length - start}`)
  return [{ tag, body: bytes.subarray(start, end), bytes: bytes.subarray(0, end) }, bytes.subarray(end)]
}

function lengthOf(length: number): Buffer {
  if (length < LONG) return Buffer.of(length)
  const bytes = Buffer.alloc(MOST_LENGTH_BYTES)
  bytes.writeUInt32BE(length)
  const short = bytes.subarray(bytes.findIndex((byte) => byte !== 0))
  return Buffer.concat([Uint8Array.of(LONG + short.length), short])
}

function hex(tag: number): string {
  return tag.toString(16).padStart(2, '0')
}

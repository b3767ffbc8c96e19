// Writes protobuf by hand, to make graphs that no exporter would: what is added to a good graph is added to its one message.
// Field numbers: onnx.proto3 of ONNX 1.20.

type Value = Buffer | string | number

/** One field: bytes and text by their length, whole numbers as varints. */
export function field(number: number, value: Value): Buffer {
  if (typeof value === 'number') return Buffer.concat([varint(number * 8), varint(value)])
  const bytes = Buffer.from(value)
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes])
}

export function message(...fields: Buffer[]): Buffer {
  return Buffer.concat(fields)
}

/** GraphProto.initializer */
export const initializer = (tensor: Buffer) => field(5, tensor)
/** GraphProto.sparse_initializer, of its values or its indices. */
export const sparse = (part: 1 | 2, tensor: Buffer) => field(15, field(part, tensor))
/** GraphProto.node with attributes. */
export const node = (operator: string, domain: string, ...attributes: Buffer[]) =>
  field(1, message(field(3, 'odd'), field(4, operator), field(7, domain), ...attributes.map((one) => field(5, one))))
/** AttributeProto of a tensor or of a graph. */
export const tensorAttribute = (tensor: Buffer) => message(field(1, 'value'), field(5, tensor), field(20, 4))
export const graphAttribute = (graph: Buffer) => message(field(1, 'body'), field(6, graph), field(20, 5))
/** ModelProto.functions */
export const localFunction = (name: string, domain: string, operator: string, operatorDomain: string) =>
  field(25, message(field(1, name), field(7, message(field(4, operator), field(7, operatorDomain))), field(10, domain)))
/** ModelProto.training_info with a graph. */
export const training = (graph: Buffer) => field(20, field(2, graph))

/** A float tensor of 4 whose bytes lie elsewhere. */
export function external(entries: readonly (readonly [string, string])[]): Buffer {
  const data = entries.map(([key, value]) => field(13, message(field(1, key), field(2, value))))
  return message(field(1, 4), field(2, 1), field(8, 'w'), ...data, field(14, 1))
}

/** The model with more in its graph, and more beside it. */
export function withMore(model: Buffer, inGraph: Buffer, beside: Buffer = Buffer.alloc(0)): Buffer {
  const out: Buffer[] = []
  for (let at = 0; at < model.length; ) {
    const key = readVarint(model, at)
    const value = readVarint(model, key.next)
    const bytes = key.value % 8 === 2
    const end = bytes ? value.next + value.value : value.next
    out.push(
      key.value === 7 * 8 + 2 ? field(7, message(model.subarray(value.next, end), inGraph)) : model.subarray(at, end),
    )
    at = end
  }
  return message(...out, beside)
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  return Buffer.from([...bytes, rest])
}

function readVarint(from: Buffer, start: number): { value: number; next: number } {
  let [value, at] = [0, start]
  for (let scale = 1; ; scale *= 128) {
    const byte = from[at++] ?? 0
    value += (byte % 128) * scale
    if (byte < 128) return { value, next: at }
  }
}

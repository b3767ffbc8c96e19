// What crosses the border to a session: families speak float32 and plain numbers, sessions speak what the export declares.
// Conversions are exact, or round to nearest even (float16); nothing here knows a model.

export type ElementType = 'float32' | 'float16' | 'int32' | 'int64'

/** An input or output as the session's metadata declares it; a symbolic dimension is its name. */
export type TensorSpec = { name: string; type: string; shape: readonly (number | string)[] }

/** Values for one input, row-major; the session converts them to the declared type. */
export type Feed = { values: Float32Array | readonly number[]; dims: readonly number[] }

/** One output, converted to float32. */
export type Output = { values: Float32Array; dims: readonly number[] }

/** The values in the declared element type. Whole types cut fractions off, as torch's `.to(torch.int64)` does. */
export function encode(values: Feed['values'], type: ElementType) {
  switch (type) {
    case 'float32':
      return values instanceof Float32Array ? values : Float32Array.from(values)
    case 'float16':
      return Uint16Array.from(values, toHalf)
    case 'int32':
      return Int32Array.from(values, Math.trunc)
    case 'int64':
      return BigInt64Array.from(Array.from(values, (value) => BigInt(Math.trunc(value))))
    default:
      return type satisfies never
  }
}

const scratch = new DataView(new ArrayBuffer(4))

/** The bits of the nearest float16; ties go to even, overflow to infinity. */
export function toHalf(value: number): number {
  scratch.setFloat32(0, value)
  const bits = scratch.getUint32(0)
  const sign = (bits >>> 16) & 0x8000
  const magnitude = bits & 0x7fffffff
  if (magnitude > 0x7f800000) return sign | 0x7e00
  if (magnitude >= 0x47800000) return sign | 0x7c00
  if (magnitude >= 0x38800000) return sign | roundShift(magnitude - 0x38000000, 13)
  if (magnitude < 0x33000000) return sign
  return sign | roundShift((magnitude & 0x7fffff) | 0x800000, 126 - (magnitude >>> 23))
}

function roundShift(value: number, shift: number): number {
  const kept = value >>> shift
  const rest = value - kept * 2 ** shift
  const half = 2 ** (shift - 1)
  return rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept
}

/** The value of float16 bits. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >>> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** True when every value is a number and finite: a sum of float32 values cannot overflow a double. */
export function allFinite(values: Float32Array): boolean {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i] ?? 0
  return Number.isFinite(sum)
}

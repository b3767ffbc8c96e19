// Measures for parity tests: differences are relative to the golden's own deviation.

/** Float32 values from base64, little-endian. */
export function floats(base64: string): Float32Array {
  const bytes = Buffer.from(base64, 'base64')
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
}

/** The largest difference; infinite where lengths differ or a value is not a number. */
export function worst(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Infinity
  let most = 0
  for (const [i, value] of a.entries()) {
    const difference = Math.abs(value - (b[i] ?? Number.NaN))
    if (!(difference <= most)) most = Number.isNaN(difference) ? Infinity : difference
  }
  return most
}

export function deviation(values: Float32Array): number {
  const mean = values.reduce((a, x) => a + x, 0) / values.length
  return Math.sqrt(values.reduce((a, x) => a + (x - mean) ** 2, 0) / values.length)
}

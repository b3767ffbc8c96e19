// A matrix in eight bits: symmetric, each column by its own scale. Seven of the bits are used: two products of an unsigned byte and such
// a weight fit into 16 bits, which is where CPUs without VNNI add them up, so that no CPU clips what another does not. Pure.
const LIMIT = 64
// The smallest normal float32.
const LEAST_SCALE = 2 ** -126

export type Quantised = {
  /** [rows, columns], row-major. */
  values: Int8Array
  /** A column's numbers are its values times this. */
  scales: Float32Array
}

/** Of a matrix [rows, columns], or of its transpose as it is stored. */
export function quantise(matrix: Float32Array, rows: number, columns: number, transposed: boolean): Quantised {
  const [down, across] = transposed ? [1, rows] : [columns, 1]
  const values = new Int8Array(rows * columns)
  const scales = new Float32Array(columns)
  for (let column = 0; column < columns; column++) {
    let largest = 0
    for (let row = 0; row < rows; row++)
      largest = Math.max(largest, Math.abs(matrix[row * down + column * across] ?? 0))
    // A scale must not be 0, which it would be for a column of zeros, nor so small that float32 rounds it (below LEAST_SCALE): such
    // a column becomes zeros, at any scale.
    scales[column] = largest / LIMIT < LEAST_SCALE ? 1 : largest / LIMIT
  }
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const value = (matrix[row * down + column * across] ?? 0) / (scales[column] ?? 1)
      values[row * columns + column] = Math.max(-LIMIT, Math.min(LIMIT, Math.round(value)))
    }
  return { values, scales }
}

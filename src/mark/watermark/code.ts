// The error-correcting code of the mark: a shortened BCH code over GF(2^7), decoded softly.
// Decoding is ordered statistics (Fossorier and Lin, 1995): rebuild the code word from the most reliable independent bits,
// try every flip of up to two of them, keep the word that agrees best. It always answers, so `agreement` says whether to believe it.

/** Payload size: `markId` is an unsigned integer below 2 ** MARK_ID_BITS. */
export const MARK_ID_BITS = 40

const FIELD_BITS = 7
const LENGTH = 2 ** FIELD_BITS - 1
// BCH(127, 43) corrects 14 errors by bounded distance; shortened by its 3 spare message bits.
const CORRECTS = 14
const PRIMITIVE = 0b10001001

const GENERATOR = generatorPolynomial()
const PARITY_BITS = GENERATOR.length - 1

/** Coded bits that a mark carries. */
export const CODED_BITS = MARK_ID_BITS + PARITY_BITS

if (MARK_ID_BITS > LENGTH - PARITY_BITS) throw new Error('the payload does not fit the code')

/** The code word of a payload: message bits, most significant first, then parity. Throws RangeError outside the payload's range. */
export function encodeMarkId(markId: number): Uint8Array {
  if (!Number.isSafeInteger(markId) || markId < 0 || markId >= 2 ** MARK_ID_BITS) {
    throw new RangeError(`a mark id is an unsigned integer of ${MARK_ID_BITS} bits`)
  }
  const word = new Uint8Array(CODED_BITS)
  for (let i = 0; i < MARK_ID_BITS; i++) word[i] = Math.floor(markId / 2 ** (MARK_ID_BITS - 1 - i)) % 2
  const rest = word.slice()
  for (let i = 0; i < MARK_ID_BITS; i++) {
    if (rest[i] !== 1) continue
    for (let j = 0; j <= PARITY_BITS; j++) rest[i + j] = (rest[i + j] ?? 0) ^ (GENERATOR[j] ?? 0)
  }
  word.set(rest.subarray(MARK_ID_BITS), MARK_ID_BITS)
  return word
}

export type Decoded = {
  markId: number
  /** Share of the soft energy that agrees with the code word: 1 is perfect, noise stays near 0.7. */
  agreement: number
  /** Coded bits whose sign was wrong. */
  flips: number
}

/** The best code word for soft values (positive means 1, size means trust), one for each coded bit. */
export function decodeSoft(soft: Float64Array): Decoded {
  if (soft.length !== CODED_BITS) throw new RangeError(`expected ${CODED_BITS} soft values`)
  const order = [...soft.keys()].sort((a, b) => Math.abs(soft[b] ?? 0) - Math.abs(soft[a] ?? 0))
  const { rows, pivots } = reduceToReliable(order)
  const word = new Uint8Array(CODED_BITS)
  rows.forEach((row, i) => {
    if ((soft[pivots[i] ?? 0] ?? 0) > 0) xorInto(word, row)
  })
  let total = 0
  for (const value of soft) total += Math.abs(value)
  // `gain[i]` is what flipping position i adds to the score of the current word.
  const signed = new Float64Array(CODED_BITS)
  const best = { score: Number.NEGATIVE_INFINITY, first: -1, second: -1 }
  for (let first = -1; first < rows.length; first++) {
    const base = word.slice()
    const flipped = rows[first]
    if (flipped !== undefined) xorInto(base, flipped)
    let score = 0
    for (let i = 0; i < CODED_BITS; i++) {
      signed[i] = base[i] === 1 ? (soft[i] ?? 0) : -(soft[i] ?? 0)
      score += signed[i] ?? 0
    }
    if (score > best.score) Object.assign(best, { score, first, second: -1 })
    if (first < 0) continue
    for (let second = first + 1; second < rows.length; second++) {
      const row = rows[second]
      if (row === undefined) continue
      let change = 0
      for (let i = 0; i < CODED_BITS; i++) if (row[i] === 1) change -= signed[i] ?? 0
      if (score + 2 * change > best.score) Object.assign(best, { score: score + 2 * change, first, second })
    }
  }
  for (const index of [best.first, best.second]) {
    const row = rows[index]
    if (row !== undefined) xorInto(word, row)
  }
  let markId = 0
  let flips = 0
  for (let i = 0; i < CODED_BITS; i++) {
    if (i < MARK_ID_BITS) markId = markId * 2 + (word[i] ?? 0)
    if ((soft[i] ?? 0) > 0 !== (word[i] === 1)) flips++
  }
  return { markId, agreement: total === 0 ? 0 : (1 + best.score / total) / 2, flips }
}

/** Gauss-Jordan over GF(2) with pivots taken in the order of reliability: row i is the only one with a 1 at pivots[i]. */
function reduceToReliable(order: readonly number[]): { rows: Uint8Array[]; pivots: number[] } {
  const rows = generatorRows().map((row) => row.slice())
  const pivots: number[] = []
  for (const column of order) {
    const at = pivots.length
    if (at === rows.length) break
    const found = rows.findIndex((row, index) => index >= at && row[column] === 1)
    if (found < 0) continue
    const pivotRow = rows[found]
    const displaced = rows[at]
    if (pivotRow === undefined || displaced === undefined) break
    rows[found] = displaced
    rows[at] = pivotRow
    for (const row of rows) if (row !== pivotRow && row[column] === 1) xorInto(row, pivotRow)
    pivots.push(column)
  }
  return { rows, pivots }
}

let rowsOnce: Uint8Array[] | undefined
function generatorRows(): Uint8Array[] {
  rowsOnce ??= Array.from({ length: MARK_ID_BITS }, (_, i) => encodeMarkId(2 ** (MARK_ID_BITS - 1 - i)))
  return rowsOnce
}

function xorInto(target: Uint8Array, row: Uint8Array): void {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] ?? 0) ^ (row[i] ?? 0)
}

/** Product of the minimal polynomials of α, α³, ... α^(2t-1), highest power first. */
function generatorPolynomial(): number[] {
  const power: number[] = [1]
  for (let i = 1; i < LENGTH; i++) {
    const next = (power[i - 1] ?? 0) << 1
    power.push(next > LENGTH ? next ^ PRIMITIVE : next)
  }
  const log = new Map(power.map((value, exponent) => [value, exponent]))
  const times = (a: number, b: number) =>
    a === 0 || b === 0 ? 0 : (power[((log.get(a) ?? 0) + (log.get(b) ?? 0)) % LENGTH] ?? 0)
  const done = new Set<number>()
  let product = [1]
  for (let i = 1; i < 2 * CORRECTS; i += 2) {
    for (let root = i % LENGTH; !done.has(root); root = (root * 2) % LENGTH) {
      done.add(root)
      const next = [...product, 0]
      product.forEach((coefficient, j) => {
        next[j + 1] = (next[j + 1] ?? 0) ^ times(coefficient, power[root] ?? 0)
      })
      product = next
    }
  }
  return product
}

// The Content-Code Image of ISO 24138 (ISCC, algorithm v0), pure: 256 bits from a 32×32 grey picture, held to iscc-core's published vectors.
// The upper left 16×16 of its discrete cosine transform, in four squares of 8×8; each bit says whether a value lies above the
// median of its square. Where equal values meet a median, the order of the sums decides, so the transform is theirs step by step.
import assert from 'node:assert/strict'

export const CODE_BITS = 256 as const

const SIDE = 32
const SQUARE = 8
/** From the lowest frequencies: the upper left, upper right, lower left and lower right square. */
const SQUARES: readonly (readonly [x: number, y: number])[] = [
  [0, 0],
  [SQUARE, 0],
  [0, SQUARE],
  [SQUARE, SQUARE],
]

/** The code's bits as 64 hexadecimal digits; `above` is by how much each value lies above its median, in the transform's units. */
export function contentCode(grey: Uint8Array): { hex: string; above: Float64Array } {
  const rows = Array.from({ length: SIDE }, (_, y) => cosineTransform([...grey.subarray(y * SIDE, (y + 1) * SIDE)]))
  const columns = Array.from({ length: SIDE }, (_, x) => cosineTransform(rows.map((row) => row[x] ?? 0)))
  const above = new Float64Array(CODE_BITS)
  SQUARES.forEach(([left, top], square) => {
    const values = Float64Array.from(
      { length: SQUARE * SQUARE },
      (_, i) => columns[left + (i % SQUARE)]?.[top + Math.floor(i / SQUARE)] ?? 0,
    )
    const [low = 0, high = 0] = values.toSorted().subarray((SQUARE * SQUARE) / 2 - 1)
    const middle = (low + high) / 2
    values.forEach((value, i) => {
      above[square * values.length + i] = value - middle
    })
  })
  let hex = ''
  for (let i = 0; i < CODE_BITS; i += 4) {
    hex += above
      .subarray(i, i + 4)
      .reduce((digit, value) => digit * 2 + (value > 0 ? 1 : 0), 0)
      .toString(16)
  }
  return { hex, above }
}

/** cos((i + 1/2) π / length), rounded correctly: an engine's own cosine may be a bit off, and a bit decides where values are equal. */
const COSINES: ReadonlyMap<number, readonly number[]> = new Map([
  [2, [Math.SQRT1_2]],
  [4, [0.9238795325112867, 0.38268343236508984]],
  [8, [0.9807852804032304, 0.8314696123025452, 0.5555702330196023, 0.19509032201612833]],
  [
    16,
    [
      0.9951847266721969, 0.9569403357322088, 0.881921264348355, 0.773010453362737, 0.6343932841636455,
      0.4713967368259978, 0.29028467725446233, 0.09801714032956077,
    ],
  ],
  [
    32,
    [
      0.9987954562051724, 0.989176509964781, 0.970031253194544, 0.9415440651830208, 0.9039892931234433,
      0.8577286100002721, 0.8032075314806449, 0.7409511253549591, 0.6715589548470183, 0.5956993044924335,
      0.5141027441932217, 0.4275550934302822, 0.33688985339222005, 0.24298017990326398, 0.14673047445536175,
      0.049067674327418126,
    ],
  ],
])

/** Lee's fast cosine transform, as Nayuki wrote it down and iscc-core has it; the length is a power of two. */
function cosineTransform(values: readonly number[]): number[] {
  const length = values.length
  if (length === 1) return [...values]
  const half = length / 2
  const cosines = COSINES.get(length)
  assert(cosines !== undefined, 'the length is a power of two up to 32')
  const sums: number[] = []
  const differences: number[] = []
  for (let i = 0; i < half; i++) {
    const [near, far] = [values[i] ?? 0, values[length - 1 - i] ?? 0]
    sums.push(near + far)
    differences.push((near - far) / ((cosines[i] ?? 0) * 2))
  }
  const even = cosineTransform(sums)
  const odd = cosineTransform(differences)
  return even.flatMap((value, i) => [value, (odd[i] ?? 0) + (odd[i + 1] ?? 0)])
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
/** Main type content, sub type image, version 0; then the length, in steps of 32 bits. */
const HEADER = [0x21, 0x07]

/** How the standard writes a code of 256 bits: `ISCC:` and base 32 of its header and bits. */
export function isccOf(hex: string): string {
  const bits = [...HEADER, ...Buffer.from(hex, 'hex')].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const letters = bits.match(/.{1,5}/g) ?? []
  return `ISCC:${letters.map((five) => BASE32[Number.parseInt(five.padEnd(5, '0'), 2)]).join('')}`
}

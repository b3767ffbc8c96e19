// Two-dimensional FFT over a square tile whose side is a power of two (radix 2, in place, double precision).
// Tables are computed once for each side; `forward` is unscaled and `inverse` divides by side², so inverse(forward(x)) = x.

export type Fft2 = {
  readonly side: number
  /** Transforms `re + i·im` (row-major, side²) in place. */
  forward(re: Float64Array, im: Float64Array): void
  inverse(re: Float64Array, im: Float64Array): void
}

const made = new Map<number, Fft2>()

/** The transform for one side. Throws RangeError unless `side` is a power of two between 2 and 1024. */
export function fft2(side: number): Fft2 {
  const known = made.get(side)
  if (known !== undefined) return known
  if (!Number.isInteger(Math.log2(side)) || side < 2 || side > 1024) throw new RangeError(`no FFT of side ${side}`)
  const plan = plan2(side)
  made.set(side, plan)
  return plan
}

function plan2(side: number): Fft2 {
  const cos = new Float64Array(side / 2)
  const sin = new Float64Array(side / 2)
  for (let k = 0; k < side / 2; k++) {
    cos[k] = Math.cos((2 * Math.PI * k) / side)
    sin[k] = -Math.sin((2 * Math.PI * k) / side)
  }
  const swaps = bitReversalSwaps(side)
  const columnRe = new Float64Array(side)
  const columnIm = new Float64Array(side)

  // One line of the transform; typed arrays are read with `as`-free non-null arithmetic: every index is in range.
  function line(re: Float64Array, im: Float64Array): void {
    for (let s = 0; s < swaps.length; s += 2) {
      const i = swaps[s] ?? 0
      const j = swaps[s + 1] ?? 0
      const r = re[i] ?? 0
      const m = im[i] ?? 0
      re[i] = re[j] ?? 0
      im[i] = im[j] ?? 0
      re[j] = r
      im[j] = m
    }
    for (let span = 2; span <= side; span <<= 1) {
      const half = span >> 1
      const step = side / span
      for (let start = 0; start < side; start += span) {
        for (let k = 0; k < half; k++) {
          const c = cos[k * step] ?? 0
          const s = sin[k * step] ?? 0
          const a = start + k
          const b = a + half
          const br = re[b] ?? 0
          const bi = im[b] ?? 0
          const xr = br * c - bi * s
          const xi = br * s + bi * c
          const ar = re[a] ?? 0
          const ai = im[a] ?? 0
          re[b] = ar - xr
          im[b] = ai - xi
          re[a] = ar + xr
          im[a] = ai + xi
        }
      }
    }
  }

  function forward(re: Float64Array, im: Float64Array): void {
    for (let y = 0; y < side; y++) line(re.subarray(y * side, y * side + side), im.subarray(y * side, y * side + side))
    for (let x = 0; x < side; x++) {
      for (let y = 0; y < side; y++) {
        columnRe[y] = re[y * side + x] ?? 0
        columnIm[y] = im[y * side + x] ?? 0
      }
      line(columnRe, columnIm)
      for (let y = 0; y < side; y++) {
        re[y * side + x] = columnRe[y] ?? 0
        im[y * side + x] = columnIm[y] ?? 0
      }
    }
  }

  return {
    side,
    forward,
    // The inverse is the forward transform with real and imaginary parts exchanged.
    inverse(re, im) {
      forward(im, re)
      const scale = 1 / (side * side)
      for (let i = 0; i < re.length; i++) {
        re[i] = (re[i] ?? 0) * scale
        im[i] = (im[i] ?? 0) * scale
      }
    },
  }
}

function bitReversalSwaps(side: number): number[] {
  const swaps: number[] = []
  const bits = Math.log2(side)
  for (let i = 0; i < side; i++) {
    let j = 0
    for (let b = 0; b < bits; b++) if ((i >> b) & 1) j |= 1 << (bits - 1 - b)
    if (i < j) swaps.push(i, j)
  }
  return swaps
}

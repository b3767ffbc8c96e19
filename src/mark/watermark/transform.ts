// The discrete Fourier transform of a tile of any side, for the low frequencies that carriers have and no others (direct sums over
// tables: two short products of matrices, as quick as a fast transform for these bins, and free in the side).
// A spectrum holds frequencies -reach..reach of both axes, row-major by v, in cycles a tile; binOf() says where.

export type Spectrum = { readonly reach: number; readonly re: Float64Array; readonly im: Float64Array }

export type Transform = {
  readonly side: number
  /** Largest frequency of either axis, in cycles a tile. */
  readonly reach: number
  /** Sums of tile · e^(-2πi(ux + vy)/side), of a real tile (row-major, side²). */
  forward(tile: Float64Array): Spectrum
  /** The real tile of a spectrum that is its own mirror image: sums of spectrum · e^(2πi(ux + vy)/side), not divided. */
  inverse(spectrum: Spectrum): Float64Array
}

export function binOf(reach: number, u: number, v: number): number {
  return (v + reach) * (2 * reach + 1) + u + reach
}

export function emptySpectrum(reach: number): Spectrum {
  const bins = (2 * reach + 1) ** 2
  return { reach, re: new Float64Array(bins), im: new Float64Array(bins) }
}

const made = new Map<string, Transform>()

/** Tables are kept: they are few. Throws RangeError unless 0 < reach < side / 2 ≤ 128. */
export function transformOf(side: number, reach: number): Transform {
  if (!(Number.isInteger(side) && Number.isInteger(reach) && reach > 0 && reach < side / 2 && side <= 256))
    throw new RangeError(`no transform of side ${side} up to ${reach}`)
  const name = `${side}/${reach}`
  const known = made.get(name)
  if (known !== undefined) return known
  const transform = tabulated(side, reach)
  made.set(name, transform)
  return transform
}

function tabulated(side: number, reach: number): Transform {
  // cos and sin of 2π·k·x/side, a row for each frequency k = 0..reach.
  const cos = new Float64Array((reach + 1) * side)
  const sin = new Float64Array((reach + 1) * side)
  for (let k = 0; k <= reach; k++) {
    for (let x = 0; x < side; x++) {
      const angle = (2 * Math.PI * ((k * x) % side)) / side
      cos[k * side + x] = Math.cos(angle)
      sin[k * side + x] = Math.sin(angle)
    }
  }

  function forward(tile: Float64Array): Spectrum {
    // Along rows first, for u ≥ 0; stored a column for each u, so that the second pass reads in order.
    const acrossRe = new Float64Array((reach + 1) * side)
    const acrossIm = new Float64Array((reach + 1) * side)
    for (let y = 0; y < side; y++) {
      const row = y * side
      for (let u = 0; u <= reach; u++) {
        const table = u * side
        let re = 0
        let im = 0
        for (let x = 0; x < side; x++) {
          const value = tile[row + x] ?? 0
          re += value * (cos[table + x] ?? 0)
          im -= value * (sin[table + x] ?? 0)
        }
        acrossRe[u * side + y] = re
        acrossIm[u * side + y] = im
      }
    }
    const spectrum = emptySpectrum(reach)
    const put = (u: number, v: number, re: number, im: number) => {
      spectrum.re[binOf(reach, u, v)] = re
      spectrum.im[binOf(reach, u, v)] = im
      spectrum.re[binOf(reach, -u, -v)] = re
      spectrum.im[binOf(reach, -u, -v)] = -im
    }
    for (let u = 0; u <= reach; u++) {
      const column = u * side
      for (let v = 0; v <= reach; v++) {
        const table = v * side
        let [rc, rs, ic, is] = [0, 0, 0, 0]
        for (let y = 0; y < side; y++) {
          const r = acrossRe[column + y] ?? 0
          const i = acrossIm[column + y] ?? 0
          const c = cos[table + y] ?? 0
          const s = sin[table + y] ?? 0
          rc += r * c
          rs += r * s
          ic += i * c
          is += i * s
        }
        put(u, v, rc + is, ic - rs)
        put(u, -v, rc - is, ic + rs)
      }
    }
    return spectrum
  }

  function inverse(spectrum: Spectrum): Float64Array {
    // Down columns for u ≥ 0, then along rows; the mirror image of u > 0 adds the same real part again.
    const downRe = new Float64Array((reach + 1) * side)
    const downIm = new Float64Array((reach + 1) * side)
    for (let u = 0; u <= reach; u++) {
      const column = u * side
      for (let v = -reach; v <= reach; v++) {
        const re = spectrum.re[binOf(reach, u, v)] ?? 0
        const im = spectrum.im[binOf(reach, u, v)] ?? 0
        if (re === 0 && im === 0) continue
        const table = Math.abs(v) * side
        const turn = v < 0 ? -1 : 1
        for (let y = 0; y < side; y++) {
          const c = cos[table + y] ?? 0
          const s = turn * (sin[table + y] ?? 0)
          downRe[column + y] = (downRe[column + y] ?? 0) + re * c - im * s
          downIm[column + y] = (downIm[column + y] ?? 0) + re * s + im * c
        }
      }
    }
    const tile = new Float64Array(side * side)
    for (let y = 0; y < side; y++) {
      const row = y * side
      for (let u = 0; u <= reach; u++) {
        const twice = u === 0 ? 1 : 2
        const re = twice * (downRe[u * side + y] ?? 0)
        const im = twice * (downIm[u * side + y] ?? 0)
        if (re === 0 && im === 0) continue
        const table = u * side
        for (let x = 0; x < side; x++)
          tile[row + x] = (tile[row + x] ?? 0) + re * (cos[table + x] ?? 0) - im * (sin[table + x] ?? 0)
      }
    }
    return tile
  }

  return { side, reach, forward, inverse }
}

/** The spectrum of the tile after a flip left to right and then clockwise quarter turns are undone. Phases about the tile's origin. */
export function oriented({ reach, re, im }: Spectrum, mirrored: boolean, quarterTurns: number): Spectrum {
  const out = emptySpectrum(reach)
  for (let v = -reach; v <= reach; v++) {
    for (let u = -reach; u <= reach; u++) {
      let [su, sv] = mirrored ? [-u, v] : [u, v]
      for (let turn = 0; turn < quarterTurns; turn++) [su, sv] = [-sv, su]
      const to = binOf(reach, u, v)
      const from = binOf(reach, su, sv)
      out.re[to] = re[from] ?? 0
      out.im[to] = im[from] ?? 0
    }
  }
  return out
}

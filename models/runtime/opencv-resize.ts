// cv2.resize with INTER_LINEAR on 8-bit pixels, of a picture that is bordered with black to a square at its right and bottom:
// two pixels a side without antialiasing, weights of 11 fractional bits, and the plain mean of four where it halves exactly.
// Pure; follows OpenCV's imgproc/src/resize.cpp, proven byte for byte by test/goldens/classifiers.

import { roundHalfEven } from './fit.ts'
import type { Rgb } from './stepper.ts'

const ONE = 2048

type Tap = { first: number; second: number; a: number; b: number }

/** The square of `size` pixels a side. */
export function resizeBordered(picture: Rgb, size: number): Rgb {
  const side = Math.max(picture.width, picture.height)
  const { width, height, rgb: source } = picture
  const rgb = new Uint8Array(size * size * 3)
  const at = (x: number, y: number, c: number) => (x < width && y < height ? (source[(y * width + x) * 3 + c] ?? 0) : 0)
  const fill = (pixel: (x: number, y: number, c: number) => number) => {
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size; x++) for (let c = 0; c < 3; c++) rgb[(y * size + x) * 3 + c] = pixel(x, y, c)
    return { width: size, height: size, rgb }
  }
  if (side === size) return fill(at)
  if (side === size * 2)
    return fill((x, y, c) => {
      const [x2, y2] = [x * 2, y * 2]
      return (at(x2, y2, c) + at(x2 + 1, y2, c) + at(x2, y2 + 1, c) + at(x2 + 1, y2 + 1, c) + 2) >> 2
    })
  const taps = Array.from({ length: size }, (_, i) => tapOf(i, side, size))
  const [across, down] = [taps.map((tap) => held(tap, side)), taps]
  return fill((x, y, c) => {
    const [h, v] = [across[x], down[y]]
    if (h === undefined || v === undefined) return 0
    const last = side - 1
    const [top, bottom] = [Math.min(Math.max(v.first, 0), last), Math.min(Math.max(v.second, 0), last)]
    const s0 = at(h.first, top, c) * h.a + at(h.second, top, c) * h.b
    const s1 = at(h.first, bottom, c) * h.a + at(h.second, bottom, c) * h.b
    return (((v.a * (s0 >> 4)) >> 16) + ((v.b * (s1 >> 4)) >> 16) + 2) >> 2
  })
}

function tapOf(i: number, from: number, to: number): Tap {
  const scale = 1 / (to / from)
  const exact = Math.fround((i + 0.5) * scale - 0.5)
  const first = Math.floor(exact)
  const rest = Math.fround(exact - first)
  const weight = (share: number) => roundHalfEven(Math.fround(share * ONE))
  return { first, second: first + 1, a: weight(Math.fround(1 - rest)), b: weight(rest) }
}

/** Along a row what lies outside takes the edge's pixel alone. */
function held(tap: Tap, side: number): Tap {
  if (tap.first < 0) return { first: 0, second: 0, a: ONE, b: 0 }
  if (tap.first >= side - 1) return { first: side - 1, second: side - 1, a: ONE, b: 0 }
  return tap
}

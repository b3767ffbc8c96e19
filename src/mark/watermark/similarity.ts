// How alike two pictures are to the eye. Decibels count a change in rough stuff as they count it in a plain sky; this does not.
import { lumaOf, type Picture } from './residual.ts'

const SIDE = 8
const STEP = 4
// The usual constants for 8 bits: (0.01 × 255)² and (0.03 × 255)².
const [C1, C2] = [6.5025, 58.5225]

/** Mean structural similarity of luma, at most 1, over windows of 8×8 every 4 pixels (Wang et al., 2004, with a flat window). Both of one size. */
export function similarityOf(a: Picture, b: Picture): number {
  const [ya, yb] = [lumaOf(a).values, lumaOf(b).values]
  let total = 0
  let windows = 0
  for (let top = 0; top + SIDE <= a.height; top += STEP) {
    for (let left = 0; left + SIDE <= a.width; left += STEP) {
      let [sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0]
      for (let y = top; y < top + SIDE; y++) {
        for (let i = y * a.width + left; i < y * a.width + left + SIDE; i++) {
          const va = ya[i] ?? 0
          const vb = yb[i] ?? 0
          sa += va
          sb += vb
          saa += va * va
          sbb += vb * vb
          sab += va * vb
        }
      }
      const n = SIDE * SIDE
      const [ma, mb] = [sa / n, sb / n]
      const covariance = sab / n - ma * mb
      const variances = saa / n - ma * ma + (sbb / n - mb * mb)
      total += ((2 * ma * mb + C1) * (2 * covariance + C2)) / ((ma * ma + mb * mb + C1) * (variances + C2))
      windows++
    }
  }
  return total / windows
}

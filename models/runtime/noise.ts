// torch's CPU randn, number for number: the same seed draws the same picture here as in diffusers.
// One generator per sample; draws continue where the last one ended, as torch.Generator's do.
// Source: ATen/core/MT19937RNGEngine.h, ATen/native/cpu/DistributionTemplates.h (normal_fill), TransformationHelper.h.

const LENGTH = 624
const SHIFT = 397
const BLOCK = 16
const TWO_PI = Math.fround(2 * Math.PI)
const fround = Math.fround

export type Noise = {
  /** Standard normal values, float32 [n]. */
  randn(n: number): Float32Array
}

/** A generator seeded as torch.Generator().manual_seed(seed) on a CPU: only the low 32 bits count. */
export function seedNoise(seed: number | bigint): Noise {
  const u32 = mersenneTwister(Number(BigInt.asUintN(32, BigInt(seed))))
  const uniform = () => (u32() & 0xffffff) / 2 ** 24
  const uniformDouble = () => {
    const high = u32()
    return ((high & 0x1fffff) * 2 ** 32 + u32()) / 2 ** 53
  }
  // Short draws make values in pairs and keep the second for the next draw.
  let spare: number | undefined
  const single = () => {
    if (spare !== undefined) {
      const kept = spare
      spare = undefined
      return kept
    }
    const angle = 2 * Math.PI * uniformDouble()
    const radius = Math.sqrt(-2 * Math.log1p(-uniformDouble()))
    spare = radius * Math.sin(angle)
    return radius * Math.cos(angle)
  }
  return {
    randn(n) {
      const out = new Float32Array(n)
      if (n < BLOCK) {
        for (let i = 0; i < n; i++) out[i] = single()
        return out
      }
      for (let i = 0; i < n; i++) out[i] = uniform()
      for (let start = 0; start + BLOCK <= n; start += BLOCK) boxMuller(out, start)
      if (n % BLOCK !== 0) {
        for (let i = n - BLOCK; i < n; i++) out[i] = uniform()
        boxMuller(out, n - BLOCK)
      }
      return out
    },
  }
}

/** Turns 16 uniform values from `start` into normal ones; every operation rounds to float32, as the C++ does. */
function boxMuller(values: Float32Array, start: number): void {
  for (let i = start; i < start + BLOCK / 2; i++) {
    const u1 = fround(1 - (values[i] ?? 0))
    const u2 = values[i + BLOCK / 2] ?? 0
    const radius = fround(Math.sqrt(fround(-2 * fround(Math.log(u1)))))
    const angle = fround(TWO_PI * u2)
    values[i] = radius * fround(Math.cos(angle))
    values[i + BLOCK / 2] = radius * fround(Math.sin(angle))
  }
}

function mersenneTwister(seed: number): () => number {
  const state = new Uint32Array(LENGTH)
  const at = (i: number) => state[i % LENGTH] ?? 0
  state[0] = seed
  for (let i = 1; i < LENGTH; i++) state[i] = Math.imul(1_812_433_253, at(i - 1) ^ (at(i - 1) >>> 30)) + i
  let next = LENGTH
  const refill = () => {
    for (let i = 0; i < LENGTH; i++) {
      const y = (at(i) & 0x80000000) | (at(i + 1) & 0x7fffffff)
      state[i] = at(i + SHIFT) ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0)
    }
    next = 0
  }
  return () => {
    if (next >= LENGTH) refill()
    let y = at(next++)
    y ^= y >>> 11
    y ^= (y << 7) & 0x9d2c5680
    y ^= (y << 15) & 0xefc60000
    return (y ^ (y >>> 18)) >>> 0
  }
}

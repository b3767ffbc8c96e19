// Classifier-free guidance, and its rescale: pure arithmetic over one sample's predictions.
// Sources: arXiv 2207.12598; arXiv 2305.08891, section 3.4 (diffusers rescale_noise_cfg).

/** In place: unguided + scale · (prompted − unguided). */
export function guide(unguided: Float32Array, prompted: Float32Array, scale: number): void {
  for (let i = 0; i < unguided.length; i++) {
    const base = unguided[i] ?? 0
    unguided[i] = base + scale * ((prompted[i] ?? 0) - base)
  }
}

/** In place: the guided prediction brought towards the prompted one's deviation, by a share of `rescale`. */
export function rescaleGuidance(guided: Float32Array, prompted: Float32Array, rescale: number): void {
  const factor = rescale * (deviation(prompted) / deviation(guided)) + (1 - rescale)
  for (let i = 0; i < guided.length; i++) guided[i] = (guided[i] ?? 0) * factor
}

/** torch.std: with n − 1. */
function deviation(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1))
}

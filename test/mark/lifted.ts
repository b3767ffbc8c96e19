// A mark that was taken from one picture and laid on another, as whoever has both the marked and the plain pixels can do.
import type { Drawn } from './pictures.ts'

/**
 * The mark of a released picture on another of its size, several times as strong as it was: whatever its number, it is read there, and where
 * it lies. At three times the strength one of sixty was found elsewhere in the picture.
 */
export function lifted(onto: Drawn, released: Drawn, original: Drawn): Drawn {
  const rgb = onto.rgb.map((value, i) =>
    Math.max(0, Math.min(255, value + 5 * ((released.rgb[i] ?? 0) - (original.rgb[i] ?? 0)))),
  )
  return { ...onto, rgb }
}

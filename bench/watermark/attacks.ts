// What is done to marked pictures, after the list of WAVES (An et al., 2024): the same for every method, and the same again for the same
// picture, since what is drawn at random comes from its own seed. Each takes marked pixels and gives those of the copy.
import type { Sharp } from 'sharp'
import { type Drawn, imageOf, pixelsOf } from '../../test/mark/pictures.ts'

export type Tools = {
  /** Uniform in [0, 1), fresh for each picture and attack. */
  random: () => number
  /** Through a generator's autoencoder and back. */
  regenerate: (picture: Drawn) => Promise<Drawn>
}
type Attack = (marked: Drawn, tools: Tools) => Promise<Drawn>

const through = (write: (image: Sharp) => Sharp): Attack => {
  return async (marked) => pixelsOf(await write(imageOf(marked)).toBuffer())
}
const jpeg = (quality: number) => through((image) => image.jpeg({ quality }))
const webp = (quality: number) => through((image) => image.webp({ quality }))
const avif = (quality: number) => through((image) => image.avif({ quality }))
const blur = (sigma: number) => through((image) => image.blur(sigma).png())
const median = (size: number) => through((image) => image.median(size).png())

const resize =
  (scale: number): Attack =>
  async (marked) =>
    pixelsOf(imageOf(marked).resize(Math.round(marked.width * scale), Math.round(marked.height * scale)))

/** A window of this share of the area and the picture's own shape, anywhere. */
const crop =
  (share: number): Attack =>
  async (marked, { random }) => {
    const width = Math.round(marked.width * Math.sqrt(share))
    const height = Math.round(marked.height * Math.sqrt(share))
    const left = Math.round(random() * (marked.width - width))
    const top = Math.round(random() * (marked.height - height))
    return pixelsOf(imageOf(marked).extract({ left, top, width, height }))
  }

/** About the centre, bilinear; the canvas stays as it was, and what turned in from outside is black. */
const rotate =
  (degrees: number): Attack =>
  async (marked) => {
    const turned = await pixelsOf(imageOf(marked).rotate(degrees, { background: '#000' }))
    const left = Math.floor((turned.width - marked.width) / 2)
    const top = Math.floor((turned.height - marked.height) / 2)
    return pixelsOf(imageOf(turned).extract({ left, top, width: marked.width, height: marked.height }))
  }

const mapped = (picture: Drawn, change: (value: number) => number): Drawn => ({
  ...picture,
  rgb: Uint8Array.from(picture.rgb, (value) => Math.max(0, Math.min(255, Math.round(change(value))))),
})

const brightness =
  (factor: number): Attack =>
  async (marked) =>
    mapped(marked, (value) => value * factor)

/** About the picture's mean. */
const contrast =
  (factor: number): Attack =>
  async (marked) => {
    const mean = marked.rgb.reduce((sum, value) => sum + value, 0) / marked.rgb.length
    return mapped(marked, (value) => mean + factor * (value - mean))
  }

/** Normal, in each channel on its own; `sigma` of full scale. */
const noise =
  (sigma: number): Attack =>
  async (marked, { random }) =>
    mapped(
      marked,
      (value) => value + 255 * sigma * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()),
    )

/** A grey square over this share of the area, anywhere. */
const erase =
  (share: number): Attack =>
  async (marked, { random }) => {
    const side = Math.round(Math.sqrt(share * marked.width * marked.height))
    const left = Math.round(random() * (marked.width - side))
    const top = Math.round(random() * (marked.height - side))
    const rgb = marked.rgb.slice()
    for (let y = top; y < top + side; y++) {
      const row = y * marked.width
      rgb.fill(128, (row + left) * 3, (row + left + side) * 3)
    }
    return { ...marked, rgb }
  }

const inTurn =
  (...attacks: readonly Attack[]): Attack =>
  async (marked, tools) => {
    let copy = marked
    for (const attack of attacks) copy = await attack(copy, tools)
    return copy
  }

const named = (name: (value: number) => string, attack: (value: number) => Attack, values: readonly number[]) =>
  Object.fromEntries(values.map((value) => [name(value), attack(value)]))

export const ATTACKS: Readonly<Record<string, Attack>> = {
  none: async (marked) => marked,
  ...named((quality) => `JPEG ${quality}`, jpeg, [90, 70, 50, 30, 20, 10]),
  ...named((quality) => `WebP ${quality}`, webp, [80, 50]),
  ...named((quality) => `AVIF ${quality}`, avif, [60, 40]),
  ...named((scale) => `resize ${Math.round(scale * 100)} %`, resize, [0.25, 0.5, 0.75, 1.5, 2]),
  ...named((share) => `crop ${Math.round(share * 100)} %`, crop, [0.75, 0.5, 0.25, 0.1]),
  ...named((degrees) => `rotation ${degrees}°`, rotate, [1, 2, 5, 10, 20, 45]),
  'turned 90°': async (marked) => pixelsOf(imageOf(marked).rotate(90)),
  mirrored: async (marked) => pixelsOf(imageOf(marked).flop()),
  ...named((sigma) => `blur σ ${sigma}`, blur, [1, 2, 4]),
  ...named((sigma) => `noise σ ${sigma.toFixed(2)}`, noise, [0.02, 0.05, 0.1]),
  ...named((factor) => `brightness ×${factor}`, brightness, [0.5, 1.5]),
  ...named((factor) => `contrast ×${factor}`, contrast, [0.5, 1.5]),
  'erased 20 %': erase(0.2),
  ...named((size) => `median ${size}`, median, [3, 5, 7]),
  'crop 75 %, resize 75 %, JPEG 75': inTurn(crop(0.75), resize(0.75), jpeg(75)),
  'rotation 5°, JPEG 75': inTurn(rotate(5), jpeg(75)),
  'brightness ×1.2, contrast ×1.2, noise σ 0.02, JPEG 60': inTurn(
    brightness(1.2),
    contrast(1.2),
    noise(0.02),
    jpeg(60),
  ),
  'screenshot: resize 60 %, WebP 70': inTurn(resize(0.6), webp(70)),
  'regenerated by the storybook autoencoder': (marked, { regenerate }) => regenerate(marked),
}

// Pictures that tests and benchmarks draw for themselves: flat cartoons like the shipped model's, and fractal textures.
// The same seed and size always draw the same picture.
import sharp, { type Sharp } from 'sharp'

export type Drawn = { width: number; height: number; rgb: Uint8Array }

/** Uniform numbers in [0, 1) from a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A sky, a ground, perhaps a sun, and two to five outlined or plain shapes. */
export async function cartoon(seed: number, side = 128): Promise<Drawn> {
  const random = seeded(seed)
  const colour = () =>
    `hsl(${Math.floor(random() * 360)} ${Math.floor(30 + random() * 60)}% ${Math.floor(25 + random() * 60)}%)`
  const parts = [
    `<rect width="128" height="128" fill="${colour()}"/>`,
    `<rect y="${70 + random() * 30}" width="128" height="70" fill="${colour()}"/>`,
  ]
  if (random() < 0.5) {
    parts.push(`<circle cx="${random() * 128}" cy="${random() * 50}" r="${6 + random() * 12}" fill="${colour()}"/>`)
  }
  const shapes = 2 + Math.floor(random() * 4)
  for (let i = 0; i < shapes; i++) {
    const [x, y] = [random() * 110, 30 + random() * 70]
    const [w, h] = [12 + random() * 45, 12 + random() * 40]
    const line = random() < 0.5 ? `stroke="#222" stroke-width="${1 + random() * 2}"` : ''
    const kinds = [
      `<rect x="${x}" y="${y}" width="${w}" height="${h}" fill="${colour()}" ${line}/>`,
      `<ellipse cx="${x}" cy="${y}" rx="${w / 2}" ry="${h / 2}" fill="${colour()}" ${line}/>`,
      `<polygon points="${x},${y} ${x + w},${y + h} ${x - w / 2},${y + h}" fill="${colour()}" ${line}/>`,
    ]
    parts.push(kinds[Math.floor(random() * 3)] ?? '')
  }
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 128 128" width="${side}" height="${side}">${parts.join('')}</svg>`
  return pixelsOf(sharp(Buffer.from(svg)).flatten().blur(0.5))
}

/** Fractal noise in random colours with one disc: soft, like clouds. */
export async function textured(seed: number, side = 256): Promise<Drawn> {
  const random = seeded(seed)
  const frequency = (0.005 + random() * 0.05) * (256 / side)
  const row = () => `${random() * 1.5} ${random() * 0.7} ${random() * 0.5} 0 ${random() * 0.2}`
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}"><filter id="f">
<feTurbulence type="${seed % 2 ? 'turbulence' : 'fractalNoise'}" baseFrequency="${frequency} ${frequency * (0.5 + random())}" numOctaves="5" seed="${seed}"/>
<feColorMatrix values="${row()} ${row()} ${row()} 0 0 0 0 1"/></filter><rect width="${side}" height="${side}" filter="url(#f)"/>
<circle cx="${side * random()}" cy="${side * random()}" r="${side * 0.2}" fill="hsl(${Math.floor(random() * 360)} 60% 50%)" opacity=".7"/></svg>`
  return pixelsOf(sharp(Buffer.from(svg)).flatten())
}

/** Grain, bark, gravel: as rough at its pixels whatever its size. */
export async function rough(seed: number, side = 256): Promise<Drawn> {
  const random = seeded(seed)
  const [across, down] = [0.02 + random() * 0.08, 0.02 + random() * 0.08]
  const contrast = 1.5 + random()
  // What all channels share, what each has alone, and a level in the middle.
  const row = (own: number) => {
    const shares = [0.1, 0.1, 0.1]
    shares[own] = 0.3
    return `${shares.map((share) => contrast * (share + 0.1)).join(' ')} 0 ${0.25 + random() * 0.3 - 0.35 * contrast}`
  }
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}"><filter id="f" color-interpolation-filters="sRGB">
<feTurbulence type="${seed % 2 ? 'turbulence' : 'fractalNoise'}" baseFrequency="${across} ${down}" numOctaves="4" seed="${seed}"/>
<feColorMatrix values="${row(0)} ${row(1)} ${row(2)} 0 0 0 0 1"/></filter><rect width="${side}" height="${side}" filter="url(#f)"/></svg>`
  return pixelsOf(sharp(Buffer.from(svg)).flatten())
}

export function imageOf(drawn: Drawn): Sharp {
  return sharp(drawn.rgb, { raw: { width: drawn.width, height: drawn.height, channels: 3 } })
}

export async function pixelsOf(image: Sharp | Buffer): Promise<Drawn> {
  const pipeline = Buffer.isBuffer(image) ? sharp(image) : image
  const { data, info } = await pipeline.removeAlpha().toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })
  return { width: info.width, height: info.height, rgb: new Uint8Array(data) }
}

/** Turned clockwise about the centre, the canvas kept, its corners black. */
export async function rotated(drawn: Drawn, degrees: number): Promise<Drawn> {
  const turned = await pixelsOf(imageOf(drawn).rotate(degrees, { background: '#000' }))
  const left = Math.floor((turned.width - drawn.width) / 2)
  const top = Math.floor((turned.height - drawn.height) / 2)
  return pixelsOf(imageOf(turned).extract({ left, top, width: drawn.width, height: drawn.height }))
}

type Attack = (drawn: Drawn) => Promise<Drawn>
const recoded =
  (write: (image: Sharp) => Sharp): Attack =>
  async (drawn) =>
    pixelsOf(await write(imageOf(drawn)).toBuffer())

/** What happens to published pictures. Each takes marked pixels and gives those of the copy. */
export const ATTACKS: Readonly<Record<string, Attack>> = {
  'as released': async (drawn) => drawn,
  'JPEG 90': recoded((image) => image.jpeg({ quality: 90 })),
  'JPEG 70': recoded((image) => image.jpeg({ quality: 70 })),
  'JPEG 50': recoded((image) => image.jpeg({ quality: 50 })),
  'WebP 70': recoded((image) => image.webp({ quality: 70 })),
  'brightness ×1.25': recoded((image) => image.linear(1.25, 0).png()),
  'brightness ×0.6': recoded((image) => image.linear(0.6, 0).png()),
  'blur σ 1': recoded((image) => image.blur(1).png()),
  'crop to 75 %': async (drawn) =>
    pixelsOf(
      imageOf(drawn).extract({
        left: 5,
        top: 9,
        width: Math.round(drawn.width * 0.866),
        height: Math.round(drawn.height * 0.866),
      }),
    ),
  'resize to 75 %': async (drawn) => pixelsOf(imageOf(drawn).resize(Math.round(drawn.width * 0.75))),
  'resize to 200 %': async (drawn) => pixelsOf(imageOf(drawn).resize(drawn.width * 2)),
  mirrored: async (drawn) => pixelsOf(imageOf(drawn).flop()),
  'turned 90°': async (drawn) => pixelsOf(imageOf(drawn).rotate(90)),
}

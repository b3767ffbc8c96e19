// How the shipped model's pictures carry the watermark, by the style that was asked for: how many cannot, how many only below the usual floor
// of fidelity, and whether what is released is read from a JPEG and a WebP of it. Drawn at the model's own default, marked as PNG. A picture that
// cannot carry it is not released: its image fails with `mark_failed`.
//   npm run bench -- bench/mark-failures.ts [pictures of each style, 60] [a prompt in the place of the styles']
import { resolve } from 'node:path'
import sharp, { type Sharp } from 'sharp'
import { isFault } from '../src/kernel/fault.ts'
import { openLog } from '../src/kernel/log.ts'
import { readMark } from '../src/mark/watermark/detect.ts'
import { FLOOR_DB, type MarkedFile, markPicture } from '../src/mark/watermark/strengthen.ts'
import { pixelsOf } from '../test/mark/pictures.ts'
import { openDevice } from '../workers/device.ts'
import { SAMPLE } from './sample.ts'
import { wilson } from './wilson.ts'

const STYLES = {
  'none said': '',
  crayon: 'a crayon drawing of ',
  ink: 'an ink drawing of ',
  watercolour: 'a watercolour of ',
}
const THINGS =
  'house castle boat car balloon rocket train tree flower mushroom robot snowman cat dog rabbit duck'.split(' ')
const COLOURS = 'red yellow green blue purple pink white'.split(' ')
const PLACES = ['in a meadow', 'on the beach', 'in the desert', 'in the forest', 'in the snow', 'in the city']
const TIMES = ['on a sunny day', 'at sunset', 'at night', 'at dawn', 'by day']
const each = Number(process.argv[2] ?? 60)
const asked = process.argv[3]
const packsDir = resolve(import.meta.dirname, '../models/packs')
const key = { epoch: 0, secret: new Uint8Array(32).fill(7) }

const own = { packsDir, provider: 'cpu', threads: 1, log: openLog('silent'), stepDeadlineMs: () => 60_000 } as const
await using device = await openDevice(own)

const of = (list: readonly string[], index: number) => list[index % list.length] ?? ''
/** Null: it cannot be marked. */
async function markedOne(said: string, index: number): Promise<MarkedFile | null> {
  const varied = `${said}a ${of(COLOURS, index)} ${of(THINGS, index)} ${of(PLACES, index)} ${of(TIMES, index)}`
  const prompt = asked ?? varied
  const sample = { ...SAMPLE, id: `${index}`, seed: index, prompt }
  const [drawn] = await device.generate({ packId: 'storybook', samples: [sample] }, {})
  if (drawn === undefined) throw new Error(`'${prompt}' was not drawn`)
  const encoding = { format: 'png', quality: null, xmp: null } as const
  try {
    return await markPicture(drawn, index, key, encoding)
  } catch (error) {
    if (!isFault(error, 'mark_failed')) throw error
    return null
  }
}

const COPIES: Readonly<Record<string, (picture: Sharp) => Sharp>> = {
  'a JPEG at 75': (picture) => picture.jpeg({ quality: 75 }),
  'a WebP at 70': (picture) => picture.webp({ quality: 70 }),
}

/** In its place, without a search. */
async function isReadFrom(copy: (picture: Sharp) => Sharp, { bytes }: MarkedFile, index: number): Promise<boolean> {
  const pixels = await pixelsOf(await copy(sharp(bytes)).toBuffer())
  return readMark(pixels, [key], { search: 'quick' }).decoded?.markId === index
}

for (const [style, said] of Object.entries(asked === undefined ? STYLES : { [asked]: '' })) {
  const released: { file: MarkedFile; index: number }[] = []
  for (let index = 0; index < each; index++) {
    const file = await markedOne(said, index)
    if (file !== null) released.push({ file, index })
  }
  const failed = each - released.length
  const { low, high } = wilson(failed, each)
  console.log(
    `${style}: ${failed} of ${each} cannot be marked (${(100 * low).toFixed(0)}-${(100 * high).toFixed(0)} %)`,
  )
  const below = released.filter(({ file }) => file.psnrDb < FLOOR_DB)
  for (const [group, files] of [
    [`at ${FLOOR_DB} dB or more`, released.filter((one) => !below.includes(one))],
    ['below', below],
  ] as const) {
    const told: string[] = []
    for (const [name, copy] of Object.entries(COPIES)) {
      let read = 0
      for (const { file, index } of files) if (await isReadFrom(copy, file, index)) read++
      told.push(`${read} are read from ${name}`)
    }
    console.log(`  ${files.length} ${group}: ${told.join(', ')}`)
  }
}

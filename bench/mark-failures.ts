// How many pictures of the shipped model cannot carry the watermark within its floor of fidelity, by the style that was asked for: drawn at the
// model's own default, marked as PNG. Such a picture is not released: its image fails with `mark_failed`.
//   npm run bench -- bench/mark-failures.ts [pictures of each style, 60]
import { resolve } from 'node:path'
import { isFault } from '../src/kernel/fault.ts'
import { openLog } from '../src/kernel/log.ts'
import { markPicture } from '../src/mark/watermark/strengthen.ts'
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
const packsDir = resolve(import.meta.dirname, '../models/packs')
const key = { epoch: 0, secret: new Uint8Array(32).fill(7) }

const own = { packsDir, provider: 'cpu', threads: 1, log: openLog('silent'), stepDeadlineMs: () => 60_000 } as const
await using device = await openDevice(own)

const of = (list: readonly string[], index: number) => list[index % list.length] ?? ''
async function carries(said: string, index: number): Promise<boolean> {
  const prompt = `${said}a ${of(COLOURS, index)} ${of(THINGS, index)} ${of(PLACES, index)} ${of(TIMES, index)}`
  const sample = { ...SAMPLE, id: `${index}`, seed: index, prompt }
  const [drawn] = await device.generate({ packId: 'storybook', samples: [sample] }, {})
  if (drawn === undefined) throw new Error(`'${prompt}' was not drawn`)
  const encoding = { format: 'png', quality: null, xmp: null } as const
  try {
    await markPicture(drawn, index, key, encoding)
    return true
  } catch (error) {
    if (!isFault(error, 'mark_failed')) throw error
    return false
  }
}

for (const [style, said] of Object.entries(STYLES)) {
  let failed = 0
  for (let index = 0; index < each; index++) if (!(await carries(said, index))) failed++
  const { low, high } = wilson(failed, each)
  console.log(
    `${style}: ${failed} of ${each} cannot be marked (${(100 * low).toFixed(0)}-${(100 * high).toFixed(0)} %)`,
  )
}

// Scenes with the service as `npm start` runs it: the shipped model draws, its classifiers look, the signer marks.
import { toFile } from 'openai'
import sharp from 'sharp'
import { ALLOWED, FORBIDDEN } from '../http/service.ts'
import type { Scene } from './transcript.ts'

const prompt = ALLOWED

async function events(stream: PromiseLike<AsyncIterable<{ type: string }>>): Promise<string[]> {
  const types: string[] = []
  for await (const { type } of await stream) if (types.at(-1) !== type) types.push(type)
  return types
}

type Colour = string | { r: number; g: number; b: number; alpha: number }

function flat(background: Colour): Promise<Buffer> {
  const channels = typeof background === 'string' ? 3 : 4
  return sharp({ create: { width: 128, height: 128, channels, background } })
    .png()
    .toBuffer()
}

/** Transparent everywhere: all of it may change. */
const OPEN_MASK = { r: 0, g: 0, b: 0, alpha: 0 }

async function asUrl(background: Colour): Promise<string> {
  return `data:image/png;base64,${(await flat(background)).toString('base64')}`
}

async function file(name: string, background: Colour) {
  return toFile(await flat(background), name, { type: 'image/png' })
}

export const REAL_SCENES: readonly Scene<null>[] = [
  {
    name: 'generate',
    act: async (client) => {
      const { data } = await client().images.generate({ prompt, n: 2, quality: 'low', user: 'ada' })
      return data?.map((one) => Object.keys(one).sort())
    },
  },
  {
    name: 'generate-stream',
    act: (client) => events(client().images.generate({ prompt, quality: 'high', stream: true, partial_images: 3 })),
  },
  {
    name: 'edit',
    act: async (client) => {
      const image = await file('sea.png', 'teal')
      const { data } = await client().images.edit({ image, prompt, quality: 'low', response_format: 'b64_json' })
      return data?.map((one) => Object.keys(one).sort())
    },
  },
  {
    name: 'edit-mask-stream',
    act: async (client) => {
      const [image, mask] = await Promise.all([file('sea.png', 'teal'), file('mask.png', OPEN_MASK)])
      return events(client().images.edit({ image, mask, prompt, quality: 'low', stream: true }))
    },
  },
  {
    name: 'moderate',
    act: async (client) => {
      const { results } = await client().moderations.create({ input: [ALLOWED, FORBIDDEN] })
      return results.map(({ flagged }) => flagged)
    },
  },
  {
    name: 'moderate-picture',
    act: async (client) => {
      const input = [
        { type: 'text' as const, text: ALLOWED },
        {
          type: 'image_url' as const,
          image_url: { url: await asUrl('teal') },
        },
      ]
      const { results } = await client().moderations.create({ input })
      return results.map(({ flagged }) => flagged)
    },
  },
  {
    name: 'models',
    act: async (client) => {
      const ids = []
      for await (const { id } of client().models.list()) ids.push(id)
      return ids
    },
  },
]

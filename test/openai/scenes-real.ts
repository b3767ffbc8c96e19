// Scenes with the service as `npm start` runs it: the shipped model draws, its classifiers look, the signer marks.
import sharp from 'sharp'
import { ALLOWED, FORBIDDEN } from '../http/service.ts'
import type { Scene } from './transcript.ts'

const prompt = ALLOWED

async function events(stream: PromiseLike<AsyncIterable<{ type: string }>>): Promise<string[]> {
  const types: string[] = []
  for await (const { type } of await stream) if (types.at(-1) !== type) types.push(type)
  return types
}

async function flat(colour: string): Promise<string> {
  const bytes = await sharp({ create: { width: 128, height: 128, channels: 3, background: colour } })
    .png()
    .toBuffer()
  return `data:image/png;base64,${bytes.toString('base64')}`
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
    act: (client) => events(client().images.generate({ prompt, quality: 'low', stream: true, partial_images: 3 })),
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
        { type: 'image_url' as const, image_url: { url: await flat('teal') } },
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

// How released pictures leave in OpenAI's answers: by a link that expires, as base64, or both. Only what is published has a key here.
// The answers around them are laid out in openai-answers.ts.
import type { ImageRow } from '../admit/records.ts'
import type { Ground } from '../kernel/ground.ts'
import type { Delivery } from './openai-answers.ts'
import type { Asked } from './openai-orders.ts'

/** Both where the caller did not choose: OpenAI's newer models answer with bytes, its older ones with links. */
export function deliveryOf(ground: Ground, base: string, format: Asked['responseFormat']): Delivery {
  return async (image) => ({
    ...(format === 'b64_json' ? {} : { url: await linkTo(ground, base, image) }),
    ...(format === 'url' ? {} : { b64_json: await asBase64(ground, keyOf(image)) }),
  })
}

/** Faults: object_missing, object_store_failed. */
export async function asBase64({ images }: Ground, key: string): Promise<string> {
  return (await images.get(key)).bytes.toString('base64')
}

export function keyOf(image: ImageRow): string {
  if (image.object_key === null) throw new TypeError('a published image has an object')
  return image.object_key
}

async function linkTo({ images, config }: Ground, base: string, image: ImageRow): Promise<string> {
  const url = await images.signedUrl(keyOf(image), config.urlTtlSeconds)
  return new URL(url, `${base}/`).href
}

// What an edit starts from: its picture and mask, as admission put them into quarantine, checked against the digests of their rows.
// A request that starts from noise alone has no start. Who writes them: admit/inputs.ts.
import sharp from 'sharp'
import { saltedDigest } from '../kernel/canonical.ts'
import { Fault } from '../kernel/fault.ts'
import type { Ground } from '../kernel/ground.ts'
import type { Start } from '../kernel/model.ts'
import type { Order } from './records.ts'

/** Salted with the request's salt, as the record of each picture keeps them. */
export type StartDigests = { image: string; mask: string | null }

type Edited = Pick<Order, 'id' | 'operation' | 'strength' | 'salt' | 'width' | 'height'>

/** Null for a request that is no edit. Faults: not_found (erased meanwhile), object_missing, object_mismatch. */
export async function loadStart(
  ground: Ground,
  order: Edited,
): Promise<{ start: Start; digests: StartDigests } | null> {
  if (order.operation === 'generate') return null
  const inputs = await ground.database.sql
    .selectFrom('darkroom.input')
    .select(['kind', 'object_key', 'digest'])
    .where('request_id', '=', order.id)
    .orderBy('position')
    .execute()
  const image = inputs.find(({ kind }) => kind === 'image')
  const mask = inputs.find(({ kind }) => kind === 'mask')
  if (order.strength === null || image === undefined || (order.operation === 'inpaint') !== (mask !== undefined))
    throw new Fault('not_found', { detail: 'the inputs of the request were erased', facts: { id: order.id } })
  return {
    start: {
      picture: { width: order.width, height: order.height, rgb: await readPixels(ground, order, image, 3) },
      mask: mask === undefined ? null : await readPixels(ground, order, mask, 1),
      strength: order.strength,
    },
    digests: { image: image.digest, mask: mask?.digest ?? null },
  }
}

type Input = { object_key: string; digest: string }

async function readPixels(ground: Ground, order: Edited, input: Input, channels: 1 | 3): Promise<Uint8Array> {
  const mismatch = () => new Fault('object_mismatch', { facts: { key: input.object_key } })
  const { bytes } = await ground.quarantine.get(input.object_key)
  if (order.salt === null || saltedDigest(order.salt, bytes) !== input.digest) throw mismatch()
  const decoded = sharp(bytes).removeAlpha()
  const { data, info } = await (channels === 1 ? decoded.extractChannel(0) : decoded.toColourspace('srgb'))
    .raw()
    .toBuffer({ resolveWithObject: true })
  if (info.width !== order.width || info.height !== order.height || info.channels !== channels) throw mismatch()
  return data
}

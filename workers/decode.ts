// The child that decodes strangers' pictures: one file a message, its pixels or a refusal back. It holds no key and no record, writes
// nothing, and ends with its parent. decoders.ts starts it.
import sharp from 'sharp'
import { Fault } from '../src/kernel/fault.ts'
import { openStrangersFile } from '../src/mark/strangers-file.ts'
import type { DecodeAnswer, DecodeAsk } from './decoders.ts'

// Whatever a file claims to be, no parser of drawings, documents or scripts is there to be reached.
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({
  operation: ['Png', 'Jpeg', 'Webp', 'Heif', 'Nsgif', 'Tiff'].map((format) => `VipsForeignLoad${format}`),
})
sharp.cache(false)
sharp.concurrency(1)

process.on('disconnect', () => process.exit(0))
process.on('message', async ({ bytes, limits }: DecodeAsk) => {
  process.send?.(await decode(bytes, limits))
})
process.send?.('ready')

async function decode(bytes: Uint8Array, limits: DecodeAsk['limits']): Promise<DecodeAnswer> {
  try {
    return { opened: await openStrangersFile(bytes, limits) }
  } catch (error) {
    const { code, message } = error instanceof Fault ? error : new Fault('unsupported_media')
    return { refused: { code, detail: message } }
  }
}

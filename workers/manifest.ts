// The child that reads strangers' manifests: one file a message, one reading back. It holds no key and no record, and ends with its
// parent. manifests.ts starts it.
import { readManifest } from '../src/mark/signer.ts'
import type { Ask } from './manifests.ts'

process.on('disconnect', () => process.exit(0))
process.on('message', async ({ trust, bytes, mimeType }: Ask) => {
  process.send?.(await readManifest(Buffer.from(bytes), mimeType, trust))
})
process.send?.('ready')

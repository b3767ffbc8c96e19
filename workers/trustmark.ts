// The child that puts TrustMark into pictures and looks for it: one picture a message, one answer back. It loads the files with its first
// picture, holds no key and no record, and ends with its parent. trustmarks.ts starts it.
import { openTrustmark, type TrustmarkCodec, type TrustmarkFiles } from '../src/mark/trustmark.ts'
import type { TrustmarkAnswer, TrustmarkAsk } from './trustmarks.ts'

let loaded: Promise<TrustmarkCodec> | null = null

async function answer({ files, picture, markId }: TrustmarkAsk): Promise<TrustmarkAnswer> {
  try {
    const codec = await load(files)
    if (markId === null) return { read: await codec.read(picture) }
    return { marked: await codec.embed(picture, markId) }
  } catch (cause) {
    // After a panic the library's codec stays locked.
    loaded = null
    return { failed: cause instanceof Error ? cause.message : 'unknown' }
  }
}

function load(files: TrustmarkFiles): Promise<TrustmarkCodec> {
  loaded ??= openTrustmark(files)
  return loaded
}

process.on('disconnect', () => process.exit(0))
process.on('message', async (asked: TrustmarkAsk) => {
  process.send?.(await answer(asked))
})
process.send?.('ready')

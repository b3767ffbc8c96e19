// The public check as the stubbed console has it: the real page and the real reading of forms, with an answer by the very bytes. A file
// of ten zeros is too big, and what is no PNG is no picture.

import type { ConsoleOptions } from '../../src/console/console.ts'
import { readConfig } from '../../src/kernel/config.ts'
import { openDatabase } from '../../src/kernel/database.ts'
import { Fault } from '../../src/kernel/fault.ts'
import { openLog } from '../../src/kernel/log.ts'
import { verificationOf } from '../../src/mark/stranger.ts'
import '../support/records-copy.ts'
import { provenance } from './stub-answers.ts'

export type StubCheck = { options: NonNullable<ConsoleOptions['verify']>; [Symbol.asyncDispose]: () => Promise<void> }

export async function openStubCheck(png: Buffer, seen: { verified: number }): Promise<StubCheck> {
  const config = readConfig({ DARKROOM_PUBLIC_REQUESTS_PER_MINUTE: '100000' })
  const database = await openDatabase({ url: null, home: null })
  const verify = async (bytes: Buffer) => {
    seen.verified += 1
    if (bytes.equals(Buffer.alloc(10)))
      throw new Fault('too_large', { field: 'file', detail: 'Pictures may be at most 20 MB.' })
    if (!bytes.subarray(1, 4).equals(Buffer.from('PNG')))
      throw new Fault('unsupported_media', { field: 'file', detail: 'The file is not a PNG, JPEG or WebP picture.' })
    return verificationOf(provenance(bytes.equals(png)), [], { mark: null, manifest: null })
  }
  const check = { verify, resolve: async () => [], takePlace: () => () => undefined }
  return {
    options: { check, ground: { config, database, log: openLog('silent') } },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}

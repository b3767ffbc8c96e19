// `darkroom objects init`: makes the three buckets of the production form where they are missing, and checks them as every start does.
// Making them again changes nothing. publish/s3-make.ts does it, publish/s3-checks.ts is what a start checks.
import { parseArgs } from 'node:util'
import { readConfig } from '../kernel/config.ts'
import { Fault } from '../kernel/fault.ts'
import { type Made, makeBuckets } from '../publish/s3-make.ts'
import { openS3Stores } from '../publish/s3-store.ts'
import type { Command } from './command.ts'

const LONGEST_WAIT_SECONDS = 3600
const SAID: Record<Made['did'], string> = {
  made: 'made',
  completed: 'was there; versioning and Object Lock are on now',
  found: 'was there',
}

export const command: Command = {
  usage: `usage: npm run darkroom -- objects init [--wait SECONDS]

Makes the buckets that DARKROOM_S3_BUCKET_QUARANTINE, _IMAGES and _LOG name, where they are missing and the account may; the log's
with versioning and Object Lock. Then checks all three as every start does. Running it again changes nothing.

  --wait SECONDS   how long to wait for the server to answer (default 60)`,
  run: async (args) => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { wait: { type: 'string', default: '60' } },
    })
    if (positionals.length !== 1 || positionals[0] !== 'init')
      throw new Fault('invalid_request', { field: 'objects', detail: 'say: objects init' })
    const seconds = Number(values.wait)
    if (!/^\d+$/.test(values.wait) || seconds > LONGEST_WAIT_SECONDS)
      throw new Fault('invalid_request', {
        field: '--wait',
        detail: `expected whole seconds, ${LONGEST_WAIT_SECONDS} at most`,
      })
    const { s3 } = readConfig(process.env).objects
    if (s3 === null)
      throw new Fault('config_invalid', {
        field: 'DARKROOM_S3_BUCKET_QUARANTINE, DARKROOM_S3_BUCKET_IMAGES, DARKROOM_S3_BUCKET_LOG',
        detail: 'name the buckets; without them objects are files, and need nothing',
      })
    await using stores = openS3Stores(s3)
    for (const { role, bucket, did } of await makeBuckets(s3, stores, seconds * 1000))
      process.stdout.write(`${role.padEnd(10)}  ${bucket}  ${SAID[did]}\n`)
  },
}

// What verifying an archive is held against: `digest.ts FILE` reads it and takes its SHA-256, no more.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'

const [file] = process.argv.slice(2)
if (file === undefined) throw new TypeError('give a FILE')
const hash = createHash('sha256')
await pipeline(createReadStream(file, { highWaterMark: 1024 * 1024 }), hash)
process.stdout.write(`${hash.digest('hex')}\n`)

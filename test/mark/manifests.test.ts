// Files that are made to end whoever reads their manifest.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { pino } from 'pino'
import sharp from 'sharp'
import { openSigner, type Signer } from '../../src/mark/signer.ts'
import { type Manifests, openManifests } from '../../workers/manifests.ts'
import { MANIFEST } from './signers.ts'
import { pngChunk, uint32 } from './surgery.ts'

let home: string
let signer: Signer
let manifests: Manifests
let plain: Buffer

before(async () => {
  home = await mkdtemp(join(tmpdir(), 'darkroom-manifests-'))
  signer = await openSigner({ home, secretsDir: join(home, 'secrets') })
  manifests = openManifests({ trust: signer.trust, log: pino({ level: 'silent' }) })
  plain = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#888' } })
    .png()
    .toBuffer()
})

after(async () => {
  await manifests[Symbol.asyncDispose]()
  await rm(home, { recursive: true, force: true })
})

test('a claim whose tags are nested without end ends the child and nobody else, and the next file is read', async () => {
  const [bad, none, good] = await Promise.all([
    manifests.read(withClaim(Buffer.concat([Buffer.alloc(1_000_000, 0xc6), Buffer.from([0])])), 'image/png'),
    manifests.read(plain, 'image/png'),
    manifests.read(await signed(), 'image/png'),
  ])
  assert.deepEqual(bad.found && [bad.state, bad.problems], ['Invalid', ['manifest.unreadable']])
  assert.deepEqual(none, { found: false, elsewhere: false })
  assert.equal(good.found && good.state, 'Trusted')
})

test('a reader that takes too long is ended', async () => {
  await using hanging = openManifests({ trust: signer.trust, log: pino({ level: 'silent' }), deadlineMs: 2000 })
  await hanging.read(plain, 'image/png')
  process.kill(hanging.pid ?? assert.fail('it runs'), 'SIGSTOP')
  const reading = await hanging.read(await signed(), 'image/png')
  assert.equal(reading.found && reading.problems[0], 'manifest.unreadable')
  assert.equal(hanging.pid, null)
})

async function signed(): Promise<Buffer> {
  return (await signer.sign(plain, 'image/png', MANIFEST)).bytes
}

/** The plain picture with a C2PA store whose claim is these bytes. */
function withClaim(claim: Buffer): Buffer {
  const manifest = superbox('c2ma', 'urn:c2pa:00000000-0000-4000-8000-000000000000', [
    superbox('c2as', 'c2pa.assertions', []),
    superbox('c2cl', 'c2pa.claim.v2', [box('cbor', claim)]),
    superbox('c2cs', 'c2pa.signature', [box('cbor', Buffer.from([0xa0]))]),
  ])
  const store = superbox('c2pa', 'c2pa', [manifest])
  return Buffer.concat([plain.subarray(0, 33), pngChunk('caBX', store), plain.subarray(33)])
}

/** ISO 19566-5: a description box, then the content. */
function superbox(type: string, label: string, content: Buffer[]): Buffer {
  const uuid = Buffer.concat([Buffer.from(type, 'latin1'), Buffer.from('00110010800000aa00389b71', 'hex')])
  const description = box('jumd', Buffer.concat([uuid, Buffer.from([3]), Buffer.from(`${label}\0`)]))
  return box('jumb', Buffer.concat([description, ...content]))
}

function box(type: string, payload: Buffer): Buffer {
  return Buffer.concat([uint32(payload.length + 8), Buffer.from(type, 'latin1'), payload])
}

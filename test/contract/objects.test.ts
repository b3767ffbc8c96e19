// The object store's contract (object-contract.ts), the same on files, on sealed files and on a real S3 server. What only S3 has is in
// objects-s3.test.ts, what only the seal has in objects-sealed.test.ts.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'node:test'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import type { ObjectStore } from '../../src/kernel/object-store.ts'
import { openFileStore } from '../../src/publish/file-store.ts'
import { openS3Stores } from '../../src/publish/s3-store.ts'
import { sealStore } from '../../src/publish/sealed-store.ts'
import { suiteOn } from '../support/services.ts'
import { s3ConfigOf, withVersitygw } from '../support/versitygw.ts'
import { contract, type Place } from './object-contract.ts'

for (const sealed of [false, true])
  suite(sealed ? 'objects in sealed files' : 'objects in files', () => {
    const directory = mkdtempSync(join(tmpdir(), 'darkroom-objects-'))
    process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
    contract(() => openFiles(directory, sealed))
  })

async function openFiles(directory: string, sealed: boolean): Promise<Place> {
  const seal = (store: ObjectStore) => (sealed ? sealStore(store, Buffer.alloc(32, 4)) : store)
  const files = await openFileStore({ directory, secret: Buffer.alloc(32, 3) })
  const { signedUrl, verifySignedUrl } = files
  const images = { ...seal(files), signedUrl }
  return {
    images,
    quarantine: seal(await openFileStore({ directory: `${directory}/q`, secret: null })),
    fetchLink: async (url) => {
      const { pathname, searchParams } = new URL(url, 'http://files')
      const key = pathname.slice('/objects/'.length)
      const ok = verifySignedUrl(key, searchParams.get('expires') ?? '', searchParams.get('signature') ?? '')
      if (!ok) return { status: 404, type: null, body: Buffer.alloc(0) }
      const { bytes, contentType } = await images.get(key)
      return { status: 200, type: contentType, body: bytes }
    },
    damage: async (key) => writeFileSync(join(directory, key), '{"contentType":"image/png","sha256":"0"}\nchanged'),
  }
}

suiteOn('objects in S3', await withVersitygw(), (server) => {
  const credentials = { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey }
  const buckets = server.buckets()
  contract(async () => {
    const { images, quarantine } = openS3Stores(s3ConfigOf(await buckets), {
      endpoint: server.url,
      region: 'us-east-1',
      credentials,
    })
    return {
      images,
      quarantine,
      fetchLink: async (url) => {
        const answer = await fetch(url)
        const body = Buffer.from(await answer.arrayBuffer())
        return { status: answer.status, type: answer.headers.get('content-type'), body }
      },
      damage: async (Key) => {
        const { images: Bucket } = await buckets
        const Metadata = { sha256: 'a'.repeat(64) }
        await server.client.send(new PutObjectCommand({ Bucket, Key, Body: 'changed', Metadata }))
      },
    }
  })
})

// The quarantine as it lies at rest: sealed with AES-256-GCM, each object under a key of its own that HKDF (RFC 5869) derives from the
// deployment's secret and the object's key. Who reads the disk or the bucket sees sizes and names, no pixels; who changes, swaps or
// renames anything is found out. Stages see plain bytes. What was stored before there was a seal still reads.
//
//   magic (8) │ length of the content type (1) │ content type │ nonce (12) │ ciphertext │ tag (16)
//
// The object's key and everything before the nonce are authenticated. The outer content type says that an object is sealed: without
// it nobody could tell a damaged magic from an object that never had one.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { Fault } from '../kernel/fault.ts'
import type { ObjectStore, StoredObject } from '../kernel/object-store.ts'

const CIPHER = 'aes-256-gcm'
const MAGIC = Buffer.from('DKSEAL1\n')
const SEALED_TYPE = 'application/x-darkroom-sealed'
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** `store` behind a seal. `secret`: 32 bytes that all processes share; without them nothing in the store can be read again. */
export function sealStore(store: ObjectStore, secret: Uint8Array): ObjectStore {
  return {
    putIfAbsent: (key, object) => store.putIfAbsent(key, seal(secret, key, object)),
    get: async (key) => {
      const stored = await store.get(key)
      return stored.contentType === SEALED_TYPE ? unseal(secret, key, stored.bytes) : stored
    },
    remove: (key) => store.remove(key),
    removeUnder: (folder) => store.removeUnder(folder),
  }
}

function seal(secret: Uint8Array, key: string, { bytes, contentType }: StoredObject): StoredObject {
  const type = Buffer.from(contentType)
  const head = Buffer.concat([MAGIC, Buffer.from([type.length]), type])
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, keyOf(secret, key), nonce).setAAD(boundTo(key, head))
  const sealed = [head, nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]
  return { bytes: Buffer.concat(sealed), contentType: SEALED_TYPE }
}

/** Fault: object_mismatch. */
function unseal(secret: Uint8Array, key: string, sealed: Buffer): StoredObject {
  try {
    const typeAt = MAGIC.length + 1
    const nonceAt = typeAt + sealed.readUInt8(MAGIC.length)
    const head = sealed.subarray(0, nonceAt)
    if (!head.subarray(0, MAGIC.length).equals(MAGIC)) throw new RangeError('not the magic of a sealed object')
    const end = sealed.length - TAG_BYTES
    const nonce = sealed.subarray(nonceAt, nonceAt + NONCE_BYTES)
    const decipher = createDecipheriv(CIPHER, keyOf(secret, key), nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(boundTo(key, head)).setAuthTag(sealed.subarray(end))
    const bytes = decipher.update(sealed.subarray(nonceAt + NONCE_BYTES, end))
    // Throws unless the tag is right; this cipher holds nothing back for it to give.
    decipher.final()
    return { bytes, contentType: head.toString('utf8', typeAt) }
  } catch (cause) {
    throw new Fault('object_mismatch', { detail: 'the seal of an object in quarantine is broken', cause })
  }
}

function keyOf(secret: Uint8Array, key: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `darkroom quarantine\0${key}`, 32))
}

function boundTo(key: string, head: Buffer): Buffer {
  return Buffer.concat([head, Buffer.from(`\0${key}`)])
}
